# The reload of the Production Notes; it goes on after this has returned.
set -eu
kill -s USR2 "$(cat pids/cluster_pidfile)"
