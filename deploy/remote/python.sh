# Python packages, in virtual environments addressed by what they are made from.
# needs: git build node
# shellcheck shell=sh

# install_python APP PREPARED VENVS SECONDS MODE: a virtual environment for requirements.txt. Where
# it is stands in PREPARED.venv; builds see its programs first, .deploy/venv leads to it once live.
install_python() {
  _app=$1 _prepared=$2 _venvs=$3 _seconds=$4 _mode=$5
  rm -f "$_prepared.venv"
  wants_python || unchanged "$_why"
  _venv=$_venvs/$(python_key)
  if [ ! -e "$_venv/.complete" ]; then
    make_venv
    printf '%s\n' "$_venv" >"$_prepared.venv"
    prune_venvs
  else
    touch "$_venv"
    printf '%s\n' "$_venv" >"$_prepared.venv"
    unchanged "the virtual environment is there"
  fi
}

# wants_python: there is something to install; else false, and $_why.
wants_python() {
  _why="Python packages are not managed"
  [ "$_mode" != off ] || return 1
  _why="the commit has no requirements.txt"
  [ -f "$_prepared/requirements.txt" ] || return 1
  command -v python3 >/dev/null || refuse "the commit has a requirements.txt, but python3 is not in PATH" \
    "install it (apt-get install python3-venv), or set dependencies.python to off"
}

# python_key: a digest of what decides what an install makes; venvs cannot be moved, so VENVS counts.
python_key() {
  {
    python3 --version
    printf '%s\n%s\n' "$(uname -m)" "$_venvs"
    cd "$_prepared"
    cat requirements*.txt constraints*.txt 2>/dev/null || :
  } | sha256sum | cut -c 1-40
}

# make_venv: made in its place, marked when it is whole.
make_venv() {
  rm -rf "$_venv"
  mkdir -p "$_venvs"
  _command="python3 -m venv" _code=0
  bounded "$_seconds" python3 -m venv "$_venv" || _code=$?
  [ "$_code" -eq 0 ] || refuse "$_command ended with code $_code; the old code still serves" \
    "see the log; on Debian and Ubuntu: apt-get install python3-venv"
  note "pip install -r requirements.txt"
  _command="pip install"
  (
    app_environment
    cd "$_prepared" || exit 126
    bounded "$_seconds" "$_venv/bin/python" -m pip --disable-pip-version-check --no-input \
      install -r requirements.txt
  ) || _code=$?
  case $_code in
    0) : >"$_venv/.complete" ;;
    124) refuse "$_command took longer than $_seconds s; the old code still serves" "look at the network, or set dependencies.timeout" ;;
    *) refuse "$_command -r requirements.txt ended with code $_code; the old code still serves" "see the last lines of its output" ;;
  esac
}

# prune_venvs: keep the newest three, and never the one that is live.
prune_venvs() {
  _live=$(readlink "$_app/.deploy/venv") || _live=''
  [ -z "$_live" ] || touch "$_live"
  touch "$_venv"
  prune_newest "$_venvs" 3
}
