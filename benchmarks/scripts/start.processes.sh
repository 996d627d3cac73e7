# One process a socket: these versions have no cluster.
set -eu
number=0
while [ "$number" -lt "$WORKERS" ]; do
  [ -z "$SOCKETS" ] || export PORT="$SOCKETS/$number.sock"
  ACTIONHERO_TITLE="$HOST-$number" setsid node dist/server.js >>log/out 2>&1 </dev/null &
  number=$((number + 1))
done
