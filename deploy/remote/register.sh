# The fleet's one decision a run: the key deploy:RUN of the app's redis, open until somebody decides.
# needs: register_client
# shellcheck shell=sh

# describe_register JSON: where the register is, and how to log in there; '' where there is none.
describe_register() { register=$1; }

# ask_register ACTION RUN [INCARNATION] [DECISION]: one question, one line of answer, never a failure.
#   open    open INCARNATION, written when there was none; commit, abort; undecidable
#   read    open INCARNATION, commit, abort, missing; undecidable when it is not open on this one
#   decide  what it says now: commit, abort; undecidable when it was not open on INCARNATION
#   forget  forgotten
#   clients clients CONNECTED MOST END ADDRESS PORT; END is its address as /proc/net/tcp has it, of IPv6
#           the port only; MOST is 0 where redis does not tell. It is about no run
# Or "none" without a register, or "unreachable REASON": then nothing is known, and a write may
# have been made. The settings go through the environment, which only this user can read.
ask_register() {
  if [ -z "${register-}" ]; then
    echo none
    return
  fi
  # KILL: on the way back TERM is ignored, by children too; 15: node's exit waits for a name lookup.
  _said=$(DEPLOY_REGISTER=$register timeout -s KILL 15 node -e "$redis_client$register_client" \
    "$register_lua" "deploy:$2" "$1" "${3-}" "${4-}" </dev/null 3<&- 4>&- 6<&- 8<&- 9<&-) || :
  echo "${_said:-unreachable node, which asks redis, does not run or was ended}"
}

# open_register RUN: the decision of this run is open; reports the incarnation that can take it.
open_register() {
  _said=$(ask_register open "$1")
  case $_said in
    'open '*) value incarnation "${_said#open }" ;;
    commit | abort) refuse "the register says $_said of this run already" "deploy again: a run decides once" ;;
    undecidable) refuse "redis was restarted or failed over since this run was opened" "deploy again" ;;
    *) refuse_register "$_said" "nothing was changed; mend redis or \`decision\` in the inventory, then deploy again" ;;
  esac
}

# decide_register RUN INCARNATION commit|abort SECONDS: ask until it is read; it is what was wanted.
decide_register() {
  set_limit "$4"
  _told=''
  while _said=$(ask_register decide "$1" "$2" "$3"); do
    case $_said in unreachable*) ;; *) break ;; esac
    ! is_late || break
    [ "$_said" = "$_told" ] || note "the decision is not read yet: ${_said#unreachable }"
    _told=$_said
    sleep 0.5
  done
  case $_said in
    "$3") value decision "$3" ;;
    commit | abort)
      value decision "$_said"
      refuse "the fleet had decided before: $_said, not $3" "every host follows that; see invoke status"
      ;;
    undecidable) refuse "redis lost the decision: it was restarted, failed over, or dropped the key" \
      "the hosts wait as pending; deploy again, which settles all of them" ;;
    *) refuse_register "$_said" "the hosts wait as pending, and decide once redis answers; see invoke status" ;;
  esac
}

# forget_register RUN: every host is settled, so that nobody will ask again. What is still open is
# aborted first: a switch that is on its way must find it decided, or gone.
forget_register() {
  _said=$(ask_register read "$1")
  case $_said in 'open '*) ask_register decide "$1" "${_said#open }" abort >/dev/null ;; esac
  _said=$(ask_register forget "$1")
  case $_said in
    forgotten) ;;
    none) unchanged "this fleet has no register" ;;
    *)
      warn "the key deploy:$1 stays in redis: ${_said#unreachable }"
      unchanged
      ;;
  esac
}

# refuse_register SAID NEXT: refuse, for want of an answer.
refuse_register() {
  [ "$1" != none ] || refuse "this fleet has no register" "set \`decision\` in the inventory"
  refuse "the register cannot be asked: ${1#unreachable }" "$2"
}
