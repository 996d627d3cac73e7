# Connections to what gets no new ones: counted until they are over, or their time is.
# needs: cluster process prove
# shellcheck shell=sh

# drain_release NAME SECONDS [COUNT [PATIENCE]]: until no connection to its sockets is left, over several
# looks. The kernel does not tell a WebSocket from a request: what lasts longer than SECONDS, in which
# every request has to end, is long-lived, is told by number, and has $linger more. What is left then, or
# when none came or ended for PATIENCE s, is told again: it is cut when its processes stop. COUNT is the
# verb that counts them.
drain_release() {
  _limit=$2 _last=$(($2 + ${linger:-0})) _quiet=0 _told=''
  read_uptime
  _since=$_uptime _still=$_uptime
  while [ "$_quiet" -lt 4 ]; do
    _open=$("${3:-count_connections}" "$1")
    if [ "$_open" -eq 0 ]; then _quiet=$((_quiet + 1)); else _quiet=0; fi
    read_uptime
    [ "$_open" = "$_told" ] || _still=$_uptime
    if [ "$_open" -gt 0 ] && { is_over "$_limit" || is_still "${4:-}"; }; then
      [ "$_limit" -ne "$2" ] || tell_long_lived "$1"
      if is_over "$_last" || is_still "${4:-}"; then
        warn "$_open connections to $1 are left after $(drained) s: they are cut"
        value cut "$_open"
        return 0
      fi
      _limit=$_last
    fi
    if [ "$_open" -gt 0 ] && [ "$_open" != "$_told" ]; then note "$_open connections to $1"; fi
    _told=$_open
    sleep 0.1
  done
}

# drained: seconds since the drain began.
drained() { echo $(((_uptime - _since) / 100)); }

# is_over SECONDS: so many went by since the drain began.
is_over() { [ "$_uptime" -ge $((_since + $1 * 100)) ]; }

# is_still [SECONDS]: so many went by in which no connection came or ended.
is_still() { [ -n "$1" ] && [ "$_uptime" -ge $((_still + $1 * 100)) ]; }

# tell_long_lived NAME: those that are left outlasted every request.
tell_long_lived() {
  note "$_open long-lived connections (WebSockets) to $1 remain after $(drained) s"
  value long_lived "$_open"
}

# count_connections NAME: connections to a release's sockets (proc(5), net/unix), those included that
# nobody accepted yet (02). A cluster's path is relative, and another app's release may have the same
# name: there an accepted one (03) counts when it is held by a process of ours.
count_connections() {
  _held='' _sure=$(count_held "$1")
  case $_sure in
    *' 0') ;; # and nobody is asked what they hold
    *)
      _held=$(list_ours | list_held)
      _sure=$(count_held "$1")
      ;;
  esac
  echo "${_sure% *}"
}

# count_held NAME: how many connections to it are sure, with the inodes in $_held; and of how many more
# it has to be asked who holds them.
count_held() {
  awk -v path=" $sockets/$1/" -v part="/$1/" -v inodes="$(printf '%s' "$_held" | tr '\n' ' ')" '
    BEGIN { split(inodes, each, " "); for (number in each) held[each[number]] }
    $6 != "03" && $6 != "02" { next }
    index($0, path) { count++; next }
    $8 !~ /^\.\./ || !index($0, part) { next }
    $6 == "02" || $7 in held { count++; next }
    { others++ }
    END { print count + 0, others + 0 }' /proc/net/unix
}

# drain_process INDEX SECONDS: its socket loses its name: nginx asks the others from here on, and it has
# SECONDS to end what it works on. A port cannot be hidden, and the only process need not be.
drain_process() {
  find_endpoint "$1"
  _socket=$_endpoint
  case $_socket in /*) ;; *) return 0 ;; esac
  if [ "$workers" -lt 2 ] || [ "$2" -eq 0 ]; then return 0; fi
  rm -f "$_socket"
  drain_release "process $1" "$2" count_callers "$_PATIENCE"
}

# Seconds without an end after which what is still connected is taken for WebSockets.
_PATIENCE=10

# count_callers: connections to the socket that drain_process hid (proc(5), net/unix).
count_callers() {
  awk -v path=" $_socket" '
    ($6 == "03" || $6 == "02") && substr($0, length($0) - length(path) + 1) == path { count++ }
    END { print count + 0 }' /proc/net/unix
}
