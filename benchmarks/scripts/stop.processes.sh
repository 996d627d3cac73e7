# End all processes of the host, and wait until they are gone.
set -eu
for file in pids/actionhero-*; do
  pid=$(cat "$file")
  kill "$pid"
  stopping="${stopping-} $pid"
done
for pid in $stopping; do
  while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
done
