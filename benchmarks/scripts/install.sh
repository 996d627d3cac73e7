# Packages, and the build that versions from 22 on need.
set -eu
npm install
[ "$MAJOR" -lt 22 ] || npm run build
