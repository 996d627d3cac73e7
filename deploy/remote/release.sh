# A release: made as NAME.partial from the mirror, complete once renamed, never modified after that.
# needs: mirror tree lfs uses
# shellcheck shell=sh

# name_release ROOT NAME: set _root, _name, _app (the mirror), _release and _tree (where it is made).
name_release() {
  case $2 in
    '' | .* | -* | *[!A-Za-z0-9._-]* | *.partial)
      refuse "'$2' is not a release's name" "names look like 20261123T141502Z-3f2a9c1: invoke releases" ;;
  esac
  _root=$1 _name=$2 _app=$1/repo.git _release=$1/releases/$2 _tree=$1/releases/$2.partial
}

# enter_release ROOT NAME: the same for work on a release that is being made; a complete one is left
# as it is.
enter_release() {
  name_release "$1" "$2"
  [ ! -d "$_release" ] || unchanged "release $_name is complete"
  [ -e "$_tree/.deploy/release" ] || refuse "release $_name is not being made on this host" "deploy again"
}

# manifest_of TREE KEY: what the release's manifest says of KEY; nothing where there is none.
manifest_of() { sed -n "s/^$2=//p" "$1/.deploy/release" 2>/dev/null || :; }

# make_release ROOT NAME REVISION: a worktree of REVISION as releases/NAME.partial, with submodules
# and large files; one that a cut-off run left is made again.
make_release() {
  name_release "$1" "$2"
  _revision=$3
  if [ -d "$_release" ]; then
    _found=$(manifest_of "$_release" revision)
    [ "$_found" = "$_revision" ] || refuse "release $_name is of another revision: ${_found:-unknown}" \
      "deploy again: each run makes a release of its own"
    unchanged "release $_name is complete"
  fi
  { [ -e "$_app/HEAD" ] && has_commit "$_app" "$_revision"; } ||
    refuse "the mirror $_app does not have commit $_revision" "deploy again: it is fetched first"
  drop_partials
  [ ! -e "$_tree" ] || refuse_leftover
  check_lfs
  add_worktree
  update_submodules "$_tree"
  pull_lfs
  describe_release
}

# refuse_leftover: the unfinished release of this name is in the way.
refuse_leftover() {
  _using=$(users_of "releases/$_name.partial")
  [ -z "$_using" ] || refuse "the unfinished release $_tree is used by $_using" "end that, then deploy again"
  refuse "the unfinished release $_tree cannot be removed" "see the log, and mend its owners: sudo chown -R $(id -un)"
}

# add_worktree: the commit's files at $_tree, and a ref that holds the commit as long as the release.
add_worktree() {
  tree_git "$_app" update-ref "refs/deploy/releases/$_name" "$_revision"
  (
    export GIT_LFS_SKIP_SMUDGE=1 # downloads have a step and a limit of their own
    tree_git "$_app" worktree add -q -f -f --detach "$_tree" "$_revision"
  ) || refuse "git cannot make the tree $_tree" "see the log; look at disk space, inodes and owners"
  ! exists "$_tree/.deploy" || refuse "the commit holds .deploy, where a release keeps its own state" \
    "take .deploy out of the repository, and into .gitignore"
}

# describe_release: the manifest, and the revision for people and for the app itself.
describe_release() {
  mkdir "$_tree/.deploy"
  exists "$_tree/REVISION" || printf '%s\n' "$_revision" >"$_tree/REVISION"
  write_file "$_tree/.deploy/release" 644 "name=$_name
revision=$_revision
run=${_name%%-*}
node=$(node --version 2>/dev/null || :)
"
}

# complete_release ROOT NAME: verify the release, put it on the disk, and give it its name.
complete_release() {
  name_release "$1" "$2"
  [ ! -d "$_release" ] || unchanged "release $_name is complete"
  enter_release "$1" "$2"
  settle_submodules "$_tree"
  _who="the build"
  verify_release
  list_built >"$_tree/.deploy/built"
  write_file "$_tree/.deploy/release" 644 "$(sed '/^key=/d' "$_tree/.deploy/release")
key=$(cat "$_tree/.deploy/key")
"
  settle_submodules "$_release"
  write_file "$(tree_git "$_tree" rev-parse --absolute-git-dir)/gitdir" 644 "$_release/.git
"
  flush "$_tree" -f
  rename "$_tree" "$_release"
  flush "$_root/releases" -f
}

# settle_submodules DIRECTORY: the submodules' repositories know their trees as those of DIRECTORY.
# git moves no worktree that has any, and what it notes must be right before the rename.
settle_submodules() {
  [ -f "$_tree/.gitmodules" ] || return 0
  (cd "$_tree" && find . -name node_modules -prune -o -name .git -type f ! -path ./.git -print) |
    while IFS= read -r _file; do
      _part=${_file#./} _part=${_part%/.git}
      _module=$(sed -n 's/^gitdir: //p' "$_tree/$_part/.git")
      case $_module in /*) ;; *) _module=$_tree/$_part/$_module ;; esac
      git config -f "$_module/config" core.worktree "$1/$_part"
    done
}

# verify_release: nothing that a start needs is missing, and the tracked files are the commit's.
verify_release() {
  [ -s "$_tree/.deploy/key" ] || refuse_incomplete "its packages were not installed"
  if [ "$(cat "$_tree/.deploy/key")" != off ]; then
    [ -f "$_tree/package.json" ] || refuse_incomplete "it has no package.json"
    [ -d "$_tree/node_modules" ] || refuse_incomplete "its node_modules is gone"
  fi
  { [ -d "$_tree/log" ] && [ -d "$_tree/pids" ] && [ ! -L "$_tree/pids" ]; } ||
    refuse_incomplete "log or pids is missing"
  verify_program
  [ "$(head_of "$_tree")" = "$(manifest_of "$_tree" revision)" ] ||
    refuse_incomplete "another commit than $(manifest_of "$_tree" revision) is checked out in it"
  put_changes_back
}

# verify_program: what starts was made here, and leads to no other directory, whose code would serve.
verify_program() {
  [ "${model-}" = processes ] || return 0
  [ -f "$_tree/dist/server.js" ] ||
    refuse_incomplete "it has no dist/server.js: no build made one in this directory"
  case $(readlink -f "$_tree/dist/server.js") in
    "$(cd -P "$_tree" && pwd)"/*) ;;
    *) refuse_incomplete "its dist/server.js is $(readlink -f "$_tree/dist/server.js")" ;;
  esac
}

# list_built: compiled files of the release with their checksums, which no commit tells.
list_built() {
  [ -d "$_tree/dist" ] || return 0
  (cd "$_tree" && find dist -type f -exec cksum {} +) | LC_ALL=C sort -k 3
}

# check_release ROOT NAME: a complete release is still what it was when it became so; before it boots.
check_release() {
  name_release "$1" "$2"
  [ -d "$_release" ] || refuse "there is no release $_name" "see which there are: invoke releases"
  _tree=$_release _who=somebody
  [ -n "$(manifest_of "$_tree" revision)" ] || refuse_incomplete "it has no manifest"
  verify_release
  [ -e "$_tree/.deploy/built" ] || unchanged
  _differs=$(list_built | sort - "$_tree/.deploy/built" | uniq -u | sed -n '1s/^[0-9]* [0-9]* //p')
  [ -z "$_differs" ] || refuse_incomplete "$_differs is not what its build made"
  unchanged
}

# refuse_incomplete WHY: it stays as it is for a look, until the next deploy.
refuse_incomplete() {
  refuse "release $_name is not complete: $1; the old code still serves" \
    "look at $_tree and at what the build commands do there, then deploy again"
}

# put_changes_back: what a build did to tracked files does not go live.
put_changes_back() {
  _changed=$(release_changes)
  [ -n "$_changed" ] || return 0
  tree_git "$_tree" reset -q
  tree_git "$_tree" checkout -q -f -- .
  [ -z "$(release_changes)" ] || refuse_incomplete "tracked files differ from the commit:$(release_changes | first_lines)"
  warn "$_who changed tracked files; they go live as they were committed:$(printf '%s\n' "$_changed" | first_lines)"
}

# release_changes: tracked files of the release that differ from its commit.
release_changes() { (_app=$_tree && list_changes); }
