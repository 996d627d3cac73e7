# Locks: the environment lock is a lease held by a channel, the stage lock by the work itself.
# needs: process journal
# shellcheck shell=sh

# take_lock STATE HOLDER RUN SECONDS [again]: take the environment lock and say so, or end the script as
# locked. With SECONDS it waits in the queue. The fence is the run that was last granted the lock: no
# other may switch from then on. A run that comes again, since its connection was cut, may find the
# lock held by its own former session.
take_lock() {
  make_state "$1"
  exec 8>>"$1/lock"
  if ! take_free "$1" && ! { [ "${5-}" = again ] && inherit_lock "$1" "$2"; } &&
    ! { [ "$4" -gt 0 ] && queue_for_lock "$1" "$4"; }; then
    report locked text "$(cat "$1/lock.holder" 2>/dev/null)"
    exit 75
  fi
  printf 'pid=%s\n%s\n' "$$" "$2" >"$1/lock.holder"
  raise_fence "$1" "$3"
  renew_lease "$1" "$3"
  report held
}

# raise_fence STATE RUN: after a switch that is under way, so that what it leaves pending is seen.
raise_fence() {
  exec 6>>"$1/pending.lock"
  flock -w 5 6 || note "somebody still settles what is pending on this host"
  write_durable "$1/fence" 600 "$2"
  exec 6>&-
}

# take_free STATE: the lock is free, and nobody waits for it.
take_free() {
  _ticket=none
  { [ ! -d "$1/queue" ] || is_next "$1"; } && flock -n 8
}

# queue_for_lock STATE SECONDS: first come, first served. A ticket counts while who drew it lives:
# it holds a lock of its own. False when the time is over, or the controller is gone.
queue_for_lock() {
  set_limit "$2"
  draw_ticket "$1"
  note "waiting for the lock, ticket ${_ticket##*/}: $(tr '\n' ' ' 2>/dev/null <"$1/lock.holder")"
  until is_next "$1" && flock -n 8; do
    if is_late || controller_left; then
      rm -f "$_ticket"
      return 1
    fi
  done
  rm -f "$_ticket"
}

# draw_ticket STATE: set _ticket, behind all that are there, held by descriptor 7.
draw_ticket() {
  mkdir -p "$1/queue"
  exec 5>>"$1/queue.lock"
  flock 5
  # shellcheck disable=SC2012 # names are numbers of our own
  _last=$(ls "$1/queue" | sort -n | tail -n 1)
  _ticket=$1/queue/$((${_last:-0} + 1))
  exec 7>>"$_ticket"
  flock 7
  exec 5>&-
}

# is_next STATE: no ticket before ours is held by somebody who lives; those of the dead are removed.
is_next() {
  exec 5>>"$1/queue.lock"
  flock 5
  _next=yes
  # shellcheck disable=SC2012 # names are numbers of our own
  for _each in $(ls "$1/queue" | sort -n); do
    [ "$1/queue/$_each" != "$_ticket" ] || break
    flock -n "$1/queue/$_each" rm -f "$1/queue/$_each" || { _next=no && break; }
  done
  exec 5>&-
  [ "$_next" = yes ]
}

# controller_left: it let go of the channel; takes a second while it has not.
controller_left() { _heard=$(timeout 1 head -n 1 <&3) && [ -z "$_heard" ]; }

# inherit_lock STATE HOLDER: take the lock from the session of the same HOLDER, which would keep it
# until it misses a heartbeat; false when somebody else has it.
inherit_lock() {
  _held=$(cat "$1/lock.holder" 2>/dev/null) && [ "${_held#*
}" = "$2" ] || return 1
  _former=${_held%%
*}
  _former=${_former#pid=}
  # shellcheck disable=SC2154 # _session is set by read_process
  if is_user_of "$_former" "$1/lock" 8 && read_process "$_former"; then
    signal_session TERM "$_session"
  fi
  flock -w 5 8
}

# make_state STATE: the tool's own directory beside the app.
make_state() {
  [ -d "$1" ] || mkdir -p "$1" 2>/dev/null || {
    report refused text "cannot create $1 as $(id -un)" \
      hint "create it once: sudo install -d -o $(id -un) ${1%/*}"
    exit 1
  }
  [ -w "$1" ] || {
    report refused text "$1 cannot be written by $(id -un)" \
      hint "give it to the deploy user: sudo chown -R $(id -un) $1"
    exit 1
  }
}

# hold_lease STATE RUN: keep the lock while heartbeats come (45 s at most between two), then let go.
hold_lease() {
  while _beat=$(timeout 45 head -n 1 <&3) && [ "$_beat" = beat ]; do renew_lease "$1" "$2"; done
  rm -f "$1/lock.holder" "$1/lease"
}

# renew_lease STATE RUN: what the watcher goes by; times on the host's boot clock.
renew_lease() {
  write_file "$1/lease" 600 "run=$2
boot=$(boot_id)
ticks=$(ticks_now)
"
}

# show_lock STATE: who holds the environment lock; nothing when it is free.
show_lock() {
  [ -e "$1/lock" ] || return 0
  # shellcheck disable=SC2094 # flock only opens it
  if ! flock -n "$1/lock" true; then cat "$1/lock.holder" 2>/dev/null || echo 'pid='; fi
}

# break_lock STATE: end the identified session that holds the environment lock.
break_lock() {
  [ -n "$(show_lock "$1")" ] || unchanged "nobody holds the lock"
  end_users "$1/lock" 8
  rm -f "$1/lock.holder" "$1/lease"
}

# enter_stage STATE STAGE RUN SECONDS [back]: hold the stage lock for this script's life. Work that a
# vanished controller left behind is ended when it only prepared, and waited for when it activates.
# The way back is for the run that activated last, and for no other: what it would put back is that
# run's.
enter_stage() {
  make_state "$1"
  exec 9>>"$1/stage.lock"
  if ! flock -n 9; then
    _left=$(cat "$1/stage.holder" 2>/dev/null) || _left='an earlier run'
    note "waiting for the work of $_left"
    case $_left in
      *stage=activate*) ;;
      *) flock -w 3 9 || end_users "$1/stage.lock" 9 ;;
    esac
    flock -w "$4" 9 || {
      report refused text "another run still works on this host: $_left" \
        hint "look at it with: invoke status; it is not ended, because it is activating"
      report undone outcome failed # what this host comes to is not known
      exit 1
    }
  fi
  if [ "${5-}" = back ]; then
    [ "$(cat "$1/activating" 2>/dev/null)" = "$3" ] || {
      report refused text "the last activation on this host is not this run's: nothing was put back" \
        hint "see what runs there: invoke status"
      exit 1
    }
  elif [ "$2" = activate ]; then
    printf '%s' "$3" >"$1/activating"
  fi
  printf 'stage=%s run=%s pid=%s' "$2" "$3" "$$" >"$1/stage.holder"
  open_journal "$1" "$2" "$3" "${5-}"
}

# end_stage STATE RUN: tell the stage of RUN to stop: its script unwinds once its command is ended.
end_stage() {
  _held=$(cat "$1/stage.holder" 2>/dev/null) || unchanged
  case $_held in *" run=$2 pid="*) ;; *) unchanged ;; esac
  _shell=${_held##*pid=}
  is_user_of "$_shell" "$1/stage.lock" 9 || unchanged
  read_process "$_shell" || unchanged
  # shellcheck disable=SC2154 # set by read_process
  _wanted=$_session
  kill -TERM "$_shell"
  list_session "$_wanted" | while read -r _pid; do
    [ "$_pid" = "$_shell" ] || kill -TERM "$_pid" 2>/dev/null || :
  done
}

# is_user_of PID FILE DESCRIPTOR: PID is ours and holds FILE open under that number.
is_user_of() {
  [ -O "/proc/$1" ] && [ "$(readlink "/proc/$1/fd/$3" 2>/dev/null)" = "$(readlink -f "$2")" ]
}

# list_sessions FILE DESCRIPTOR: the sessions, other than our own, whose processes hold FILE open
# under that number.
list_sessions() {
  read_process "$$"
  # shellcheck disable=SC2154 # set by read_process
  _mine=$_session
  for _fd in /proc/[0-9]*/fd/"$2"; do
    _pid=${_fd#/proc/}
    _pid=${_pid%%/*}
    if is_user_of "$_pid" "$1" "$2" && read_process "$_pid" && [ "$_session" != "$_mine" ]; then
      echo "$_session"
    fi
  done | sort -u
}

# list_session SESSION: our pids of that session.
list_session() {
  cat /proc/[0-9]*/stat 2>/dev/null | LC_ALL=C awk -v wanted="$1" '
    { pid = $1; sub(/^.*\) /, ""); if ($4 == wanted && $1 != "Z") print pid }' |
    while read -r _pid; do if [ -O "/proc/$_pid" ]; then echo "$_pid"; fi; done
}

# end_users FILE DESCRIPTOR: end the sessions of those who hold FILE, never our own: TERM, then KILL.
end_users() {
  _sessions=$(list_sessions "$1" "$2")
  for _one in $_sessions; do signal_session TERM "$_one"; done
  _tries=0
  while [ $((_tries += 1)) -le 40 ] && [ -n "$(list_sessions "$1" "$2")" ]; do sleep 0.25; done
  for _one in $_sessions; do signal_session KILL "$_one"; done
}

# signal_session SIGNAL SESSION: signal every process of ours in that session.
signal_session() {
  list_session "$2" | while read -r _pid; do kill -"$1" "$_pid" 2>/dev/null || :; done
}

# append_history FILE LINE: one line of the host's history.
append_history() { printf '%s\n' "$2" >>"$1"; }

# show_history FILE COUNT: the newest lines.
show_history() { tail -n "$2" "$1" 2>/dev/null || :; }
