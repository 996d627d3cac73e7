# Old releases go; never one that is wanted for a way back, or that a live process uses.
# needs: release uses
# shellcheck shell=sh

# prune_releases ROOT KEEP [NAME]...: keep the KEEP newest releases that were proved at some time, with
# what is newer and was rolled back from, the
# NAMEs, what the host's records and links name, and what a process uses; all others go, with their
# sockets, and the packages that no release is left to use.
prune_releases() {
  _root=$1 _keep=$2 _app=$1/repo.git
  shift 2
  case $_keep in '' | *[!0-9]*) refuse "'$_keep' is no number of releases" "mend keep_releases in the inventory" ;; esac
  [ -d "$_root/releases" ] || unchanged "there are no releases"
  check_records
  _named=$(printf '%s\n' "$@") _proved=0 _removed=''
  drop_partials
  _needles=$_root/.deploy/needles
  list_needles >"$_needles"
  _users=$(list_users "$_needles")
  rm -f "$_needles"
  _kept=$(list_kept)
  for _name in $(list_complete | LC_ALL=C sort -r); do judge_release; done
  prune_keyed deps
  prune_keyed venvs
  [ -n "$_removed" ] || unchanged
  value removed "${_removed# }"
}

# check_records: a record that names no release may mean any of them.
check_records() {
  for _record in confirmed pending; do
    if [ -e "$_root/.deploy/$_record" ] && [ -z "$(recorded "$_record" release)" ]; then
      refuse "$_root/.deploy/$_record names no release; nothing was pruned" "look at it: invoke status"
    fi
  done
}

# recorded RECORD KEY: a value of one of the host's records.
recorded() { value_in "$_root/.deploy/$1" "$2"; }

# read_linked PATH: set _linked to the name of the release that a link leads to; to nothing where there is none.
read_linked() {
  _linked=$(readlink "$1") || _linked=''
  _linked=${_linked##*/}
}

# list_complete: names of complete releases; what else stands there was not made by us.
list_complete() {
  for _at in "$_root"/releases/*/.deploy/release; do
    _at=${_at%/.deploy/release}
    case $_at in *'/*' | *.partial) ;; *) echo "${_at##*/}" ;; esac
  done
}

# list_needles: the ends of all paths that may go.
list_needles() {
  list_complete | sed 's|^|releases/|'
  # shellcheck disable=SC2012 # names are keys of our own
  (cd "$_root" && ls -1d shared/deps/* shared/venvs/* 2>/dev/null) || :
}

# judge_release: keep $_name, and say why, or remove it.
judge_release() {
  _why=$(reason_to_keep)
  if [ -e "$_root/releases/$_name/.deploy/proved" ]; then
    [ -e "$_root/releases/$_name/.deploy/withdrawn" ] || _proved=$((_proved + 1))
    [ -n "$_why" ] || [ "$_proved" -gt "$_keep" ] || _why="one of the $_keep newest that were proved"
  fi
  if [ -n "$_why" ]; then
    case $_why in used*) note "kept $_name: $_why" ;; esac # the others are as one expects
    value kept "$_name: $_why"
  else
    discard_release
    _removed="$_removed $_name"
  fi
}

# list_kept: "NAME WHY" a line, of what stays whatever its age.
list_kept() {
  for _record in confirmed pending; do echo "$(recorded "$_record" release) $_record"; done
  for _link in "$_root/current" "$_root/previous" "${sockets:-$_root/shared/sockets}/live"; do
    read_linked "$_link"
    echo "$_linked ${_link##*/}"
  done
  printf '%s\n' "$_named" | sed 's/$/ this run names it/'
}

# reason_to_keep: why $_name stays whatever its age; nothing when it may go.
reason_to_keep() {
  while read -r _each _reason; do
    [ "$_each" != "$_name" ] || { echo "$_reason" && return; }
  done <<KEPT
$_kept
KEPT
  _using=$(users_of "releases/$_name")
  [ -z "$_using" ] || echo "used by $_using"
}

# discard_release: unfinished by one rename, so that a removal that is cut off leaves no half release.
discard_release() {
  rename "$_root/releases/$_name" "$_root/releases/$_name.partial"
  drop_partial "$_name"
}

# prune_keyed KIND: shared/KIND/KEY goes when no release leads to it and no process uses it.
prune_keyed() {
  _led=$(for _at in "$_root"/releases/*; do readlink "$_at/node_modules" "$_at/.deploy/venv" || :; done)
  for _keyed in "$_root/shared/$1"/*; do
    [ -d "$_keyed" ] || continue
    case "$_led
" in *"/$1/${_keyed##*/}/"* | *"/$1/${_keyed##*/}
"*) continue ;; esac
    [ -z "$(users_of "shared/$1/${_keyed##*/}")" ] || continue
    discard_keyed "$1/${_keyed##*/}"
  done
}

# discard_keyed KIND/KEY: the same for packages.
discard_keyed() {
  case $1 in
    *.partial) rm -rf "${_root:?}/shared/$1" ;;
    *)
      rm -rf "$_root/shared/$1.partial"
      rename "$_root/shared/$1" "$_root/shared/$1.partial"
      rm -rf "$_root/shared/$1.partial"
      ;;
  esac
  _removed="$_removed ${1%.partial}"
}

# releases_state ROOT [SOCKETS]: releases, records and links as tab-separated lines, a kind and its values.
releases_state() {
  _root=$1
  [ $# -lt 2 ] || sockets=$2
  for _at in "$_root"/releases/*; do
    if [ -d "$_at" ]; then show_release "$_at"; fi
  done
  for _record in confirmed pending returned; do
    if [ -e "$_root/.deploy/$_record" ]; then
      printf '%s' "$_record"
      for _key in run release incarnation; do
        read_value "$_root/.deploy/$_record" "$_key"
        printf '\t%s' "$_value"
      done
      echo
    fi
  done
  read_line "$_root/.deploy/fence"
  printf 'fence\t%s\n' "${_line#run=}"
  for _at in "$_root/current" "$_root/previous" "${sockets:-$_root/shared/sockets}/live"; do
    read_linked "$_at"
    printf '%s\t%s\n' "${_at##*/}" "$_linked"
  done
  if [ -e "$_root/.deploy/frozen" ]; then echo frozen; fi
  if [ -e "$_root/.deploy/left" ]; then echo left; fi
  if [ -e "$_root/.git" ] && [ ! -e "$_root/.deploy/confirmed" ]; then echo in_place; fi
}

# show_release DIRECTORY: one line; nothing of a directory that holds no release.
show_release() {
  _kind=complete _trust=never _name=${1##*/}
  case $_name in *.partial) _kind=partial ;; *) [ -e "$1/.deploy/release" ] || return 0 ;; esac
  [ ! -e "$1/.deploy/proved" ] || _trust=proved
  [ ! -e "$1/.deploy/withdrawn" ] || _trust=withdrawn
  read_value "$1/.deploy/release" revision
  printf 'release\t%s\t%s\t%s\t%s\n' "${_name%.partial}" "$_value" "$_kind" "$_trust"
}
