# Where a process's code and its answers come from: the program that Node runs, the socket that
# listens, and processes of other releases.
# needs: process
# shellcheck shell=sh

# doubt_program PID: it works in the app's directory, but runs a program of another one: of an older
# release, or of packages that are not the app's; false when it does not.
doubt_program() {
  _word=$(program_word "$1")
  [ -n "$_word" ] || return 1
  _program=$(cd -P "/proc/$1/cwd" 2>/dev/null && readlink -f -- "$_word") || _program=''
  if [ -z "$_program" ] || [ ! -e "$_program" ]; then
    echo "process $1 was started from $_word, which is gone"
    return 0
  fi
  case $_program in "$_root"/*) return 1 ;; esac
  _modules=$(real_directory "$_root/node_modules" 2>/dev/null) || _modules=$_root/node_modules
  case $_program in "$_modules"/*) return 1 ;; esac
  echo "process $1 runs $_program, which is not of $_root: invoke restart starts the app's own"
}

# program_word PID: the word of its command line that names what Node runs.
program_word() {
  tr '\0' '\n' 2>/dev/null <"/proc/$1/cmdline" |
    sed -n -e 1d -e '/^-/d' -e '/actionhero/{p;q;}' -e '/dist\/server\.js$/{p;q;}'
}

# doubt_listeners OURS ENDPOINT...: each is held by processes of this app ("pid start" lines), and by
# nobody else; a link may lead to the socket of an old one. What was bound by a relative path may be
# another app's, whose release has the same name: there it is enough that ours is among them. A process
# that just came or goes looks like a stranger for a moment: that is looked at twice.
doubt_listeners() {
  _strange=$(look_at_listeners "$@")
  case $_strange in
    another*)
      sleep 0.2
      shift
      _strange=$(look_at_listeners "$(list_ours)" "$@")
      ;;
  esac
  [ -z "$_strange" ] || echo "$_strange"
}

# look_at_listeners OURS ENDPOINT...: what speaks against the first of which something does.
look_at_listeners() {
  _held=$(printf '%s\n' "$1" | list_held)
  shift
  for _endpoint in "$@"; do
    _inodes=$(list_inodes "$_endpoint")
    _others=$(without "$(list_exact "$_endpoint")" "$_held")
    if [ -L "$_endpoint" ] || [ -z "$_inodes" ]; then
      echo "nobody listens on $_endpoint itself"
      return
    elif [ -n "$_others" ] || [ "$(without "$_inodes" "$_held")" = "$_inodes" ]; then
      echo "another process than this app's listens on $_endpoint$(name_holder "${_others:-$_inodes}")"
      return
    fi
  done
}

# name_holder INODES: which process holds one of these sockets, as far as this user may know.
name_holder() {
  # shellcheck disable=SC2012 # names in /proc are numbers
  _holder=$(ls -l /proc/[0-9]*/fd 2>/dev/null | LC_ALL=C awk -v inodes="$(printf '%s' "$1" | tr '\n' ' ')" '
    BEGIN { count = split(inodes, each, " "); while (count) wanted["socket:[" each[count--] "]"] }
    /^\/proc\// { split($0, part, "/") }
    $NF in wanted { print part[3]; exit }')
  [ -z "$_holder" ] || printf ': process %s, %s' "$_holder" "$(name_process "$_holder")"
}

# list_inodes ENDPOINT: the sockets that listen there (proc(5): net/unix, net/tcp), those included that
# were bound by a relative path which ends like it.
list_inodes() { list_listening "$1" yes; }

# list_exact ENDPOINT: those without the relative ones.
list_exact() { list_listening "$1" no; }

# list_listening ENDPOINT yes|no: with relative paths, or without.
list_listening() {
  case $1 in
    /*) LC_ALL=C awk -v wanted="$1" -v relative="$2" '
      $4 == "00010000" && $8 != "" {
        inode = $7; path = $0
        for (field = 1; field <= 7; field++) sub(/^ *[^ ]+/, "", path)
        sub(/^ /, "", path)
        if (path == wanted) { print inode; next }
        if (relative == "no" || path ~ /^\// || path ~ /^@/) next
        sub(/^(\.\.?\/)*/, "/", path)
        if (substr(wanted, length(wanted) - length(path) + 1) == path) print inode
      }' /proc/net/unix ;;
    *) cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | LC_ALL=C awk -v port="$(printf ':%04X' "$1")" '
      $4 == "0A" && substr($2, length($2) - 4) == port { print $10 }' ;;
  esac
}

# doubt_strays: processes of releases that are neither confirmed, pending nor warm: a supervisor's, which
# brought them back, or what could not be stopped. They serve nobody, and work jobs with old code.
doubt_strays() {
  _releases=$(real_directory "$root/releases" 2>/dev/null) || return 0
  _confirmed=$(record confirmed release) _pending=$(record pending release) _warm=$(warm_release)
  list_below "$_releases" | while read -r _pid _name; do
    case $_name in "$_confirmed" | "$_pending" | "$_warm") continue ;; esac
    if [ -O "/proc/$_pid" ] && is_actionhero "$_pid"; then
      echo "process $_pid of release $_name runs beside what is confirmed"
    fi
  done | sed -n 1p
}

# list_below DIRECTORY: "pid name" of processes that work in a directory right below it.
list_below() {
  # shellcheck disable=SC2012 # names in /proc are numbers
  ls -ld /proc/[0-9]*/cwd 2>/dev/null |
    LC_ALL=C awk -v below=" -> $1/" '
      at = index($0, below) {
        name = substr($0, at + length(below)); line = substr($0, 1, at - 1)
        sub(/^.*\/proc\//, "", line); sub(/\/.*$/, "", line)
        if (name !~ /\//) print line, name
      }'
}
