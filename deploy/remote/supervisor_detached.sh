# The driver `detached`: a session of its own, its output in log/*.out; needs nobody's leave.
# needs: supervisor cluster
# shellcheck shell=sh

# detached_launch INDEX: start it, and let go of it.
detached_launch() {
  clear_socket "$PORT"
  _out=$(output_file "$1")
  printf '%s start: %s\n' "$(date -u +%FT%TZ)" "$command" >>"$_out"
  # shellcheck disable=SC2086 # words, made by process_command
  setsid $command >>"$_out" 2>&1 </dev/null 3<&- 4>&- 6<&- 7<&- 8<&- 9<&- &
}

# detached_stop TOPS: TERM to each. What systemd or pm2 keeps alive is refused: it would be started again,
# with the code of now and the settings of then.
detached_stop() {
  each_top "$1" refuse_supervised || return
  each_top "$1" terminate TERM
}

# refuse_supervised PID START: no unit of systemd, and no pm2, has this process.
refuse_supervised() {
  if find_unit "$1"; then
    refuse "process $1 is run by $(name_keeper) as $unit, which would start it again" "$(unit_hint)"
  fi
}

# detached_at_boot COUNT: nothing starts them; a line in crontab(5) with @reboot may.
detached_at_boot() { :; }

# detached_watch: the watcher in a session of its own, begun again when it is killed. At boot a line
# in crontab(5) starts it: @reboot sh ROOT/.deploy/watcher
detached_watch() {
  setsid sh -c "$keep_watching" watcher "$root/.deploy/watcher" >>"$root/.deploy/watcher.log" 2>&1 \
    </dev/null 3<&- 4>&- 6<&- 7<&- 8<&- 9<&- &
}
# shellcheck disable=SC2016 # of that shell
keep_watching='while :; do sh "$1" && exit 0; sleep 1; done'

# detached_forget: there is nothing that outlives a release.
detached_forget() { :; }
