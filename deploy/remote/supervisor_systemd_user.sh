# The driver `systemd-user`: an instance of one template unit a process, in the user's own systemd.
# What is enabled, and starts at boot, is what was last proved. Needs linger (loginctl(1)).
# needs: supervisor cluster prove
# shellcheck shell=sh

# systemd_user_launch INDEX: write the unit down as it is to be now, and start it.
systemd_user_launch() {
  name_units
  write_start
  write_unit
  user_systemctl restart "$(unit_name "$1")"
}

# systemd_user_stop TOPS: let systemd stop what it runs; TERM to what it does not. Without TOPS, no
# process is there, but one may be about to be started again.
systemd_user_stop() {
  name_units
  each_top "$1" stop_top
  if [ -z "$1" ]; then
    list_enabled | while read -r _index; do stop_unit "$(unit_name "$_index")"; done
  fi
}

# systemd_user_at_boot COUNT: the first COUNT processes start at boot, as described now; no others.
systemd_user_at_boot() {
  name_units
  if [ "$1" -gt 0 ]; then write_start; fi
  list_enabled | while read -r _index; do
    if [ "$_index" -ge "$1" ]; then user_systemctl disable "$(unit_name "$_index")"; fi
  done
  _index=0
  while [ "$_index" -lt "$1" ]; do
    if ! list_enabled | grep -qx "$_index"; then user_systemctl enable "$(unit_name "$_index")"; fi
    _index=$((_index + 1))
  done
}

# stop_top PID START: by its unit, when that is ours; by TERM when it has none.
stop_top() {
  if ! find_unit "$1"; then
    signal_process TERM "$1" "$2"
  elif [ "$unit_manager" = user ] && [ "${unit%@*}" = "$units" ]; then
    stop_unit "$unit"
  else
    refuse "process $1 is run by systemd as $unit, which this tool did not make" "$(unit_hint)"
  fi
}

# stop_unit UNIT: wait until it stopped; Restart= does not apply to what systemctl stops.
stop_unit() {
  user_systemctl stop "$1"
  [ "$(user_systemctl show --property=Result --value "$1")" != timeout ] ||
    warn "$1 did not end within $stop_seconds s of TERM, and was killed"
}

# name_units: set root (the app's real directory), units (the unit's name before its @) and
# units_file. systemd names a path the same way in its own units (systemd-escape(1)).
name_units() {
  root=$(real_directory "$app")
  units=actionhero-$(systemd-escape --path "$root")
  [ "${#units}" -le 230 ] || refuse "$root is too long for the name of a unit" "choose a shorter path"
  units_directory=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user
}

# unit_name INDEX: the instance that runs the process of that index.
unit_name() { printf '%s@%s.service' "$units" "$1"; }

# list_enabled: the indexes that start at boot.
list_enabled() {
  for _link in "$units_directory/default.target.wants/$units"@*.service; do
    _link=${_link##*@}
    case ${_link%.service} in '*') ;; *) echo "${_link%.service}" ;; esac
  done
}

# write_unit: the template, when it is not that already; a % is a specifier in a unit.
# Only the master is told to stop (KillMode), and a worker that is out of memory is its business.
write_unit() {
  _directory=$(printf '%s' "$root" | sed 's/%/%%/g')
  _text="[Unit]
Description=ActionHero in $_directory, process %i
StartLimitIntervalSec=0
[Service]
WorkingDirectory=$_directory
ExecStart=/bin/sh .deploy/start %i
Restart=always
RestartSec=2
KillMode=mixed
TimeoutStopSec=$stop_seconds
OOMPolicy=continue
[Install]
WantedBy=default.target
"
  _file=$units_directory/$units@.service
  [ "$(cat "$_file" 2>/dev/null && echo x)" != "${_text}x" ] || return 0
  mkdir -p "$units_directory"
  write_file "$_file" 644 "$_text"
  user_systemctl daemon-reload
}

# write_start: what the unit runs. A shell reads .deploy/env, since EnvironmentFile= does not: in
# systemd 'a'\''b' is a''b', and a value with a carriage return is dropped without a word.
# A cluster_pidfile that outlived its master would make the start fail, if its number is taken.
write_start() {
  process_command
  write_file "$state/start" 755 "# start INDEX: how systemd starts a process of this app.
set -eu
mkdir -p pids log $(case $listen in /*) quote "$listen" ;; esac)
exec >>log/master.out 2>&1 </dev/null
echo \"\$(date -u +%FT%TZ) start of process \$1 by systemd\"
PATH=$(quote "$PATH")
set -a
. ./.deploy/env
$(case $listen in
    /*) printf 'PORT=%s/$1.sock' "$(quote "$listen")" ;;
    *) printf 'PORT=$((%s + $1))' "$listen" ;;
  esac)
PROJECT_ROOT=$(quote "$root")
$(if [ "$model" = processes ]; then printf 'ACTIONHERO_TITLE=%s-$1' "$title"; fi)
set +a
pid=\$(cat pids/cluster_pidfile 2>/dev/null) || pid=none
[ \"/proc/\$pid/cwd\" -ef . ] || rm -f pids/cluster_pidfile
exec $command
"
}

# quote TEXT: as one word of a shell.
quote() { printf '%s' "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"; }
