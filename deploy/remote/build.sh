# The app's own commands, run in the prepared tree; nothing that they start outlives them.
# shellcheck shell=sh

# run_build PREPARED COMMAND SECONDS: one build step.
run_build() { run_command "the build step" "$@"; }

# run_once PREPARED COMMAND SECONDS: a command that runs on one host only.
run_once() { run_command "the command" "$@"; }

# run_command WHAT PREPARED COMMAND SECONDS: run it, and refuse with its name when it fails.
run_command() {
  _what=$1 _prepared=$2 _command=$3 _seconds=$4 _code=0 _serves=''
  [ "${_prepared%.partial}" = "$_prepared" ] || [ ! -d "${_prepared%.partial}" ] ||
    unchanged "the release is complete"
  [ -d "$_prepared" ] || refuse "there is no prepared tree $_prepared" "deploy again"
  ! is_beside "$_prepared" || _serves='; the old code still serves'
  (
    app_environment
    search_tree_first "$_prepared"
    cd "$_prepared" || exit 126
    bounded "$_seconds" sh -c "$_command"
  ) || _code=$?
  case $_code in
    0) ;;
    124) refuse "$_what \`$_command\` was ended after $_seconds s$_serves" \
      "see the last lines of its output; a higher timeout can be set in the inventory" ;;
    *) refuse "$_what \`$_command\` ended with code $_code$_serves" \
      "see the last lines of its output; mend it, then deploy again" ;;
  esac
}

# is_beside TREE: it is made ready while other code serves: a prepared tree, or a release that is
# not the current one.
is_beside() {
  [ -e "$1.complete" ] ||
    { [ -e "$1/.deploy/release" ] && [ "$(readlink "${1%/*}/../current")" != "releases/${1##*/}" ]; }
}

# search_tree_first TREE: its programs, and those of its virtual environment, before all others.
search_tree_first() {
  _venv=$(cat "$1.venv" 2>/dev/null || readlink "$1/.deploy/venv") || _venv=''
  if [ -n "$_venv" ]; then
    export VIRTUAL_ENV="$_venv"
    PATH=$_venv/bin:$PATH
  fi
  export PATH="$1/node_modules/.bin:$PATH"
}

# bounded SECONDS COMMAND [ARGUMENT]...: like limited, and whatever it left running is ended, also
# what went into a session of its own: it would hold the stage lock and write into the tree. 124
# means the limit, never a kill by others (137: out of memory). $_command is its name.
bounded() {
  read -r _mark </proc/sys/kernel/random/uuid
  _bound=$1 _code=0 _since=$(date +%s)
  shift
  limited "$_bound" env DEPLOY_COMMAND="$_mark" "$@" || _code=$?
  if [ "$_code" -eq 137 ] && [ $(($(date +%s) - _since)) -ge "$_bound" ]; then _code=124; fi
  [ -z "$(list_marked)" ] || end_marked
  return "$_code"
}

# list_marked: our processes that carry the mark, zombies excepted (theirs cannot be read).
list_marked() {
  grep -lF "DEPLOY_COMMAND=$_mark" /proc/[0-9]*/environ 2>/dev/null | sed -e 's|^/proc/||' -e 's|/.*||' || :
}

# end_marked: TERM, then KILL for what still runs 5 s later.
end_marked() {
  case $_code in
    124) ;;
    *) warn "ended what \`$_command\` left running: $(list_marked | tr '\n' ' ')" ;;
  esac
  _tries=0
  for _one in $(list_marked); do kill -TERM "$_one" 2>/dev/null || :; done
  while [ -n "$(list_marked)" ] && [ $((_tries += 1)) -le 50 ]; do sleep 0.1; done
  for _one in $(list_marked); do kill -KILL "$_one" 2>/dev/null || :; done
}
