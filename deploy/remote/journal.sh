# The journal: what the steps of the last runs did on this host, one JSON object a line.
# needs: process
# shellcheck shell=sh

# Lines that are kept, and by how many they may be exceeded.
JOURNAL_LINES=2000
JOURNAL_SLACK=500

# open_journal STATE STAGE RUN [back]: from here on each step is written down (journal_step). Times are
# reckoned from two looks at the clocks: steps only read the uptime, which takes no process.
open_journal() {
  journal=$1/journal.jsonl journal_head="\"run\":\"$3\",\"stage\":\"$2\"" journal_back=${4-}
  journal_ticks=$(ticks_now) journal_time=$(date +%s)
  read_uptime
  journal_ticks=$((journal_ticks - _uptime)) journal_time=$((journal_time * 100 - _uptime))
}

# journal_target REVISION RELEASE: what the stage is on its way to: who goes on with the run needs it.
journal_target() { journal_step entered '' ",\"revision\":\"$1\",\"release\":\"$2\""; }

# close_journal STATE RUN OUTCOME: the run is over here, and nothing works: the quiet moment to trim.
close_journal() {
  open_journal "$1" end "$2"
  journal_step ended "$3"
  trim_journal "$1"
}

# trim_journal STATE: the newest lines stay; not while a stage works, which goes on writing.
trim_journal() {
  [ "$(wc -l <"$journal")" -gt $((JOURNAL_LINES + JOURNAL_SLACK)) ] || return 0
  exec 9>>"$1/stage.lock"
  flock -n 9 || return 0
  tail -n "$JOURNAL_LINES" "$journal" >"$journal.partial"
  rename "$journal.partial" "$journal"
}

# show_journal FILE: the lines of the last run that was on its way to a revision.
show_journal() {
  [ -e "$1" ] || return 0
  _last=$(grep -F '"event":"entered"' "$1" | tail -n 1)
  [ -n "$_last" ] || return 0
  _last=${_last#*\"run\":\"}
  grep -F "\"run\":\"${_last%%\"*}\"" "$1"
}
