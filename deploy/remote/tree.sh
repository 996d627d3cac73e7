# Trees: the live one is checked for what would be lost, the next one is made ready beside it.
# needs: git
# shellcheck shell=sh

# check_tree APP REVISION FORCE: nothing that only this host has would be lost; else refused with
# the list, or with FORCE=yes told.
check_tree() {
  _app=$1 _revision=$2 _force=$3 _lost=''
  [ ! -e "$_app/.deploy/previous/moving" ] ||
    unchanged "an earlier activation was cut off; the next one puts its tree back first"
  add_loss "an unfinished operation" "$(list_operations)"
  add_loss "changes of tracked files" "$(list_changes)"
  add_loss "untracked files that the commit has too" "$(list_overwritten)"
  add_loss "commits that no remote has" "$(list_local_commits)"
  if [ -n "$_lost" ]; then
    [ "$_force" = yes ] ||
      refuse "$_app holds what a deploy would drop:$_lost" \
        "commit and push it, or remove it; or drop it: --force"
    warn "$_app loses:$_lost"
  fi
  _ignored=$(list_overwritten --ignored | first_lines)
  [ -z "$_ignored" ] || warn "the commit overwrites files that git ignored so far:$_ignored"
  [ -n "$_lost" ] || unchanged
}

# add_loss TITLE LINES: one kind of what would be lost, with its first 20 and their number.
add_loss() {
  [ -n "$2" ] || return 0
  _lost="$_lost
$1 ($(printf '%s\n' "$2" | wc -l | tr -d ' ')):$(printf '%s\n' "$2" | first_lines)"
}

# first_lines: the first 20 lines of standard input, each indented on a line of its own.
first_lines() { awk 'NR <= 20 { printf "\n  %s", $0 } END { if (NR > 20) printf "\n  and %d more", NR - 20 }'; }

# list_operations: what git has been left in the middle of.
list_operations() {
  git_path MERGE_HEAD CHERRY_PICK_HEAD REVERT_HEAD BISECT_LOG rebase-merge rebase-apply |
    while IFS= read -r _file; do
      if [ -e "$_file" ]; then echo "${_file##*/}"; fi
    done
}

# list_changes: tracked files that differ from the commit, as git-status(1) tells them.
list_changes() { tree_git "$_app" status --porcelain --untracked-files=no --ignore-submodules=untracked; }

# list_overwritten [--ignored]: untracked files of the live tree that the commit brings as its own.
list_overwritten() {
  (
    plain_git
    _base=$(head_of "$_app")
    [ -n "$_base" ] || _base=$(tree_git "$_app" hash-object -t tree /dev/null)
    # shellcheck disable=SC2086 # words on purpose
    tree_git "$_app" diff-tree -r -z --name-only --no-renames --diff-filter=A "$_base" "$_revision" |
      xargs -0 -r git --literal-pathspecs $git_options -C "$_app" \
        ls-files --others --exclude-standard "$@" --
  )
}

# list_local_commits: commits of HEAD that neither the target, a remote, a tag nor a deploy holds.
list_local_commits() {
  [ -n "$(head_of "$_app")" ] || return 0
  tree_git "$_app" log --format='%h %s' HEAD --not "$_revision" --remotes --tags --glob='refs/deploy/*'
}

# head_of TREE: the commit checked out there; nothing in a repository without any.
head_of() { tree_git "$1" rev-parse --verify --quiet HEAD || :; }

# was_moved: somebody moved HEAD since our last checkout, be it back again; a branch that was made
# where it stands is no move.
was_moved() {
  _marked=$(sed -n 's/^moves=//p' "$_app/.deploy/activated" 2>/dev/null) || _marked=''
  [ -n "$_marked" ] && [ "$_marked" != "$(count_moves "$_app")" ]
}

# count_moves APP: how often HEAD went to another commit (git-reflog(1)).
count_moves() {
  _app=$1
  awk '$1 != $2 { count++ } END { print count + 0 }' "$(git_path logs/HEAD)" 2>/dev/null || echo 0
}

# prepare_tree APP PREPARED REVISION: the commit's files in a worktree beside the live tree.
prepare_tree() {
  _app=$1 _prepared=$2 _revision=$3
  is_open "$_app" || rm -rf "$_app/.deploy/previous"
  drop_leftovers
  if [ -e "$_prepared.complete" ] && [ "$(head_of "$_prepared" 2>/dev/null)" = "$_revision" ]; then
    clean_prepared
    return
  fi
  forget_tree "$_prepared"
  mkdir -p "${_prepared%/*}"
  tree_git "$_app" worktree add -q -f -f --detach "$_prepared" "$_revision" ||
    refuse "git cannot make the tree $_prepared" "see the log; look at disk space, inodes and owners"
  update_submodules "$_prepared"
  : >"$_prepared.complete"
}

# clean_prepared: a tree of an earlier attempt is used again, without what its build left.
clean_prepared() {
  set -- clean -ffdx -e node_modules
  _stale=$(tree_git "$_prepared" "$@" -n && tree_git "$_prepared" status --porcelain --untracked-files=no)
  [ -n "$_stale" ] || unchanged "the tree is prepared"
  tree_git "$_prepared" "$@" -q
  tree_git "$_prepared" reset -q --hard
}

# drop_leftovers: trees of other revisions, which a deploy that failed left; their packages are kept.
drop_leftovers() {
  for _left in "${_prepared%/*}"/*; do
    case $_left in
      "$_prepared" | "$_prepared".* | *.complete | *.key | *.venv) continue ;;
    esac
    if [ -d "$_left" ]; then forget_tree "$_left"; fi
  done
  tree_git "$_app" worktree prune
}

# forget_tree TREE: remove a worktree and git's record of it, even one that git calls locked.
forget_tree() {
  keep_modules "$1"
  rm -f "$1.complete" "$1.key" "$1.venv"
  rm -rf "$1"
  tree_git "$_app" worktree remove -f -f "$1" 2>/dev/null || :
}

# keep_modules TREE: packages that were installed whole for a tree are parked for a later one.
keep_modules() {
  if [ ! -d "$1/node_modules" ] || [ -L "$1/node_modules" ] || [ ! -s "$1.key" ]; then return 0; fi
  _kept=$_app/.deploy/deps/$(cat "$1.key")
  if [ -e "$_kept/node_modules" ]; then return 0; fi
  mkdir -p "$_kept"
  rename "$1/node_modules" "$_kept/node_modules"
}

# update_submodules TREE: the submodules of its commit, where it has any.
update_submodules() {
  [ -f "$1/.gitmodules" ] || return 0
  _said=$(state_near "$_app")/fetch.said _code=0
  (
    quiet_git "$1"
    # shellcheck disable=SC2086 # words on purpose
    limited 600 git $git_options -C "$1" submodule --quiet update --init --recursive
  ) >"$_said" 2>&1 || _code=$?
  mask_urls <"$_said" >&2
  [ "$_code" -ne 0 ] || return 0
  refuse_git "$_code" 600 "of a submodule"
  refuse "git cannot update the submodules: $(first_fault)" "see the log"
}

# list_outputs: untracked and ignored paths of the prepared tree, as git quotes them; never what
# processes write while they run.
list_outputs() {
  set -- ls-files --others --directory --exclude-standard
  { tree_git "$_prepared" "$@" && tree_git "$_prepared" "$@" --ignored; } |
    grep -vE '^"?(node_modules|log|pids|\.deploy)(/|"?$)' || :
}

# is_open APP: an activation began there and was neither proved nor undone.
is_open() {
  [ -e "$1/.deploy/previous/target" ] &&
    [ "$(sed -n 's/^revision=//p' "$1/.deploy/proved" 2>/dev/null)" != "$(cat "$1/.deploy/previous/target")" ]
}

# tree_state APP: what is checked out, as key=value lines; names of files as git quotes them.
tree_state() {
  _app=$1
  if [ ! -e "$_app/.git" ]; then
    echo repository=no
    return
  fi
  echo repository=yes
  printf 'head=%s\n' "$(head_of "$_app")"
  printf 'branch=%s\n' "$(tree_git "$_app" symbolic-ref --quiet --short HEAD || :)"
  _origin=$(tree_git "$_app" config --get remote.origin.url) || _origin=''
  case $_origin in *@*) _origin=$(printf '%s' "$_origin" | mask_urls) ;; esac
  printf 'origin=%s\n' "${_origin%%
*}"
  list_operations | sed 's/^/operation=/'
  list_changes | awk 'NR <= 20 { print "dirty=" $0 } END { print "dirty_count=" NR }'
  read_line "$_app/.deploy/node_key"
  printf 'node_key=%s\n' "$_line"
  if is_open "$_app"; then echo interrupted=yes; else echo interrupted=no; fi
  sed 's/^/activated./' "$_app/.deploy/activated" 2>/dev/null || :
}
