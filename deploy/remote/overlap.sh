# What stands in the way of two releases beside each other: memory, redis, and the way to the new sockets.
# needs: cluster register
# shellcheck shell=sh

# overlap_state ROOT SOCKETS: as tab-separated lines: kilobytes that the processes hold and that are
# left, nginx's user, what keeps that user or nginx's service from the sockets and static files.
overlap_state() {
  _ours=$(list_ours)
  printf 'held\t%s\n' "$(count_held "$_ours")"
  find_room
  printf 'room\t%s\n' "$_room"
  _user=$(nginx_user)
  _uid=$(id -u "$_user") _gids=" $(id -G "$_user") "
  printf 'nginx_user\t%s\n' "$_user"
  for _end in "$2" "$1/releases"; do list_parents "$_end"; done | sort -u | tell_blocked
  tell_redis
  read_line /sys/fs/selinux/enforce
  [ "$_line" != 1 ] || echo selinux
  case $1 in
    /home/* | /root/* | /run/user/*) printf 'protect_home\t%s\n' "$(nginx_protection)" ;;
  esac
}

# count_held PROCESSES: kilobytes that they ("pid start" lines) hold, what they share counted in parts
# (proc(5), smaps_rollup), or whole where the kernel does not tell.
count_held() {
  set -- "$1" /dev/null
  while read -r _pid _; do
    [ -z "$_pid" ] || set -- "$@" "/proc/$_pid/status" "/proc/$_pid/smaps_rollup"
  done <<LINES
$1
LINES
  shift
  cat "$@" 2>/dev/null | awk '
    $1 == "Name:" { sum += held; held = 0 }
    $1 == "VmRSS:" || $1 == "Pss:" { held = $2 }
    END { print sum + held }'
}

# tell_redis: of the app's redis, as a line: connected clients, how many it takes, how many of them are
# of our processes ($_ours), its address and port. Nothing without processes, or where it cannot be asked.
tell_redis() {
  if [ -z "${register-}" ] || [ -z "$_ours" ]; then return 0; fi
  _said=$(ask_register clients '')
  # shellcheck disable=SC2086 # words
  set -- $_said
  [ "$1" = clients ] || return 0
  printf 'redis\t%s\t%s\t%s\t%s\t%s\n' "$2" "$3" "$(count_peers "$4")" "$5" "$6"
}

# count_peers END: connections of our processes ($_ours) to what /proc/net/tcp calls END (proc(5)).
count_peers() {
  {
    list_held <<LINES
$_ours
LINES
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null || :
  } | awk -v end="$1" '
    NF == 1 { held[$1]; next }
    $4 == "01" && $10 in held && substr($3, length($3) - length(end) + 1) == end { count++ }
    END { print count + 0 }'
}

# find_room: set _room to the kilobytes that the machine has left, or a limited control group above this
# process (version 2) that has less.
find_room() {
  read_memory MemAvailable
  _room=$_size _group=''
  while IFS= read -r _line; do
    case $_line in 0::*) _group=${_line#0::} ;; esac
  done </proc/self/cgroup
  while [ -n "$_group" ]; do
    read_line "/sys/fs/cgroup$_group/memory.max"
    case $_line in
      '' | max) ;;
      *)
        _most=$_line
        read_line "/sys/fs/cgroup$_group/memory.current"
        _left=$(((_most - _line) / 1024))
        if [ -z "$_room" ] || [ "$_left" -lt "$_room" ]; then _room=$_left; fi
        ;;
    esac
    _group=${_group%/*}
  done
}

# tell_blocked: a line of each directory of standard input that $_user may not go through.
tell_blocked() {
  set --
  while IFS= read -r _directory; do set -- "$@" "$_directory"; done
  stat -c '%a %u %g %n' "$@" | while read -r _bits _owner _group _directory; do
    may_walk "$_user" "$_directory" "$_bits" "$_owner" "$_group" || printf 'blocked\t%s\t%s\n' "$_directory" "$_bits"
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

# may_walk USER DIRECTORY BITS UID GID: its mode bits (or an entry for USER, acl(5)) let USER, who is $_uid
# and in $_gids, through.
may_walk() {
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
