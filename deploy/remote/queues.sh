# The app's redis and node-resque's queues in it: looked at from one host, and mended on request.
# needs: queues_client
# shellcheck shell=sh

# describe_queues JSON: where redis is, and how to log in there (as describe_register has it).
describe_queues() { queues_redis=$1; }

# ask_queues SECONDS WORD...: one line of answer for queues_client's arguments, within SECONDS. What it
# is told goes through the environment, which only this user can read.
ask_queues() {
  _limit=$1
  shift
  # KILL: node's exit waits for a name lookup.
  _said=$(DEPLOY_REGISTER=$queues_redis DEPLOY_REQUEST=${request-} timeout -s KILL "$_limit" \
    node -e "$redis_client$queues_client" "$@" </dev/null 3<&- 4>&- 6<&- 8<&- 9<&-) || :
  echo "${_said:-unreachable node, which asks redis, does not run or was ended}"
}

# queues_state NAMESPACE SECONDS FAILURES: all that is to be seen, sampled for so many seconds, with
# the newest so many failures.
queues_state() { ask_queues $(($2 + 25)) look "$@"; }

# failures_state NAMESPACE COUNT: the oldest failures, so many.
failures_state() { ask_queues 90 failures "$@"; }

# list_node: this machine's name as Node tells it, then, where it may be known, every process with its
# program. Without /proc/1 (hidepid) other users' processes do not show: then nothing is known.
list_node() {
  printf 'name\t%s\n' "$(uname -n)"
  [ -d /proc/1 ] || return 0
  echo known
  # shellcheck disable=SC2012 # names in /proc are numbers
  ls -ld /proc/[0-9]*/exe 2>/dev/null | sed 's|^.*/proc/\([0-9]*\)/exe|process	\1	|'
}

# release_claim NAMESPACE WORKER CLAIM: the claimed job is the next of its queue again, and the worker
# that is no more is forgotten.
release_claim() {
  request=$3
  tell_change released "$(ask_queues 90 release "$1" "$2" "$release_lua")"
}

# retry_failed NAMESPACE QUEUE: failed jobs are at the end of their queues again; '' for all queues.
retry_failed() { tell_change retried "$(ask_queues 90 retry "$1" "$2" "$retry_lua")"; }

# clear_failed NAMESPACE COUNT MARK: the oldest COUNT failures are gone, if they still are those of MARK.
clear_failed() { tell_change cleared "$(ask_queues 90 clear "$1" "$2" "$3" "$clear_lua")"; }

# tell_change KEY ANSWER: report how many there were.
tell_change() {
  case $2 in
    'unreachable '*) refuse "redis cannot be asked: ${2#unreachable }" "nothing more was changed; see invoke queues" ;;
  esac
  _count=$(printf %s "$2" | base64 -d)
  value "$1" "$_count"
  [ "$_count" != 0 ] || unchanged "it is not there any more as it was seen: somebody was faster"
}
