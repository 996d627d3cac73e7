# Processes as /proc tells of them (proc(5)): who they are, for certain, before anything is done to them.
# shellcheck shell=sh

# read_process PID: set _state _ppid _session _start (ticks since boot); false when it is gone, or there is
# no number: /proc//stat is the machine's.
read_process() {
  [ -n "$1" ] || return 1
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
# ActionHero's. The one question before every signal.
is_ours() {
  is_alive "$1" "$2" && [ -O "/proc/$1" ] && is_at "$1" "$3" && is_actionhero "$1"
}

# is_at PID DIRECTORY: it works there. A readlink for each process would be a process.
is_at() {
  # shellcheck disable=SC3013 # dash and busybox know it
  [ "/proc/$1/cwd" -ef "$2" ]
}

# read_command PID: set _argv to its command line, up to a line break in it, with nothing between the
# words: read drops NUL. No process is started for it, and it is asked of every process, again and again.
read_command() {
  _argv=''
  IFS= read -r _argv 2>/dev/null <"/proc/$1/cmdline" || [ -n "$_argv" ]
}

# is_copy PID: its parent's very command line: a child between fork(2) and execve(2), that is not yet
# what it is going to be. A starting worker looks like a second master for that moment.
is_copy() {
  { read_process "$1" && read_command "$1"; } || return 1
  _child=$_argv
  read_command "$_ppid" && [ "$_child" = "$_argv" ]
}

# is_actionhero PID: Node runs it, and its command line is ActionHero's, or that of an app's own
# server file.
is_actionhero() {
  read_command "$1" || return 1
  case $_argv in
    *actionhero*start* | *actionhero*bin* | *dist/server.js*) is_node "$1" ;;
    *) return 1 ;;
  esac
}

# is_node PID: its executable is Node's: an editor or a tail of the same words is none, and a node
# that an upgrade replaced still is. Some call it nodejs, node-20 (Fedora) or node20 (openSUSE).
is_node() {
  # shellcheck disable=SC3013 # dash and busybox know it
  if [ "/proc/$1/exe" -ef "${node_program:-none}" ] || [ "/proc/$1/exe" -ef "${_node:-none}" ]; then return 0; fi
  _program=$(readlink "/proc/$1/exe" 2>/dev/null) || return 1
  _program=${_program%' (deleted)'}
  case ${_program##*/} in node | nodejs | node[0-9]* | node-[0-9]*) ;; *) return 1 ;; esac
  _node=$_program # what node_program may be a wrapper of
}

# real_directory PATH: PATH with every link resolved, as /proc/PID/cwd shows it. Only as
# $(real_directory …): it goes there.
real_directory() { cd -P -- "$1" && pwd -P; }

# find_root: set _root to that of $app; false where there is no such directory. The second time no process
# is started for it.
find_root() {
  # shellcheck disable=SC3013 # dash and busybox know it
  if [ "${_resolved_of-}" != "$app" ] || ! [ "$_resolved" -ef "$app" ]; then
    _resolved=$(real_directory "$app" 2>/dev/null) || return 1
    _resolved_of=$app
  fi
  _root=$_resolved
}

# list_children PID: "pid start" a line, of the living children.
list_children() { cat /proc/[0-9]*/stat 2>/dev/null | choose_children "$1"; }

# list_own_children PID: those of this user. It is asked again and again, and the kernel takes its time
# for each process that is read.
list_own_children() {
  _stats=''
  for _each in /proc/[0-9]*; do [ ! -O "$_each" ] || _stats="$_stats $_each/stat"; done
  # shellcheck disable=SC2086 # names in /proc are numbers
  cat /dev/null $_stats 2>/dev/null | choose_children "$1"
}

# choose_children PID: those of the lines of standard input (proc(5), stat).
choose_children() {
  LC_ALL=C awk -v parent="$1" '
    { pid = $1; sub(/^.*\) /, ""); if ($2 == parent && $1 != "Z") print pid, $20 }'
}

# list_working DIRECTORY: pids that work in DIRECTORY, as far as this user may know. It is asked again
# and again while processes start, and starts none.
list_working() {
  for _pid in /proc/[0-9]*; do
    if is_at "${_pid#/proc/}" "$1"; then echo "${_pid#/proc/}"; fi
  done
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
    echo may
    list_near "$1"
    list_commands F "$1"
    echo are
    list_commands E 'actionhero|dist/server\.js'
  } | awk '
    /[a-z]/ { part = $1; next }
    part == "" || part == "are" && $1 in may { print }
    part == "may" { may[$1] }' | sort -un
}

# show_process PID: one tab-separated line: pid parent start session owner directory executable
# command.
show_process() {
  read_process "$1" && [ "$_state" != Z ] || return 0
  _owner=me
  [ -O "/proc/$1" ] || _owner=$(stat -c %U "/proc/$1" 2>/dev/null) || return 0
  read_link cwd "$1"
  read_link exe "$1"
  _argv=$(tr '\0\n\t' '\037  ' 2>/dev/null <"/proc/$1/cmdline") || return 0
  printf 'process\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' \
    "$1" "$_ppid" "$_start" "$_session" "$_owner" "$_cwd" "$_exe" "$_argv"
}

# read_link cwd|exe PID: set _cwd or _exe to where that link of /proc/PID leads; to ? where this user may
# not know. Most lead where the one before did, and then no process is started for it.
read_link() {
  eval "_last=\${_$1-}"
  # shellcheck disable=SC3013 # dash and busybox know it
  if [ "/proc/$2/$1" -ef "${_last:-?}" ]; then return 0; fi
  _last=$(readlink "/proc/$2/$1" 2>/dev/null) || _last='?'
  eval "_$1=\$_last"
}

# name_process PID: the names of its program and of its script, as "node server.js"; no more of its command
# line, which may hold a password. So may the first word that is no option, where it names no file.
name_process() {
  tr '\0' '\n' 2>/dev/null <"/proc/$1/cmdline" | {
    IFS= read -r _word || :
    _word=${_word%% *} # nginx: writes its title as one word
    printf '%s' "${_word##*/}"
    while IFS= read -r _word; do
      case $_word in
        '' | -*) continue ;;
        /*) _at=$_word ;;
        *) _at=/proc/$1/cwd/$_word ;;
      esac
      [ ! -f "$_at" ] || printf ' %s' "${_word##*/}"
      break
    done
  }
}

# read_memory NAME: set _size to the kilobytes that /proc/meminfo has under that name.
read_memory() {
  while read -r _key _size _; do
    [ "$_key" != "$1:" ] || return 0
  done </proc/meminfo
  _size=''
}

# read_boot: set _boot to this boot of the machine, by its name (random(4)).
read_boot() { IFS= read -r _boot </proc/sys/kernel/random/boot_id; }

# boot_id: the same, printed.
boot_id() {
  read_boot
  echo "$_boot"
}

# ticks_now: clock ticks since boot: the start of a process of now. The clock is the one that other
# starts are told in; /proc/uptime is another in a container whose lxcfs counts from its own start. Only
# as $(ticks_now): the shell that is forked for that is the process of now.
ticks_now() {
  read_process self
  echo "$_start"
}

# has_line LINES LINE: LINE is one of them, as a whole.
has_line() {
  case "
$1
" in
    *"
$2
"*) return 0 ;;
  esac
  return 1
}

# without LINES OTHERS: the lines that are not among OTHERS, and not empty.
without() {
  while IFS= read -r _line; do
    [ -z "$_line" ] || has_line "$2" "$_line" || printf '%s\n' "$_line"
  done <<LINES
$1
LINES
}
