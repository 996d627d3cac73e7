# An in-place tree becomes the first release without a lost request: nginx keeps the sockets it knows.
# needs: mirror release_shared switch state
# shellcheck shell=sh

# adopt_tree ROOT URL PATHS SOCKETS: prepare ROOT, a git tree that processes run from, for releases: a
# mirror of its objects; log and each of PATHS is shared where it stands. Its processes listen in
# SOCKETS; empty where nobody connects to them. Nothing that serves is touched.
adopt_tree() {
  _root=$1 _app=$1 _tree=$1 _url=$2
  require_git
  [ -e "$_root/.git" ] || refuse "$_root is no in-place tree: there is nothing to adopt" \
    "invoke deploy makes releases there from nothing"
  [ ! -e "$_root/.deploy/confirmed" ] || unchanged "it is adopted already"
  check_repository
  _tracked=$(tree_git "$_app" ls-files -- repo.git releases shared current previous | first_lines)
  [ -z "$_tracked" ] || refuse "the repository holds what releases need the place of:$_tracked" \
    "give it other names in the repository, or the app another path"
  [ -z "$4" ] || [ -n "$(list_adoptable "$4")" ] || refuse "nothing listens on $4/N.sock, where nginx would look" \
    "deploy in place with listen: socket, and let nginx connect there: then adopt"
  for _pattern in /repo.git/ /repo.git.partial/ /releases/ /shared/ /current /previous; do exclude "$_pattern" || :; done
  while IFS= read -r _path; do
    if [ -n "$_path" ]; then share_in_place "$_path" </dev/null; fi
  done <<END
log
$3
END
  adopt_objects
}

# share_in_place PATH: shared/PATH leads to what the tree has there, so that old and new code see the
# same files, at any moment.
share_in_place() {
  check_shared_path "$1"
  _kept=$_root/shared/$1
  if ! exists "$_root/$1" || [ -L "$_kept" ]; then return 0; fi
  ! exists "$_kept" || refuse "$_kept and $_root/$1 both exist: which one do processes use?" \
    "move the one away that they do not use"
  mkdir -p "${_kept%/*}"
  _up=$(climb "$1")
  ln -s "${_up#../}$1" "$_kept"
}

# adopt_objects: the mirror has what the tree has; what it lacks comes from the origin later.
adopt_objects() {
  _app=$_root/repo.git
  [ -e "$_app" ] || make_mirror
  tree_git "$_app" fetch -q --no-tags "$_root" +HEAD:refs/deploy/adopted ||
    note "the tree's objects cannot be read: they are fetched from the origin"
}

# list_adoptable SOCKETS: names of the sockets there that somebody listens on.
list_adoptable() {
  for _file in "$1"/*.sock; do
    if [ ! -L "$_file" ] && [ -n "$(list_inodes "$_file")" ]; then echo "${_file##*/}"; fi
  done
}

# adopt_sockets RUN SOCKETS: each socket that nginx knows becomes, by a rename, a link to the live
# release's; while RUN is pending. The old one stays beside it for the way back, and the directory is
# closed: a process that ends removes the socket's name, which is the link by now.
adopt_sockets() {
  take_pending
  is_pending "$1" || refuse "the release of run $1 is not pending any more: it was returned" "invoke adopt again"
  if [ -z "$2" ]; then
    write_record adopting "sockets=
"
    return
  fi
  _names=$(list_adoptable "$2")
  for _name in $_names; do
    [ -S "$listen/$_name" ] || refuse "nginx may connect to $2/$_name, and the release has no such socket" \
      "set workers so that there are as many processes as now"
  done
  write_record adopting "sockets=$2
mode=$(stat -c %a "$2")
"
  for _name in $_names; do
    rm -f "$2/$_name.adopted"
    ln "$2/$_name" "$2/$_name.adopted"
    point_link "$sockets/live/$_name" "$2/$_name"
  done
  chmod a-w "$2"
}

# use_tree: the verbs of cluster.sh speak of the in-place tree from here on.
use_tree() {
  app=$root state=$root/.deploy release='' title=$host_title listen=$(record adopting sockets)
  model=$(installed_model)
}

# open_sockets: the directory of the old sockets can be changed again; false where there is none.
open_sockets() {
  _place=$(record adopting sockets)
  [ -n "$_place" ] || return 1
  chmod "$(record adopting mode)" "$_place"
}

# return_tree: nginx reaches the in-place processes again, as before.
return_tree() {
  [ -e "$root/.deploy/adopting" ] || return 0
  if open_sockets; then
    for _file in "$_place"/*.sock.adopted; do
      if [ -L "${_file%.adopted}" ]; then rename "$_file" "${_file%.adopted}"; else rm -f "$_file"; fi
    done
  fi
  use_tree
  if [ -e "$state/env" ] && [ -z "$(list_tops)" ]; then launch_missing; fi
  rm -f "$root/.deploy/adopting"
}

# retire_tree DRAIN: the release is confirmed: the in-place processes end once nobody is connected.
retire_tree() {
  use_tree
  if [ -n "$(list_ours)" ]; then
    [ "$1" = none ] || drain_release "the in-place tree" "$1" count_adopted
    [ "$(id -u)" -ne 0 ] || kill_tree # no mode keeps root from removing the links
    stop_release wait
  fi
  if open_sockets; then rm -f "$_place"/*.sock.adopted; fi
  rm -f "$root/.deploy/adopting"
}

# kill_tree: the processes that are spoken of end at once, and remove nothing.
kill_tree() {
  _root=$(real_directory "$app")
  { list_tops; list_ours; } | while read -r _pid _start; do
    if is_ours "$_pid" "$_start" "$_root"; then kill -KILL "$_pid" 2>/dev/null || :; fi
  done
}

# count_adopted: connections to the in-place processes: those that one of them holds, and those that
# nobody accepted yet (proc(5), net/unix; a cluster's path is relative).
count_adopted() {
  {
    list_ours | list_held | sed 's/^/held /'
    cat /proc/net/unix
  } | LC_ALL=C awk -v place="$listen" '
    function is_there(path) {
      sub(/\/[^\/]*$/, "", path)
      if (path !~ /^\.\.?\//) return path == place
      sub(/^(\.\.?\/)*/, "/", path)
      return substr(place, length(place) - length(path) + 1) == path
    }
    $1 == "held" { held[$2]; next }
    NF >= 8 && (($6 == "03" && $7 in held) || ($6 == "02" && is_there($8))) { count++ }
    END { print count + 0 }'
}
