# What somebody did on the host once, by hand.
set -eu
git clone -q "$REPOSITORY" "$APP"
cd "$APP"
mkdir -p pids log tmp
