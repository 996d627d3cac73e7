# What of ActionHero runs on this host, wherever that is: for an inventory that is still to be written.
# needs: process cluster supervisor git origins
# shellcheck shell=sh

# discover_apps: tab-separated lines, a kind and its values: the login, the processes, and of each
# directory that they work in, its repository, pidfiles and node. No value of a variable that may be secret.
discover_apps() {
  stop_seconds=0 # user_systemctl speaks of it
  printf 'login\t%s\t%s\t%s\n' "$(id -un)" "$(readlink -f "$(command -v node)" 2>/dev/null)" "$(command -v npm)"
  _all=$(list_commands E 'actionhero|dist/server\.js')
  for _each_pid in $_all; do
    if [ ! -O "/proc/$_each_pid" ]; then
      show_process "$_each_pid"
    elif is_actionhero "$_each_pid"; then
      discover_process "$_each_pid"
    fi
  done
  for _each_pid in $_all; do
    if [ -O "/proc/$_each_pid" ] && is_actionhero "$_each_pid"; then readlink "/proc/$_each_pid/cwd" || :; fi
  done | sort -u | while IFS= read -r _tree; do discover_tree "$_tree"; done
  discover_nginx
}

# discover_process PID: who it is, its environment, where it listens, its node, and who keeps it alive.
discover_process() {
  show_process "$1"
  discover_environment "$1"
  echo "$1" | list_held | awk '{ print "held", $1 }' |
    cat - /proc/net/tcp /proc/net/tcp6 /proc/net/unix 2>/dev/null | awk -v pid="$1" '
      $1 == "held" { held[$2]; next }
      $4 == "0A" && $10 in held { print "listens\t" pid "\ttcp\t" $2 }
      $4 == "00010000" && $7 in held && $8 != "" { print "listens\t" pid "\tunix\t" $8 }'
  _exe=$(readlink "/proc/$1/exe") || return 0
  printf 'node\t%s\t%s\t%s\n' "$1" "$("$_exe" --version 2>/dev/null)" "$(node_directory "$1")"
  if find_unit "$1"; then printf 'unit\t%s\t%s\t%s\n' "$1" "$unit_manager" "$unit"; fi
}

# discover_environment PID: values of what is known to hold no secret, and of all else the names.
discover_environment() {
  read_environment "$1" |
    sed -n "s/^\(NODE_ENV\|NODE_OPTIONS\|ACTIONHERO_ROLE\|ACTIONHERO_CONFIG\|ACTIONHERO_SHUTDOWN_TIMEOUT\|PROJECT_ROOT\|REDIS_HOST\|REDIS_PORT\|REDIS_DB\|PORT\|TZ\)=\(.*\)/environ	$1	\1	\2/; t told
      s/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/named	$1	\1/; t told
      d
      :told
      p"
}

# read_environment PID: a variable a line, whatever its value holds.
read_environment() { tr '\n\0\t' '\001\n ' 2>/dev/null <"/proc/$1/environ" || :; }

# node_directory PID: the first directory of its PATH that leads to the node which it runs, with npm.
node_directory() {
  read_environment "$1" | sed -n 's/^PATH=//p' | tr ':' '\n' | while IFS= read -r _bin; do
    # shellcheck disable=SC3013 # dash and busybox know it
    if [ "$_bin/node" -ef "/proc/$1/exe" ] && [ -e "$_bin/npm" ]; then echo "$_bin" && break; fi
  done
}

# discover_tree DIRECTORY: what is deployed there: repository, branch, commit, ActionHero, pidfiles.
discover_tree() {
  app=$1 _from=$1
  case $1 in */releases/*) _from=${1%/releases/*}/repo.git ;; esac
  printf 'tree\t%s\t%s\t%s\t%s\t%s\n' "$1" \
    "$(tree_git "$_from" config --get remote.origin.url 2>/dev/null)" \
    "$(tree_git "$1" symbolic-ref --quiet --short HEAD 2>/dev/null)" \
    "$(tree_git "$1" rev-parse --verify --quiet HEAD 2>/dev/null)" "$(installed_version)"
  for _file in "$1"/pids/*; do
    [ ! -f "$_file" ] || printf 'pidfile\t%s\t%s\t%s\n' "$1" "${_file##*/}" "$(head -c 20 "$_file" | tr -d '\n\t')"
  done
}

# discover_nginx: the configuration of each nginx that runs, as far as it may be read.
discover_nginx() {
  cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep '^nginx: master process' | sort -u |
    while IFS= read -r _title; do
      _conf=$(printf '%s\n' "$_title" | sed -n 's/.* -c \([^ ]*\).*/\1/p')
      _conf=${_conf:-/etc/nginx/nginx.conf}
      _beside=${_conf%/*}
      printf 'nginx\t%s\t%s\n' "$_conf" "$(cat "$_conf" "$_beside"/conf.d/*.conf "$_beside"/sites-enabled/* \
        2>/dev/null | head -c 100000 | base64 | tr -d '\n')"
    done
}
