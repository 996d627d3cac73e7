# The driver `pm2`: each process is one of the deploy user's pm2, by itself (fork mode), named after the app
# and its release. pm2 starts at boot what its dump names: that is kept to what was last proved, and what
# pm2 starts refuses to be the second, or a release that nobody wants any more.
# needs: supervisor supervisor_start cluster process
# shellcheck shell=sh

# pm2_launch INDEX: write down what pm2 runs, and let it start that.
pm2_launch() {
  pm2_names
  write_start pm2 "$(pm2_guard)"
  write_file "$state/launched" 644 "$(boot_id)"
  pm2_start "$instances$1" .deploy/start "$((stop_seconds * 1000))" 75 "$tree" /dev/null "$1"
}

# pm2_stop TOPS: let pm2 stop what it runs, and forget it; TERM to what it does not. Without TOPS, what it
# may be about to start again. It stands in conditions, so without errexit.
pm2_stop() {
  pm2_names
  if [ -n "$1" ]; then
    each_top "$1" pm2_stop_top
    return
  fi
  rm -f "$state/launched"
  _listed=$(pm2_list "$instances") || exit "$?"
  for _index in $(printf '%s\n' "$_listed" | sed -n 's/^=\([0-9][0-9]*\)$/\1/p'); do
    pm2_delete "$instances$_index"
  done
}

# pm2_at_boot COUNT: of this app, the first COUNT processes start at boot, as they run now, and no others;
# with 0 only those of what is spoken of do not. One rename, as a reboot may come at any moment.
pm2_at_boot() {
  pm2_names
  if [ "$1" -eq 0 ]; then
    [ ! -e "$pm2_home/dump.pm2" ] || pm2_keep "$instances" '^[0-9]+$'
    return
  fi
  pm2_keep "$family" '^(?!watcher$)' "$instances" "$1"
}

# pm2_watch: the watcher as one of pm2's processes, which starts at boot, too. One that lives goes on: it
# may be who asks.
pm2_watch() {
  pm2_names
  read_line "$root/.deploy/watching"
  ! is_pm2s "${_line:-none}" "${family}watcher" || return 0
  rm -f "$root/.deploy/watching"
  pm2_start "${family}watcher" .deploy/watcher 1600 0 "$root" "$root/.deploy/watcher.log" 0
  _polls=300
  until [ -e "$root/.deploy/watching" ]; do
    [ $((_polls -= 1)) -gt 0 ] || refuse "the watcher ${family}watcher does not start" "see $root/.deploy/watcher.log"
    sleep 0.1
  done
  pm2_keep "${family}watcher" '^$' "${family}watcher" ''
}

# pm2_boot: who starts pm2 at boot, as `pm2 startup` or a line of crontab(5) has it; nothing where nobody does.
pm2_boot() {
  grep -ls 'pm2 resurrect' /etc/systemd/system/*.service /etc/init.d/* | tr '\n' '\0' |
    xargs -0 -r grep -lE "^(User|USER)=\"?$(id -un)\"?\$" | head -n 1
  if crontab -l 2>/dev/null | grep -q '^@reboot.*pm2.* resurrect'; then echo crontab; fi
}

# pm2_socket: the path of the socket that pm2 is told things by.
pm2_socket() { echo "${PM2_HOME:-$HOME/.pm2}/rpc.sock"; }

# pm2_settle: at boot, until what pm2's dump names runs, or ten seconds; what is missing then is not in it.
pm2_settle() {
  _polls=50
  while [ $((_polls -= 1)) -ge 0 ] && is_lacking; do sleep 0.2; done
}

# is_lacking: of what is spoken of, some process does not run.
is_lacking() {
  if [ "$model" = processes ]; then [ -n "$(missing_processes)" ]; else [ -z "$(list_tops)" ]; fi
}

# pm2_forget: what is confirmed replaces all others in the dump, and a process that stops leaves pm2's list.
pm2_forget() { :; }

# pm2_names: of the app, and of what is spoken of; a path keeps apps apart.
pm2_names() {
  home=${root:-$app}
  tree=$(real_directory "$app" 2>/dev/null) || tree=$app
  family=actionhero-$home@
  instances=$family${release:+$release.}
  pm2_home=${PM2_HOME:-$HOME/.pm2}
}

# pm2_guard: what every start asks first. Never a second one beside one that lives, which a killed pm2
# leaves behind: it waits for its end. Of a release, only what is confirmed, or what a deploy started in
# this boot: a `pm2 save` by hand, during a deploy, may name any.
pm2_guard() {
  printf '%s\n' "unset NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE
exec 5>>\".deploy/running.\$1\"
flock 5"
  [ -n "${release:-}" ] || return 0
  printf '%s\n' "if ! grep -qxF $(quote "release=$release") $(quote "$root/.deploy/confirmed") &&
  [ \"\$(cat .deploy/launched)\" != \"\$(cat /proc/sys/kernel/random/boot_id)\" ]; then
  echo \"\$(date -u +%FT%TZ) not started by pm2: $release is not what is confirmed\"
  exit 75
fi"
}

# pm2_start NAME SCRIPT MILLISECONDS CODE DIRECTORY LOG INDEX: a process of that name; it has so long to stop, and
# is not begun again after that exit code. SCRIPT, from DIRECTORY: one with a space is a command to pm2.
pm2_start() {
  [ "$(pm2_socket | wc -c)" -le 108 ] || # with the line's end
    refuse "the path of pm2's socket is longer than 107 bytes: $(pm2_socket)" \
      "set PM2_HOME to a shorter directory, in /etc/environment"
  pm2_delete "$1"
  order_pm2 start "$2" --name "$1" --interpreter /bin/sh --cwd "$5" --kill-timeout "$3" \
    --stop-exit-codes "$4" --restart-delay 2000 --max-restarts 1000000 --no-treekill --no-vizion \
    --output "$6" --error "$6" -- "$7" || pm2_refused "pm2 does not start $1"
}

# pm2_delete NAME: it stops, and pm2 knows it no more; who was faster, as a watcher may be, is no failure.
# pm2 kills what does not end in its time.
pm2_delete() {
  _began=$(ticks_now)
  if ! is_listed "$1"; then return 0; fi
  order_pm2 delete "$1" || ! is_listed "$1" || pm2_refused "pm2 does not stop $1"
  if [ $(($(ticks_now) - _began)) -ge $((stop_seconds * 100)) ]; then
    warn "$1 did not end within $stop_seconds s, and was killed"
  fi
}

# is_listed NAME: pm2 knows it.
is_listed() {
  _listed=$(pm2_list "$1") || exit "$?"
  has_line "$_listed" '='
}

# pm2_stop_top PID START: by pm2, where it is of ours there; by TERM where nobody keeps it.
pm2_stop_top() {
  is_alive "$1" "$2" || return 0
  if ! find_unit "$1"; then
    if [ "$model" = processes ]; then _index=$(title_of "$1") _index=${_index##*-}; else _index=0; fi
    pm2_delete "$instances$_index" || return # it waits for this one's end
    terminate TERM "$1" "$2"
  elif [ "$unit_manager" = pm2 ] && [ "${unit#"$instances"}" != "$unit" ]; then
    pm2_delete "$unit"
  else
    refuse "process $1 is run by $(name_keeper) as $unit, which this tool did not make" "$(unit_hint)"
  fi
}

# pm2_list PREFIX: of each of pm2's processes whose name begins so, = and the rest of it. Who is not there is not asked: that
# would start it.
pm2_list() {
  [ -S "$pm2_home/rpc.sock" ] || return 0
  order_pm2 --silent jlist || pm2_refused "pm2 does not tell what it runs"
  printf '%s\n' "$pm2_said" | node -e "$pm2_names_script" "$1" 3<&- 4>&- 6<&- 7<&- 9<&-
}
# shellcheck disable=SC2016 # of that program
pm2_names_script='
var text = require("fs").readFileSync(0, "utf8"), prefix = process.argv[1];
JSON.parse(text.slice(text.indexOf("["))).forEach(function (one) {
  if (one.name.indexOf(prefix) === 0) console.log("=" + one.name.slice(prefix.length));
});'

# pm2_keep PREFIX REST [NAME COUNT]: in the dump, in place of what is named PREFIX and then something like
# REST, the processes NAME0 to NAME(COUNT-1), as they run now; NAME alone where COUNT is empty.
pm2_keep() {
  pm2_saved=$home/.deploy/pm2.dump.$$
  [ $# -eq 2 ] || order_pm2 save --force || pm2_refused "pm2 does not tell what it runs"
  (
    flock -w 60 5 || refuse "somebody else writes $pm2_home/dump.pm2" "try again"
    node -e "$pm2_keep_script" "$pm2_home/dump.pm2" "$pm2_saved" "$@" 3<&- 4>&- 6<&- 7<&- 9<&-
  ) 5>>"$pm2_home/dump.lock"
  rm -f "$pm2_saved" "$pm2_saved.bak"
  pm2_saved=''
}
# shellcheck disable=SC2016 # of that program
pm2_keep_script='
var fs = require("fs"), words = process.argv, dump = words[1], prefix = words[3], wanted = [];
var rest = new RegExp(words[4]);
function read(file) {
  try { return JSON.parse(fs.readFileSync(file, "utf8")); }
  catch (error) { if (error.code === "ENOENT") return []; throw error; }
}
function named(one) { return one.name.indexOf(prefix) === 0 && rest.test(one.name.slice(prefix.length)); }
if (words[6] === "") wanted = [words[5]];
for (var index = 0; index < Number(words[6]); index++) wanted.push(words[5] + index);
var added = read(words[2]).filter(function (one) { return wanted.indexOf(one.name) >= 0; });
if (added.length !== wanted.length) throw new Error("pm2 does not run all of " + wanted);
added.forEach(function (one) { one.status = "online"; });
var kept = read(dump).filter(function (one) { return !named(one); }).concat(added);
var file = fs.openSync(dump + ".new", "w", 384);
fs.writeSync(file, JSON.stringify(kept, null, 2));
fs.fsyncSync(file);
fs.renameSync(dump + ".new", dump);'

# order_pm2 WORD...: tell pm2, and set pm2_said to its answer. What it finds in its environment gets into
# its dump: it finds nothing of the app's. Nor may what it starts, itself, work in a release. It saves to
# pm2_saved, never over the dump.
order_pm2() {
  pm2_said=$(
    cd "$HOME"
    limited "$((stop_seconds + 60))" env -i "HOME=$HOME" "PATH=$PATH" "PM2_HOME=$pm2_home" \
      ${pm2_saved:+"PM2_DUMP_FILE_PATH=$pm2_saved" "PM2_DUMP_BACKUP_FILE_PATH=$pm2_saved.bak"} \
      pm2 "$@" 2>&1 5<&- 6<&- 7<&- 9<&-
  )
}
pm2_saved=''

# pm2_refused WHAT: with pm2's own last word.
pm2_refused() { refuse "$1: ${pm2_said##*
}" "see pm2 ls, and pm2's log: $pm2_home/pm2.log"; }

# is_pm2s PID NAME: pm2 runs that process under that name.
is_pm2s() {
  case $1 in *[!0-9]*) return 1 ;; esac
  find_pm2 "$1" && [ "$unit" = "$2" ]
}

# find_pm2 PID: set unit to the name that pm2 gave it, when pm2 runs PID, or what is above it.
find_pm2() {
  _each=$1
  while [ "$_each" -gt 1 ] && read_process "$_each"; do
    _each=$_ppid
    read_command "$_each" || return 1
    case $_argv in 'PM2 v'*': God Daemon'*) break ;; esac
  done
  [ "$_each" -gt 1 ] || return 1
  unit=$(tr '\0' '\n' 2>/dev/null <"/proc/$1/environ" | sed -n 's/^name=//p') unit_manager=pm2
}
