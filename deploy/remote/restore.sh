# The way back after a failed activation, and the watch over a master that was replaced.
# needs: cluster reload
# shellcheck shell=sh

# guard_cluster: marks the point that restore_cluster, its undo, comes back to.
guard_cluster() {
  rm -f "$state/touched" "$state/activated.before" "$state/env.previous" "$state/proved.previous"
  list_workers >"$state/before"
  [ ! -e "$state/activated" ] || cp -p "$state/activated" "$state/activated.before"
}

# keep_activation: no process was touched, so the mark of the checkout before holds for them again;
# unless one came up by itself meanwhile, from code that is not there any more.
keep_activation() {
  if [ "$(list_workers)" = "$(cat "$state/before")" ] && [ -e "$state/activated.before" ]; then
    rename "$state/activated.before" "$state/activated"
  fi
}

# restore_cluster SECONDS [DRAIN]: the undo of guard_cluster, after the old tree was put back.
restore_cluster() {
  case "$(cat "$state/touched" 2>/dev/null):$(head -c 1 "$state/before" 2>/dev/null)" in
    :*)
      keep_activation
      unchanged "no process was touched"
      ;;
    started:)
      stop_cluster
      "${supervisor}_at_boot" 0
      ;;
    started:* | crashed:*) replace_processes "$1" ;;
    *)
      if [ "$model" = processes ] || find_master; then
        reload_cluster "$1" "${2:-0}"
        await_proof "$(checkout_ticks)" "$1"
      else
        replace_processes "$1"
      fi
      ;;
  esac
  rm -f "$state/touched"
}

# replace_processes SECONDS: a doomed master is stopped in a controlled way, a new one started, and
# watched for longer than the 30 s after which a doomed one ends itself.
replace_processes() {
  warn "replacing the cluster master, since it met crashes and would end itself: requests fail for some seconds"
  (stop_cluster) || [ $? -eq "$UNCHANGED" ]
  (start_cluster "$1") || [ $? -eq "$UNCHANGED" ]
  await_proof "$(checkout_ticks)" "$1"
  watch_cluster 35
}

# watch_cluster SECONDS: the same processes live on for that long.
watch_cluster() {
  note "watching for $1 s that it stays up"
  _steady=$(list_workers)
  _polls=$1
  while [ $((_polls -= 1)) -ge 0 ]; do
    sleep 1
    [ "$(list_workers)" = "$_steady" ] || refuse "the processes do not stay up" "see log/cluster.log"
  done
}
