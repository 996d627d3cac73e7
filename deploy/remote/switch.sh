# The socket switch: a release boots beside the old one, is proved there, and takes over by a rename.
# needs: releases pending prove warm drain
# shellcheck shell=sh

# boot_release NAME SECONDS [RUN]: start its processes on sockets of their own, and prove them there;
# with RUN, which went live before, only while that is pending.
boot_release() {
  use_release "$1"
  [ -d "$app" ] || refuse "there is no release $1" "deploy again"
  make_room "$1"
  [ -z "${3-}" ] || hold_pending "$3" # and nobody brings the other one back while this one starts
  _against=$(doubt 0) || exit "$?"
  [ -n "$_against" ] || {
    keep_steady
    unchanged "it runs already"
  }
  _offset=$(wc -c 2>/dev/null <"$app/$(output_file 0)") || _offset=0
  launch_missing
  await_boot "$2" "$_offset"
  keep_steady
  printf '%s\n' "$_steady" | while read -r _pid _; do value worker "$_pid"; done
}

# keep_steady: these processes were proved; one that is replaced before the gate looks has crashed.
keep_steady() {
  _steady=$(list_workers)
  write_file "$state/steady" 644 "$_steady"
}

# launch_missing: start what of the release does not run.
launch_missing() {
  clear_stale_pidfile
  make_directories
  if [ "$model" = processes ]; then
    for _index in $(missing_processes); do launch "$_index"; done
  elif ! find_master; then
    launch 0
  fi
}

# await_boot SECONDS OFFSET: until nothing speaks against it. What ends, or begins again and again,
# is a crash, told at once with what it printed after OFFSET bytes. What boots needs the processor: it is
# looked at closely once it listens, and for a crash at every third look.
await_boot() {
  _told='' _seen='' _gone=0 _looks=0
  set_limit "$1"
  _visible=$((_uptime + 300))
  until _against=$(doubt_boot) || exit "$?"; [ -z "$_against" ]; do
    ! is_late || refuse_boot "$release does not answer after $1 s: $_against" 0 "$2"
    [ $((_looks % 3)) -ne 0 ] || refuse_crash "$2"
    [ "$_against" = "$_told" ] || note "not yet: $_against"
    _told=$_against _looks=$((_looks + 1))
    sleep 0.1
  done
  refuse_crash "$2"
}

# doubt_boot: what speaks against it yet.
doubt_boot() {
  _index=$((workers - 1))
  [ "$model" = processes ] || _index=0
  if is_silent "$_index"; then echo "there is no $_endpoint"; else doubt 0; fi
}

# refuse_crash OFFSET: refuse when a process ended that had begun. A start takes a moment to be seen. A
# master has children that only look something up, and begins dead workers again: the third counts.
refuse_crash() {
  _living=$(list_workers)
  count_ended
  if [ "$model" = processes ]; then _most=0; else _most=2; fi
  if [ "$_gone" -gt "$_most" ]; then
    [ "$model" = processes ] || sleep 0.5 # what the worker says goes through the master's log
    refuse_boot "a process of $release ended while it started: the new code does not boot" 0 "$1"
  fi
  _seen=$_living
  if [ -z "$_living" ] && [ "$_uptime" -gt "$_visible" ] && [ -z "$(list_tops)" ]; then
    refuse_boot "$release ended while it started: the new code does not boot" 0 "$1"
  fi
}

# count_ended: add to _gone those that were seen and live no more; in execve(2) one looks like nobody.
count_ended() {
  while read -r _pid _began; do
    [ -z "$_pid" ] || is_alive "$_pid" "$_began" || _gone=$((_gone + 1))
  done <<SEEN
$_seen
SEEN
}

# end_release NAME: the undo of boot_release: a release that is neither pending nor confirmed runs no
# more. It never had traffic, or has none any more: what does not obey TERM is killed.
end_release() {
  use_release "$1"
  ! is_used "$1" || unchanged
  [ -n "$(list_ours)" ] || unchanged
  stop_release kill
}

# is_used NAME: it is pending, confirmed or warm.
is_used() {
  is_recorded pending "$1" || is_recorded confirmed "$1" || { is_recorded warm "$1" && is_warm; }
}

# quit_boot: the release that is spoken of does not start at boot any more; what is confirmed does,
# also while it is stopped for another one (PROTOCOL rule 11).
quit_boot() {
  if [ -z "$release" ] || [ "$release" != "$(record confirmed release)" ]; then "${supervisor}_at_boot" 0; fi
}

# stop_release kill|wait: TERM, and wait for the exit; then KILL, or a refusal where jobs may be
# worked.
stop_release() {
  _tops=$(list_tops)
  _every=$(list_ours)
  quit_boot
  "${supervisor}_stop" "$_tops" || return
  [ "$supervisor" = detached ] || "${supervisor}_stop" '' || return
  printf '%s\n' "$_every" | while read -r _pid _start; do
    [ -n "$_pid" ] || continue
    wait_for_exit "$stop_seconds" "$_pid" "$_start" || outlived "$_pid" "$_start" "$1"
  done || return
  clear_stale_pidfile
}

# outlived PID START kill|wait: it still runs after TERM and the time it had.
outlived() {
  [ "$3" = kill ] || refuse "process $1 of ${release:-$app} still runs $stop_seconds s after TERM" \
    "see what it works on (a long task?); stop_timeout in the inventory sets the limit"
  warn "process $1 of ${release:-$app} was killed: it did not end within $stop_seconds s of TERM"
  terminate KILL "$1" "$2"
  wait_for_exit 10 "$1" "$2"
}

# switch_live RUN NAME: this run's release goes live, and is pending from now on (PROTOCOL rules 6, 7).
switch_live() {
  take_pending
  [ "$(cat "$root/.deploy/fence" 2>/dev/null)" = "$1" ] || refuse \
    "another run was granted this host's lock since: nothing was switched" "see who: invoke status"
  [ ! -e "$root/.deploy/pending" ] || refuse \
    "the release of run $(record pending run) is still pending here" "deploy again: that settles it first"
  _answer=$(ask_register read "$1")
  case $_answer in
    'open '* | none) ;;
    *) refuse "the register is not open for this run: $_answer" "see that redis answers, then deploy again" ;;
  esac
  arm_watcher # first: what is pending is never without one
  write_record pending "run=$1
release=$2
incarnation=${_answer#open }
"
  point_standby
  point_live "$2"
}

# prove_front URL HOST SECONDS: requests by nginx reach processes of this release and no others.
prove_front() {
  _told=''
  set_limit "$3"
  until _against=$(doubt_front "$1" "$2") || exit "$?"; [ -z "$_against" ]; do
    if [ -z "$_told" ] && [ "$_against" = "nothing listens on $1" ]; then
      warn "$_against: the release is proved on its own sockets only"
      return 0
    fi
    ! is_late || refuse "not proved through $1 after $3 s: $_against" \
      "see nginx's error log, and that its upstream is $sockets/live (invoke render-nginx)"
    [ "$_against" = "$_told" ] || note "not yet through nginx: $_against"
    _told=$_against
    sleep 0.1
  done
}

# doubt_front URL HOST: what speaks against it; nothing when as many answers as there are workers
# all came from this release. What names no process is refused: old code says 200, too.
doubt_front() {
  _ids=$(ask_front "$health" "$@") || {
    echo "${_ids:-no answer}"
    return 0
  }
  case $_ids in request-*) _ids=$(ask_front /api/status "$@") || _ids=request-0 ;; esac
  case $_ids in
    request-*) refuse "$1$health answers, but not which process it is: that proves nothing" \
      "answer the process's id there, as /api/status does; or set \`front: off\`, and nobody asks nginx" ;;
  esac
  _all=$(list_workers)
  printf '%s\n' "$_ids" | while read -r _id _age; do doubt_named "$_id" "${_age:-0}"; done | sed -n 1p
}

# ask_front PATH URL HOST: the ids that answer there, each with its process's age in ms where it is told.
ask_front() { node -e "$ask_script" "$1" "$workers" "$2" "$3" 2>&1 3<&- 4>&- 6<&- 9<&-; }

# doubt_named ID AGE: that name is of a process of this release, which is that old: 14's workers
# have the same names in every release, and what nginx stored names one that is gone.
doubt_named() {
  _file=$app/pids/$1
  [ -e "$_file" ] || _file=$app/pids/actionhero-$1
  _since=$(printf '%s\n' "$_all" | sed -n "s/^$(cat "$_file" 2>/dev/null || echo none) //p")
  if [ -z "$_since" ]; then
    echo "$1 answers, which is no process of $release"
  elif [ "$2" -gt $((($(ticks_now) - _since) * 10 + 1000)) ]; then
    echo "$1 answers since $(($2 / 1000)) s, which is before that process of $release began"
  fi
}

# end_strays: releases that are neither confirmed nor pending run no more: what a retirement that was
# cut off, or an adoption, left.
end_strays() {
  _stopped=unchanged
  "${supervisor}_forget"
  if [ -e "$root/.deploy/adopting" ] && [ ! -e "$root/.deploy/pending" ]; then
    _stopped=changed
    apart retire_tree 10
  fi
  for _each in "$root"/releases/*; do
    _each=${_each##*/}
    case $_each in '*' | *.partial) continue ;; esac
    ! is_used "$_each" || continue
    use_release "$_each"
    [ -n "$(list_ours)" ] || continue
    _stopped=changed
    apart stop_stray
    [ "$_code" -eq 0 ] || warn "$_each was not stopped: see invoke status"
  done
  [ "$_stopped" = changed ] || unchanged
}

# stop_stray: the release that is spoken of, once nobody is connected to it.
stop_stray() {
  linger=0
  drain_release "$release" 10
  stop_release wait
}
