# Who uses a directory that is about to go, as far as this user may know (proc(5)).
# needs: process
# shellcheck shell=sh

# list_users FILE: "NEEDLE PID" a line: processes that use what a line of FILE names, a path below
# $_root. By working directory, program, open and mapped files, and command line; of another user's
# processes only the command line can be read.
list_users() {
  _real=$(cd -P "$_root" && pwd -P)
  sed 's|.*/||' "$1" >"$1.names"
  {
    { used_links; used_maps "$1.names"; } | match_paths "$1"
    list_named "$1.names" | while read -r _pid; do match_command "$_pid" "$1"; done
  } | sort -u
  rm -f "$1.names"
}

# match_paths FILE: "NEEDLE PID" for each "PID PATH" of standard input that lies in a line of FILE.
match_paths() {
  NEEDLES=$1 REAL=$_real LC_ALL=C awk '
    function is_used(text, needle,   at, from) {
      while (at = index(substr(text, from + 1), needle)) {
        from += at
        if (substr(text, from + length(needle), 1) !~ /[A-Za-z0-9._-]/) return 1
      }
      return 0
    }
    BEGIN { while ((getline line < ENVIRON["NEEDLES"]) > 0) needles[line] }
    index($0, ENVIRON["REAL"]) {
      pid = $1
      for (needle in needles) if (is_used($0, ENVIRON["REAL"] "/" needle)) print needle, pid
    }'
}

# used_links: "PID PATH" of every working directory, program and open file.
used_links() {
  # shellcheck disable=SC2012 # names in /proc are numbers
  ls -ld /proc/[0-9]*/cwd /proc/[0-9]*/exe 2>/dev/null |
    sed -n 's|^.* /proc/\([0-9]*\)/[a-z]* -> |\1 |p'
  # shellcheck disable=SC2012 # the same
  ls -l /proc/[0-9]*/fd 2>/dev/null | LC_ALL=C awk '
    /^\/proc\/[0-9]+\/fd:$/ { split($0, part, "/"); next }
    at = index($0, " -> /") { print part[3], substr($0, at + 4) }'
}

# used_maps FILE: "PID LINE" of mapped files whose path holds a line of FILE.
used_maps() {
  grep -F -f "$1" /proc/[0-9]*/maps 2>/dev/null | sed -n 's|^/proc/\([0-9]*\)/maps:|\1 |p'
}

# list_named FILE: pids whose command line holds a line of FILE.
list_named() {
  grep -lF -f "$1" /proc/[0-9]*/cmdline 2>/dev/null | sed -e 's|^/proc/||' -e 's|/.*$||'
}

# match_command PID FILE: "NEEDLE PID" for each line of FILE that a word of its command line leads to.
match_command() {
  tr '\0' '\n' 2>/dev/null <"/proc/$1/cmdline" | while IFS= read -r _word; do
    while IFS= read -r _needle; do
      ! leads_to "$_word" "$1" "$_needle" || echo "$_needle $1"
    done <"$2"
  done
}

# leads_to WORD PID NEEDLE: WORD of PID's command line is, or holds, a path in ROOT/NEEDLE, however it
# is spelled. The name alone is none; a relative path of whose directory nobody may know counts.
leads_to() {
  _entry=${3##*/}
  case $1 in
    *"$_root/$3" | *"$_root/$3"/* | *"$_real/$3" | *"$_real/$3"/*) return 0 ;;
    *"/$_entry" | *"/$_entry"/* | "$_entry"/*) ;;
    *) return 1 ;;
  esac
  _lead=${1%%"$_entry"*}$_entry
  for _path in "$_lead" "${_lead#*=}" "/${_lead#*/}"; do
    case $_path in
      /*) ;;
      *)
        [ -d "/proc/$2/cwd/" ] || return 0
        _path=/proc/$2/cwd/$_path
        ;;
    esac
    # shellcheck disable=SC3013 # dash and busybox know it
    if [ "$_path" -ef "$_root/$3" ]; then return 0; fi
  done
  return 1
}

# users_of NEEDLE: "PID (PROGRAM), …" from $_users; nothing when nobody uses it.
users_of() {
  printf '%s\n' "$_users" | while read -r _needle _pid; do
    [ "$_needle" = "$1" ] || continue
    printf '%s (%s), ' "$_pid" "$(name_process "$_pid")"
  done | sed 's/, $//'
}

# drop_partials: releases that a cut-off run left unfinished go, unless a process uses them ($_using).
drop_partials() {
  set -- "$_root"/releases/*.partial
  exists "$1" || return 0
  _needles=$_root/.deploy/needles
  for _left in "$@"; do echo "releases/${_left##*/}"; done >"$_needles"
  _users=$(list_users "$_needles")
  rm -f "$_needles"
  for _left in "$@"; do
    _using=$(users_of "releases/${_left##*/}")
    if [ -z "$_using" ]; then
      _left=${_left##*/}
      drop_partial "${_left%.partial}"
    else
      warn "$_left stays: it is used by $_using"
    fi
  done
}

# drop_partial NAME: the unfinished release, its sockets, and what git knows of it.
drop_partial() {
  if [ ! -d "$_root/releases/$1" ]; then rm -rf "${sockets:-$_root/shared/sockets}/$1"; fi
  rm -rf "$_root/releases/$1.partial" || warn "$_root/releases/$1.partial could not be removed whole: see the log"
  [ -e "$_app/HEAD" ] || return 0
  for _at in "$1.partial" "$1"; do
    if ! exists "$_root/releases/$_at"; then
      tree_git "$_app" worktree remove -f -f "$_root/releases/$_at" 2>/dev/null || :
    fi
  done
  exists "$_root/releases/$1" || tree_git "$_app" update-ref -d "refs/deploy/releases/$1"
}
