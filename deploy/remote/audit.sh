# What of production can be seen on a host: processes, boot, logs, files, the app's and nginx's configuration.
# needs: cluster
# shellcheck shell=sh

# audit_state ROOT TREE LOG PUBLIC ENV_FILE NGINX...: tab-separated lines, a kind and its values. ROOT is
# the app's directory, TREE the live tree in it; NGINX are configuration files, which a pattern may name.
# What cannot be read is left out.
audit_state() {
  _top=$1 _tree=$2
  shift
  printf 'swap\t%s\n' "$(list_ours | count_swap)"
  if [ -L "$_top" ]; then echo link; fi
  if [ -e "$1/package-lock.json" ] || [ -e "$1/npm-shrinkwrap.json" ]; then echo lockfile; fi
  printf 'log\t%s\n' "$(du -skL "$2" 2>/dev/null | cut -f 1)"
  tell_mode public "$3"
  tell_mode env "$4"
  list_ours | while read -r _pid _; do tell_process "$_pid"; done
  list_ours | tell_listeners
  tell_configuration
  tell_boot
  ps -e -o comm= 2>/dev/null | sort -u | sed -n 's/^\(rsyslogd\|syslog-ng\|fluent-bit\|fluentd\|filebeat\|vector\|promtail\|alloy\|splunkd\|td-agent\|logstash\|otelcol.*\)$/shipper	\1/p'
  tell_global
  shift 4
  # shellcheck disable=SC2048,SC2086 # patterns; a destination holds no blank
  cat $* 2>/dev/null | head -c 100000 | base64 | tr -d '\n' | sed 's/^/nginx	/'
  echo
}

# count_swap: kilobytes that processes ("pid start" lines) have in swap (proc(5), VmSwap).
count_swap() {
  while read -r _pid _; do sed -n 's/^VmSwap:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$_pid/status" 2>/dev/null; done |
    awk '{ sum += $1 } END { print sum + 0 }'
}

# tell_mode KIND PATH: its mode and its owner.
tell_mode() {
  if [ -e "$2" ]; then printf 'mode\t%s\t%s\t%s\n' "$1" "$2" "$(stat -Lc '%a	%U' "$2")"; fi
}

# tell_process PID: three variables of its environment, which hold no secret, and whether the script that
# started it is there.
tell_process() {
  tr '\0' '\n' 2>/dev/null <"/proc/$1/environ" |
    sed -n "s/^\(NODE_ENV\|PROJECT_ROOT\|ACTIONHERO_CONFIG\)=/environ	$1	\1	/p"
  _script=$(tr '\0' '\n' 2>/dev/null <"/proc/$1/cmdline" | sed -n '2,$ { /^-/! { p; q; } }')
  case $_script in
    '') ;;
    /*) ;;
    *) _script=$(readlink "/proc/$1/cwd")/$_script ;;
  esac
  if [ -n "$_script" ] && [ ! -e "$_script" ]; then printf 'launcher\t%s\t%s\n' "$1" "$_script"; fi
}

# tell_listeners: TCP addresses at which the processes of standard input listen, as /proc/net/tcp has them.
tell_listeners() {
  list_held | awk '{ print "held", $1 }' | cat - /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '
    $1 == "held" { held[$2]; next }
    $4 == "0A" && $10 in held { print "listens\t" $2 }'
}

# tell_configuration: lines of the app's own configuration that say what must not be in production.
# A server token that is one stays here.
tell_configuration() {
  for _file in "$_tree"/config/*.js "$_tree"/config/*/*.js "$_tree"/src/config/*.ts; do
    [ -e "$_file" ] || continue
    sed -n "/serverToken.*[Cc]hange\|developmentMode\|bootAttempts/ { =; p; }" "$_file" | sed 'N; s/\n/	/' | tr -d '\r' |
      while IFS= read -r _found; do printf 'config\t%s\t%s\n' "${_file#"$_tree"/}" "$_found"; done
  done
}

# tell_boot: what starts the app when the machine boots, as far as it names the app's directory.
tell_boot() {
  {
    grep -lsF -- "$_top" /etc/init.d/* /etc/rc.local /etc/systemd/system/*.service /etc/monit/monitrc \
      /etc/monit/conf.d/* /etc/monit/conf-enabled/* /etc/cron.d/* "$HOME"/.config/systemd/user/*.service
    crontab -l 2>/dev/null | grep -F -- "$_top" | grep -q '^@reboot' && echo crontab
  } | sed 's/^/boot	/' || :
}

# tell_global: packages that npm installed for everybody, but npm and node themselves.
tell_global() {
  _node=$(readlink -f "$(command -v node)" 2>/dev/null) || return 0
  for _package in "${_node%/bin/*}"/lib/node_modules/* /usr/local/lib/node_modules/*; do
    case ${_package##*/} in npm | corepack | node | node-* | '*') continue ;; esac
    printf 'global\t%s\n' "$_package"
  done | sort -u
}
