# What is pending is settled once, by whoever comes first: confirmed, or returned. The one decision
# is in the register; everything here happens under the lock of the pending record.
# needs: releases register watcher adopt warm alone
# shellcheck shell=sh

# take_pending: nobody else changes pending, confirmed or live while this shell lives.
take_pending() {
  exec 6>>"$root/.deploy/pending.lock"
  flock -w 180 6 || refuse "somebody else still settles what is pending on this host" \
    "see what runs there: invoke status"
}

# hold_pending RUN: the same, for who goes on only while that run is pending here.
hold_pending() {
  take_pending
  if is_pending "$1" && ! is_frozen "$1"; then return 0; fi
  refuse "the release of run $1 is not pending any more: it was settled meanwhile" "see invoke status, then deploy again"
}

# settle_switch RUN DRAIN: the pending release of RUN is confirmed or returned, as the register says;
# where it is still open, the word is abort. What cannot be decided stays pending.
settle_switch() {
  take_pending
  if ! is_pending "$1"; then
    abort_open "$1"
    tell_state "$1"
    unchanged
  fi
  ! is_frozen "$1" || {
    value register frozen
    refuse "the pending release is frozen: its fleet is settled as a whole" "deploy again, to all hosts"
  }
  _decision=$(ask_register decide "$1" "$(record pending incarnation)" abort)
  case $_decision in
    commit) confirm_pending "$2" ;;
    abort | none) return_pending "$2" ;;
    *)
      value register "${_decision%% *}"
      refuse "the release of run $1 stays pending: the register says $_decision" \
        "see that redis answers, then deploy again: that settles it"
      ;;
  esac
}

# is_pending RUN: the pending record names that run.
is_pending() { [ -n "$1" ] && [ "$(record pending run)" = "$1" ]; }

# abort_open RUN: nothing of it is pending here; but a switch that is still on its way must not find
# the register open, long after the run was told to be over.
abort_open() {
  case $1 in "$(record confirmed run)" | "$(record returned run)") return 0 ;; esac
  _answer=$(ask_register read "$1")
  case $_answer in 'open '*) _answer=$(ask_register decide "$1" "${_answer#open }" abort) ;; esac
  case $_answer in
    abort | commit | missing | none) ;;
    *) refuse "run $1 is not decided: the register says $_answer" "see that redis answers, then deploy again" ;;
  esac
}

# is_frozen RUN: a controller settles that run, whose register is lost, on its whole fleet.
is_frozen() {
  read_line "$root/.deploy/frozen"
  [ "$_line" = "$1" ]
}

# tell_state RUN: what this host has come to.
tell_state() {
  if [ "$(record confirmed run)" = "$1" ]; then value state new; else value state old; fi
}

# confirm_switch RUN DRAIN: the register says commit. Told twice, it is done once.
confirm_switch() {
  take_pending
  if is_pending "$1"; then
    confirm_pending "$2"
    return
  fi
  [ "$(record confirmed run)" = "$1" ] || refuse \
    "nothing of run $1 is pending on this host: it was returned" "see invoke status"
  tell_state "$1"
  unchanged
}

# confirm_pending DRAIN: rule 12: it runs, also after a reboot; then it is confirmed by one rename.
# What was before is stopped once nobody is connected to it.
confirm_pending() {
  _old=$(record confirmed release) _new=$(record pending release) _run=$(record pending run)
  make_way "$_old" "$1"
  use_release "$_new"
  ensure_running
  [ "$(live_release)" = "$_new" ] || point_live "$_new"
  keep_at_boot
  keep_warm "$_old"
  end_standby # before it is confirmed: from then on nobody is served by old code
  write_file "$state/proved" 644 "run=$_run
"
  rename_record pending confirmed
  if has_files; then keep_armed; fi
  mark_withdrawn "$_old" "$_new"
  rm -f "$root/.deploy/frozen"
  forget_balancer
  tell_state "$_run"
  if [ -e "$root/.deploy/adopting" ]; then
    apart retire_tree "$1"
    [ "$_code" -eq 0 ] || warn "the in-place processes were not stopped: see invoke status"
  fi
  if is_warm; then
    arm_watcher
    note "$_old is kept warm for $warm s"
  else
    retire "$_old" "$1"
  fi
}

# mark_withdrawn OLD NEW: OLD gave way to an older release: it was rolled back from, and is no way back by
# itself until it is confirmed again. Names begin with their time.
mark_withdrawn() {
  rm -f "$root/releases/$2/.deploy/withdrawn"
  if [ -n "$1" ] && LC_ALL=C expr "x$2" '<' "x$1" >/dev/null; then : >"$root/releases/$1/.deploy/withdrawn"; fi
}

# return_pending DRAIN: the mirror: what was confirmed runs and is live again, then the record goes.
return_pending() {
  _old=$(record confirmed release) _new=$(record pending release) _run=$(record pending run)
  if [ -n "$_old" ]; then
    leave_again
    make_way "$_new" "$1"
    use_release "$_old"
    ensure_running
    point_live "$_old"
  else
    return_tree
    rm -f "$sockets/live" "$root/current"
  fi
  if has_files; then apart return_armed "$_run"; fi
  rename_record pending returned
  rm -f "$root/.deploy/frozen"
  tell_state "$_run"
  exec 6>&- # nobody waits for the balancer
  rejoin
  retire "$_new" "$1"
  apart drop_standby # it led to what is live again, for whoever had found the new release gone
}

# has_files: this script came with what puts files back (files_install.sh), as files went live here.
has_files() { command -v return_armed >/dev/null; }

# drop_standby: nobody stands by where nothing is pending.
drop_standby() {
  take_pending
  [ -e "$root/.deploy/pending" ] || end_standby
}

# retire NAME DRAIN: the other one of the two stops; that it did not is told, and changes nothing. The
# lock is let go: a drain may last for minutes.
retire() {
  if [ -z "$1" ] || [ "$_old" = "$_new" ]; then return 0; fi
  exec 6>&-
  apart retire_unused "$1" "$2"
  [ "$_code" -eq 0 ] || warn "$1 was not stopped: see invoke status"
}

# retire_unused NAME DRAIN: it starts at boot no more; it stops once nobody is connected, unless it is
# in use again by then.
retire_unused() {
  use_release "$1"
  [ -d "$app" ] || return 0
  quit_boot
  if [ "$2" != none ] && [ -n "$(list_ours)" ]; then drain_release "$1" "$2" count_settled; fi
  take_pending
  ! is_used "$1" || return 0
  if [ "$2" = none ]; then stop_release wait; else stop_release kill; fi
}

# count_settled NAME: connections to it; none once another release is pending, which a watcher that
# still drains could not watch.
count_settled() { if [ -e "$root/.deploy/pending" ]; then echo 0; else count_connections "$1"; fi; }

# ensure_running: the release that is spoken of runs and answers.
ensure_running() {
  _against=$(doubt 0) || exit "$?"
  [ -n "$_against" ] || return 0
  note "starting $release"
  _offset=$(wc -c 2>/dev/null <"$app/$(output_file 0)") || _offset=0
  launch_missing
  await_boot 60 "$_offset"
}

# retire_release NAME DRAIN: wait until nobody is connected to it, then stop it: also one that is not
# seen yet, since the boot that a watcher came with is about to start it.
retire_release() {
  use_release "$1"
  [ -d "$app" ] || return 0
  if [ "$2" != none ] && [ -n "$(list_ours)" ]; then drain_release "$1" "$2"; fi
  if [ "$2" = none ]; then stop_release wait; else stop_release kill; fi
}

# freeze_switch RUN: rule 13: until it is resumed, nobody settles that run here but its resumer.
freeze_switch() {
  take_pending
  is_pending "$1" || unchanged
  write_record frozen "$1"
}

# resume_switch RUN confirm|return DRAIN: settle a run whose register is lost, as its fleet's
# journals say.
resume_switch() {
  take_pending
  if ! is_pending "$1"; then
    tell_state "$1"
    unchanged
  fi
  case $2 in
    confirm) confirm_pending "$3" ;;
    return) return_pending "$3" ;;
  esac
}

# decide_switch RUN SECONDS: the fleet's commit, once every host is proved (rules 8, 9).
decide_switch() {
  is_pending "$1" || refuse "nothing of run $1 is pending on this host: it was returned" "deploy again"
  decide_register "$1" "$(record pending incarnation)" commit "$2"
}
