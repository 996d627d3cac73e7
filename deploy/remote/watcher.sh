# The watcher: on the host, and of nobody's session. When the deploy dies it settles what is pending.
# needs: pending switch process warm alone
# shellcheck shell=sh

# Seconds after which a lease that was not renewed has lapsed; hold_lease waits for 45.
_LEASE=50

# install_watcher SCRIPT: the program of the watcher, for this user's eyes: it knows the register.
install_watcher() { write_file "$root/.deploy/watcher" 600 "$1"; }

# arm_watcher: start it; it outlives this session and every lock of it.
arm_watcher() {
  [ -e "$root/.deploy/watcher" ] || refuse "there is no watcher on this host" "deploy again"
  mark_boot
  "${supervisor}_watch"
}

# watch_pending DRAIN: until nothing is pending, warm or out of the balancer, or a later watcher began. A
# run whose lease has lapsed is settled; without an answer of the register it stays pending, and is
# tried again for ever (rule 10).
watch_pending() {
  is_booted || apart boot_host
  write_file "$root/.deploy/watching" 600 "$$"
  apart take_pending # whoever armed it still switches
  while is_watcher; do
    _watched=$(record pending run)
    if [ -n "$_watched" ]; then
      if is_lapsed "$_watched" && ! is_frozen "$_watched"; then apart settle_switch "$_watched" "$1"; fi
    elif stop_watching; then
      break
    else
      tend_settled "$1"
    fi
    sleep 1
  done
}

# is_watcher: no later one began.
is_watcher() {
  read_line "$root/.deploy/watching"
  [ "$_line" = "$$" ]
}

# stop_watching: there is nothing to watch, looked at under the lock that a switch arms its watcher with,
# which this shell holds until it ends; false when there is, or somebody has the lock.
stop_watching() {
  exec 6>>"$root/.deploy/pending.lock"
  if flock -n 6 && is_watcher && ! is_watched; then
    rm -f "$root/.deploy/watching"
    return 0
  fi
  exec 6>&-
  return 1
}

# is_watched: something is pending, warm, or out of the balancer.
is_watched() { [ -e "$root/.deploy/pending" ] || [ -e "$root/.deploy/warm" ] || [ -e "$root/.deploy/left" ]; }

# tend_settled DRAIN: where nothing is pending, and no run lives that is about to do it: the balancer
# is told that this host is back; and what is warm ends in its time.
tend_settled() {
  if [ -e "$root/.deploy/left" ] && is_lapsed "$(record lease run)"; then apart rejoin_late; fi
  if [ -e "$root/.deploy/warm" ] && ! is_warm; then apart cool_down "$1"; fi
}

# is_lapsed RUN: nobody renews that run's lease: it let go, died, lost the host, or this is a new boot.
is_lapsed() {
  [ "$(record lease run)" = "$1" ] || return 0
  [ "$(record lease boot)" = "$(boot_id)" ] || return 0
  _renewed=$(record lease ticks)
  [ $(($(ticks_now) - ${_renewed:-0})) -gt $((_LEASE * 100)) ]
}

# mark_boot: what is to be done at boot is done for this one.
mark_boot() { write_file "$root/.deploy/booted" 600 "$(boot_id)"; }

# is_booted: this boot is marked.
is_booted() {
  read_line "$root/.deploy/booted"
  [ "$_line" = "$(boot_id)" ]
}

# boot_host: rule 11: what is confirmed is live and starts; what is pending stays so.
boot_host() {
  take_pending
  ! is_booted || return 0
  mark_boot
  [ -e "$root/.deploy/pending" ] || end_standby # its end may not have reached the disk
  [ -n "$(record confirmed release)" ] || return 0
  use_confirmed
  point_live "$release"
  case $supervisor in
    detached) launch_missing ;;
    pm2) # its dump is anybody's to write
      pm2_settle
      launch_missing
      ;;
    *) ;; # units start by themselves
  esac
}
