# What a build made moves into the live tree by renames, and back. Data that the app wrote stays.
# needs: tree checkout process
# shellcheck shell=sh

# check_prepared PREPARED: what starts was made in it; else what an earlier build left would start.
check_prepared() {
  if [ "$model" != processes ] || [ -f "$1/dist/server.js" ]; then unchanged; fi
  refuse "there is no dist/server.js in $1: neither the commit nor a build made one there; the old code still serves" \
    "name the commands that compile the app in app.build, and let them write where they run"
}

# swap_outputs APP PREPARED DEPS: packages, build results and the virtual environment go live.
swap_outputs() {
  _app=$1 _prepared=$2 _deps=$3 _previous=$1/.deploy/previous _swapped=no _number=0
  mkdir -p "$_previous"
  list_outputs >"$_previous/outputs.list"
  list_entries "$_prepared" >"$_previous/made"
  cat "$_app/.deploy/placed" 2>/dev/null >"$_previous/placed" || :
  printf '%s\n' "$_prepared" >"$_previous/prepared"
  warn_of_tracked_changes
  while IFS= read -r _quoted; do
    unquote "$_quoted"
    swap_output "${unquoted%/}"
  done <"$_previous/outputs.list"
  swap_modules
  swap_venv
  [ "$_swapped" = yes ] || unchanged "nothing was built"
  remember_placed
  mark_checkout "$_app" "$(head_of "$_app")"
}

# list_entries ROOT: every file and directory below the outputs, as it stands under ROOT.
list_entries() {
  while IFS= read -r _quoted; do
    unquote "$_quoted"
    (cd "$1" && find "./${unquoted%/}" 2>/dev/null) || :
  done <"$_previous/outputs.list"
}

# warn_of_tracked_changes: what a build did to tracked files does not go live.
warn_of_tracked_changes() {
  _changed=$(tree_git "$_prepared" status --porcelain --untracked-files=no | first_lines)
  [ -z "$_changed" ] || warn "the build changed tracked files; they go live as they were committed:$_changed"
}

# swap_output PATH: as a whole, or file by file where the live directory also holds other data.
swap_output() {
  exists "$_prepared/$1" || return 0
  if holds_other_data "$1"; then merge_output "$1"; else place "$1"; fi
}

# holds_other_data PATH: the live directory holds what neither this build nor an earlier one made.
holds_other_data() {
  if [ ! -d "$_app/$1" ] || [ -L "$_app/$1" ] || [ ! -d "$_prepared/$1" ]; then return 1; fi
  (cd "$_app" && find "./$1") | awk -v made="$_previous/made" -v placed="$_previous/placed" '
    BEGIN {
      while ((getline name < made) > 0) known[name]
      while ((getline name < placed) > 0) known[name]
    }
    !($0 in known) { found = 1 }
    END { exit !found }'
}

# merge_output DIRECTORY: each file of its own; what an earlier build placed and this one did not
# make is moved away, all else stays.
merge_output() {
  note "$1 holds files that no build made: they stay, the build's are placed one by one"
  tree_git "$_prepared" --literal-pathspecs ls-files --others -- "$1" >"$_previous/merge.list"
  while IFS= read -r _quoted; do
    unquote "$_quoted"
    place "${unquoted%/}"
  done <"$_previous/merge.list"
  while IFS= read -r _known; do
    case $_known in "./$1/"*) set_stale_aside "${_known#./}" ;; esac
  done <"$_previous/placed"
}

# set_stale_aside PATH: a file of an earlier build that this one did not make.
set_stale_aside() {
  if [ -d "$_app/$1" ] || grep -qxF "./$1" "$_previous/made"; then return 0; fi
  set_aside outputs "$1"
}

# new_item KIND PATH: set _item to a numbered directory that remembers PATH for the way back.
new_item() {
  while [ -e "$_previous/$1/$((_number += 1))" ]; do :; done
  _item=$_previous/$1/$_number
  mkdir -p "$_item" && printf '%s' "$2" >"$_item/path"
}

# set_aside KIND PATH: move a file out of the live tree, remembered.
set_aside() {
  exists "$_app/$2" || return 0
  new_item "$1" "$2" && rename "$_app/$2" "$_item/old"
}

# place PATH: the prepared one takes the live one's place, which is remembered.
place() {
  new_item outputs "$1"
  if exists "$_app/$1"; then rename "$_app/$1" "$_item/old"; else : >"$_item/absent"; fi
  make_parent "$_app/$1"
  rename "$_prepared/$1" "$_app/$1"
  _swapped=yes
}

# make_parent PATH: the directory that PATH stands in.
make_parent() { [ -d "${1%/*}" ] || mkdir -p "${1%/*}"; }

# swap_modules: a node_modules of the prepared tree's own goes live, the old one is parked.
swap_modules() {
  if [ ! -d "$_prepared/node_modules" ] || [ -L "$_prepared/node_modules" ]; then return 0; fi
  [ -z "$(tree_git "$_prepared" ls-files node_modules | head -n 1)" ] || return 0
  mkdir -p "$_previous/modules"
  if exists "$_app/node_modules"; then park_live_modules; else : >"$_previous/modules/absent"; fi
  rename "$_prepared/node_modules" "$_app/node_modules"
  if [ -s "$_prepared.key" ]; then write_file "$_app/.deploy/node_key" 644 "$(cat "$_prepared.key")"; fi
  _swapped=yes
}

# park_live_modules: under its key, or as unknown-N where nobody knows what it was made from.
park_live_modules() {
  _key=$(cat "$_app/.deploy/node_key" 2>/dev/null) || _key=''
  _parked=$_deps/$_key
  if [ -z "$_key" ]; then
    _n=1
    while [ -e "$_deps/unknown-$_n" ]; do _n=$((_n + 1)); done
    _parked=$_deps/unknown-$_n
  fi
  printf '%s' "$_key" >"$_previous/modules/key"
  rm -rf "$_parked"
  mkdir -p "$_parked"
  printf '%s\n' "$_parked" >"$_previous/modules/parked"
  rm -f "$_app/.deploy/node_key"
  rename "$_app/node_modules" "$_parked/node_modules"
}

# swap_venv: .deploy/venv leads to the prepared tree's virtual environment.
swap_venv() {
  _new=$(cat "$_prepared.venv" 2>/dev/null) || _new=''
  _now=$(readlink "$_app/.deploy/venv") || _now=''
  [ "$_new" != "$_now" ] || return 0
  printf '%s\n' "$_now" >"$_previous/venv"
  point_venv "$_new"
  _swapped=yes
}

# point_venv TARGET: one rename; without a target there is no link.
point_venv() {
  rm -f "$_app/.deploy/venv.new"
  if [ -z "$1" ]; then
    rm -f "$_app/.deploy/venv"
  else
    ln -s "$1" "$_app/.deploy/venv.new"
    rename "$_app/.deploy/venv.new" "$_app/.deploy/venv"
  fi
}

# remember_placed: what builds placed in the live tree and is there now.
remember_placed() {
  while IFS= read -r _known; do
    if exists "$_app/$_known"; then printf '%s\n' "$_known"; fi
  done <"$_previous/placed" | cat - "$_previous/made" | LC_ALL=C sort -u >"$_app/.deploy/placed.new"
  rename "$_app/.deploy/placed.new" "$_app/.deploy/placed"
}
