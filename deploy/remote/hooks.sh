# Hooks: commands of the user's own around the phases of a deploy, with its facts as variables.
# needs: build
# shellcheck shell=sh

# describe_run FACTS: NAME='value' lines that every hook of this script finds in its environment.
describe_run() { hook_facts=$1; }

# run_hook HOST COMMAND SECONDS stop|warn DIRECTORY...: run it in the first directory that is there, as
# DEPLOY_HOST. Its failure ends the step, or is told.
run_hook() {
  _host=$1 _command=$2 _seconds=$3 _on_failure=$4 _code=0
  shift 4
  (
    app_environment
    enter_first "$@"
    set -a
    eval "$hook_facts"
    DEPLOY_HOST=$_host
    set +a
    bounded "$_seconds" sh -c "$_command"
  ) || _code=$?
  case $_code in
    0) ;;
    124) fail_hook "the hook \`$_command\` was ended after $_seconds s" ;;
    *) fail_hook "the hook \`$_command\` ended with code $_code" ;;
  esac
}

# enter_first DIRECTORY...: work in the first that is there, with its programs before all others.
enter_first() {
  for _each in "$@"; do
    if [ -d "$_each" ] && cd "$_each"; then
      search_tree_first "$_each"
      return 0
    fi
  done
}

# fail_hook WHAT: as the inventory declares.
fail_hook() {
  if [ "$_on_failure" = warn ]; then
    warn "$1"
  else
    refuse "$1" "see the last lines of its output; on_failure: warn lets a deploy go on without it"
  fi
}
