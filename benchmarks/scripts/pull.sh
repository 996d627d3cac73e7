# The deploy begins: Production Notes, Git-based Deployment.
set -eu
cd "$APP"
git pull -q
