# Which release a script speaks of, and what the host has on record: fence, pending, confirmed.
# needs: cluster scale
# shellcheck shell=sh

# describe_releases ROOT SOCKETS [WARM [LINGER]]: where the app's releases and their sockets are, for how
# many seconds old ones are kept warm, and for how many more than requests their long-lived connections
# may last; after describe_cluster, whose title becomes the host's.
describe_releases() {
  root=$1 sockets=$2 warm=${3:-0} linger=${4:-0} host_title=$title release=''
}

# use_release NAME: the verbs of cluster.sh speak of that release from here on, as it was described
# when it was made: the old one may be of another version.
use_release() {
  release=$1 app=$root/releases/$1 listen=$sockets/$1 title=$host_title-$1
  state=$app/.deploy
  # shellcheck disable=SC1091 # made by equip_release
  [ ! -e "$state/described" ] || . "$state/described"
  find_root || : # once, for all that is asked in shells of their own
}

# use_confirmed: the same for the release that is confirmed; `none` where there is none yet.
use_confirmed() {
  _name=$(record confirmed release)
  use_release "${_name:-none}"
}

# equip_release NAME ENVIRONMENT: write down how that release is run, and with which environment.
equip_release() {
  use_release "$1"
  mkdir -p "$state"
  write_file "$state/env" 600 "$2"
  write_settings
}

# scale_release WORKERS SECONDS: as many workers run as wanted, and will after the next start.
scale_release() {
  workers=$1
  case $workers in auto*) workers=$(auto_workers "$workers") ;; esac
  apart scale_cluster "$2"
  case $_code in 0 | "$UNCHANGED") write_settings ;; esac
  exit "$_code"
}

# write_settings: what use_release reads.
write_settings() {
  write_file "$state/described" 644 "model='$model' workers=$workers supervisor=$supervisor stop_seconds=$stop_seconds
health=$(quote "$health")
"
}

# record FILE KEY: what a record of the host says; nothing where there is no such record.
record() { value_in "$root/.deploy/$1" "$2"; }

# write_record FILE TEXT: durable before it is seen, and seen as a whole.
write_record() { write_durable "$root/.deploy/$1" 600 "$2"; }

# rename_record FROM TO: one rename, durable.
rename_record() { rename_durable "$root/.deploy/$1" "$root/.deploy/$2"; }

# point_link TARGET LINK: one rename.
point_link() {
  rm -f "$2.new"
  ln -s "$1" "$2.new"
  rename "$2.new" "$2"
}

# point_live NAME: every new connection goes to that release's sockets, static files come from its
# directory, and from the release before it where it has none.
point_live() {
  mkdir -p "$sockets"
  _before=$(readlink "$root/current") || _before=''
  if [ -n "$_before" ] && [ "$_before" != "releases/$1" ]; then point_link "$_before" "$root/previous"; fi
  point_link "releases/$1" "$root/current"
  point_link "$1" "$sockets/live"
}

# point_standby: what is confirmed stands by while another release is pending: nginx asks it when a
# connection to the live one is refused. Nobody stands by where nothing is confirmed.
point_standby() {
  _name=$(record confirmed release)
  if [ -n "$_name" ]; then point_link "$_name" "$sockets/standby"; else end_standby; fi
}

# end_standby: from here on no new connection reaches any release but the live one.
end_standby() { rm -f "$sockets/standby"; }

# live_release: the release that new connections reach.
live_release() { readlink "$sockets/live" || :; }

# is_warm: there is a warm release, and its time is not over.
is_warm() {
  read_boot
  read_value "$root/.deploy/warm" boot
  [ "$_value" = "$_boot" ] || return 1
  read_value "$root/.deploy/warm" until
  [ "$(ticks_now)" -lt "$_value" ]
}

# warm_release: its name; nothing where there is none, or its time is over.
warm_release() { if is_warm; then record warm release; fi; }

# is_recorded RECORD NAME: that record of the host names this release. No process is started for it.
is_recorded() {
  read_value "$root/.deploy/$1" release
  [ "$_value" = "$2" ]
}
