# Who starts and stops processes. A driver is a file with five functions: NAME_launch INDEX,
# NAME_stop TOPS ("pid start" lines), NAME_at_boot COUNT, for what is proved and to stay; and where
# there are releases NAME_watch, for the watcher, and NAME_forget, for those that are gone.
# needs: process cluster supervisor_detached supervisor_systemd_user supervisor_systemd supervisor_pm2
# shellcheck shell=sh

# launch INDEX: start the process of that index (a cluster has only 0) through the supervisor.
launch() {
  (
    cd "$app"
    process_environment "$1"
    process_command
    "${supervisor}_launch" "$1"
  )
}

# output_file INDEX: where that process's output goes, from the app's directory. One file each: what
# a process says that does not boot must not drown in what the others log. Releases share log/.
output_file() {
  _of=${release:+-$release}
  if [ "$model" = processes ]; then echo "log/process-$1$_of.out"; else echo "log/master$_of.out"; fi
}

# process_environment INDEX: export what the process is to know, and nothing of this SSH session.
process_environment() {
  unset SSH_CLIENT SSH_CONNECTION SSH_TTY SSH_AUTH_SOCK SSH_ORIGINAL_COMMAND
  find_endpoint "$1"
  set -a
  # shellcheck disable=SC1091 # made by write_environment
  [ ! -e "$state/env" ] || . "$state/env"
  PORT=$_endpoint
  PROJECT_ROOT=$(real_directory "$app")
  if [ "$model" = processes ]; then ACTIONHERO_TITLE="$title-$1"; fi
  set +a
}

# process_command: set command to what starts the app, as one line of shell words.
process_command() {
  _prefix="--workerTitlePrefix=$title-worker-"
  case $model in
    startCluster) command="./node_modules/.bin/actionhero startCluster --workers=$workers $_prefix" ;;
    'start cluster') command="./node_modules/.bin/actionhero start cluster --workers=$workers $_prefix" ;;
    processes) command="node dist/server.js" ;;
  esac
}

# make_directories: what ActionHero needs and git drops.
make_directories() {
  mkdir -p "$app/pids" "$app/log"
  case $listen in /*) mkdir -p "$listen" ;; esac
}

# clear_socket ENDPOINT: remove a unix socket that nobody listens on any more. On one that a crash or
# a power cut left, only one worker of a cluster comes to serve: each takes it away from the other.
clear_socket() {
  case $1 in
    /*) [ ! -S "$1" ] || node -e "$clear_script" "$1" 3<&- 4>&- 6<&- 7<&- 9<&- ;;
  esac
}
clear_script='var file = process.argv[1]; require("net").connect(file).on("connect", function () { this.destroy(); }).on("error", function (error) { if (error.code === "ECONNREFUSED") require("fs").unlinkSync(file); });'

# keep_at_boot: what runs now starts at boot, where the supervisor can do that.
keep_at_boot() {
  if [ "$model" = processes ]; then "${supervisor}_at_boot" "$workers"; else "${supervisor}_at_boot" 1; fi
}

# each_top TOPS COMMAND...: run COMMAND with the pid and the start of each.
each_top() {
  _tops_left=$1
  shift
  printf '%s\n' "$_tops_left" | while read -r _top _top_start; do
    [ -z "$_top" ] || "$@" "$_top" "$_top_start" || exit "$?"
  done
}

# find_unit PID: set unit, and unit_manager to user, system or pm2, when systemd runs PID as a service's
# main process, or below it, or pm2 does. Logins and cron jobs are in a service, too, but stay what they are.
find_unit() {
  ! find_pm2 "$1" || return 0
  _group=$(sed -n 's/^[0-9]*:\(name=systemd\)\{0,1\}:\(.*\.service\)$/\2/p' "/proc/$1/cgroup" 2>/dev/null | head -n 1)
  unit=${_group##*/} unit_manager=system
  case $unit in '' | ssh.* | sshd.* | ssh@* | sshd@* | cron.* | crond.*) return 1 ;; esac
  case $_group in */user@*.service/*) unit_manager=user ;; esac
  _main=$("${unit_manager}_systemctl" show --property=MainPID --value "$unit") || _main=''
  [ -z "$_main" ] || descends "$1" "$_main"
}

# descends PID ANCESTOR: PID is ANCESTOR, or below it.
descends() {
  _each=$1
  until [ "$_each" = "$2" ]; do
    [ "$_each" -gt 1 ] && read_process "$_each" || return 1
    _each=$_ppid
  done
}

# name_keeper: who runs that unit.
name_keeper() {
  case $unit_manager in pm2) echo pm2 ;; *) echo systemd ;; esac
}

# unit_hint: what to do about that unit.
unit_hint() {
  case $unit_manager:$unit in
    user:actionhero-*@*) echo "set supervisor: systemd-user in the inventory" ;;
    system:actionhero-*@*) echo "set supervisor: systemd in the inventory" ;;
    pm2:actionhero-*@*) echo "set supervisor: pm2 in the inventory" ;;
    pm2:*) echo "pm2 delete '$unit' && pm2 save --force, then let this tool start it" ;;
    user:*) echo "systemctl --user disable --now '$unit', then let this tool start it" ;;
    *) echo "sudo systemctl disable --now '$unit', then let this tool start it" ;;
  esac
}

# user_systemctl ARGUMENT...: systemctl --user, whose two variables no login over ssh has to set.
user_systemctl() {
  _runtime=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}
  limited "$((stop_seconds + 60))" env "XDG_RUNTIME_DIR=$_runtime" \
    "DBUS_SESSION_BUS_ADDRESS=unix:path=$_runtime/bus" systemctl --user "$@"
}

# system_systemctl ARGUMENT...: the machine's own systemd; to look only.
system_systemctl() { limited 30 systemctl "$@"; }

# write_environment TEXT: the processes' environment, 0600; a running master never reads it again.
write_environment() {
  rm -f "$state/env.previous"
  if [ "$(cat "$state/env" 2>/dev/null)" = "$(printf '%s' "$1")" ]; then unchanged; fi
  [ ! -e "$state/env" ] || cp -p "$state/env" "$state/env.previous"
  write_file "$state/env" 600 "$1"
  if [ "$model" != processes ] && find_master; then
    warn "the environment changed; cluster master $master has the old one until it is stopped and started"
  fi
}

# environment_state TEXT [NAME VALUE]...: "same" when TEXT is the environment that was written last, and
# each process was started with every NAME in it (proc(5), environ); "other" when not. What somebody
# calls the fleet is no reason.
environment_state() {
  _written=$(plain_environment 2>/dev/null <"$state/env") || _written=none
  _wanted=$(printf '%s\n' "$1" | plain_environment) # some shells write a here-document to a file
  shift
  if [ "$_written" = "$_wanted" ] && list_tops | were_given "$@"; then echo same; else echo other; fi
}

# plain_environment: the lines of standard input without the fleet's name.
plain_environment() {
  while IFS= read -r _line; do
    case $_line in DEPLOY_ENVIRONMENT=*) ;; *) printf '%s\n' "$_line" ;; esac
  done
}

# were_given [NAME VALUE]...: all of standard input ("pid start" lines) were started with each of them.
were_given() {
  while read -r _pid _; do was_given "$_pid" "$@" || return 1; done
}

# was_given PID [NAME VALUE]...: that process was; but for what process_environment gives instead.
was_given() {
  _given=$(tr '\0' '\n' 2>/dev/null <"/proc/$1/environ") || return 1
  shift
  while [ $# -gt 1 ]; do
    case $1 in
      PORT | PROJECT_ROOT | ACTIONHERO_TITLE | DEPLOY_ENVIRONMENT) ;;
      *) has_line "$_given" "$1=$2" || return 1 ;;
    esac
    shift 2
  done
}

# restore_environment: the undo of write_environment.
restore_environment() {
  [ -e "$state/env.previous" ] || unchanged
  rename "$state/env.previous" "$state/env"
}
