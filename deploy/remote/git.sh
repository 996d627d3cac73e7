# The app's repository on a host: made, and fetched to one commit without ever asking anybody.
# shellcheck shell=sh

# No hooks (they could install into the live tree), names quoted as git-config(5) core.quotePath
# says, and no garbage collection in the background, which would hold the stage lock.
git_options='-c core.hooksPath=/dev/null -c core.quotePath=true -c core.fsmonitor=false
  -c advice.detachedHead=false -c gc.autoDetach=false -c maintenance.autoDetach=false
  -c safe.bareRepository=all'

# tree_git DIRECTORY [ARGUMENT]...: git in that tree, whatever GIT_DIR says, and in English.
tree_git() {
  (
    plain_git
    _at=$1
    export GIT_CEILING_DIRECTORIES="${_at%/*}" # never a repository further up
    shift
    # shellcheck disable=SC2086 # words on purpose
    exec git $git_options -C "$_at" "$@"
  )
}

# plain_git: forget what a hook or a calling git left in the environment.
plain_git() {
  unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_PREFIX
  export LC_ALL=C
}

# ensure_tree APP URL: APP is a git repository whose origin is URL; nothing is checked out.
ensure_tree() {
  _app=$1 _url=$2 _done=unchanged
  require_git
  if [ ! -e "$_app/.git" ]; then
    create_tree
    _done=changed
  fi
  check_repository
  [ -d "$_app/.deploy" ] || mkdir -m 755 "$_app/.deploy" || refuse_unwritable "$_app"
  exclude /.deploy/ || _done=changed
  [ "$_done" = changed ] || unchanged
}

# require_git: there is a git.
require_git() {
  command -v git >/dev/null || refuse "git is not in PATH" "install it: apt-get install git"
}

# check_repository: git works in $_app, and its origin is $_url.
check_repository() {
  _git_dir=$(tree_git "$_app" rev-parse --git-dir 2>&1) ||
    refuse "git cannot work in $_app: $_git_dir" "mend the repository there, or its owner"
  compare_origin "$(tree_git "$_app" config --get remote.origin.url || :)"
}

# create_tree: an empty repository at $_app, which must not hold anything but our state.
create_tree() {
  if [ -d "$_app" ]; then
    _found=$(cd "$_app" && find . ! -name . -prune ! -name .deploy | head -n 5 | tr '\n' ' ')
    [ -z "$_found" ] ||
      refuse "$_app is no git repository and is not empty: it holds $_found" \
        "move it away, or make it a clone of the app's repository"
  fi
  mkdir -p "$_app" 2>/dev/null || refuse_unwritable "$_app"
  tree_git "$_app" init -q || refuse_unwritable "$_app"
  set_origin "$_app"
  note "made an empty repository in $_app"
}

# set_origin REPOSITORY: it fetches the branches of $_url.
set_origin() {
  tree_git "$1" config remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*'
  tree_git "$1" config remote.origin.url "$_url"
}

# refuse_unwritable DIRECTORY: as this user it cannot be made or written.
refuse_unwritable() {
  refuse "cannot write $1 as $(id -un)" "give it to the deploy user: sudo install -d -o $(id -un) $1"
}

# compare_origin FOUND: the tree must come from the repository that the inventory names.
compare_origin() {
  [ "$1" = "$_url" ] ||
    refuse "the origin of $_app is $(printf '%s' "${1:-not set}" | mask_urls), not $(printf '%s' "$_url" | mask_urls)" \
      "mend repository in the inventory, or on the host: git remote set-url origin"
}

# mask_urls: standard input with the user and password of its URLs taken out.
mask_urls() { sed 's#://[^/@ ]*@#://***@#g'; }

# exclude PATTERN: keep that out of the app's git (gitignore(5)); false when it had to be added.
exclude() {
  if [ "${_exclude_of-}" != "$_app" ]; then _exclude=$(git_path info/exclude) _exclude_of=$_app; fi
  if grep -qxF -e "$1" "$_exclude" 2>/dev/null; then return 0; fi
  mkdir -p "${_exclude%/*}"
  if [ -s "$_exclude" ] && [ -n "$(tail -c 1 "$_exclude")" ]; then echo >>"$_exclude"; fi
  printf '%s\n' "$1" >>"$_exclude"
  return 1
}

# git_path NAME...: the absolute path of each of these files in $_app's git directory, a line each.
git_path() {
  for _name in "$@"; do
    set -- "$@" --git-path "$_name"
    shift
  done
  tree_git "$_app" rev-parse "$@" | while IFS= read -r _name; do
    case $_name in /*) echo "$_name" ;; *) echo "$_app/$_name" ;; esac
  done
}

# fetch_commit APP URL REVISION BRANCH SECONDS: bring the commit, and all it needs, to the host.
fetch_commit() {
  _app=$1 _url=$2 _revision=$3 _branch=$4 _seconds=$5
  ! has_commit "$_app" "$_revision" || unchanged "the commit is there"
  _said=$(state_near "$_app")/fetch.said
  for _refs in "$_revision" "+refs/heads/$_branch:refs/remotes/origin/$_branch" '+refs/heads/*:refs/remotes/origin/*'; do
    fetch_refs "$_refs" || continue
    if tree_git "$_app" cat-file -e "$_revision^{commit}" 2>/dev/null; then
      tree_git "$_app" update-ref refs/deploy/target "$_revision"
      rm -f "$_said"
      return
    fi
  done
  refuse "commit $_revision is not on $(printf '%s' "$_url" | mask_urls)" \
    "push it, then deploy again: git push origin $_branch"
}

# state_near REPOSITORY: our directory in a tree, or beside a mirror.
state_near() { if [ -d "$1/.deploy" ]; then echo "$1/.deploy"; else echo "${1%/*}/.deploy"; fi; }

# has_commit APP REVISION: the commit is there, whole: git's refs never point to half a history,
# while the object alone may be left of a fetch that was killed.
has_commit() {
  tree_git "$1" merge-base --is-ancestor "$2" HEAD 2>/dev/null ||
    [ -n "$(tree_git "$1" for-each-ref --count=1 --contains "$2" 2>/dev/null)" ]
}

# fetch_refs REFSPEC: one fetch; false when the remote does not offer that, refused when it cannot be read.
fetch_refs() {
  _code=0
  (
    quiet_git "$_app"
    # shellcheck disable=SC2086 # words on purpose
    limited "$_seconds" git $git_options -C "$_app" fetch --quiet --no-recurse-submodules origin "$1"
  ) >"$_said" 2>&1 || _code=$?
  mask_urls <"$_said" >&2
  [ "$_code" -ne 0 ] || return 0
  refuse_git "$_code" "$_seconds" "$(printf '%s' "$_url" | mask_urls)"
  return 1
}

# git_access URL SECONDS: nothing where this host reads the repository without a prompt, else why not.
git_access() {
  _said=$(mktemp)
  _code=0
  (
    quiet_git /
    limited "$2" git ls-remote --quiet --exit-code -- "$1" HEAD
  ) >"$_said" 2>&1 || _code=$?
  case $_code in
    0 | 2) ;;
    124 | 137) echo "no answer within $2 s" ;;
    *) first_fault | grep . || echo "git ends with $_code" ;;
  esac
  rm -f "$_said"
}

# quiet_git TREE: environment of a git that reaches the network: it fails where it would ask.
quiet_git() {
  app_environment
  plain_git
  _ssh=${GIT_SSH_COMMAND:-$(git -C "$1" config --get core.sshCommand || :)}
  if [ -n "$_ssh" ] || [ -z "${GIT_SSH-}" ]; then
    export GIT_SSH_COMMAND="${_ssh:-ssh} -oBatchMode=yes"
  fi
  export GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=false SSH_ASKPASS=false GCM_INTERACTIVE=never
}

# refuse_git CODE SECONDS URL: refuse by the cause that git's words name; returns when none is.
refuse_git() {
  case $1 in
    124 | 137) refuse "reading $3 took longer than $2 s" "look at the network between this host and the repository" ;;
  esac
  _try="try on the host: git ls-remote $3"
  if said 'Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED'; then
    refuse "the ssh host key of $3 is unknown to this host, or has changed" \
      "compare its fingerprint, then accept it on the host: ssh-keyscan HOST >> ~/.ssh/known_hosts"
  elif said 'could not read (Username|Password)|prompts disabled|Authentication failed'; then
    refuse "the repository $3 asks for a password" "use an ssh URL with a deploy key, or set up a credential helper"
  elif said 'Permission denied \(|Permission to .* denied|returned error: 403'; then
    refuse "the repository $3 refuses this host's key" "add a deploy key, or set ssh.forward_agent in the inventory"
  elif said '[Rr]epository .*not found|not appear to be a git|does not exist|no such repository|error: 404'; then
    refuse "there is no repository at $3" "mend repository in the inventory; $_try"
  elif said 'not resolve|refused|timed out|reset by|closed by|Failed to connect|unreachable|unable to access'; then
    refuse "the repository $3 cannot be reached: $(first_fault)" "$_try"
  elif said 'No space left|quota exceeded|insufficient permission|unable to create|Permission denied$'; then
    refuse "git cannot write in the tree: $(first_fault)" "look at disk space, inodes and owners"
  fi
}

# said PATTERN: what git printed holds it.
said() { grep -qE "$1" "$_said"; }

# first_fault: the first line of what git printed that speaks of one.
first_fault() { grep -E 'fatal|error|ssh:' "$_said" | head -n 1 | mask_urls; }

# unquote NAME: set unquoted to a file's name as git quotes it (git-config(5), core.quotePath).
unquote() {
  case $1 in
    \"*)
      _inner=${1#?}
      _inner=$(printf '%s' "${_inner%?}" | sed -e 's/%/%%/g' -e 's/\\"/\\042/g')
      # shellcheck disable=SC2059 # the escapes of git's names are those of a format
      unquoted=$(printf "${_inner}x")
      unquoted=${unquoted%x}
      ;;
    *) unquoted=$1 ;;
  esac
}
