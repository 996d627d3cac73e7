# The release before the confirmed one, kept running for a while: the way back to it needs no boot.
# needs: releases switch pending
# shellcheck shell=sh

# keep_warm NAME: that release is the warm one from now on, where any is wanted and it runs. It does
# not start at boot.
keep_warm() {
  rm -f "$root/.deploy/warm"
  if [ "$warm" -eq 0 ] || [ -z "$1" ] || [ "$1" = "$release" ]; then return 0; fi
  apart leave_boot "$1"
  [ "$_code" -eq 0 ] || return 0
  write_record warm "release=$1
until=$(($(ticks_now) + warm * 100))
boot=$(boot_id)
"
}

# leave_boot NAME: it runs, and does not start at boot any more; false when it does not run.
leave_boot() {
  use_release "$1"
  [ -n "$(list_tops)" ] || return 1
  "${supervisor}_at_boot" 0
}

# cool_down DRAIN: the warm release stops, unless it went live again. Its connections have had its warm
# time to end in; what they may last beyond that is waited for without the lock, as it may be minutes.
cool_down() {
  _cold=$(record warm release) _warm=$(cat "$root/.deploy/warm" 2>/dev/null) || :
  if is_idle "$_cold" && [ "$1" != none ]; then drain_warm "$1"; fi
  take_pending
  [ "$(cat "$root/.deploy/warm" 2>/dev/null)" = "$_warm" ] || return 0 # somebody was first
  if is_idle "$_cold"; then
    use_release "$_cold"
    [ ! -d "$app" ] || stop_release kill
  fi
  rm -f "$root/.deploy/warm"
}

# is_idle NAME: it is neither pending nor confirmed.
is_idle() {
  case $1 in '' | "$(record pending release)" | "$(record confirmed release)") return 1 ;; esac
}

# drain_warm DRAIN: the rest of what requests and then long-lived connections may last.
drain_warm() {
  _rest=0
  if [ "$1" -gt "$warm" ]; then
    _rest=$(($1 - warm))
  elif [ $((linger -= warm - $1)) -lt 0 ]; then
    linger=0
  fi
  use_release "$_cold"
  if [ -n "$(list_ours)" ]; then drain_release "$_cold" "$_rest" count_settled; fi
}

# make_room NAME: before release NAME starts as the third, the warm one ends.
make_room() {
  _cold=$(record warm release)
  if [ -z "$_cold" ] || [ "$_cold" = "$1" ]; then return 0; fi
  note "$_cold ends: it was kept warm"
  apart cool_down none
  [ "$_code" -eq 0 ] || warn "$_cold was not stopped: see invoke status"
}
