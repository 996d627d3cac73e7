# What a build made moves into the live tree by renames, and back. Data that the app wrote stays.
# needs: git process
# shellcheck shell=sh

# swap_outputs APP PREPARED DEPS: packages, build results and the virtual environment go live.
swap_outputs() {
  _app=$1 _prepared=$2 _deps=$3 _previous=$1/.deploy/previous _swapped=no
  mkdir -p "$_previous"
  printf '%s\n' "$_prepared" >"$_previous/prepared"
  list_outputs >"$_previous/outputs.list"
  list_files "$_previous/outputs.list" "$_prepared" >"$_previous/placed"
  warn_of_tracked_changes
  while IFS= read -r _quoted; do
    unquote "$_quoted"
    swap_output "${unquoted%/}"
  done <"$_previous/outputs.list"
  swap_modules
  swap_venv
  keep_placed
  [ "$_swapped" = yes ] || unchanged "nothing was built"
  mark_checkout "$_app" "$(head_of "$_app")"
}
