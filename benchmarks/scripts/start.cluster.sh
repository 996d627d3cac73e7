# The cluster's master, as the Production Notes start it: it outlives the login.
set -eu
start=startCluster
[ "$MAJOR" -lt 15 ] || start='start cluster'
[ -z "$SOCKETS" ] || export PORT="$SOCKETS/0.sock"
# shellcheck disable=SC2086 # words on purpose
setsid ./node_modules/.bin/actionhero $start "--workers=$WORKERS" >>log/out 2>&1 </dev/null &
