# Files: written as a whole, and read without a process.
# shellcheck shell=sh

# rename FROM TO: rename(2), which never moves into a directory that TO links to.
rename() {
  mv -T "$1" "$2" 2>/dev/null ||
    node -e 'require("fs").renameSync(process.argv[1], process.argv[2])' "$1" "$2"
}

# exists PATH: also true of a link that leads nowhere.
exists() { [ -e "$1" ] || [ -L "$1" ]; }

# read_line FILE: set _line to its first line; to nothing where there is none. No process is started for it.
read_line() {
  _line=''
  IFS= read -r _line 2>/dev/null <"$1" || :
}

# read_value FILE KEY: set _value to what the file's line KEY=… says; to nothing where there is none. No
# process is started for it: a watcher asks all the time.
read_value() {
  _value=''
  while IFS= read -r _line; do
    case $_line in "$2"=*) _value=${_line#*=} && return ;; esac
  done 2>/dev/null <"$1" || :
}

# value_in FILE KEY: the same, printed.
value_in() {
  read_value "$@"
  [ -z "$_value" ] || printf '%s\n' "$_value"
}

# flush PATH [-f]: fsync(2) of one file or directory, or with -f of its whole file system; of everything
# where sync(1) takes neither.
flush() { sync ${2+"$2"} "$1" 2>/dev/null || sync; }

# write_file PATH MODE TEXT: replace a file as a whole.
write_file() {
  write_partial "$@"
  rename "$_partial" "$1"
}

# write_durable PATH MODE TEXT: the same, and on disk when this returns.
write_durable() {
  write_partial "$@"
  flush "$_partial"
  rename_durable "$_partial" "$1"
}

# write_partial PATH MODE TEXT: set _partial to a file beside PATH with that text, nobody else's to read
# before it has that MODE; chmod also where umask says the same, since a default entry of acl(5) wins.
write_partial() {
  _partial="$1.partial.$$"
  umask 077
  : >"$_partial"
  umask 022 # as open_stage has it
  chmod "$2" "$_partial"
  printf '%s' "$3" >"$_partial"
}

# rename_durable FROM TO: one rename within a directory, on disk when this returns.
rename_durable() {
  rename "$1" "$2"
  flush "${2%/*}"
}
