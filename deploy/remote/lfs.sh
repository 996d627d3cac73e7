# Git LFS: large files of a release, where its commit keeps any.
# needs: git
# shellcheck shell=sh

LFS_SECONDS=900

# wants_lfs: the commit asks for Git LFS.
wants_lfs() { tree_git "$_app" grep -q -e 'filter=lfs' "$_revision" -- ':(glob)**/.gitattributes'; }

# check_lfs: the host can do what the commit asks for; the mirror knows the filter (gitattributes(5)),
# which this user's configuration need not.
check_lfs() {
  wants_lfs || return 0
  tree_git "$_app" lfs version >/dev/null 2>&1 ||
    refuse "the commit keeps files in Git LFS, but git-lfs is not in PATH" "install it: apt-get install git-lfs"
  tree_git "$_app" config filter.lfs.clean 'git-lfs clean -- %f'
  tree_git "$_app" config filter.lfs.smudge 'git-lfs smudge -- %f'
  tree_git "$_app" config filter.lfs.process 'git-lfs filter-process'
  tree_git "$_app" config filter.lfs.required true
}

# pull_lfs: download the commit's large files into $_tree.
pull_lfs() {
  wants_lfs || return 0
  _said=$(state_near "$_app")/fetch.said _code=0
  (
    quiet_git "$_tree"
    # shellcheck disable=SC2086 # words on purpose
    limited "$LFS_SECONDS" git $git_options -C "$_tree" lfs pull
  ) >"$_said" 2>&1 || _code=$?
  mask_urls <"$_said" >&2
  [ "$_code" -ne 0 ] || return 0
  refuse_git "$_code" "$LFS_SECONDS" "of Git LFS"
  refuse "git lfs pull ended with code $_code: $(first_fault)" "try on the host: git -C $_app lfs fetch"
}
