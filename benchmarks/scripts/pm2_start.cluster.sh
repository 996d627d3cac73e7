# pm2 in cluster mode: its own workers on one socket.
set -eu
[ -z "$SOCKETS" ] || export PORT="$SOCKETS/0.sock"
"$PM2_NODE" "$PM2" start dist/server.js --name lab -i "$WORKERS"
