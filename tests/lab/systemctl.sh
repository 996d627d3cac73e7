#!/bin/sh
# systemctl VERB UNIT on a host of the lab: starts and stops what the file UNIT in $UNITS names, as
# whoever calls it.
set -eu
verb=$1 start='' pidfile='' signal=''
# shellcheck source=/dev/null
. "$UNITS/$2" # start: a command that leaves a daemon; pidfile; signal: what makes it read its files

alive() { pid=$(cat "$pidfile" 2>/dev/null) && [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; }

begin() {
  rm -f "$pidfile"
  sh -c "$start" </dev/null
  until [ -s "$pidfile" ]; do sleep 0.02; done
}

case $verb in
  start) alive || begin ;;
  stop)
    ! alive || kill "$pid"
    while alive; do sleep 0.02; done
    ;;
  reload-or-restart) if alive; then kill -s "$signal" "$pid"; else begin; fi ;;
  *)
    echo "systemctl: $verb is not known here" >&2
    exit 1
    ;;
esac
