# The driver `systemd-user`: an instance of one template unit a process, in the user's own systemd.
# What is enabled, and starts at boot, is what was last proved. Needs linger (loginctl(1)).
# needs: supervisor_units
# shellcheck shell=sh

# systemd_user_launch INDEX: write the unit down as it is to be now, and start it.
systemd_user_launch() {
  systemd_user_names
  write_unit "$units@.service" "$(show_service "$tree" .deploy/start)" || :
  restart_unit "$1"
}

# systemd_user_stop TOPS: as stop_units says.
systemd_user_stop() {
  systemd_user_names
  stop_units "$1"
}

# systemd_user_at_boot COUNT: as boot_units says.
systemd_user_at_boot() {
  systemd_user_names
  boot_units "$1"
}

# systemd_user_watch: the watcher as a unit.
systemd_user_watch() {
  systemd_user_places
  _unit=actionhero-watcher-$(systemd-escape --path "$root").service
  if write_unit "$_unit" "$(show_watcher "$root")"; then order enable "$_unit"; fi
  start_watcher "$_unit"
}

# systemd_user_forget: units of releases that are gone.
systemd_user_forget() {
  systemd_user_places
  for _file in "$units_directory/actionhero-$(systemd-escape --path "$root/releases")"-*@.service; do
    [ -e "$_file" ] || continue
    _directory=$(sed -n 's/^WorkingDirectory=//p' "$_file" | sed 's/%%/%/g')
    [ -d "$_directory" ] || rm -f "$_file"
  done
}

# systemd_user_names: a template of its own for each directory that an app runs from.
systemd_user_names() {
  systemd_user_places
  tree=$(real_directory "$app")
  units=$(units_of "$tree")
  instances=$units@
  [ "${#units}" -le 230 ] || refuse "$tree is too long for the name of a unit" "choose a shorter path"
}

# systemd_user_places: where the user's units are.
systemd_user_places() {
  manager=user boot_target=default.target
  units_directory=${XDG_CONFIG_HOME:-$HOME/.config}/systemd/user
  enabled_links=$units_directory/$boot_target.wants
}

# write_unit NAME TEXT: the file of a unit; false when it is that already.
write_unit() {
  [ "$(cat "$units_directory/$1" 2>/dev/null)" != "$2" ] || return 1
  mkdir -p "$units_directory"
  write_file "$units_directory/$1" 644 "$2
"
  user_systemctl daemon-reload
}
