# What stands in the way of two releases beside each other: memory, redis, and the way to the new sockets.
# needs: cluster register
# shellcheck shell=sh

# overlap_state ROOT SOCKETS: as tab-separated lines: kilobytes that the processes hold and that are
# left, nginx's user, what keeps that user or nginx's service from the sockets and static files.
overlap_state() {
  printf 'held\t%s\n' "$(list_ours | count_held)"
  printf 'room\t%s\n' "$({ sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo; cgroup_room; } | sort -n | head -n 1)"
  _user=$(nginx_user)
  _uid=$(id -u "$_user") _gids=" $(id -G "$_user") "
  printf 'nginx_user\t%s\n' "$_user"
  for _end in "$2" "$1/releases"; do list_parents "$_end"; done | sort -u | while IFS= read -r _directory; do
    if ! may_walk "$_user" "$_directory"; then printf 'blocked\t%s\t%s\n' "$_directory" "$(stat -c %a "$_directory")"; fi
  done
  tell_redis
  if [ "$(cat /sys/fs/selinux/enforce 2>/dev/null)" = 1 ]; then echo selinux; fi
  case $1 in
    /home/* | /root/* | /run/user/*) printf 'protect_home\t%s\n' "$(nginx_protection)" ;;
  esac
}

# count_held: kilobytes that processes ("pid start" lines) hold, what they share counted in parts
# (proc(5), smaps_rollup), or whole where the kernel does not tell.
count_held() {
  while read -r _pid _; do
    sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/$_pid/smaps_rollup" 2>/dev/null |
      grep . || sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$_pid/status" 2>/dev/null || :
  done | awk '{ sum += $1 } END { print sum + 0 }'
}

# tell_redis: of the app's redis, as a line: connected clients, how many it takes, how many of them are
# of our processes, its address and port. Nothing without processes, or where it cannot be asked.
tell_redis() {
  if [ -z "${register-}" ] || [ -z "$(list_ours)" ]; then return 0; fi
  _said=$(ask_register clients '')
  # shellcheck disable=SC2086 # words
  set -- $_said
  [ "$1" = clients ] || return 0
  printf 'redis\t%s\t%s\t%s\t%s\t%s\n' "$2" "$3" "$(count_peers "$4")" "$5" "$6"
}

# count_peers END: connections of our processes to what /proc/net/tcp calls END (proc(5)).
count_peers() {
  {
    list_ours | list_held | sed 's/^/held /'
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null || :
  } | awk -v end="$1" '
    $1 == "held" { held[$2]; next }
    $4 == "01" && $10 in held && substr($3, length($3) - length(end) + 1) == end { count++ }
    END { print count + 0 }'
}

# cgroup_room: kilobytes that each limited control group above this process has left (version 2).
cgroup_room() {
  _group=$(sed -n 's/^0:://p' /proc/self/cgroup)
  while [ -n "$_group" ]; do
    _at=/sys/fs/cgroup$_group
    _most=$(cat "$_at/memory.max" 2>/dev/null) || _most=max
    if [ "$_most" != max ]; then echo $(((_most - $(cat "$_at/memory.current")) / 1024)); fi
    _group=${_group%/*}
  done
}

# nginx_user: the user of nginx's processes; where none run, the one that packages make; else nobody.
nginx_user() {
  for _file in $(grep -l '^nginx: worker' /proc/[0-9]*/cmdline 2>/dev/null | head -n 1); do
    stat -c %U "${_file%/cmdline}" 2>/dev/null && return
  done
  for _known in www-data nginx nobody; do
    if id "$_known" >/dev/null 2>&1; then echo "$_known" && return; fi
  done
}

# list_parents PATH: the directories on the way to PATH that exist, itself included.
list_parents() {
  _way=$1
  while [ ! -d "$_way" ]; do _way=${_way%/*}; [ -n "$_way" ] || return 0; done
  _way=$(real_directory "$_way")
  while [ -n "$_way" ]; do
    printf '%s\n' "$_way"
    _way=${_way%/*}
  done
}

# may_walk USER DIRECTORY: its mode bits (or an entry for USER, acl(5)) let USER, who is $_uid and in
# $_gids, through.
may_walk() {
  # shellcheck disable=SC2046 # three numbers
  set -- "$1" "$2" $(stat -c '%a %u %g' "$2")
  _mode=00$3 # 0 is one digit, and 1777 are four
  if [ "$_uid" -eq 0 ]; then return 0; fi
  if [ "$_uid" -eq "$4" ]; then
    _mode=${_mode%??}
  elif [ "${_gids#* "$5" }" != "$_gids" ]; then
    _mode=${_mode%?}
  fi
  case $_mode in *[1357]) return 0 ;; esac
  getfacl -cp "$2" 2>/dev/null | grep -q "^user:$1:..x"
}

# nginx_protection: how systemd keeps nginx out of home directories (systemd.exec(5), ProtectHome).
nginx_protection() { systemctl show --property=ProtectHome --value nginx.service 2>/dev/null || echo no; }
