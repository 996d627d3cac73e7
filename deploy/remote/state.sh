# What runs and what the pidfiles say, as lines for the controller to read.
# needs: cluster prove origins tree
# shellcheck shell=sh

# cluster_state: processes that concern the app, its pidfiles, this boot, the last activation.
# Lines are tab-separated: a kind, then its values.
cluster_state() {
  case $workers_asked in auto*) weigh_workers "$workers_asked" ;; *) _why='' ;; esac
  printf 'workers\t%s\t%s\n' "$workers" "$_why"
  printf 'installed\t%s\n' "$(installed_version)"
  read_boot
  printf 'boot\t%s\t%s\n' "$_boot" "$(ticks_now)"
  find_root || _root=$app
  printf 'root\t%s\n' "$_root"
  for _pid in $(list_candidates "$_root"); do show_process "$_pid"; done
  for _file in "$app"/pids/*; do
    if [ -f "$_file" ]; then show_pidfile "$_file"; fi
  done
  list_tops | while read -r _pid _; do
    if find_unit "$_pid"; then printf 'unit\t%s\t%s\t%s\n' "$_pid" "$unit_manager" "$unit"; fi
  done
  if [ "$model" = processes ]; then list_taken | sed 's/^/taken	/'; fi
  for _record in activated proved; do
    [ -e "$state/$_record" ] || continue
    while IFS= read -r _line; do
      printf '%s\t%s\t%s\n' "$_record" "${_line%%=*}" "${_line#*=}"
    done <"$state/$_record"
  done
}

# show_pidfile FILE: its name, what it says, and the process it names, if there is one.
show_pidfile() {
  read_line "$1"
  _named=$_line
  case $_named in '' | *[!0-9]* | ?????????????????????*) _named=$(head -c 20 "$1" | tr -d '\n\t') ;; esac
  printf 'pidfile\t%s\t%s\n' "${1##*/}" "$_named"
  case $_named in '' | *[!0-9]*) return 0 ;; esac
  show_process "$_named"
}

# list_taken: a line, pid tab endpoint, of each process of this app that listens where one of ours is
# to listen, and was not started under a title of ours.
list_taken() {
  list_tops | while read -r _pid _; do
    if is_titled "$_pid"; then continue; fi
    _index=0
    while [ "$_index" -lt "$workers" ]; do
      find_endpoint "$_index"
      if listens "$_pid" "$_endpoint"; then printf '%s\t%s\n' "$_pid" "$_endpoint"; fi
      _index=$((_index + 1))
    done
  done
}

# is_titled PID: it was started under a title of ours: TITLE-N.
is_titled() {
  _titled=$(title_of "$1")
  case ${_titled#"$title-"} in "$_titled" | '' | *[!0-9]*) return 1 ;; esac
}

# listens PID ENDPOINT: one of its descriptors is a socket that listens there.
listens() {
  _inodes=$(list_inodes "$2")
  # shellcheck disable=SC2012 # descriptors are numbers
  [ -n "$_inodes" ] && ls -l "/proc/$1/fd" 2>/dev/null | sed -n 's/.* -> socket:\[\(.*\)\]$/\1/p' | grep -qxF -e "$_inodes"
}

# host_state PATH: what the machine offers: versions, room, limits.
host_state() {
  _near=$1
  while [ ! -e "$_near" ]; do _near=${_near%/*}/; _near=${_near%/}; [ -n "$_near" ] || _near=/; done
  _user=$(id -un) _lingers=no _writable=no
  [ ! -e "/var/lib/systemd/linger/$_user" ] || _lingers=yes
  [ ! -w "$_near" ] || _writable=yes
  printf 'user\t%s\nlinger\t%s\nwritable\t%s\n' "$_user" "$_lingers" "$_writable"
  printf 'node\t%s\n' "$(node --version 2>/dev/null)"
  printf 'git\t%s\n' "$(git --version 2>/dev/null)"
  for _name in npm flock setsid; do
    find_program "$_name"
    printf '%s\t%s\n' "$_name" "$_found"
  done
  printf 'arch\t%s\n' "$(uname -m)"
  printf 'cpus\t%s\n' "$(nproc)"
  read_memory MemTotal
  printf 'total\t%s\n' "$_size"
  read_memory MemAvailable
  printf 'memory\t%s\n' "$_size"
  printf 'disk\t%s\n' "$(left_on k "$_near")"
  printf 'inodes\t%s\n' "$(left_on i "$_near")"
  printf 'files\t'
  # shellcheck disable=SC3045 # dash, busybox and bash know it
  ulimit -n
  printf 'tree_size\t'
  tree_size "$1"
  printf 'kill_user_processes\t'
  kill_user_processes
  printf 'runtime_dir\t%s\n' "${XDG_RUNTIME_DIR-}"
  case ${wanted_supervisor-} in
    systemd_user) printf 'user_manager\t%s\n' "$(user_manager)" ;;
    systemd) units_state ;;
    pm2) printf 'pm2\t%s\npm2_boot\t%s\npm2_socket\t%s\n' "$(command -v pm2)" "$(pm2_boot)" "$(pm2_socket)" ;;
  esac
}

# find_program NAME: set _found to where PATH has it, else to what the shell has under that name.
find_program() {
  _paths=$PATH:
  while [ -n "$_paths" ]; do
    _found=${_paths%%:*}/$1 _paths=${_paths#*:}
    if [ -f "$_found" ] && [ -x "$_found" ]; then return 0; fi
  done
  _found=$(command -v "$1") || _found=''
}

# left_on k|i PATH: kilobytes, or inodes, that are left on its file system; nothing where df does not tell.
left_on() {
  _said=$(df "-P$1" "$2" 2>/dev/null) || return 0
  # shellcheck disable=SC2086 # the fields of the last line
  set -- ${_said##*
}
  echo "${4-}"
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
answers() {
  _told=$( (doubt "$(checkout_ticks)") || echo "more than one cluster master runs from $app")
  if [ -z "$_told" ] && [ -n "${root-}" ]; then _told=$(doubt_strays); fi
  printf '%s\n' "$_told"
}

# record_proof REVISION RUN VERSION: the activation is proved; what makes the next run a no-op.
record_proof() {
  refuse_moved "$1"
  if [ -e "$state/proved" ]; then cp -p "$state/proved" "$state/proved.previous"; else : >"$state/proved.previous"; fi
  write_file "$state/proved" 644 "$(printf 'revision=%s\nrun=%s\nversion=%s' "$1" "$2" "$3")
"
}

# refuse_moved REVISION: the tree is what was checked out, and was nothing else in between: who began
# meanwhile may have loaded that.
refuse_moved() {
  _app=$app
  _head=$(head_of "$_app")
  [ "$_head" = "$1" ] || refuse "the tree is at ${_head:-no commit}, not at $1, which was checked out" \
    "somebody moved it meanwhile: find out who (git -C $app reflog), then deploy again"
  ! was_moved || refuse "the tree was moved away from $1 and back while its processes started" \
    "see who did: git -C $app reflog; then deploy again"
  _changed=$(list_changes | first_lines)
  [ -z "$_changed" ] || warn "tracked files were changed since the checkout, and may be what runs:$_changed"
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
