# Proof on the host: who runs, since when, from where, named by which pidfile, and who answers.
# needs: process supervisor origins
# shellcheck shell=sh

# prove_cluster SECONDS: every process runs the code of the last checkout and answers; from now on
# that is what starts at boot.
prove_cluster() {
  await_proof "$(checkout_ticks)" "$1"
  keep_at_boot
  list_workers | while read -r _pid _; do value worker "$_pid"; done
}

# checkout_ticks: when the tree was last moved; 0 when that was before this boot.
checkout_ticks() {
  read_boot
  read_value "$state/activated" boot
  if [ "$_value" = "$_boot" ]; then
    value_in "$state/activated" ticks
  else
    echo 0
  fi
}

# await_proof SINCE SECONDS: poll until nothing speaks against it, or refuse with what still does.
await_proof() {
  set_limit "$2"
  _against='' _told=''
  until _against=$(doubt "$1") || exit "$?"; [ -z "$_against" ]; do
    ! is_late || refuse "not proved after $2 s: $_against" "see log/ on the host, and invoke status"
    [ "$_against" = "$_told" ] || note "not yet: $_against"
    _told=$_against
    sleep 0.2
  done
}

# doubt SINCE: the first thing that speaks against it; nothing when all is proved.
doubt() {
  find_root || _root=$app
  _ours=$(list_ours) # asked once: everybody waits
  _tops=$(choose_tops "$_ours")
  if [ "$model" = processes ]; then
    _all=$_tops
  elif only_master "$_tops"; then
    _all=$(list_own_children "$master")
  else
    echo "no cluster master runs from $app"
    return
  fi
  count_lines "$_all"
  if [ "$_count" -ne "$workers" ]; then
    echo "$_count of $workers workers run"
    return
  fi
  doubt_each "$1" || doubt_answers "$_all" "$_ours"
}

# doubt_each SINCE: the first thing that speaks against one of $_all or of $_tops; false when nothing does.
doubt_each() {
  while read -r _pid _start; do
    if doubt_worker "$_pid" "$_start" "$1"; then return 0; fi
  done <<WORKERS
$_all
WORKERS
  while read -r _pid _; do
    if doubt_program "$_pid"; then return 0; fi
  done <<TOPS
$_tops
TOPS
  return 1
}

# doubt_worker PID START SINCE: what speaks against one worker; false when nothing does.
doubt_worker() {
  if [ "$2" -lt "$3" ]; then
    echo "worker $1 started before the checkout"
  elif ! is_alive "$1" "$2"; then
    echo "worker $1 is gone"
  elif ! is_at "$1" "$_root"; then
    echo "worker $1 works in $(readlink "/proc/$1/cwd"), not in $_root"
  elif ! is_named "$1"; then
    echo "no pidfile names worker $1"
  else
    return 1
  fi
}

# is_named PID: a pidfile of the app does.
is_named() {
  for _file in "$app"/pids/*; do
    read_line "$_file"
    [ "$_line" != "$1" ] || return 0
  done
  return 1
}

# doubt_answers WORKERS OURS: each worker answers a request of its own, on a connection of its own.
doubt_answers() {
  _first=$(with_endpoints doubt_listeners "$2")
  if [ -n "$_first" ]; then
    printf '%s\n' "$_first"
    return
  fi
  _ids=$(ask_workers 2>&1) || {
    echo "${_ids:-no answer}"
    return
  }
  printf '%s\n' "$_ids" | while read -r _id; do
    _file=$app/pids/$_id
    [ -e "$_file" ] || _file=$app/pids/actionhero-$_id
    [ -e "$_file" ] || continue
    read_line "$_file"
    names_one "$1" "$_line" || {
      echo "worker $_id answers, but its pidfile names $_line, which is none of the workers"
      break
    }
  done
}

# names_one PROCESSES PID: PID is that of one of them ("pid start" lines).
names_one() {
  case "
$1" in
    *"
$2 "*) return 0 ;;
  esac
  return 1
}

# find_endpoint INDEX: set _endpoint to where the process of that index listens: a socket's path or a port.
find_endpoint() {
  case $listen in
    /*) _endpoint=$listen/$1.sock ;;
    *) _endpoint=$((listen + $1)) ;;
  esac
}

# is_silent INDEX: nobody listens there, for certain and without a process to find out: no such socket.
is_silent() {
  find_endpoint "$1"
  case $_endpoint in /*) [ ! -S "$_endpoint" ] ;; *) return 1 ;; esac
}

# ask_workers: the distinct ids that answer on the health path; fails, with the reason, when fewer
# than all do. Every request has a connection of its own, so that all workers get some.
ask_workers() { with_endpoints node -e "$ask_script" "$health" "$workers" 3<&- 4>&- 9<&-; }

# with_endpoints COMMAND [ARGUMENT]...: run it, told where this app is to listen as well.
with_endpoints() {
  if [ "$model" = processes ]; then _ends=$workers; else _ends=1; fi
  _index=0
  while [ "$_index" -lt "$_ends" ]; do
    find_endpoint "$_index"
    set -- "$@" "$_endpoint"
    _index=$((_index + 1))
  done
  "$@"
}

# await_answer INDEX SECONDS OFFSET: the process of that index answers. One that ends is a crash,
# told with what it printed after OFFSET bytes.
await_answer() {
  set_limit "$2"
  _visible=$((_uptime + _BOOT_SECONDS * 100))
  until _answer=$(ask_process "$1"); do
    ! is_late || refuse_boot "process $1 does not answer $health after $2 s: $_answer" "$1" "$3"
    if [ -n "$(list_index "$1")" ]; then
      _visible=0 # from here on
    elif [ "$_uptime" -gt "$_visible" ]; then
      refuse_boot "process $1 ended while it started: the new code does not boot" "$1" "$3"
    fi
    sleep 0.2
  done
}

# Seconds in which a process may not be seen yet: a supervisor runs a shell and node before it.
_BOOT_SECONDS=8

# ask_process INDEX: whether the process of that index answers; if not, why.
ask_process() {
  if is_silent "$1"; then
    echo "there is no $_endpoint"
    return 1
  fi
  node -e "$ask_script" "$health" 1 "$_endpoint" 2>&1 3<&- 4>&- 9<&-
}

# refuse_boot WHY INDEX OFFSET: refuse, with what that process printed since then.
refuse_boot() {
  tail -c "+$(($3 + 1))" "$app/$(output_file "$2")" 2>/dev/null | tail -n 20 || :
  refuse "$1" "see its last lines, and log/ in $app; mend the code, then deploy again"
}

# list_index INDEX: "pid start" of the process that runs under that index.
list_index() {
  list_tops | while read -r _one _one_start; do
    if [ "$(title_of "$_one")" = "$title-$1" ]; then echo "$_one $_one_start"; fi
  done
}

# Endpoints are sockets, ports, or a URL that is followed by the name to ask for. Asks each in turn, over and over, until as many ids as wanted were seen (an answer that
# names no id counts as one a request), and prints them; of a front also for how many milliseconds
# that process has run, where it says so: a stored answer tells its age by the time in it. Works on Node 8.
ask_script='
var http = require("http"), given = process.argv.slice(1), path = given[0], wanted = +given[1];
var ends = given.slice(2), seen = {}, count = 0, left = wanted * 12, least = 0, heard = false;
var front = /^(https?):\/\/(.*):(\d+)$/.exec(ends[0]), name = front ? ends.pop() : "localhost";
if (front) least = wanted * 4; // nginx has about twice as many entries: once around, and no other answers
function stop(why) { console.error(why); process.exit(1); }
function ask() {
  var end = ends[count % ends.length], options = { path: path, agent: false, headers: { Connection: "close", Host: name } };
  if (front) { options.host = front[2].replace(/^\[|\]$/g, ""); options.port = +front[3]; options.rejectUnauthorized = false; options.servername = name; }
  else if (end[0] === "/") options.socketPath = end; else { options.host = "127.0.0.1"; options.port = +end; }
  var request = (front && front[1] === "https" ? require("https") : http).get(options, function (response) {
    var body = "";
    response.on("aborted", function () { stop(end + path + " ended in the middle of an answer"); });
    response.on("data", function (data) { body += data; });
    response.on("end", function () {
      var id, said = {}, info;
      if (response.statusCode !== 200) stop(end + path + " answers " + response.statusCode);
      try { said = JSON.parse(body) || {}; } catch (error) {}
      id = typeof said.id === "string" ? said.id : "request-" + count; info = said.serverInformation || {};
      seen[id] = front && said.uptime >= 0 ? id + " " + Math.round(Date.now() - (info.currentTime || Date.now()) + said.uptime) : id;
      count += 1; left -= 1;
      if (Object.keys(seen).length >= wanted && count >= least) { console.log(Object.keys(seen).map(function (id) { return seen[id]; }).join("\n")); return; }
      if (left <= 0) stop("only " + Object.keys(seen).length + " of " + wanted + " workers answer " + path);
      ask();
    });
  });
  request.setTimeout(5000, function () { stop(end + path + " does not answer within 5 s"); });
  request.on("socket", function (socket) { socket.on("connect", function () { heard = true; }); });
  request.on("error", function (error) { stop(front && !heard ? "nothing listens on " + end : end + path + ": " + error.message); });
}
ask();'
