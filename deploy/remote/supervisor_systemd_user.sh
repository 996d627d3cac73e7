# The driver `systemd-user`: an instance of one template unit a process, in the user's own systemd.
# What is enabled, and starts at boot, is what was last proved. Needs linger (loginctl(1)).
# needs: supervisor cluster process
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
  list_enabled | while read -r _index; do
    if [ "$_index" -ge "$1" ]; then user_systemctl disable "$(unit_name "$_index")"; fi
  done
  [ "$1" -gt 0 ] || return 0
  write_start
  _index=0
  while [ "$_index" -lt "$1" ]; do
    list_enabled | grep -qx "$_index" || user_systemctl enable "$(unit_name "$_index")"
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

# name_units: set root, the app's real directory, units, the unit's name before its @, and
# units_directory. A path is escaped as systemd does for its own units (systemd-escape(1)).
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
    case $_link in '*'*) ;; *) echo "${_link%.service}" ;; esac
  done
}

# write_unit: the template, when it is not that already; a % is a specifier in a unit. Only the
# master is told to stop (KillMode), and a worker that ran out of memory is its business (OOMPolicy).
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
WantedBy=default.target"
  _file=$units_directory/$units@.service
  [ "$(cat "$_file" 2>/dev/null)" != "$_text" ] || return 0
  mkdir -p "$units_directory"
  write_file "$_file" 644 "$_text
"
  user_systemctl daemon-reload
}

# write_start: what the unit runs. A shell reads .deploy/env, since EnvironmentFile= cannot: for it
# 'a'\''b' is a''b', and a value with a carriage return is dropped without a word (systemd 252).
# A cluster_pidfile that outlived its master makes the start fail when its number is taken again.
write_start() {
  process_command
  case $listen in
    /*) _listen=$(quote "$listen") && _port="$_listen/\$1.sock" ;;
    *) _listen='' _port="\$(($listen + \$1))" ;;
  esac
  case $model in processes) _title="ACTIONHERO_TITLE=$title-\$1" ;; *) _title='' ;; esac
  _out=$(output_file "\$1")
  write_file "$state/start" 755 "set -eu
mkdir -p pids log $_listen
exec >>$_out 2>&1 </dev/null
echo \"\$(date -u +%FT%TZ) start by systemd, process \$1\"
set -a
PATH=$(quote "$PATH")
[ ! -e .deploy/env ] || . ./.deploy/env
PORT=$_port
PROJECT_ROOT=$(quote "$root")
$_title
set +a
pid=\$(cat pids/cluster_pidfile 2>/dev/null) || pid=none
[ \"/proc/\$pid/cwd\" -ef . ] || rm -f pids/cluster_pidfile
case \$PORT in /*) node -e $(quote "$clear_script") \"\$PORT\" ;; esac
exec $command
"
}

# quote TEXT: as one word of a shell.
quote() { printf '%s\n' "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"; }
