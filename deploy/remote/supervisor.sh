# Who starts and stops processes: one pair of functions a driver, NAME_launch and NAME_stop.
# needs: process cluster
# shellcheck shell=sh

# launch INDEX: start the process of that index (a cluster has only 0) through the supervisor.
launch() {
  (
    cd "$app"
    process_environment "$1"
    process_command
    "${supervisor}_launch" "$1"
  )
}

# process_environment INDEX: export what the process is to know, and nothing of this SSH session.
process_environment() {
  unset SSH_CLIENT SSH_CONNECTION SSH_TTY SSH_AUTH_SOCK SSH_ORIGINAL_COMMAND
  set -a
  # shellcheck disable=SC1091 # made by write_environment
  [ ! -e "$state/env" ] || . "$state/env"
  PORT=$(endpoint "$1")
  PROJECT_ROOT=$(real_directory "$app")
  if [ "$model" = processes ]; then ACTIONHERO_TITLE="$title-$1"; fi
  set +a
}

# process_command: set command to what starts the app, as one line of shell words.
process_command() {
  _prefix="--workerTitlePrefix=$title-worker-"
  case $model in
    startCluster) command="./node_modules/.bin/actionhero startCluster --workers=$workers $_prefix" ;;
    'start cluster') command="./node_modules/.bin/actionhero start cluster --workers=$workers $_prefix" ;;
    processes) command="node dist/server.js" ;;
  esac
}

# make_directories: what ActionHero needs and git drops.
make_directories() {
  mkdir -p "$app/pids" "$app/log"
  case $listen in /*) mkdir -p "$listen" ;; esac
}

# detached_launch INDEX: a session of its own, its output in log/master.out; needs no root.
detached_launch() {
  printf '%s start: %s\n' "$(date -u +%FT%TZ)" "$command" >>log/master.out
  # shellcheck disable=SC2086 # words, made by process_command
  setsid $command >>log/master.out 2>&1 </dev/null 3<&- 4>&- 7<&- 8<&- 9<&- &
}

# detached_stop TOPS: TERM to each.
detached_stop() {
  printf '%s\n' "$1" | while read -r _pid _start; do signal_process TERM "$_pid" "$_start"; done
}

# write_environment TEXT: the processes' environment, 0600; a running master never reads it again.
write_environment() {
  if [ "$(cat "$state/env" 2>/dev/null)" = "$(printf '%s' "$1")" ]; then unchanged; fi
  [ ! -e "$state/env" ] || cp -p "$state/env" "$state/env.previous"
  write_file "$state/env" 600 "$1"
  if [ "$model" != processes ] && find_master; then
    warn "the environment changed; a reload does not give it to the running master: invoke restart does"
  fi
}

# restore_environment: the undo of write_environment.
restore_environment() {
  [ -e "$state/env.previous" ] || unchanged
  rename "$state/env.previous" "$state/env"
}
