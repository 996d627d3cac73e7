# Reload of a running cluster: USR2 to the master, or each process in turn where there is none.
# needs: cluster origins drain
# shellcheck shell=sh

# own_reload: no second reload of this app runs beside this one. What a reload that was just
# stopped had started (a question, a sleep) ends within seconds.
own_reload() {
  exec 7>>"$state/reload.lock"
  flock -w 10 7 || refuse "another reload of this app runs on this host" "wait for it, then try again"
}

# reload_cluster SECONDS [DRAIN]: replace every worker with one that runs the code of now, one at a time.
# Where there is no master, each has DRAIN seconds to end what it works on.
reload_cluster() {
  if [ "$model" = processes ]; then
    own_reload
    roll_processes "$1" "${2:-0}"
    return
  fi
  find_master || refuse "no cluster master runs from $app" "start it: invoke start"
  find_root
  _against=$(doubt_program "$master") || :
  [ -z "$_against" ] || refuse "$_against" "its workers would run that, too; nothing was signalled"
  own_reload
  wait_for_equilibrium "$1"
  _old=$(list_own_children "$master")
  _offset=$(wc -c 2>/dev/null <"$app/log/cluster.log") || _offset=0
  mark_touched signalled
  _since=$(ticks_now)
  note "USR2 to cluster master $master, $workers workers"
  signal_process USR2 "$master" "$master_start"
  await_new_workers "$1" "$_old"
  await_proof "$_since" "$1"
  expect_log_line "$_offset"
}

# wait_for_equilibrium SECONDS: all workers run, and stay: no other reload is under way.
wait_for_equilibrium() {
  _before='' _polls=$(($1 * 2))
  while :; do
    _now=$(list_own_children "$master")
    [ -n "$_now" ] || _now=none
    if [ "$_now" = "$_before" ] && [ "$(printf '%s\n' "$_now" | wc -l)" -eq "$workers" ]; then return; fi
    [ "$_before" = "$_now" ] && [ "$_polls" -le 0 ] && break
    [ $((_polls -= 1)) -ge -2 ] || break
    _before=$_now
    sleep 0.3
  done
  refuse "the cluster is not steady: $(printf '%s\n' "$_now" | grep -c '[0-9]') of $workers workers run" \
    "see log/cluster.log, then invoke status; nothing was signalled"
}

# await_new_workers SECONDS OLD: none of OLD lives and as many new ones do. A new worker that dies
# on the way is a crash: the master has counted it and will end itself, at once or 30 s later.
await_new_workers() {
  _polls=$(($1 * 5)) _seen='' _told=0
  while :; do
    sleep 0.2
    is_alive "$master" "$master_start" ||
      crashed "the cluster master $master died during the reload"
    _now=$(list_own_children "$master")
    [ -z "$(without "$_seen" "$_now")" ] ||
      crashed "a worker crashed during the reload: the new code does not boot"
    _seen=$(without "$_now" "$2")
    count_lines "$_seen"
    if [ "$_count" -eq "$workers" ] && [ "$_seen" = "$_now" ]; then return; fi
    [ "$_count" -eq "$_told" ] || note "$_count of $workers workers are new"
    _told=$_count
    [ $((_polls -= 1)) -gt 0 ] ||
      crashed "after $1 s only $_count of $workers workers are new"
  done
}

# crashed WHAT: refuse with what the master logged since the signal, and remember that it is doomed.
crashed() {
  mark_touched crashed
  sleep 0.3 # what the dying worker says goes through the master's log
  tail -c "+$((_offset + 1))" "$app/log/cluster.log" 2>/dev/null | tail -n 15 || :
  _tried=$state/prepared/$(sed -n 's/^revision=//p' "$state/activated" 2>/dev/null)
  [ -d "$_tried" ] || _tried=$app
  refuse "$1" "see its error on the host: cd $_tried && PORT=/tmp/try.sock ./node_modules/.bin/actionhero start"
}

# expect_log_line OFFSET: the master's own word; missing it is a warning, the processes are the proof.
expect_log_line() {
  _polls=10
  while [ $((_polls -= 1)) -gt 0 ]; do
    if tail -c "+$(($1 + 1))" "$app/log/cluster.log" 2>/dev/null | grep -q 'equilibrium state'; then return; fi
    sleep 0.1
  done
  warn "log/cluster.log has no new line of an equilibrium; the processes themselves were compared"
}

# roll_processes SECONDS DRAIN: each process in turn: stop, start on the code of now, wait for its answer.
# First those that do not answer, so that none is stopped while it is the only one that does (a
# reload that was cut off). Processes that this tool did not start (no title of ours) go last.
roll_processes() {
  make_directories
  mark_touched signalled
  _first=$(ticks_now) _renewed=0
  for _pass in silent all; do
    _index=0
    while [ "$_index" -lt "$workers" ]; do
      if is_due "$_index" "$_pass"; then roll_process "$_index" "$1" "$2"; fi
      _index=$((_index + 1))
    done
  done
  list_tops | while read -r _pid _start; do
    if [ "$_start" -lt "$_first" ]; then end_process "$_pid" "$_start"; fi
  done
}

# is_due INDEX PASS: that process is to be renewed in that pass of roll_processes.
is_due() {
  _since=$(list_index "$1" | sed -n '1s/.* //p')
  [ "${_since:-0}" -lt "$_first" ] || return 1
  [ "$2" = all ] || ! ask_process "$1" >/dev/null
}

# roll_process INDEX SECONDS DRAIN: drain and stop it, start it, wait for its answer.
roll_process() {
  list_index "$1" | while read -r _pid _start; do
    drain_process "$1" "$3"
    end_process "$_pid" "$_start"
  done
  _offset=$(wc -c 2>/dev/null <"$app/$(output_file "$1")") || _offset=0
  launch "$1"
  await_answer "$1" "$2" "$_offset"
  note "$((_renewed += 1)) of $workers processes are new"
}
