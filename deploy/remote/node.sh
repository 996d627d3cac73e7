# node_modules, addressed by everything that an install depends on: npm runs only when that changed.
# needs: git tree build
# shellcheck shell=sh

# install_node APP PREPARED DEPS SECONDS MODE FLAGS INPUTS: packages for the prepared tree. MODE:
# auto, ci, install or off; FLAGS: npm's, one a line; INPUTS: further paths of the tree, one a line.
install_node() {
  _app=$1 _prepared=$2 _deps=$3 _seconds=$4 _mode=$5 _flags=$6 _inputs=$7 _marks=$2
  [ "$_mode" != off ] || unchanged "packages are not managed"
  check_node
  _key=$(node_key)
  if [ "$(cat "$_app/.deploy/node_key" 2>/dev/null)" = "$_key" ] && [ -d "$_app/node_modules" ]; then
    link_live_modules
    unchanged "the packages are those that are live"
  fi
  if [ "$(cat "$_prepared.key" 2>/dev/null)" = "$_key" ] && [ -d "$_prepared/node_modules" ] &&
    [ ! -L "$_prepared/node_modules" ]; then
    unchanged "the packages are installed"
  fi
  rm -rf "$_prepared.key" "$_prepared/node_modules"
  if [ -d "$_deps/$_key/node_modules" ]; then
    rename "$_deps/$_key/node_modules" "$_prepared/node_modules"
    rmdir "$_deps/$_key" 2>/dev/null || :
    note "the packages were kept from an earlier deploy"
  else
    run_npm
  fi
  write_file "$_prepared.key" 644 "$_key"
  prune_newest "$_deps" 2
}

# check_node: what an install needs.
check_node() {
  [ -f "$_prepared/package.json" ] || refuse "the commit has no package.json" \
    "deploy another revision, or set dependencies.node to off"
  { command -v node && command -v npm; } >/dev/null ||
    refuse "node and npm are not in PATH of a shell that is not a login shell" "set node_bin for this host in the inventory"
}

# link_live_modules: the prepared tree builds with the packages that are live.
link_live_modules() {
  if [ "$(readlink "$_prepared/node_modules")" != "$_app/node_modules" ]; then
    rm -rf "$_prepared/node_modules"
    ln -s "$_app/node_modules" "$_prepared/node_modules"
  fi
  write_file "$_prepared.key" 644 "$_key"
}

# node_key: a digest of everything that decides what an install makes.
node_key() {
  {
    printf 'node %s\nnpm %s\narch %s\nflags %s\n' "$(node --version)" "$(npm_version)" "$(uname -m)" "$_flags"
    (
      app_environment
      printf 'NODE_ENV=%s\n' "${NODE_ENV-}"
      env | grep -i '^npm_config_' | LC_ALL=C sort
    ) || :
    cd "$_prepared"
    for _file in package.json package-lock.json npm-shrinkwrap.json yarn.lock .npmrc; do
      if [ -f "$_file" ]; then sha256sum "$_file"; fi
    done
    input_digests
  } | sha256sum | cut -c 1-64
}

# input_digests: git's own digests of the declared inputs.
input_digests() {
  printf '%s\n' "$_inputs" | while IFS= read -r _input; do
    [ -n "$_input" ] || continue
    _found=$(tree_git "$_prepared" --literal-pathspecs ls-files --stage -- "$_input")
    [ -n "$_found" ] || warn "dependencies.inputs: the commit has no $_input"
    printf '%s\n' "$_found"
  done
}

# npm_version: read from npm's own package.json, since npm takes 0.2 s to say it.
npm_version() {
  _npm=$(readlink -f "$(command -v npm)")
  _version=$(sed -n 's/^  "version": "\(.*\)".*/\1/p' "${_npm%/bin/*}/package.json" 2>/dev/null | head -n 1)
  if [ -n "$_version" ]; then echo "$_version"; else limited 30 npm --version; fi
}

# run_npm: npm's own install in the prepared tree, its output in the log while it runs, and in
# $_marks.npm.
run_npm() {
  _verb=$_mode _said=$_marks.npm _left=$_marks.code
  if [ "$_verb" = auto ]; then
    _verb=install
    if [ -f "$_prepared/package-lock.json" ] || [ -f "$_prepared/npm-shrinkwrap.json" ]; then _verb=ci; fi
  fi
  _command="npm $_verb"
  note "$_command"
  { call_npm || echo $? >"$_left"; } 2>&1 | tee "$_said" >&2
  if [ -e "$_left" ]; then
    _code=$(cat "$_left")
    rm -f "$_left"
    refuse_npm
  fi
  rm -f "$_said"
}

# call_npm: a line of FLAGS is one word, whatever it holds.
call_npm() {
  (
    app_environment
    cd "$_prepared" || exit 126
    set -f
    IFS='
'
    # shellcheck disable=SC2086 # words on purpose
    set -- $_flags
    unset IFS
    bounded "$_seconds" npm "$_verb" --no-audit --no-fund "$@"
  )
}

# refuse_npm: by the cause that npm's words name.
refuse_npm() {
  _why="$_command ended with code $_code" _next="see the last lines of its output"
  case $_code in
    124) refuse "$_command took longer than $_seconds s; the old code still serves" \
      "look at the network to the registry, or set dependencies.timeout" ;;
  esac
  if said 'EUSAGE|are in sync'; then
    _why="the lockfile is missing or does not match package.json, so that npm ci refuses it"
    _next="run npm install in a checkout, commit package-lock.json, then deploy again"
  elif said 'ENOSPC|no space left'; then
    _next="make room on the disk (bytes and inodes)"
  elif said 'EAI_AGAIN|ENOTFOUND|ETIMEDOUT|ECONNREFUSED|ECONNRESET'; then
    _why="$_why: the registry cannot be reached"
    _next="look at the network and at .npmrc"
  elif said 'code E40[13]|code ENEEDAUTH'; then
    _why="$_why: the registry asks for credentials" _next="give npm a token by .npmrc and a secret"
  fi
  refuse "$_why; the old code still serves" "$_next"
}

# prune_newest DIRECTORY COUNT: keep the newest entries; older packages are installed again if need be.
prune_newest() {
  # shellcheck disable=SC2012 # names are keys of our own
  ls -1t "$1" 2>/dev/null | tail -n "+$(($2 + 1))" | while IFS= read -r _old; do rm -rf "${1:?}/$_old"; done
}
