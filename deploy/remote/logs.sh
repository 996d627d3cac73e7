# Logs of the app and of nginx, read from where somebody stopped reading; and a command of a person's own.
# shellcheck shell=sh

# read_logs LINES BYTES SEEN [KIND PATTERN]...: tab-separated lines: zone OFFSET; then for each file, once,
# file KIND PATH INODE SIZE TEXT: in base64 what came behind the size that SEEN ("inode size" lines) tells,
# at most BYTES; of a new file the last LINES lines, 0 for all within BYTES. TEXT is - when it cannot be read.
read_logs() {
  _lines=$1 _most=$2 _seen=$3 _told=' '
  shift 3
  printf 'zone\t%s\n' "$(date +%z)"
  while [ $# -gt 1 ]; do
    for _path in $2; do
      _stat=$(stat -Lc '%i %s' "$_path" 2>/dev/null) || continue
      _inode=${_stat% *} _size=${_stat#* }
      case $_told in *" $_inode "*) continue ;; esac
      _told="$_told$_inode "
      printf 'file\t%s\t%s\t%s\t%s\t' "$1" "$_path" "$_inode" "$_size"
      if [ -r "$_path" ] && [ -f "$_path" ]; then read_tail | base64 | tr -d '\n'; else printf -- -; fi
      echo
    done
    shift 2
  done
}

# read_tail: what is new of $_path, up to $_size: a line that comes meanwhile is the next look's.
read_tail() {
  _from=$(printf '%s\n' "$_seen" | sed -n "s/^$_inode //p")
  if [ -z "$_from" ]; then
    head -c "$_size" "$_path" | tail -c "$_most" | if [ "$_lines" -gt 0 ]; then tail -n "$_lines"; else cat; fi
    return
  fi
  [ "$_from" -le "$_size" ] || _from=0 # cut off, by a rotation that copies
  if [ $((_size - _from)) -gt "$_most" ]; then _from=$((_size - _most)); fi
  tail -c "+$((_from + 1))" "$_path" | head -c $((_size - _from))
}

# run_command DIRECTORY SECONDS COMMAND: a person's own command line, in the app's directory where there
# is one; prints what it prints, on both of its outputs.
run_command() {
  if [ -d "$1" ]; then cd "$1"; else cd; fi
  limited "$2" sh -c "$3" 2>&1
}
