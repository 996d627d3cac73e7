# pm2 in fork mode: it knows one process, the cluster's master.
set -eu
start=startCluster
[ "$MAJOR" -lt 15 ] || start='start cluster'
[ -z "$SOCKETS" ] || export PORT="$SOCKETS/0.sock"
# shellcheck disable=SC2086 # words on purpose
"$PM2_NODE" "$PM2" start ./node_modules/.bin/actionhero --name lab --interpreter none \
  -- $start "--workers=$WORKERS"
