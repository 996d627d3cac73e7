# Where old and new code cannot run together: the old one stops first, behind the balancer if there is one.
# needs: releases switch pending build
# shellcheck shell=sh

# leave_balancer COMMAND READY SECONDS: COMMAND has the balancer send nothing more; then until no
# connection is left, or SECONDS are over. READY is kept, for whoever lets this host in again; the
# watcher does where nobody else can.
leave_balancer() {
  linger=0
  rm -f "$root/.deploy/joined"
  write_record leaving "$1"
  write_record left "$2"
  arm_watcher
  tell_balancer "$1"
  use_confirmed
  drain_release "$release" "$3"
}

# join_balancer: the balancer sends requests again; nothing where it was not told to stop.
join_balancer() {
  [ -e "$root/.deploy/left" ] || unchanged
  tell_balancer "$(cat "$root/.deploy/left")"
  rename_record left joined
}

# rejoin_balancer: the same on the way back: nothing while a release is pending, which need not run.
rejoin_balancer() {
  [ ! -e "$root/.deploy/pending" ] || unchanged
  join_balancer
  forget_balancer
}

# forget_balancer: what it was told is over.
forget_balancer() { rm -f "$root/.deploy/joined" "$root/.deploy/leaving"; }

# leave_again: the new release, which the balancer sends requests to, is about to stop. That it was not
# told is said, and holds nothing up.
leave_again() {
  if [ ! -e "$root/.deploy/joined" ] || [ "$_old" = "$_new" ] || ! is_alone; then return 0; fi
  rename_record joined left
  apart tell_balancer "$(cat "$root/.deploy/leaving")" 60
  [ "$_code" -eq 0 ] || warn "the balancer was not told that this host serves nothing for a moment"
}

# tell_balancer COMMAND [SECONDS]: run it in the app's directory, with the environment of its release.
tell_balancer() {
  _command=$1 _code=0
  (
    set -a
    # shellcheck disable=SC1091 # written by equip_release
    [ ! -e "$state/env" ] || . "$state/env"
    set +a
    cd "$root" || exit 126
    bounded "${2:-300}" sh -c "$_command"
  ) || _code=$?
  [ "$_code" -eq 0 ] || refuse "the balancer's command \`$_command\` ended with code $_code" \
    "see the last lines of its output; drain_command and ready_command in the inventory"
}

# stop_confirmed RUN DRAIN LOG: the old release ends before the new one starts, while RUN is pending.
# Requests that fail from now on are in nginx's LOG, which may be empty.
stop_confirmed() {
  hold_pending "$1"
  linger=0
  write_record alone "run=$1
offset=$(log_size "$3")
inode=$(stat -c %i "$3" 2>/dev/null)
"
  end_standby # new requests would go there, and it is what is to be drained
  use_confirmed
  [ -n "$(list_ours)" ] || unchanged
  retire_release "$release" "$2"
}

# log_size LOG: its bytes; nothing where there is none, or this user may not read it.
log_size() {
  [ -n "$1" ] || return 0
  if [ -r "$1" ]; then
    wc -c <"$1"
  else
    warn "requests that fail meanwhile are not counted: $1 cannot be read by $(id -un)"
  fi
}

# tell_failed LOG: how many requests ended with a 5xx since the old release began to stop.
tell_failed() {
  _offset=$(record alone offset)
  [ -n "$_offset" ] || unchanged
  if [ "$(stat -c %i "$1")" != "$(record alone inode)" ] || [ "$(wc -c <"$1")" -lt "$_offset" ]; then
    warn "requests that failed meanwhile are not counted: $1 was begun anew"
    unchanged
  fi
  _failed=$(tail -c "+$((_offset + 1))" "$1" | LC_ALL=C awk -F '"' '
    NF > 2 { split($3, after, " "); if (after[1] >= 500) count++ }
    END { print count + 0 }')
  value failed "$_failed"
  [ "$_failed" -eq 0 ] || warn "$_failed requests to this host failed while no release ran"
}

# is_alone: what is pending was switched to with its old release stopped first.
is_alone() { [ -n "$(record alone run)" ] && [ "$(record alone run)" = "$(record pending run)" ]; }

# make_way NAME DRAIN: where it must not run beside the other release, it ends before that one starts.
make_way() {
  if [ -z "$1" ] || [ "$_old" = "$_new" ] || ! is_alone; then return 0; fi
  apart end_first "$1" "$2"
  [ "$_code" -eq 0 ] || refuse "$1 still runs, and may not run beside the other release" \
    "see what it works on: invoke status; this is tried again"
}

# end_first NAME DRAIN: at once; what the balancer sent before it was told has a moment.
end_first() {
  linger=0
  if [ "$2" = none ]; then
    retire_release "$1" none
  elif [ -e "$root/.deploy/left" ]; then
    retire_release "$1" 5
  else
    retire_release "$1" 0
  fi
}

# rejoin: after a return: the old code serves again. The watcher tries again where this did not succeed.
rejoin() {
  [ -e "$root/.deploy/left" ] || return 0
  apart rejoin_balancer
  case $_code in 0 | "$UNCHANGED") return 0 ;; esac
  warn "the balancer was not told that this host is back: .deploy/left has the command"
}

# rejoin_late: the watcher's part: once what is confirmed answers, if there is any.
rejoin_late() {
  use_confirmed
  _against=''
  if [ "$release" != none ]; then _against=$(doubt 0) || exit "$?"; fi
  [ -n "$_against" ] || rejoin
  [ ! -e "$root/.deploy/left" ] || sleep 5
}
