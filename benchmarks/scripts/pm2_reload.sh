# In cluster mode one worker after the other; in fork mode a restart.
set -eu
"$PM2_NODE" "$PM2" reload lab
