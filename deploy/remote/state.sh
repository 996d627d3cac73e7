# What runs and what the pidfiles say, as lines for the controller to read.
# needs: cluster
# shellcheck shell=sh

# cluster_state: processes that concern the app, its pidfiles, this boot, the last activation.
# Lines are tab-separated: a kind, then its values.
cluster_state() {
  printf 'workers\t%s\n' "$workers"
  printf 'installed\t%s\n' "$(installed_version)"
  printf 'boot\t%s\t%s\n' "$(cat /proc/sys/kernel/random/boot_id)" "$(ticks_now)"
  _root=$(real_directory "$app" 2>/dev/null) || _root=$app
  printf 'root\t%s\n' "$_root"
  for _pid in $(list_candidates "$_root"); do show_process "$_pid"; done
  for _file in "$app"/pids/*; do
    if [ -f "$_file" ]; then show_pidfile "$_file"; fi
  done
  list_tops | while read -r _pid _; do
    if find_unit "$_pid"; then printf 'unit\t%s\t%s\t%s\n' "$_pid" "$unit_manager" "$unit"; fi
  done
  for _record in activated proved; do
    if [ -e "$state/$_record" ]; then sed "s/=/	/; s/^/$_record	/" "$state/$_record"; fi
  done
}

# show_pidfile FILE: its name, what it says, and the process it names, if there is one.
show_pidfile() {
  _named=$(head -c 20 "$1" | tr -d '\n\t')
  printf 'pidfile\t%s\t%s\n' "${1##*/}" "$_named"
  case $_named in '' | *[!0-9]*) return 0 ;; esac
  show_process "$_named"
}

# host_state PATH: what the machine offers: versions, room, limits.
host_state() {
  _near=$1
  while [ ! -e "$_near" ]; do _near=${_near%/*}/; _near=${_near%/}; [ -n "$_near" ] || _near=/; done
  printf 'user\t%s\n' "$(id -un)"
  printf 'node\t%s\n' "$(node --version 2>/dev/null)"
  printf 'npm\t%s\n' "$(command -v npm)"
  printf 'git\t%s\n' "$(git --version 2>/dev/null)"
  printf 'flock\t%s\n' "$(command -v flock)"
  printf 'setsid\t%s\n' "$(command -v setsid)"
  printf 'arch\t%s\n' "$(uname -m)"
  printf 'cpus\t%s\n' "$(nproc)"
  printf 'memory\t%s\n' "$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)"
  printf 'disk\t%s\n' "$(df -Pk "$_near" | awk 'NR == 2 { print $4 }')"
  printf 'inodes\t%s\n' "$(df -Pi "$_near" 2>/dev/null | awk 'NR == 2 { print $4 }')"
  # shellcheck disable=SC3045 # dash, busybox and bash know it
  printf 'files\t%s\n' "$(ulimit -n)"
  printf 'writable\t%s\n' "$(if [ -w "$_near" ]; then echo yes; else echo no; fi)"
  printf 'tree_size\t%s\n' "$(tree_size "$1")"
  printf 'kill_user_processes\t%s\n' "$(kill_user_processes)"
  printf 'linger\t%s\n' "$(if [ -e "/var/lib/systemd/linger/$(id -un)" ]; then echo yes; else echo no; fi)"
  printf 'runtime_dir\t%s\n' "${XDG_RUNTIME_DIR-}"
  if [ "${supervisor-}" = systemd_user ]; then printf 'user_manager\t%s\n' "$(user_manager)"; fi
}

# tree_size APP: bytes of the git tree's files at HEAD, in kB; nothing where there is no tree.
tree_size() {
  git -C "$1" ls-tree -r -l HEAD 2>/dev/null | awk '{ size += $4 } END { print int(size / 1024) }'
}

# user_manager: the state of the user's own systemd in a word (systemctl(1), is-system-running).
user_manager() { user_systemctl is-system-running 2>&1 | head -n 1; }

# kill_user_processes: logind's setting (logind.conf(5)); "no" unless a file says yes.
kill_user_processes() {
  # shellcheck disable=SC2144
  if grep -hsqi '^ *KillUserProcesses *= *\(yes\|true\|1\|on\)' /etc/systemd/logind.conf \
    /etc/systemd/logind.conf.d/*.conf /usr/lib/systemd/logind.conf.d/*.conf; then echo yes; else echo no; fi
}

# foreign_files APP: up to 20 files in the tree that this user cannot replace (root's leftovers).
foreign_files() {
  [ -d "$1" ] || return 0
  find "$1" -maxdepth 2 ! -user "$(id -u)" ! -path "$1/log/*" 2>/dev/null | head -n 20
}

# answers SECONDS: one look whether the processes run as described and answer; nothing speaks
# against it, or the first thing that does. Needs describe_cluster before it.
answers() { (doubt "$(checkout_ticks)") || echo "more than one cluster master runs from $app"; }

# record_proof REVISION RUN VERSION: the activation is proved; what makes the next run a no-op.
record_proof() {
  if [ -e "$state/proved" ]; then cp -p "$state/proved" "$state/proved.previous"; else : >"$state/proved.previous"; fi
  write_file "$state/proved" 644 "$(printf 'revision=%s\nrun=%s\nversion=%s' "$1" "$2" "$3")
"
}

# restore_proof: the undo of record_proof.
restore_proof() {
  [ -e "$state/proved.previous" ] || unchanged
  if [ -s "$state/proved.previous" ]; then
    rename "$state/proved.previous" "$state/proved"
  else
    rm -f "$state/proved" "$state/proved.previous"
  fi
}
