# Processes as /proc tells of them (proc(5)): who they are, for certain, before anything is done to them.
# shellcheck shell=sh

# read_process PID: set _state _ppid _session _start (ticks since boot); false when it is gone.
read_process() {
  IFS= read -r _stat 2>/dev/null <"/proc/$1/stat" || return 1
  # shellcheck disable=SC2086 # fields are numbers and one letter once the name is cut off
  set -- ${_stat##*) }
  _state=$1 _ppid=$2 _session=$4
  shift 19
  _start=$1
}

# is_alive PID START: the same process still runs (a zombie does not).
is_alive() { read_process "$1" && [ "$_start" = "$2" ] && [ "$_state" != Z ]; }

# is_ours PID START DIRECTORY: the same process, owned by this user, working in DIRECTORY, and
# ActionHero's by its command line. The one question before every signal.
is_ours() {
  is_alive "$1" "$2" && [ -O "/proc/$1" ] &&
    [ "$(readlink "/proc/$1/cwd")" = "$3" ] && is_actionhero "$1"
}

# is_copy PID: its parent's very command line: a child between fork(2) and execve(2), that is not yet
# what it is going to be. A starting worker looks like a second master for that moment.
is_copy() {
  read_process "$1" &&
    [ "$(tr '\0' '\n' 2>/dev/null <"/proc/$1/cmdline")" = "$(tr '\0' '\n' 2>/dev/null <"/proc/$_ppid/cmdline")" ]
}

# is_actionhero PID: its command line is that of ActionHero, or of an app's own server file.
is_actionhero() {
  case " $(tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline") " in
    *actionhero*start* | *actionhero*bin* | *dist/server.js*) return 0 ;;
  esac
  return 1
}

# real_directory PATH: PATH with every link resolved, as /proc/PID/cwd shows it.
real_directory() { (cd -P -- "$1" && pwd -P); }

# list_children PID: "pid start" a line, of the living children.
list_children() {
  cat /proc/[0-9]*/stat 2>/dev/null | LC_ALL=C awk -v parent="$1" '
    { pid = $1; sub(/^.*\) /, ""); if ($2 == parent && $1 != "Z") print pid, $20 }'
}

# list_working DIRECTORY: pids that work in DIRECTORY, as far as this user may know.
list_working() {
  # shellcheck disable=SC2012 # names in /proc are numbers
  ls -ld /proc/[0-9]*/cwd 2>/dev/null |
    LC_ALL=C awk -v end=" -> $1" '
      substr($0, length($0) - length(end) + 1) == end {
        line = substr($0, 1, length($0) - length(end)); sub(/^.*\/proc\//, "", line)
        sub(/\/.*$/, "", line); print line
      }'
}

# list_near DIRECTORY: pids that work in a directory beside it, or nobody may know where.
list_near() {
  # shellcheck disable=SC2012 # names in /proc are numbers
  ls -ld /proc/[0-9]*/cwd 2>/dev/null |
    LC_ALL=C awk -v beside=" -> ${1%/*}/" '
      {
        at = index($0, " -> ")
        if (at && (substr($0, at, length(beside)) != beside ||
          index(substr($0, at + length(beside)), "/"))) next
        line = at ? substr($0, 1, at - 1) : $0
        sub(/^.*\/proc\//, "", line); sub(/\/.*$/, "", line); print line
      }'
}

# list_commands GREP_OPTION PATTERN: pids whose command line matches.
list_commands() {
  grep "-l$1" -e "$2" /proc/[0-9]*/cmdline 2>/dev/null | sed -e 's|^/proc/||' -e 's|/.*$||'
}

# list_candidates DIRECTORY: pids that work in DIRECTORY, and those of ActionHero's that may concern
# it: they work beside it, or unseen, or name it. All others cost three processes each, for nothing.
list_candidates() {
  {
    list_working "$1"
    {
      { list_near "$1"; list_commands F "$1"; } | sort -u
      list_commands E 'actionhero|dist/server\.js'
    } | sort | uniq -d
  } | sort -un
}

# show_process PID: one tab-separated line: pid parent start session owner directory command.
show_process() {
  read_process "$1" && [ "$_state" != Z ] || return 0
  _owner=me
  [ -O "/proc/$1" ] || _owner=$(stat -c %U "/proc/$1" 2>/dev/null) || return 0
  _cwd=$(readlink "/proc/$1/cwd" 2>/dev/null) || _cwd='?'
  _command=$(tr '\0\n\t' '\037  ' 2>/dev/null <"/proc/$1/cmdline") || return 0
  printf 'process\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' \
    "$1" "$_ppid" "$_start" "$_session" "$_owner" "$_cwd" "$_command"
}

# ticks_now: clock ticks since boot: the start of a process of now. The clock is the one that other
# starts are told in; /proc/uptime is another in a container whose lxcfs counts from its own start.
ticks_now() { LC_ALL=C awk '{ sub(/^.*\) /, ""); print $20 }' /proc/self/stat; }
