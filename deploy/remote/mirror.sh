# Where releases are made on a host: a bare mirror of the repository, and the directories beside it.
# needs: git
# shellcheck shell=sh

# ensure_mirror ROOT URL: a bare repository ROOT/repo.git whose origin is URL, and the directories of
# the releases; refused where ROOT holds something else.
ensure_mirror() {
  _root=$1 _app=$1/repo.git _url=$2 _done=unchanged
  require_git
  if [ ! -e "$_app" ]; then
    check_root
    make_mirror
    _done=changed
  fi
  check_repository
  for _directory in releases shared shared/log shared/deps .deploy; do
    if [ ! -d "$_root/$_directory" ]; then
      mkdir -p "$_root/$_directory" 2>/dev/null || refuse_unwritable "$_root"
      _done=changed
    fi
  done
  for _pattern in /.deploy/ /pids /log /node_modules /REVISION; do
    exclude "$_pattern" || _done=changed
  done
  [ "$_done" = changed ] || unchanged
}

# check_root: $_root holds nothing but what belongs to releases.
check_root() {
  [ -d "$_root" ] || return 0
  [ ! -e "$_root/.git" ] || refuse "$_root is an in-place tree, which processes may run from" \
    "turn it into the first release: invoke adopt"
  _found=$(cd "$_root" && find . ! -name . -prune ! -name .deploy ! -name shared ! -name releases \
    ! -name repo.git.partial | head -n 5 | tr '\n' ' ')
  [ -z "$_found" ] || refuse "$_root is not empty: it holds $_found" \
    "move it away, or give the app another path in the inventory"
}

# make_mirror: made beside, there once it is whole. Collecting garbage is nobody's business while
# processes run from the worktrees.
make_mirror() {
  rm -rf "$_app.partial"
  mkdir -p "$_app.partial" 2>/dev/null || refuse_unwritable "$_root"
  tree_git "$_app.partial" init -q --bare || refuse_unwritable "$_root"
  tree_git "$_app.partial" config gc.auto 0
  set_origin "$_app.partial"
  rename "$_app.partial" "$_app"
  note "made a mirror in $_app"
}
