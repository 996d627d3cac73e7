# The runtime of a stage: reports, steps, undo, time limits. Sent first in every script.
# Descriptors: 3 the controller's bytes, 4 reports, 6 what is pending, 7 a reload, 8 environment lock,
# 9 stage lock.
# Reports are RFC 7464 text sequences that carry the run's nonce; all else is log, on standard error.
# needs: writing
# shellcheck shell=sh

UNCHANGED=80
REFUSED=81

# open_stage NONCE: settle descriptors, signals and umask; must run before anything else.
open_stage() {
  set -eu
  exec 3<&0 </dev/null 4>&1 1>&2
  unset NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE # of pm2, on 3: node would abort
  trap '' PIPE # the controller may vanish in the middle of an activation, which goes on
  umask 022
  cd /
  nonce=$1 step='' at=0 journal='' _answers=''
}

# to_json TEXT: set _json to TEXT as a JSON string; of plain words, without a process.
to_json() {
  case $1 in
    *[!A-Za-z0-9_./:@=+,\ -]*) _json=$(printf '%s' "$1" | escape_json) ;;
    *) _json="\"$1\"" ;;
  esac
}

# escape_json: standard input as one JSON string; a final newline is kept out of it.
escape_json() {
  LC_ALL=C awk "$print_line"'
    BEGIN { printf "\"" }
    NR > 1 { printf "\\n" }
    { print_line($0) }
    END { printf "\"" }'
}

# A function of awk: a line as it is within a JSON string. Facts are made of tabs, and of 037 between words.
print_line='
  BEGIN {
    for (i = 1; i < 32; i++) escape[sprintf("%c", i)] = sprintf("\\u%04x", i)
    escape["\""] = "\\\""; escape["\\"] = "\\\\"
  }
  function print_line(line,   at, count, char) {
    if (line !~ /[\001-\010\012-\036"\\]/) {
      gsub(/\t/, "\\u0009", line)
      gsub(/\037/, "\\u001f", line)
      printf "%s", line
      return
    }
    count = length(line)
    for (at = 1; at <= count; at++) {
      char = substr(line, at, 1)
      printf "%s", (char in escape) ? escape[char] : char
    }
  }
'

# report TYPE [KEY VALUE]...: one report of the current step; a vanished reader is no fault.
report() {
  _line="{\"nonce\":\"$nonce\",\"type\":\"$1\",\"step\":\"$step\""
  shift
  while [ $# -gt 0 ]; do
    to_json "$2"
    _line="$_line,\"$1\":$_json"
    shift 2
  done
  printf '\036%s}\n' "$_line" >&4 2>/dev/null || :
}

# note TEXT: what a person should see while the step works.
note() { report noted text "$1"; }

# warn TEXT: what a person should see, and again at the end of the run.
warn() { report warned text "$1"; }

# value KEY TEXT: a result of the step, for the controller.
value() { report value key "$1" text "$2"; }

# unchanged [WHY]: end the step: there was nothing to do.
unchanged() {
  [ $# -eq 0 ] || note "$1"
  exit "$UNCHANGED"
}

# refuse WHAT [NEXT]: end the step as failed, with words for a person instead of a log's tail.
refuse() {
  report refused text "$1" hint "${2-}"
  exit "$REFUSED"
}

# apart VERB [ARGUMENT]...: run a verb in a shell of its own, and set _code to how it ended. Never in
# a condition: errexit would not hold in it.
apart() {
  set +e
  (
    set -eu
    "$@"
  )
  _code=$?
  set -e
}

# run_step INDEX ID VERB [ARGUMENT]...: run one verb apart; unwind the stage when it fails.
# errexit holds in the verb only while neither it nor this function stands in a condition.
run_step() {
  tell_facts
  at=$1 step=$2
  shift 2
  printf '\036%s %s\n' "$nonce" "$step" >&2 || :
  journal_step started
  report started
  apart "$@"
  case $_code in
    0) close_step changed ;;
    "$UNCHANGED") close_step unchanged ;;
    *)
      journal_step finished failed
      report finished outcome failed code "$_code"
      unwind
      ;;
  esac
}

# close_step OUTCOME: in the journal first: what was reported is on record.
close_step() {
  journal_step finished "$1"
  report finished outcome "$1"
}

# journal_step EVENT [OUTCOME]: one line of the host's journal by one write, and no process for it; no
# line outside of a stage, none for the start of a way back, and a full disk ends no step.
journal_step() {
  [ -n "$journal" ] || return 0
  case $journal_back$1 in
    backstarted) return 0 ;;
    backfinished) set -- undone "${2-}" ;;
  esac
  read_uptime
  printf '{%s,"step":"%s","at":{"ticks":%s,"time":%s},"event":"%s","outcome":"%s"%s}\n' \
    "$journal_head" "$step" "$((journal_ticks + _uptime))" "$(((journal_time + _uptime) / 100))" \
    "$1" "${2-}" "${3-}" 2>/dev/null >>"$journal" || :
}

# read_uptime: set _uptime, in hundredths of a second.
read_uptime() {
  read -r _uptime _ </proc/uptime
  _uptime=$((${_uptime%.*} * 100 + 1${_uptime#*.} - 100))
}

# set_limit SECONDS: is_late from then on. No process is started for either: they are asked at every poll.
set_limit() {
  read_uptime
  _end=$((_uptime + $1 * 100))
}

# is_late: the seconds of set_limit are over.
is_late() {
  read_uptime
  [ "$_uptime" -ge "$_end" ]
}

# run_fact ID VERB [ARGUMENT]...: ask one thing; what the verb prints is the answer. It is told with those of
# the others, by one process, as text of lines: ID, code, answer.
run_fact() {
  step=$1
  shift
  set +e
  _answer=$(
    set -eu
    "$@" 4>&-
  )
  _code=$?
  set -e
  case $_answer in
    *"$_end_of_fact"*) report fact code "$_code" text "$_answer" ;;
    *) _answers="$_answers$step
$_code
$_answer$_end_of_fact" ;;
  esac
}

# Between two answers in _answers.
_end_of_fact=$(printf '\035')

# tell_facts: report the answers.
tell_facts() {
  [ -n "$_answers" ] || return 0
  printf '%s' "$_answers" | LC_ALL=C awk -v nonce="$nonce" "$print_line"'
    BEGIN { RS = "\035" }
    {
      count = split($0, line, "\n")
      printf "\036{\"nonce\":\"%s\",\"type\":\"fact\",\"step\":\"%s\",\"code\":\"%s\",\"text\":\"", nonce, line[1], line[2]
      for (number = 3; number <= count; number++) {
        if (number > 3) printf "\\n"
        print_line(line[number])
      }
      print "\"}"
    }' >&4 2>/dev/null || :
  _answers=''
}

# unwind: undo the current step and those before it, last first, and end the stage as failed.
unwind() {
  trap '' TERM INT HUP
  _from=$at
  while [ "$_from" -gt 0 ]; do
    if undo_step "$_from"; then run_undo "$_from"; fi
    _from=$((_from - 1))
  done
  step=''
  report ended outcome failed
  exit 1
}

# run_undo INDEX: undo one step; a failure is reported and the rest goes on.
run_undo() {
  apart undo "$1"
  case $_code in
    0)
      journal_step undone completed
      report undone outcome completed
      ;;
    "$UNCHANGED") journal_step undone unchanged ;; # nothing was to undo
    *)
      journal_step undone failed
      report undone outcome failed code "$_code"
      ;;
  esac
}

# close_stage: every step of the stage is done.
close_stage() {
  tell_facts
  step=''
  report ended outcome completed
}

# limited SECONDS COMMAND [ARGUMENT]...: run a foreign command: no input, no descriptor of ours but
# the stage lock (the work is not over while it lives),
# ended with all its children after SECONDS (then 124, or 137 when it had to be killed).
limited() {
  _limit=$1
  shift
  timeout -k 10 "$_limit" "$@" </dev/null 3<&- 4>&- 8<&-
}
