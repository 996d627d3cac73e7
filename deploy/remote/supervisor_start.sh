# What supervisors run that start processes by themselves, at boot and after a crash: a script of the tree.
# needs: supervisor
# shellcheck shell=sh

# write_start SUPERVISOR [GUARD]: what it runs, with the index as its word. A shell reads .deploy/env, since
# systemd's EnvironmentFile= cannot: for it 'a'\''b' is a''b', and a value with a carriage return is
# dropped without a word (systemd 252). GUARD: lines that come first, and may end it.
# A cluster_pidfile that outlived its master makes the start fail when its number is taken again.
write_start() {
  process_command
  case $listen in
    /*) _listen=$(quote "$listen") && _port="$_listen/\$1.sock" ;;
    *) _listen='' _port="\$(($listen + \$1))" ;;
  esac
  case $model in processes) _title="ACTIONHERO_TITLE=$title-\$1" ;; *) _title='' ;; esac
  _out=$(output_file "\$1")
  write_file "$state/start" 755 "set -eu
mkdir -p pids log $_listen
exec >>$_out 2>&1 </dev/null
${2:+$2
}echo \"\$(date -u +%FT%TZ) start by $1, process \$1\"
set -a
PATH=$(quote "$PATH")
[ ! -e .deploy/env ] || . ./.deploy/env
PORT=$_port
PROJECT_ROOT=$(quote "$tree")
$_title
set +a
pid=\$(cat pids/cluster_pidfile 2>/dev/null) || pid=none
[ \"/proc/\$pid/cwd\" -ef . ] || rm -f pids/cluster_pidfile
case \$PORT in /*) node -e $(quote "$clear_script") \"\$PORT\" ;; esac
exec $command
"
}

# quote TEXT: as one word of a shell.
quote() { printf '%s\n' "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"; }
