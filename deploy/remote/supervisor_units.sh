# What the drivers of systemd share: a process is an instance of a template unit. A driver's own names
# (NAME_names) say of which manager, and which instances are ours.
# needs: supervisor supervisor_start cluster process supervisor_systemd supervisor_systemd_user
# shellcheck shell=sh

# What name_units sets: manager, user or system; tree, the app's real directory; units, the template's
# name before its @; instances, what every instance's name begins with; enabled_links, the directory of
# the links to what starts at boot; boot_target, which they belong to.

# restart_unit INDEX: what the unit runs is written down as it is to be now; then it starts.
restart_unit() {
  write_start systemd
  order restart "$(unit_name "$1")"
}

# stop_units TOPS: let systemd stop what it runs; TERM to what it does not. Without TOPS, no process
# is there, but one may be about to be started again. It stands in conditions, so without errexit.
stop_units() {
  each_top "$1" stop_top || return
  if [ -n "$1" ]; then return 0; fi
  for _unit in $(list_loaded); do order stop "$instances$_unit.service" || return; done
}

# boot_units COUNT: the first COUNT processes start at boot, as described now; no others.
boot_units() {
  list_enabled | while read -r _index; do
    if [ "$_index" -ge "$1" ]; then order disable "$(unit_name "$_index")"; fi
  done
  [ "$1" -gt 0 ] || return 0
  write_start systemd
  _index=0
  while [ "$_index" -lt "$1" ]; do
    list_enabled | grep -qx "$_index" || order enable "$(unit_name "$_index")"
    _index=$((_index + 1))
  done
}

# stop_top PID START: by its unit, when that is ours; by TERM when it has none. What its unit began again
# since is stopped by the call without TOPS.
stop_top() {
  is_alive "$1" "$2" || return 0
  if ! find_unit "$1"; then
    terminate TERM "$1" "$2"
  elif [ "$unit_manager" = "$manager" ] && [ "${unit#"$instances"}" != "$unit" ]; then
    stop_unit "$unit"
  else
    refuse "process $1 is run by $(name_keeper) as $unit, which this tool did not make" "$(unit_hint)"
  fi
}

# stop_unit UNIT: wait until it stopped; Restart= does not apply to what systemctl stops.
stop_unit() {
  order stop "$1" || return
  [ "$("${manager}_systemctl" show --property=Result --value "$1")" != timeout ] ||
    warn "$1 did not end within $stop_seconds s of TERM, and was killed"
}

# order VERB UNIT: tell the manager. The machine's own takes orders from root only, so by sudo: the
# very words that show_sudoers lists.
order() {
  case $manager in
    user) user_systemctl "$@" ;;
    system) limited "$((stop_seconds + 60))" sudo -n "$(find_systemctl)" "$@" ;;
  esac
}

# start_watcher UNIT: it watches; told again until it does, as a unit that is about to end takes a start
# for nothing.
start_watcher() {
  order start "$1"
  _polls=300
  until [ -e "$root/.deploy/watching" ]; do
    [ $((_polls -= 1)) -gt 0 ] || refuse "the watcher $1 does not start" "see its log: journalctl -u $1"
    sleep 0.1
    order start "$1"
  done
}

# find_systemctl: where only root can have put it; what is first in PATH may be this user's own.
find_systemctl() {
  if [ -x /usr/bin/systemctl ]; then echo /usr/bin/systemctl; else echo /bin/systemctl; fi
}

# units_of PATH: the name of the app's units, before the @. A path is escaped as systemd does for its
# own units (systemd-escape(1)).
units_of() { printf 'actionhero-%s' "$(systemd-escape --path "$1")"; }

# unit_name INDEX: the instance that runs the process of that index.
unit_name() { printf '%s%s.service' "$instances" "$1"; }

# list_enabled: the indexes that start at boot.
list_enabled() {
  for _link in "$enabled_links/$instances"*.service; do echo "${_link#"$enabled_links/$instances"}"; done |
    sed -n 's/^\([0-9][0-9]*\)\.service$/\1/p'
}

# list_loaded: the indexes that the manager knows: they run, failed, or are about to start again.
list_loaded() {
  "${manager}_systemctl" list-units --plain --no-legend "$instances*.service" | while read -r _loaded _; do
    echo "${_loaded#"$instances"}"
  done | sed -n 's/^\([0-9][0-9]*\)\.service$/\1/p'
}

# unit_path PATH: as a unit's file takes it: there a % is a specifier.
unit_path() { printf '%s' "$1" | sed 's/%/%%/g'; }

# show_service DIRECTORY COMMAND [LINES]: the template of the processes. Only the master is told to
# stop (KillMode), and a worker that ran out of memory is its business (OOMPolicy).
show_service() {
  _place=$(unit_path "$1")
  printf '%s\n' "[Unit]
Description=ActionHero in $_place, process %i
StartLimitIntervalSec=0
[Service]
WorkingDirectory=$_place
ExecStart=/bin/sh $2 %i
Restart=always
RestartSec=2
KillMode=mixed
TimeoutStopSec=$stop_seconds
OOMPolicy=continue${3:+
$3}
[Install]
WantedBy=$boot_target"
}

# show_watcher DIRECTORY [LINES]: the unit of the watcher, which starts at boot, too, and again when it
# is killed.
show_watcher() {
  _place=$(unit_path "$1")
  printf '%s\n' "[Unit]
Description=Settles what a deploy left pending in $_place
StartLimitIntervalSec=0
ConditionPathExists=$_place/.deploy/watcher
[Service]
WorkingDirectory=$_place
ExecStart=/bin/sh .deploy/watcher
Restart=on-failure
RestartSec=1${2:+
$2}
[Install]
WantedBy=$boot_target"
}
