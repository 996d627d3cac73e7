# The gate after a batch: new processes that stay, requests that succeed, and a word of the user's.
# needs: releases prove switch build
# shellcheck shell=sh

# watch_gate SECONDS LOG REQUESTS ERRORS SLOWEST COMMAND: refuse when, within SECONDS, a process ends
# or does not answer, more than ERRORS percent of the requests in nginx's LOG end with a 5xx, or the
# slowest twentieth takes longer than SLOWEST seconds. LOG, SLOWEST and COMMAND may be empty.
watch_gate() {
  _steady=$(cat "$state/steady" 2>/dev/null) || _steady=$(list_workers)
  _log=$2
  [ -z "$_log" ] || [ -r "$_log" ] || {
    warn "$_log cannot be read by $(id -un): the gate asks the processes only"
    _log=''
  }
  _offset=$(wc -c 2>/dev/null <"${_log:-/dev/null}") || _offset=0
  _kills=$(count_kills)
  set_limit "$1"
  refuse_unsteady
  until is_late; do
    sleep 0.5
    refuse_unsteady
  done
  [ -z "$_log" ] || judge_log "$_log" "$_offset" "$3" "$4" "$5"
  [ -z "$6" ] || run_gate "$6"
  _against=$(doubt 0) || exit "$?"
  [ -z "$_against" ] || refuse "the gate: $_against" "see log/ in $app"
}

# refuse_unsteady: the same processes as at first, none killed for want of memory.
refuse_unsteady() {
  _now=$(list_workers)
  [ "$_now" = "$_steady" ] || {
    sleep 0.3 # what the dying worker says goes through the master's log
    tail -n 20 "$app/$(output_file 0)" 2>/dev/null || :
    refuse "the gate: a process of $release ended after the switch" "see its last lines, and log/ in $app"
  }
  [ "$(count_kills)" = "$_kills" ] || refuse "the gate: the kernel killed a process for want of memory" \
    "see dmesg; fewer workers need less"
}

# count_kills: how many processes the kernel killed for want of memory since boot (proc(5), vmstat).
count_kills() { awk '$1 == "oom_kill" { print $2 }' /proc/vmstat; }

# judge_log LOG OFFSET REQUESTS ERRORS SLOWEST: by the lines since OFFSET, of a log that was not
# rotated meanwhile; a line has its status behind the request, and time=SECONDS and upstream=ADDRESSES
# outside of quotes: what is within them, and before the request, is the client's word. What the release
# before had to answer is an error of the new one.
judge_log() {
  _figures=$(tail -c "+$(($2 + 1))" "$1" | LC_ALL=C awk -F '"' -v standby="unix:$sockets/standby/" '
    NF > 2 {
      split($3, after, " "); count++
      own = ""
      for (field = 3; field <= NF; field += 2) own = own $field
      asked = (at = index(own, " upstream=")) ? substr(own, at + 10) : ""
      sub(/ [a-z_]+=.*/, "", asked)
      if (after[1] >= 500 || index(asked, standby)) errors++
      if (match(own, / time=[0-9.]+/)) print substr(own, RSTART + 6, RLENGTH - 6) | "sort -n"
    }
    END { close("sort -n"); print "all", count + 0, errors + 0 }')
  _count=$(printf '%s\n' "$_figures" | awk '$1 == "all" { print $2 }')
  _errors=$(printf '%s\n' "$_figures" | awk '$1 == "all" { print $3 }')
  value requests "$_count"
  if [ "$_count" -lt "$3" ]; then
    note "no traffic to judge by: $_count requests"
    return 0
  fi
  _slow=$(printf '%s\n' "$_figures" | awk '$1 != "all" { times[++n] = $1 } END { print n ? times[int(n * 0.95 + 0.999)] : 0 }')
  note "$_count requests, $_errors errors, 95 % within $_slow s"
  ! exceeds "$_errors" "$_count" "$4" || refuse \
    "the gate: $_errors of $_count requests ended with a 5xx, more than $4 %" "see $1"
  [ -z "$5" ] || ! awk -v a="$_slow" -v b="$5" 'BEGIN { exit !(a > b) }' || refuse \
    "the gate: one request in twenty takes $_slow s or longer, more than $5 s" "see $1"
}

# exceeds PART WHOLE PERCENT: PART is more than PERCENT of WHOLE.
exceeds() { awk -v part="$1" -v whole="$2" -v most="$3" 'BEGIN { exit !(part * 100 > whole * most) }'; }

# run_gate COMMAND: the user's own word, in the release that went live.
run_gate() {
  _code=0
  (
    app_environment
    search_tree_first "$app"
    cd "$app" || exit 126
    _command=$1
    bounded 300 sh -c "$1"
  ) || _code=$?
  [ "$_code" -eq 0 ] || refuse "the gate's command \`$1\` ended with code $_code" "see the last lines of its output"
}
