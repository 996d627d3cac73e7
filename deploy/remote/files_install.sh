# Files of programs, installed and put back; programs that take them up, and prove it.
# needs: process files
# shellcheck shell=sh

# install_files PROGRAM SUDO [DESTINATION MODE OWNER|-]...: replace each by its staged text, by one rename
# in its directory; the previous one is kept beside it. Where a run was cut off before the program was
# proved, the previous ones are those from before it.
install_files() {
  _sudo=$2 _list=$config/back.$1
  [ -e "$config/unproved.$1" ] || rm -f "$_list"
  rm -f "$config/taken.$1"
  : >"$config/unproved.$1"
  : >>"$_list"
  printf '%s' "$config_run" >"$_list.run"
  shift 2
  while [ $# -gt 2 ]; do
    name_beside "$1"
    try_again "$1" mkdir -p -m 0700 -- "$_aside"
    if grep -qxF "put	$1" "$_list" || grep -qxF "none	$1" "$_list"; then
      :
    elif gone "$1"; then
      printf 'none\t%s\n' "$1" >>"$_list"
    else
      try "$1" ln -f -- "$1" "$_old" || try_again "$1" cp -p -- "$1" "$_old"
      printf 'put\t%s\n' "$1" >>"$_list"
    fi
    put_file "$1" "$2" "$3"
    note "$1"
    shift 3
  done
}

# gone PATH: it is certainly not there; what may not be looked at may be.
gone() {
  _seen=$(LC_ALL=C privileged "$_sudo" stat -c %f/%U/%G -- "$1" 2>&1) && return 1
  case $_seen in *'No such file'*) return 0 ;; esac
  return 1
}

# name_beside DESTINATION: set _aside, and _new and _old in it: the same file system, and a directory that
# no include takes for a file of its own.
name_beside() {
  _aside=${1%/*}/.deploy-files
  _new=$_aside/${1##*/}.new _old=$_aside/${1##*/}.old
}

# put_file DESTINATION MODE OWNER: the staged text, with mode and owner.
put_file() {
  _user=${3%%:*} _group=''
  [ "$_user" != - ] || _user=''
  case $3 in *:*) _group=${3#*:} ;; esac
  try_again "$1" install -m "$2" ${_user:+-o "$_user"} ${_group:+-g "$_group"} -- "$config/new$1" "$_new"
  move_file "$_new" "$1"
}

# move_file FROM TO: one rename, never into a directory.
move_file() {
  if [ "$_sudo" = yes ]; then try_again "$2" mv -T -- "$1" "$2"; else rename "$1" "$2"; fi
}

# try DESTINATION COMMAND [ARGUMENT]...: run it quietly; what it says is in a file.
try() {
  shift
  LC_ALL=C privileged "$_sudo" "$@" >"$config/said" 2>&1
}

# try_again DESTINATION COMMAND [ARGUMENT]...: the same, but its failure is a refusal.
try_again() {
  try "$@" || refuse "cannot install $1: $(last_word "$(cat "$config/said")")" \
    "see that $(id -un) may write there, or set sudo: true and let an administrator install the rules"
}

# restore_files PROGRAM SUDO SECONDS [COMMAND [ARGUMENT]...]: put back what install_files replaced in this
# run, and let the program read it again. A program that never took up the new files has the old ones still, whatever
# a second reload says.
restore_files() {
  _name=$1 _sudo=$2
  [ "$(cat "$config/back.$1.run" 2>/dev/null)" = "$config_run" ] || unchanged
  : >"$config/unproved.$1"
  while IFS='	' read -r _kind _to; do
    name_beside "$_to"
    case $_kind in
      put) gone "$_old" || move_file "$_old" "$_to" ;; # gone: a way back that was cut off has done it
      none) try_again "$_to" rm -f -- "$_to" ;;
    esac
  done <"$config/back.$1"
  rm -f "$config/back.$1" "$config/back.$1.run"
  shift
  if [ $# -gt 2 ] && ! order_program "$@"; then reload_refused "$_name"; fi
  rm -f "$config/unproved.$_name"
}

# reload_refused PROGRAM: the old files are there; what it runs with is certain where it took no others.
reload_refused() {
  tell_said
  if [ -e "$config/taken.$1" ]; then
    warn "$1 may still run with the new files: the old ones are back, but it does not reload"
    exit 1
  fi
  warn "$1 does not reload with its old files either, which are back: $(last_word "$(cat "$config/said")")"
}

# reload_program PROGRAM SUDO SECONDS COMMAND [ARGUMENT]...: let it read its files.
reload_program() {
  ticks_now >"$config/reloaded.$1"
  _name=$1
  shift
  if order_program "$@"; then
    tell_said
    : >"$config/taken.$_name"
    return 0
  else
    explain_missing "$_name" "$?" "$@"
  fi
  tell_said
  refuse "$_name does not reload: $(last_word "$(cat "$config/said")")" "see its log; the old files are put back"
}

# prove_program PROGRAM SUDO SECONDS PIDFILE nothing|children|process [COMMAND [ARGUMENT]...]: wait until
# the program runs, is younger than the reload where that tells, and the command says so.
prove_program() {
  _name=$1 _sudo=$2 _limit=$3 _pidfile=$4 _renews=$5
  _since=$(cat "$config/reloaded.$1" 2>/dev/null) || _since=0
  shift 5
  _told=''
  set_limit "$_limit"
  until _against=$(doubt_taken "$@"); [ -z "$_against" ]; do
    ! is_late ||
      refuse "$_name is not proved after $_limit s: $_against" "see its log; the old files are put back"
    [ "$_against" = "$_told" ] || note "not yet: $_against"
    _told=$_against
    sleep 0.2
  done
}

# doubt_taken [COMMAND [ARGUMENT]...]: the first thing that speaks against it; nothing when it is proved.
doubt_taken() {
  if [ -n "$_pidfile" ]; then
    _doubt=$(doubt_process)
    if [ -n "$_doubt" ]; then
      echo "$_doubt"
      return 0
    fi
  fi
  [ $# -gt 0 ] || return 0
  order_program "$_sudo" "$_limit" "$@" || echo "\`$*\` ended with $?: $(last_word "$(cat "$config/said")")"
}

# doubt_process: it runs, and the reload started anew what it was to.
doubt_process() {
  _pid=$(cat -- "$_pidfile" 2>/dev/null || privileged "$_sudo" cat -- "$_pidfile" 2>/dev/null) || _pid=''
  if [ -z "$_pid" ]; then
    echo "$_pidfile names no process"
  elif ! read_process "$_pid" || [ "$_state" = Z ]; then
    echo "process $_pid, which $_pidfile names, does not run"
  elif [ "$_renews" = process ] && [ "$_start" -lt "$_since" ]; then
    echo "process $_pid is older than the reload: it has not read the new files"
  elif [ "$_renews" = children ] && ! list_children "$_pid" | has_younger "$_since"; then
    echo "process $_pid started no new worker: it has not taken up the new files"
  fi
}

# has_younger TICKS: a line "pid start" that is not older.
has_younger() { awk -v since="$1" '$2 >= since { found = 1 } END { exit !found }'; }

# record_files [DESTINATION MODE OWNER|-]...: what is installed from now on, for drift to compare with.
record_files() {
  _next=$config/installed.next
  rm -rf "$_next"
  mkdir -p "$config/installed/root"
  cp -R -p "$config/installed" "$_next"
  printf '%s' "$config_run" >"$_next/run"
  while [ $# -gt 2 ]; do
    mkdir -p "$_next/root${1%/*}"
    cp -p "$config/new$1" "$_next/root$1"
    {
      LC_ALL=C awk -F '\t' -v to="$1" '$1 != to' "$_next/manifest" 2>/dev/null || :
      printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$(date +%s)"
    } >"$_next/manifest.partial"
    mv "$_next/manifest.partial" "$_next/manifest"
    shift 3
  done
  rm -rf "$config/installed.before"
  mv "$config/installed" "$config/installed.before"
  mv "$_next" "$config/installed"
  rm -f "$config"/unproved.*
  clear_stage
}

# forget_files: what record_files wrote down in this run is not so.
forget_files() {
  [ "$(cat "$config/installed/run" 2>/dev/null)" = "$config_run" ] || unchanged
  rm -rf "$config/installed"
  mv "$config/installed.before" "$config/installed"
}

# guard_files: a script that has this puts the files of a release back where it returns it (pending.sh).
guard_files() { :; }

# arm_files PROGRAM SUDO SECONDS [COMMAND [ARGUMENT]...]: how they go back, for whoever returns the release.
arm_files() {
  rm -f "$config/way.$1"
  for _each in "$@"; do
    printf "'%s' " "$(printf '%s' "$_each" | sed "s/'/'\\\\''/g")" >>"$config/way.$1"
  done
}

# return_armed RUN: the files that this run installed with its release are those from before.
return_armed() {
  config_run=$1
  for _way in "$config"/way.*; do
    [ -e "$_way" ] || continue
    eval "set -- $(cat "$_way")"
    apart restore_files "$@"
    case $_code in 0 | "$UNCHANGED") ;; *) warn "the files of $1 are not back: see invoke drift" ;; esac
  done
  apart forget_files
  rm -f "$config"/way.*
}

# keep_armed: the release is confirmed, and so are its files: nothing takes them back any more.
keep_armed() { rm -f "$config"/way.* "$config"/back.*.run "$config/installed/run"; }
