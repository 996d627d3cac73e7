# The driver `systemd`: the machine's own systemd runs the app as the deploy user. An administrator
# installs one template unit and a line for sudo, once; an instance is a release's process.
# needs: supervisor_units
# shellcheck shell=sh

# systemd_launch INDEX: write down what the unit runs, and start it.
systemd_launch() {
  systemd_names
  write_file "$home/.deploy/instance" 755 "$start_instance"
  restart_unit "$1"
}
# shellcheck disable=SC2016 # of that shell: RELEASE.INDEX, or INDEX of a tree in place
start_instance='set -eu
case $1 in *.*) cd "releases/${1%.*}" ;; esac
exec /bin/sh .deploy/start "${1##*.}"
'

# systemd_stop TOPS: as stop_units says.
systemd_stop() {
  systemd_names
  stop_units "$1"
}

# systemd_at_boot COUNT: as boot_units says.
systemd_at_boot() {
  systemd_names
  boot_units "$1"
}

# systemd_watch: the watcher as a unit, which is enabled once.
systemd_watch() {
  systemd_names
  [ -e "$enabled_links/$watcher_unit" ] || order enable "$watcher_unit"
  start_watcher "$watcher_unit"
}

# systemd_forget: what is enabled of releases that are gone.
systemd_forget() {
  systemd_names
  for _link in "$enabled_links/$units@"*.*.service; do
    _gone=${_link##*/"$units@"} && _gone=${_gone%%.*}
    [ ! -L "$_link" ] || [ -d "$home/releases/$_gone" ] || order disable "${_link##*/}"
  done
}

# systemd_names: one template for the app, named after its path as the inventory has it: what is
# installed must not change its name with a link.
systemd_names() {
  manager=system boot_target=multi-user.target
  enabled_links=/etc/systemd/system/$boot_target.wants
  home=${root:-$app}
  tree=$(real_directory "$app" 2>/dev/null) || tree=$app
  units=$(units_of "$home") watcher_unit=$(units_of "$home")-watcher.service
  instances=$units@${release:+$release.}
  [ "${#units}" -le 210 ] || refuse "$home is too long for the name of a unit" "choose a shorter path"
}

# show_template: the unit of the processes. What is hardened is what no server needs; the files of the
# system are read-only where the app is not among them.
show_template() {
  _lines="User=$login
NoNewPrivileges=yes
CapabilityBoundingSet=
RestrictSUIDSGID=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
LockPersonality=yes
SystemCallArchitectures=native
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
KeyringMode=private"
  case $home/ in /usr/* | /boot/* | /efi/* | /etc/*) ;; *) _lines="$_lines
ProtectSystem=full" ;; esac
  show_service "$home" .deploy/instance "$_lines" | order_boot
}

# show_settler: the unit of the watcher. It has to use sudo, so that nothing is hardened.
show_settler() { show_watcher "$home" "User=$login" | order_boot; }

# order_boot: that unit stops before the network goes.
order_boot() {
  sed 's/^StartLimit/After=network.target\
&/'
}

# list_orders: what sudo is to let us tell systemd, a line each, as sudoers(5) writes it. Each name has
# its full length: a * would let further words through, so further units.
list_orders() {
  _n='[0-9]' _x='[0-9a-f]'
  _n4=$_n$_n$_n$_n _x3=$_x$_x$_x
  _release=$_n4${_n4}T$_n4$_n${_n}Z-$_x3$_x3$_x.
  _name=$(sudoers_word "$units")
  for _verb in restart stop enable disable; do
    for _instance in "$_n" "$_n$_n" "$_release$_n" "$_release$_n$_n"; do
      printf '%s %s@%s.service\n' "$_verb" "$_name" "$_instance"
    done
  done
  for _verb in start enable; do printf '%s %s-watcher.service\n' "$_verb" "$_name"; done
}

# sudoers_word TEXT: literally, for a pattern in sudoers(5): what is a backslash there is read twice.
sudoers_word() { printf '%s' "$1" | sed 's/\\/\\\\\\\\/g; s/[:=,]/\\&/g'; }

# show_sudoers: the file for /etc/sudoers.d.
show_sudoers() {
  _user=$(printf '%s\n' "$login" | sed 's/[^A-Za-z0-9_.-]/\\&/g')
  printf '# What %s may tell systemd of one app, and nothing else.\nDefaults:%s !requiretty\n' "$_user" "$_user"
  list_orders | while IFS= read -r _order; do
    printf '%s ALL=(root) NOPASSWD: %s %s\n' "$_user" "$systemctl" "$_order"
  done
}

# show_install: what an administrator runs as root beside these files.
show_install() {
  _services="$(quote "$units@.service") $(quote "$watcher_unit")"
  printf '%s\n' "# As root, once; and again when the app's path, its user or stop_timeout changes.
set -eu
cd -- \"\$(dirname -- \"\$0\")\"
visudo -cqf sudoers
install -m 644 -- $_services /etc/systemd/system/
install -m 440 -- sudoers /etc/sudoers.d/$(sudoers_name)
systemctl daemon-reload"
}

# sudoers_name: the name of that file; sudo reads none that has a dot in it. The number tells apart what
# the letters do not.
sudoers_name() {
  _plain=$(printf '%s\n' "$units" | sed 's/[^A-Za-z0-9_-]/_/g')
  _sum=$(printf '%s' "$units" | cksum)
  printf '%s-%s' "$_plain" "${_sum%% *}"
}

# show_units HOME ESCAPED SECONDS LOGIN SYSTEMCTL: what an administrator has to install, as lines: a file's
# name, a tab, a line of it. It asks nothing of the machine that it runs on, which is the controller: what
# root is given must not come from the account that it is to bound. ESCAPED: HOME in a unit's name.
show_units() {
  boot_target=multi-user.target
  home=$1 units=actionhero-$2 stop_seconds=$3 login=$4 systemctl=$5
  watcher_unit=$units-watcher.service
  show_template | name_lines "$units@.service"
  show_settler | name_lines "$watcher_unit"
  show_sudoers | name_lines sudoers
  show_install | name_lines install.sh
}

# name_lines NAME: each line behind NAME and a tab.
name_lines() { while IFS= read -r _line; do printf '%s\t%s\n' "$1" "$_line"; done; }

# units_state: as tab-separated lines: units that are not installed, or not as they would be now, and
# orders that sudo does not let through.
units_state() {
  systemd_names
  stop_seconds=$wanted_seconds login=$(id -un)
  judge_unit "$units@.service" "$units@0.service" "$(show_template)"
  judge_unit "$watcher_unit" "$watcher_unit" "$(show_settler)"
  judge_orders
}

# judge_orders: of a release's process where there are releases. No release has that name: its year is 0.
judge_orders() {
  _never=$units@00000000T000000Z-0000000.0.service
  if [ -n "${root:-}" ]; then _unit=$_never; else _unit=$units@0.service; fi
  _denied=$(
    for _order in restart stop enable disable; do judge_order "$_order" "$_unit"; done
    for _order in start enable; do judge_order "$_order" "$watcher_unit"; done
  )
  if [ -n "$_denied" ]; then printf '%s\n' "$_denied"; else judge_password "$_never"; fi
}

# judge_unit NAME INSTANCE TEXT: one line, when its file is not there, or has another text.
judge_unit() {
  _path=$(system_systemctl show --property=FragmentPath --value "$2")
  if [ -z "$_path" ]; then
    printf 'unit\tmissing\t%s\n' "$1"
  elif [ "$(cat "$_path" 2>/dev/null)" != "$3" ]; then
    printf 'unit\tdiffers\t%s\n' "$_path"
  fi
}

# judge_order VERB UNIT: one line, when sudo does not let us.
judge_order() {
  limited 20 sudo -n -l "$(find_systemctl)" "$1" "$2" >/dev/null 2>&1 ||
    printf 'sudo\tdenied\tsystemctl %s %s\n' "$1" "$2"
}

# judge_password UNIT: one line, when sudo wants a password to stop it. Only doing it tells: -l lists what
# is permitted with one, too. Nothing is to be stopped; systemctl says 5 where the template is missing.
judge_password() {
  limited 20 sudo -n "$(find_systemctl)" stop "$1" >/dev/null 2>&1 || [ "$?" -ne 1 ] ||
    printf 'sudo\tdenied\tsystemctl stop %s\n' "$1"
}
