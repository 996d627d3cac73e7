# More workers, or fewer, of what runs.
# needs: cluster
# shellcheck shell=sh

# scale_cluster SECONDS: TTIN or TTOU to the master, one at a time, until as many workers run as
# described; processes without a master are started, or the last ones ended.
scale_cluster() {
  if [ "$model" = processes ]; then
    scale_processes "$1"
    return
  fi
  find_master || refuse "no cluster master runs from $app" "start it: invoke start"
  count_workers
  [ "$_count" -ne "$workers" ] || unchanged "$workers workers run"
  while [ "$_count" -ne "$workers" ]; do
    if [ "$_count" -lt "$workers" ]; then _signal=TTIN _next=$((_count + 1)); else _signal=TTOU _next=$((_count - 1)); fi
    note "$_signal: $_count to $_next workers"
    signal_process "$_signal" "$master" "$master_start"
    await_count "$_next" "$1"
    _count=$_next
  done
  await_proof 0 "$1"
  keep_at_boot
}

# scale_processes SECONDS: the same where each process stands alone.
scale_processes() {
  list_tops | while read -r _pid _start; do
    _index=$(title_of "$_pid")
    _index=${_index##*-}
    if [ "${_index:-0}" -ge "$workers" ]; then end_process "$_pid" "$_start"; fi
  done
  for _index in $(missing_processes); do launch "$_index"; done
  await_proof 0 "$1"
  keep_at_boot
}

# await_count COUNT SECONDS: that many workers live.
await_count() {
  _polls=$(($2 * 5))
  until count_workers && [ "$_count" -eq "$1" ]; do
    [ $((_polls -= 1)) -gt 0 ] || refuse "$_count workers run, not $1, after $2 s" "see log/cluster.log"
    sleep 0.2
  done
}
