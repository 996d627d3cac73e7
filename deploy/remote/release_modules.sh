# Packages of a release: made once for a key, shared by every release of that key.
# needs: release node python
# shellcheck shell=sh

# install_release_node ROOT NAME SECONDS MODE FLAGS INPUTS: node_modules of the release leads to
# shared/deps/KEY/node_modules; npm runs only where no release had that key. Arguments: install_node's.
install_release_node() {
  enter_release "$1" "$2"
  _prepared=$_tree _marks=$_tree/.deploy/install _seconds=$3 _mode=$4 _flags=$5 _inputs=$6
  [ "$_mode" != off ] || keep_own off "packages are not managed"
  [ -z "$(tree_git "$_tree" ls-files node_modules | head -n 1)" ] ||
    keep_own committed "the commit carries its own packages"
  check_node
  _key=$(node_key)
  _kept=$_root/shared/deps/$_key
  if [ "$(cat "$_tree/.deploy/key" 2>/dev/null)" = "own $_key" ]; then unchanged "the packages are installed"; fi
  if [ -e "$_kept/.complete" ]; then
    touch "$_kept"
    [ "$(readlink "$_tree/node_modules")" != "$(modules_link)" ] || unchanged "the packages are there"
    note "the packages are those of an earlier release"
  else
    make_modules
  fi
  if [ -e "$_kept/.complete" ]; then link_modules; fi
}

# keep_own WORD WHY: there is nothing to install.
keep_own() {
  write_file "$_tree/.deploy/key" 644 "$1"
  unchanged "$2"
}

# modules_link: where the release's node_modules leads; not to the key itself, since a package looks
# for its siblings in a directory of that name.
modules_link() { echo "../../shared/deps/$_key/node_modules"; }

# make_modules: npm's own install in the release; then the packages are moved to where every release
# finds them, unless they are this one's alone.
make_modules() {
  rm -rf "$_tree/node_modules" "$_kept.partial" "$_kept"
  _before=$(list_made)
  run_npm
  mkdir -p "$_tree/node_modules" "$_kept.partial"
  _why=$(tie_to_tree)
  if [ -n "$_why" ]; then
    rmdir "$_kept.partial"
    note "this release keeps its packages to itself: $_why"
    write_file "$_tree/.deploy/key" 644 "own $_key"
    return
  fi
  rename "$_tree/node_modules" "$_kept.partial/node_modules"
  : >"$_kept.partial/.complete"
  flush "$_kept.partial" -f
  rename "$_kept.partial" "$_kept"
}

# link_modules: the release's node_modules is a link; its key is known.
link_modules() {
  rm -rf "$_tree/node_modules"
  ln -s "$(modules_link)" "$_tree/node_modules"
  write_file "$_tree/.deploy/key" 644 "$_key"
}

# list_made: what stands in the release and is not the commit's, packages and lockfile excepted.
list_made() { list_outputs | grep -vxF package-lock.json || :; }

# tie_to_tree: why these packages serve no other tree: they link into it (workspaces, file: directories),
# or npm made other files in it, which a release that only links the packages would not have.
tie_to_tree() {
  _modules=$(readlink -f "$_tree/node_modules")
  find "$_modules" -name .bin -prune -o -type l -print | while IFS= read -r _link; do
    case $(readlink -f "$_link") in
      "$_modules"/*) ;;
      *) echo "${_link#"$_modules"/} links out of node_modules" && break ;;
    esac
  done
  list_made | while IFS= read -r _made; do
    if ! printf '%s\n' "$_before" | grep -qxF -e "$_made"; then echo "npm also made $_made" && break; fi
  done
}

# install_release_python ROOT NAME SECONDS MODE: a virtual environment shared/venvs/KEY for the
# release's requirements.txt; .deploy/venv of the release leads to it.
install_release_python() {
  enter_release "$1" "$2"
  _prepared=$_tree _venvs=$_root/shared/venvs _seconds=$3 _mode=$4
  if ! wants_python; then
    rm -f "$_tree/.deploy/venv"
    unchanged "$_why"
  fi
  _venv=$_venvs/$(python_key)
  if [ -e "$_venv/.complete" ]; then
    touch "$_venv"
    [ "$(readlink "$_tree/.deploy/venv")" != "$_venv" ] || unchanged "the virtual environment is there"
  else
    make_venv
  fi
  rm -f "$_tree/.deploy/venv"
  ln -s "$_venv" "$_tree/.deploy/venv"
}
