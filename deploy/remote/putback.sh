# The undo of swap_outputs: every rename it made, made back; whole or cut off at any point.
# needs: outputs
# shellcheck shell=sh

# restore_outputs APP PREPARED DEPS: packages, build results and the venv as they were before.
restore_outputs() {
  [ -e "$1/.deploy/previous/prepared" ] || unchanged
  put_outputs_back "$1"
}

# put_outputs_back APP: the same, also for a swap that was cut off and whose tree is gone.
put_outputs_back() {
  _app=$1 _previous=$1/.deploy/previous
  _prepared=$(cat "$_previous/prepared" 2>/dev/null) || return 0
  put_modules_back
  if [ -e "$_previous/venv" ]; then point_venv "$(cat "$_previous/venv")"; fi
  put_aside_back outputs
  put_placed_back
  if [ -n "$(head_of "$_app")" ]; then mark_checkout "$_app" "$(head_of "$_app")"; fi
  rm -rf "$_previous/prepared" "$_previous/modules" "$_previous/venv"
}

# put_aside_back KIND: every remembered item goes back to its place.
put_aside_back() {
  for _item in "$_previous/$1"/*; do
    if [ -e "$_item/path" ]; then put_item_back; fi
  done
  rm -rf "${_previous:?}/$1"
}

# put_item_back: one item; what stands in its place goes back to where it was made.
put_item_back() {
  _path=$(cat "$_item/path" && echo x)
  _path=${_path%x}
  if exists "$_item/old"; then
    if exists "$_app/$_path"; then take_back; fi
    make_parent "$_app/$_path"
    rename "$_item/old" "$_app/$_path"
  elif [ -e "$_item/absent" ] && exists "$_app/$_path" && ! exists "$_prepared/$_path"; then
    take_back
  fi
}

# take_back: the live path returns to the prepared tree, or goes when that is gone.
take_back() {
  rm -rf "$_item/discarded"
  if [ -n "${_prepared-}" ] && [ -d "$_prepared" ] && ! exists "$_prepared/$_path"; then
    make_parent "$_prepared/$_path"
    rename "$_app/$_path" "$_prepared/$_path"
  else
    rename "$_app/$_path" "$_item/discarded"
  fi
}

# put_modules_back: the old node_modules and its key.
put_modules_back() {
  _modules=$_previous/modules
  _parked=$(cat "$_modules/parked" 2>/dev/null) || _parked=''
  if [ -n "$_parked" ] && exists "$_parked/node_modules"; then
    rm -f "$_app/.deploy/node_key"
    return_new_modules
    rename "$_parked/node_modules" "$_app/node_modules"
  elif [ -e "$_modules/absent" ]; then
    rm -f "$_app/.deploy/node_key"
    return_new_modules
  fi
  if [ -s "$_modules/key" ]; then write_file "$_app/.deploy/node_key" 644 "$(cat "$_modules/key")"; fi
  if [ -n "$_parked" ]; then rmdir "$_parked" 2>/dev/null || :; fi
}

# return_new_modules: the new node_modules returns to the prepared tree, or goes when that is gone.
return_new_modules() {
  if ! exists "$_app/node_modules" || [ -e "$_prepared/node_modules" ]; then return 0; fi
  if [ -d "$_prepared" ]; then
    rename "$_app/node_modules" "$_prepared/node_modules"
  else
    rename "$_app/node_modules" "$_modules/discarded"
  fi
}

# put_placed_back: the record of what builds placed.
put_placed_back() {
  if [ -s "$_previous/placed" ]; then
    rename "$_previous/placed" "$_app/.deploy/placed"
  else
    rm -f "$_app/.deploy/placed"
  fi
}
