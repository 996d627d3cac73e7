# What `status` shows beside what a deploy asks: the machine's load and room, sockets, crashes, the lock.
# needs: cluster origins tree lock
# shellcheck shell=sh

# look_state TREE LOG: tab-separated lines, a kind and its values; sizes in kB. TREE is the live tree, LOG
# the directory of ActionHero's log.
look_state() {
  printf 'time\t%s\n' "$(date +%s)"
  printf 'model\t%s\n' "$model"
  printf 'committed\t%s\n' "$(committed_at "$1")"
  printf 'key\t%s\n' "$(cat "$state/node_key" "$state/key" 2>/dev/null | sed -n 1p)"
  read -r _one _five _fifteen _ </proc/loadavg
  printf 'load\t%s\t%s\t%s\n' "$_one" "$_five" "$_fifteen"
  sed -n 's/^\(Swap[TF][a-z]*\): *\([0-9]*\) kB/\1	\2/p' /proc/meminfo
  df -Pk "$(nearest "$1")" 2>/dev/null | awk 'NR == 2 { print "disk\t" $2 }'
  with_endpoints tell_sockets
  tell_crashes "$2/cluster.log"
}

# nearest PATH: PATH, or the directory above it that is there.
nearest() {
  _near=$1
  while [ ! -e "$_near" ]; do _near=${_near%/*}; [ -n "$_near" ] || _near=/; done
  printf '%s\n' "$_near"
}

# committed_at TREE: when the commit that is checked out was made, in seconds since 1970.
committed_at() {
  if [ -e "$1/.git" ]; then tree_git "$1" log -1 --format=%ct 2>/dev/null || :; fi
}

# tell_sockets ENDPOINT...: whether a process of the app listens on each.
tell_sockets() {
  _held=$(list_ours | list_held)
  for _endpoint in "$@"; do
    _word=silent _inodes=$(list_inodes "$_endpoint")
    [ "$(without "$_inodes" "$_held")" = "$_inodes" ] || _word=listens
    printf 'socket\t%s\t%s\n' "$_endpoint" "$_word"
  done
}

# tell_crashes LOG: when workers died of an error (a master counts those lines, and ends itself when there
# are more than two a worker within 30 s), and when they ended for whatever reason.
tell_crashes() {
  [ -r "$1" ] || return 0
  tail -c 200000 "$1" | LC_ALL=C awk '
    /uncaught exception =>|unhandled rejection =>/ { kind = "crash" }
    /worker #[0-9]+ .*exited/ { kind = "exit" }
    { place = index($0, "\"timestamp\":"); text = place ? substr($0, place) : $0 }
    kind && match(text, /[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-9][0-9]:[0-9][0-9]:[0-9][0-9]/) {
      at = substr(text, RSTART, RLENGTH); sub(/ /, "T", at); print kind "\t" at
    }
    { kind = "" }' | tail -n 100
}
