# What outlives a release: paths of ROOT/shared that stand in each release as links.
# needs: release
# shellcheck shell=sh

# link_shared ROOT NAME PATHS: log, and each of PATHS (one a line, relative to the app), is a link into
# ROOT/shared, where it begins as the commit's own; pids is the release's own directory.
link_shared() {
  enter_release "$1" "$2"
  _done=unchanged
  make_pids
  while IFS= read -r _path; do
    if [ -n "$_path" ]; then link_path "$_path" </dev/null; fi
  done <<END
log
$3
END
  [ "$_done" = changed ] || unchanged
}

# make_pids: a directory of the release's own: its processes are no others'.
make_pids() {
  if [ -d "$_tree/pids" ] && [ ! -L "$_tree/pids" ]; then return 0; fi
  leave_out pids
  rm -rf "$_tree/pids"
  mkdir "$_tree/pids"
  _done=changed
}

# link_path PATH: one of them.
link_path() {
  check_shared_path "$1"
  _kept=$_root/shared/$1 _here=$_tree/$1 _target=$(climb "$1")shared/$1
  if exists "$_kept" && [ "$(readlink "$_here")" = "$_target" ]; then return 0; fi
  exists "$_kept" || seed_shared "$1"
  leave_out "$1"
  rm -rf "$_here"
  mkdir -p "${_here%/*}"
  ln -s "$_target" "$_here"
  _done=changed
}

# climb PATH: ../ as often as it takes from the directory of PATH in a release up to ROOT.
climb() { printf '../../' && printf '%s' "$1" | tr -cd / | sed 's|/|../|g'; }

# check_shared_path PATH: it stays below the app, and no link leads it away.
check_shared_path() {
  case /$1/ in
    */../* | */./* | *//* | /.git/* | /.deploy/*)
      refuse "$1 cannot be shared: it is no path of the app's own" "mend app.shared in the inventory" ;;
    /node_modules/* | /pids/*)
      refuse "$1 cannot be shared: each release has its own" "take it out of app.shared in the inventory" ;;
  esac
  _part=$1
  while [ "${_part%/*}" != "$_part" ]; do
    _part=${_part%/*}
    for _place in "$_tree/$_part" "$_root/shared/$_part"; do
      if [ -L "$_place" ] || { [ -e "$_place" ] && [ ! -d "$_place" ]; }; then
        refuse "$1 cannot be shared: $_place is no directory" "share $_part itself, or make it a directory"
      fi
    done
  done
}

# seed_shared PATH: shared/PATH begins as the commit's content, as a whole or not at all; where the
# commit has none it is an empty directory, unless its name is that of a file.
seed_shared() {
  mkdir -p "${_kept%/*}"
  if [ -L "$_here" ]; then
    refuse "$1 cannot be shared: it is a link in the commit" "take one of the two out: the link, or app.shared"
  elif [ -e "$_here" ]; then
    rm -rf "$_kept.partial"
    cp -pR "$_here" "$_kept.partial"
    rename "$_kept.partial" "$_kept"
    note "shared/$1 begins as the commit's"
    return
  fi
  case ${1##*/} in
    *.*) refuse "there is no $_kept, and the commit has no $1 to begin with" \
      "put the file there, or make the directory on the host: mkdir -p $_kept" ;;
  esac
  mkdir "$_kept"
}

# leave_out PATH: git takes what stands at PATH in the release for what the commit has there.
leave_out() {
  exclude "/$(printf '%s' "$1" | sed 's/[][*?\\ ]/\\&/g')" || :
  [ -n "$(tree_git "$_tree" --literal-pathspecs ls-files -- "$1")" ] || return 0
  tree_git "$_tree" --literal-pathspecs ls-files -z -- "$1" |
    tree_git "$_tree" update-index -z --skip-worktree --stdin
}
