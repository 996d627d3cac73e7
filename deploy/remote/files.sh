# Files of programs: what is there, new ones checked by the program itself, installed, taken up, put back.
# What this tool keeps of them is in STATE/config, for the deploy user alone: new (as they will be
# installed), trial (a tree that stands for /), installed (as they were installed last).
# needs: process
# shellcheck shell=sh

# describe_config STATE RUN: where that is, and which run this is.
describe_config() {
  config=$1/config config_run=$2 uid=$(id -u)
  PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
}

# await_files STATE SECONDS: what a vanished controller left at work has ended: what is read from here on
# stays so while the environment's lock is held.
await_files() {
  [ -e "$1/stage.lock" ] || return 0
  flock -n "$1/stage.lock" true && return 0
  note "waiting for the work of $(cat "$1/stage.holder" 2>/dev/null)"
  flock -w "$2" "$1/stage.lock" true || {
    report refused text "another run still works on this host: $(cat "$1/stage.holder" 2>/dev/null)" \
      hint "look at it with: invoke status; it is not ended"
    exit 1
  }
}

# tell_said: what a command said, for the log; a controller that is gone is no fault.
tell_said() { cat "$config/said" || :; }

# privileged yes|no COMMAND [ARGUMENT]...: with yes as root, by the exact words that sudoers lists.
privileged() {
  _as_root=$1
  shift
  if [ "$_as_root" = yes ] && [ "$uid" -ne 0 ]; then
    _program=$1
    shift
    case $_program in /*) ;; *) _program=/usr/bin/$_program ;; esac
    set -- sudo -n "$_program" "$@"
  fi
  "$@"
}

# config_state [SUDO DESTINATION]...: as tab-separated lines, each file as it is, each that was installed
# last (contents in base64), and programs whose files were installed by a run that was cut off.
config_state() {
  while [ $# -gt 1 ]; do
    show_file "$1" "$2"
    shift 2
  done
  for _each in "$config"/unproved.*; do
    [ ! -e "$_each" ] || printf 'unproved\t%s\n' "${_each##*/unproved.}"
  done
  [ -e "$config/installed/manifest" ] || return 0
  while IFS='	' read -r _to _mode _owner _at; do
    printf 'installed\t%s\t%s\t%s\t%s\t' "$_to" "$_mode" "$_owner" "$_at"
    base64 -w 0 <"$config/installed/root$_to"
    echo
  done <"$config/installed/manifest"
}

# show_file SUDO DESTINATION: one line: raw mode in hexadecimal, owner and group, where a link leads,
# what stands against replacing it, content. Empty where there is no file.
show_file() {
  _link='' _fault='' _found=$(LC_ALL=C privileged "$1" stat -c %f/%U/%G -- "$2" 2>&1) || case $_found in
    *'No such file'*) _found='' ;;
    *) _fault=${_found##*: } _found='' ;;
  esac
  case $_found in a???/*) _link=$(privileged "$1" readlink -- "$2") || _link='?' ;; esac
  if [ -n "$_found" ] && [ "$1" = no ] && [ ! -r "$2" ]; then _fault="$(id -un) may not read it"; fi
  [ "$1" = yes ] || _fault=${_fault:-$(judge_directory "${2%/*}")}
  printf 'file\t%s\t%s\t%s\t%s\t' "$2" "$_found" "$_link" "$_fault"
  case $_found in
    8???/*) privileged "$1" cat -- "$2" 2>/dev/null | base64 -w 0 ;;
  esac
  echo
}

# judge_directory DIRECTORY: why no file can be put there; nothing when it can.
judge_directory() {
  if [ ! -d "${1:-/}" ]; then
    echo "the directory ${1:-/} is not there"
  elif [ ! -w "${1:-/}" ]; then
    echo "$(id -un) may not write in ${1:-/}"
  fi
}

# stage_files PROGRAM [DESTINATION TEXT TRIAL]...: the program's files, all of them, in both trees. TRIAL
# is the text whose paths lead into the trial tree; empty: the same.
stage_files() {
  shift
  while [ $# -gt 2 ]; do
    put_text "$config/new$1" "$2"
    put_text "$config/trial$1" "${3:-$2}"
    shift 3
  done
}

# put_text PATH TEXT: for nobody else to read.
put_text() {
  (
    umask 077
    mkdir -p "${1%/*}"
    printf '%s' "$2" >"$1"
  )
}

# clear_stage: nothing is left there of an earlier run.
clear_stage() {
  rm -rf "$config/new" "$config/trial"
  (umask 077 && mkdir -p "$config/trial")
}

# check_files PROGRAM SUDO SECONDS COMMAND [ARGUMENT]...: the program says of the staged files that they
# are right, or the step is refused in its words.
check_files() {
  _name=$1
  shift
  if order_program "$@"; then return 0; else explain_missing "$_name" "$?" "$@"; fi
  _said=$(replace_text "$config/trial" '' <"$config/said")
  _line=$(find_line "$_said")
  printf '%s\n' "$_said" || :
  refuse "$_name does not accept its files: $(last_word "$_said")${_line:+
$_line}" "mend the inventory or the template; nothing was installed"
}

# order_program SUDO SECONDS COMMAND [ARGUMENT]...: run it with the secrets in its environment; what it
# says is in a file, since a daemon that it starts may keep its streams, and gets no lock of ours. It may
# say a secret: the file is for the deploy user alone.
order_program() {
  _root=$1 _seconds=$2
  shift 2
  if [ "$_root" = yes ] && [ "$uid" -ne 0 ]; then set -- sudo -n "$@"; fi
  (
    umask 077
    app_environment
    cd "$config"
    rm -f said
    : >said
    umask 022
    limited "$_seconds" "$@" >said 2>&1 9<&-
  )
}

# explain_missing PROGRAM CODE SUDO SECONDS COMMAND [ARGUMENT]...: refuse when the command is not there, or
# not permitted.
explain_missing() {
  _word=$(last_word "$(cat "$config/said")")
  case $2$_word in
    127* | *': command not found')
      refuse "$1 needs a program that is not on this host: $_word" \
        "install it there, or name another command under programs.$1"
      ;;
    124*) refuse "$1 gave no answer within $4 s" "log in and try it: $(shift 4 && echo "$*")" ;;
    [0-9]*sudo:*)
      shift 4
      refuse "sudo does not permit \`$*\`: $_word" \
        "let an administrator install the rules that invoke render writes (sudoers)"
      ;;
  esac
}

# last_word TEXT: its last line that says something.
last_word() { printf '%s\n' "$1" | grep '[[:alnum:]]' | grep -v 'test failed$' | tail -n 1; }

# replace_text OLD NEW: standard input, literally replaced.
replace_text() {
  old=$1 new=$2 LC_ALL=C awk '
    {
      line = $0; done = ""
      while (at = index(line, ENVIRON["old"])) {
        done = done substr(line, 1, at - 1) ENVIRON["new"]
        line = substr(line, at + length(ENVIRON["old"]))
      }
      print done line
    }'
}

# find_line TEXT: the rendered line that TEXT names, as "PATH:NUMBER: line": the first number behind the
# path of a staged file.
find_line() {
  find "$config/new" -type f | while IFS= read -r _staged; do
    _to=${_staged#"$config/new"}
    _rest=$(printf '%s\n' "$1" | grep -F "$_to" | sed -n 1p)
    [ -n "$_rest" ] || continue
    _number=$(printf '%s\n' "${_rest#*"$_to"}" | sed -n 's/^[^0-9]\{1,40\}\([0-9][0-9]*\).*/\1/p')
    [ -z "$_number" ] || printf '%s:%s: %s\n' "$_to" "$_number" "$(sed -n "${_number}p" "$_staged")"
    break
  done
}
