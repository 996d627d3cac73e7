# What nginx's access log tells of a run's cut-over: requests, errors and latency, second by second.
# shellcheck shell=sh

# Most that is read of a log, from its end; seconds before the first switch; rows of an answer.
TRAFFIC_BYTES=16000000
TRAFFIC_BEFORE=30
TRAFFIC_ROWS=240

# read_traffic JOURNAL RUN LOG [STEP]...: tab-separated lines: switch AT STEP EVENT for what the run did in
# those steps; log STATE (read, missing, unreadable), where there was a switch; width SECONDS; first AT, 0
# unless the log was too long to be read from the beginning; row AT REQUESTS ERRORS MEDIAN SLOW, the last
# two in milliseconds, two digits of them exact: half and a twentieth of the requests take longer. All
# times are of this host's clock, in seconds since 1970.
read_traffic() {
  _journal=$1 _run=$2 _log=$3
  shift 3
  _switches=$(list_switches "$@")
  [ -n "$_switches" ] || return 0
  printf '%s\n' "$_switches"
  if [ ! -e "$_log" ]; then
    printf 'log\tmissing\n'
  elif [ ! -r "$_log" ] || [ ! -f "$_log" ]; then
    printf 'log\tunreadable\n'
  else
    printf 'log\tread\n'
    count_requests "$(printf '%s\n' "$_switches" | awk 'NR == 1 { print $2 }')"
  fi
}

# list_switches [STEP]...: when the run began, ended and undid those steps, by $_journal.
list_switches() {
  [ -e "$_journal" ] || return 0
  grep -F "\"run\":\"$_run\"" "$_journal" | LC_ALL=C awk -v steps=" $* " '
    function word(key) {
      return match($0, "\"" key "\":\"[^\"]*\"") ? substr($0, RSTART + length(key) + 4, RLENGTH - length(key) - 5) : ""
    }
    index(steps, " " word("step") " ") && match($0, /"time":[0-9]+/) {
      printf "switch\t%s\t%s\t%s\n", substr($0, RSTART + 7, RLENGTH - 7), word("step"), word("event")
    }' || :
}

# count_requests FIRST: the lines of $_log from TRAFFIC_BEFORE seconds before FIRST on, counted. A line is
# one of templates/nginx/: in JSON, or with its time in brackets before the first quote, its status behind
# the first text in quotes, and time=SECONDS outside of quotes: what is within quotes is the client's word.
count_requests() {
  _first=$(($1 - TRAFFIC_BEFORE)) _now=$(date +%s)
  tail -c "$TRAFFIC_BYTES" "$_log" | LC_ALL=C awk -F '"' -v first="$_first" -v now="$_now" \
    -v width="$(((_now - _first) / TRAFFIC_ROWS + 1))" \
    -v cut="$(($(wc -c <"$_log") > TRAFFIC_BYTES))" '
    function epoch(year, month, day, clock, zone,   offset, hms) {
      sub(/:/, "", zone)
      offset = (zone ~ /^-/ ? -1 : 1) * (substr(zone, 2, 2) * 3600 + substr(zone, 4, 2) * 60)
      split(clock, hms, ":")
      if (month <= 2) { year--; month += 12 }
      return (365 * year + int(year / 4) - int(year / 100) + int(year / 400) \
        + int((153 * (month - 3) + 2) / 5) + day - 719469) * 86400 \
        + hms[1] * 3600 + hms[2] * 60 + hms[3] - offset
    }
    function plain_time(text,   part, date) {
      split(text, part, /[:\/ \]]/)
      return epoch(part[3] + 0, (index("JanFebMarAprMayJunJulAugSepOctNovDec", part[2]) + 2) / 3, part[1] + 0, \
        part[4] ":" part[5] ":" part[6], part[7])
    }
    function json_time(text) {
      return epoch(substr(text, 1, 4) + 0, substr(text, 6, 2) + 0, substr(text, 9, 2) + 0, \
        substr(text, 12, 8), substr(text, 20))
    }
    function behind(key, count) { return match($0, key "[0-9.]+") ? substr($0, RSTART + count, RLENGTH - count) : "" }
    function digits(value,   step) { for (step = 1; value >= 100 * step; ) step *= 10; return step } # but two
    function quantile(row, part,   value, seen) {
      for (value = 0; value <= most; value += digits(value)) {
        seen += times[row, value]
        if (seen >= part * counts[row]) return value
      }
      return most
    }
    /^\{/ {
      stamp = match($0, /"time":"[^"]+"/) ? substr($0, RSTART + 8, RLENGTH - 9) : ""
      if (stamp != last) { last = stamp; at = json_time(stamp) }
      status = behind(",\"status\":\"", 11); taken = behind(",\"request_time\":", 16)
    }
    !/^\{/ {
      if (NF < 3 || !match($1, /[0-9]+\/[A-Z][a-z][a-z]\/[0-9]+:[0-9:]+ [+-][0-9]+\][^\[]*$/)) next
      stamp = substr($1, RSTART, RLENGTH)
      if (stamp != last) { last = stamp; at = plain_time(stamp) }
      split($3, after, " "); status = after[1]
      taken = ""
      for (field = 3; field <= NF && at >= first; field += 2)
        if (match($field, /(^| )time=[0-9.]+/)) { taken = substr($field, RSTART, RLENGTH); sub(/.*=/, "", taken); break }
    }
    !oldest { oldest = at }
    at < first || at > now + 1 || status !~ /^[0-9]/ { next }
    {
      row = int((at - first) / width)
      counts[row]++
      if (status >= 500) errors[row]++
      value = int(taken * 1000 + 0.5)
      value = int(value / digits(value)) * digits(value)
      times[row, value]++
      if (value > most) most = value
    }
    END {
      printf "width\t%d\nfirst\t%d\n", width, (cut && (oldest > first)) ? oldest : 0
      for (row = 0; first + row * width <= now; row++)
        if (counts[row]) printf "row\t%d\t%d\t%d\t%d\t%d\n", first + row * width, counts[row], errors[row], quantile(row, 0.5), quantile(row, 0.95)
    }'
}
