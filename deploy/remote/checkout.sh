# The live tree moves to a commit, and back: one git command, remembered before it begins.
# needs: tree outputs putback process
# shellcheck shell=sh

# checkout_tree APP REVISION FORCE: move the live tree; a branch that is checked out moves along.
checkout_tree() {
  _app=$1 _revision=$2 _force=$3
  recover_activation "$_app"
  _old=$(head_of "$_app")
  remember_tree
  mkdir -p "$_app/pids" "$_app/log"
  if [ "$_old" = "$_revision" ]; then
    [ "$(sed -n 's/^revision=//p' "$_app/.deploy/activated" 2>/dev/null)" != "$_revision" ] || was_moved || unchanged
  else
    secure_tree
    : >"$_previous/moving"
    move_tree 2>"$_said" || refuse "git cannot move $_app to $_revision: $(tail -n 1 "$_said")" "see the log"
    update_submodules "$_app"
    rm -f "$_previous/moving"
  fi
  tree_git "$_app" update-ref refs/deploy/live "$_revision"
  mark_checkout "$_app" "$_revision"
}

# recover_activation APP: put back what an activation left that was killed before it was proved.
recover_activation() {
  is_open "$1" || return 0
  note "an earlier activation was cut off: its tree is put back first"
  echo signalled >"$1/.deploy/touched" # its processes have to follow the tree
  put_outputs_back "$1"
  put_tree_back "$1"
}

# remember_tree: what restore_tree needs, on disk before anything moves; "target" makes it valid.
remember_tree() {
  _previous=$_app/.deploy/previous
  rm -rf "$_previous"
  mkdir -p "$_previous"
  printf '%s\n' "$_old" >"$_previous/revision"
  tree_git "$_app" symbolic-ref --quiet HEAD >"$_previous/head" || :
  printf '%s\n' "$_revision" >"$_previous/target"
}

# secure_tree: nothing that only this tree has is in the way of the move, or it is kept for undo.
secure_tree() {
  _said=$_app/.deploy/checkout.said
  if [ "$_force" != yes ] && [ -n "$_old" ]; then
    _changed=$(list_changes | first_lines)
    [ -z "$_changed" ] || refuse "$_app was changed since it was checked:$_changed" "commit and push it, or drop it: --force"
  fi
  keep_known
  set_overwritten_aside
  if [ "$_force" = yes ] && [ -n "$_old" ]; then drop_changes; fi
}

# move_tree: the one command.
move_tree() {
  if [ -z "$_old" ]; then
    tree_git "$_app" checkout -q --detach "$_revision"
  elif [ "$_force" = yes ]; then
    tree_git "$_app" reset -q --hard "$_revision"
  else
    tree_git "$_app" reset -q --keep "$_revision"
  fi
}

# keep_known: commits that a deploy brought stay known as such, also when their branch was rewritten.
keep_known() {
  if [ -n "$_old" ] && [ "$(tree_git "$_app" rev-parse -q --verify refs/deploy/live)" = "$_old" ]; then
    tree_git "$_app" update-ref refs/deploy/previous "$_old"
  fi
}

# set_overwritten_aside: untracked files in the way are moved, not lost.
set_overwritten_aside() {
  { list_overwritten && list_overwritten --ignored; } >"$_previous/overwritten"
  while IFS= read -r _quoted; do
    unquote "$_quoted"
    set_aside aside "$unquoted"
  done <"$_previous/overwritten"
}

# drop_changes: --force drops what check_tree listed; it stays reachable as refs/deploy/dropped.
drop_changes() {
  for _operation in merge cherry-pick revert rebase am; do
    tree_git "$_app" "$_operation" --quit 2>/dev/null || :
  done
  _dropped=$(tree_git "$_app" -c user.name=deploy -c user.email=deploy@localhost stash create) || _dropped=''
  tree_git "$_app" update-ref refs/deploy/dropped "${_dropped:-$_old}"
  if [ -n "$_dropped" ]; then printf '%s\n' "$_dropped" >"$_previous/dropped"; fi
  note "what is dropped stays in the repository as refs/deploy/dropped"
}

# restore_tree APP: the undo of checkout_tree: exactly what was checked out before it.
restore_tree() {
  [ -e "$1/.deploy/previous/target" ] || unchanged
  put_tree_back "$1"
}

# put_tree_back APP: the same for a tree that moved, moved half, or did not move.
put_tree_back() {
  _app=$1 _previous=$1/.deploy/previous
  _old=$(cat "$_previous/revision") _target=$(cat "$_previous/target")
  if [ -e "$_previous/moving" ]; then finish_move; fi
  if [ -z "$_old" ]; then
    return_to_nothing
  elif [ "$(head_of "$_app")" != "$_old" ]; then
    return_to_old
  fi
  put_aside_back aside
  rm -rf "$_previous"
}

# finish_move: after a half move some new files are on disk, but not in the index; moving on as
# a whole makes git know them, so that the way back removes them.
finish_move() {
  _lock=$(git_path index.lock)
  # shellcheck disable=SC3013 # dash and busybox know it
  if [ -e "$_lock" ] && [ ! "$_lock" -ot "$_previous/moving" ]; then rm -f "$_lock"; fi
  if [ -z "$_old" ]; then
    tree_git "$_app" read-tree --reset -u "$_target"
  else
    tree_git "$_app" reset -q --hard "$_target"
  fi
}

# return_to_nothing: the repository had no commit checked out. A branch that somebody made since
# stays, with its files.
return_to_nothing() {
  if [ -n "$(head_of "$_app")" ] && tree_git "$_app" symbolic-ref --quiet HEAD >/dev/null; then return 0; fi
  tree_git "$_app" read-tree --reset -u "$(tree_git "$_app" hash-object -w -t tree /dev/null)"
  tree_git "$_app" symbolic-ref HEAD "$(cat "$_previous/head")"
  rm -f "$_app/.deploy/activated"
}

# return_to_old: back to the old commit, with the changes that --force had dropped.
return_to_old() {
  if ! tree_git "$_app" reset -q --keep "$_old"; then
    warn "$_app was changed since the checkout; those changes are kept as refs/deploy/dropped"
    tree_git "$_app" update-ref refs/deploy/dropped "$(tree_git "$_app" stash create)"
    tree_git "$_app" reset -q --hard "$_old"
  fi
  update_submodules "$_app"
  if [ -s "$_previous/dropped" ]; then
    tree_git "$_app" stash apply -q --index "$(cat "$_previous/dropped")" ||
      warn "the changes that were dropped are in refs/deploy/dropped: git stash apply refs/deploy/dropped"
  fi
  mark_checkout "$_app" "$_old"
}

# mark_checkout APP REVISION: the tree is now that; who started before runs other code. One
# tick more, since a process of this very tick may have started before the move.
mark_checkout() {
  write_file "$1/.deploy/activated" 644 "revision=$2
boot=$(boot_id)
ticks=$(($(ticks_now) + 1))
moves=$(count_moves "$1")
"
}
