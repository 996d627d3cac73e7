# One app's processes on this host: found, reloaded, stopped, scaled. Never signalled unidentified.
# needs: process supervisor prove workers
# shellcheck shell=sh

# describe_cluster APP MODEL WORKERS LISTEN HEALTH TITLE SUPERVISOR STOP_SECONDS: what the verbs
# below speak of. MODEL: startCluster, "start cluster", processes, or auto for what is installed. WORKERS: a number, or auto (auto_workers).
# LISTEN: directory of sockets, or a port.
describe_cluster() {
  app=$1 model=$2 workers=$3 listen=$4 health=$5 title=$6 supervisor=$7 stop_seconds=$8
  state=$app/.deploy
  case $supervisor in systemd-user) supervisor=systemd_user ;; esac
  wanted_supervisor=$supervisor wanted_seconds=$stop_seconds # a release keeps what it was made with
  node_program=$(command -v node) || node_program=''
  [ "$model" != auto ] || model=$(installed_model)
  workers_asked=$workers
  case $workers in auto*) workers=$(auto_workers "$workers") ;; esac
  find_root || : # once, for all that is asked in shells of their own
}

# installed_version: the version of ActionHero in the tree; nothing where there is none.
installed_version() {
  sed -n '/^ *"version": *"/{s/^[^:]*: *"\([^"]*\)".*/\1/p;q;}' "$app/node_modules/actionhero/package.json" 2>/dev/null || :
}

# installed_model: how the ActionHero that is installed in the tree is started.
installed_model() {
  _major=$(installed_version)
  _major=${_major%%.*}
  if [ "${_major:-22}" -ge 22 ]; then
    echo processes
  elif [ "$_major" -ge 15 ]; then
    echo 'start cluster'
  else
    echo startCluster
  fi
}

# is_master PID: a cluster master's command line.
is_master() {
  read_command "$1" || return 1
  case $_argv in *actionhero*start*[Cc]luster*) ;; *) return 1 ;; esac
  case " $(tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline") " in
    *actionhero*' startCluster '* | *actionhero*' start cluster '*) return 0 ;;
  esac
  return 1
}

# list_ours: "pid start" of each process of this user that works in the app and is ActionHero's.
list_ours() {
  find_root || return 0
  for _pid in $(list_working "$_root"); do
    if is_living "$_pid" && is_actionhero "$_pid"; then echo "$_pid $_start"; fi
  done
}

# is_living PID: it runs, and is this user's.
is_living() { [ -O "/proc/$1" ] && read_process "$1" && [ "$_state" != Z ]; }

# list_held: inodes of the sockets that the processes of standard input ("pid start" lines) hold.
list_held() {
  set --
  while read -r _pid _; do set -- "$@" "/proc/$_pid/fd"; done
  # shellcheck disable=SC2012 # descriptors are numbers
  [ $# -eq 0 ] || ls -l "$@" 2>/dev/null | sed -n 's/.* -> socket:\[\(.*\)\]$/\1/p'
}

# list_tops: "pid start" of the processes that a supervisor starts: masters, or each process.
list_tops() { choose_tops "$(list_ours)"; }

# choose_tops LINES: those of them that LINES name.
choose_tops() {
  while read -r _pid _start; do
    if is_top "$_pid" && ! is_copy "$_pid"; then echo "$_pid $_start"; fi
  done <<LINES
$1
LINES
}

# is_top PID: its command line is that of what a supervisor starts.
is_top() {
  if [ "$model" != processes ]; then
    is_master "$1"
    return
  fi
  read_command "$1" || return 1
  case $_argv in *dist/server.js*) return 0 ;; esac
  return 1
}

# find_master: set master and master_start; false when none runs, refused when several do.
find_master() { only_master "$(list_tops)"; }

# only_master TOPS: the same, of those.
only_master() {
  [ -n "$1" ] || return 1
  count_lines "$1"
  [ "$_count" -eq 1 ] || refuse \
    "more than one cluster master runs from $app: $(printf '%s' "$1" | tr '\n' ',')" \
    "find out which one serves, and stop the other: invoke pids shows them"
  master=${1% *} master_start=${1#* }
}

# list_workers: "pid start" of what serves: the master's children, or each process.
list_workers() {
  if [ "$model" = processes ]; then
    list_tops
  elif find_master; then
    list_own_children "$master"
  fi
}

# signal_process SIGNAL PID START: signal a process of this app, compared again just before.
signal_process() {
  is_ours "$2" "$3" "$(real_directory "$app")" || refuse_signal "$2"
  kill -"$1" "$2"
}

# terminate SIGNAL PID START: the same with a signal that ends it. What ends meanwhile, by a watcher's
# hand or by itself, is as it should be; while it exits it works in no directory, and is nobody's.
terminate() {
  if is_ours "$2" "$3" "$(real_directory "$app")" && kill -"$1" "$2" 2>/dev/null; then return 0; fi
  wait_for_exit 2 "$2" "$3" || refuse_signal "$2"
}

# refuse_signal PID: it was listed as this app's, and is something else.
refuse_signal() { refuse "process $1 is not this app's any more; no signal was sent" "run the command again"; }

# wait_for_exit SECONDS PID START: true when the process is gone.
wait_for_exit() {
  _polls=$(($1 * 10))
  while is_alive "$2" "$3"; do
    [ $((_polls -= 1)) -ge 0 ] || return 1
    sleep 0.1
  done
}

# stop_cluster: TERM to what was identified, wait for its exit, clear what it left behind.
stop_cluster() {
  _tops=$(list_tops)
  [ -n "$_tops" ] || {
    "${supervisor}_stop" ''
    clear_stale_pidfile
    unchanged "nothing runs"
  }
  _children=$(list_workers)
  mark_touched started
  "${supervisor}_stop" "$_tops" || exit "$?"
  "${supervisor}_stop" '' || exit "$?" # and what is about to be started again
  printf '%s\n%s\n' "$_tops" "$_children" | while read -r _pid _start; do
    wait_for_exit "$stop_seconds" "$_pid" "$_start" ||
      refuse "process $_pid still runs $stop_seconds s after TERM" \
        "see what it works on (a long task?); stop_timeout in the inventory sets the limit"
  done || exit "$?"
  clear_stale_pidfile
}

# clear_stale_pidfile: 14 leaves cluster_pidfile behind; the next start would trip over it.
clear_stale_pidfile() {
  _file=$app/pids/cluster_pidfile
  [ -e "$_file" ] || return 0
  _named=$(cat "$_file")
  case $_named in '' | *[!0-9]*) _named=none ;; esac
  if [ "$_named" = none ] || ! read_process "$_named" || [ "$_state" = Z ]; then
    rm -f "$_file"
  elif [ "$(list_tops | sed 's/ .*//')" != "$_named" ]; then
    refuse "pids/cluster_pidfile names process $_named, which is not this app's: $(name_process "$_named")" \
      "look at it, and remove $_file if it has nothing to do with this app"
  fi
}

# start_cluster SECONDS: start what does not run, and wait until it answers.
start_cluster() {
  [ -d "$app" ] || refuse "nothing is deployed here: there is no $app" "deploy first: invoke deploy"
  if [ "$model" = processes ]; then
    _missing=$(missing_processes)
    [ -n "$_missing" ] || unchanged "$workers processes run"
  else
    ! find_master || unchanged "cluster master $master runs"
    _missing=0
  fi
  clear_stale_pidfile
  make_directories
  _since=$(ticks_now)
  mark_touched started
  for _index in $_missing; do launch "$_index"; done
  await_proof 0 "$1"
}

# missing_processes: the indexes of processes that do not run.
missing_processes() {
  _titles=$(list_tops | while read -r _pid _; do title_of "$_pid"; done)
  _index=0
  while [ "$_index" -lt "$workers" ]; do
    printf '%s\n' "$_titles" | grep -qxF "$title-$_index" || echo "$_index"
    _index=$((_index + 1))
  done
}

# title_of PID: the ACTIONHERO_TITLE that a process was started with.
title_of() { tr '\0' '\n' 2>/dev/null <"/proc/$1/environ" | sed -n 's/^ACTIONHERO_TITLE=//p'; }

# end_process PID START: stop it, and wait for its exit.
end_process() {
  "${supervisor}_stop" "$1 $2"
  wait_for_exit "$stop_seconds" "$1" "$2" ||
    refuse "process $1 still runs $stop_seconds s after TERM" "see what it works on"
}

# mark_touched HOW: remember that processes were touched since guard_cluster: started, signalled or
# crashed; a worse word is never replaced by a better one.
mark_touched() {
  case "$(cat "$state/touched" 2>/dev/null):$1" in
    crashed:* | signalled:started) ;;
    *) echo "$1" >"$state/touched" ;;
  esac
}

# count_workers: set _count to how many workers live.
count_workers() { count_lines "$(list_workers)"; }

# count_lines LINES: set _count to how many of them are not empty.
count_lines() {
  _count=0
  while read -r _line; do [ -z "$_line" ] || _count=$((_count + 1)); done <<LINES
$1
LINES
}
