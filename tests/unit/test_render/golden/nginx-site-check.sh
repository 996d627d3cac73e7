#!/bin/sh
# check FILE: the whole nginx reads FILE in place of the live one, beside every other site; what it has
# against it. Rendered by actionhero-deploy.
set -eu
PATH=$PATH:/usr/sbin:/sbin

main=/etc/nginx/nginx.conf live=/etc/nginx/conf.d/chat.conf
directory=${live%/*} base=${main%/*}/
sites=$(mktemp -d)
copy=$(mktemp "$main.XXXXXX") # beside it, since what it includes may be relative to it
trap 'rm -rf "$sites" "$copy"' EXIT
trap 'exit 1' HUP INT TERM # a shell that a signal ends does not come to EXIT

for each in "$directory"/*; do
  [ ! -f "$each" ] || [ "$each" = "$live" ] || ln -s "$each" "$sites"
done
ln -s "$1" "$sites/${live##*/}"

# plain PATH: for sed, as it is.
plain() { printf '%s' "$1" | sed 's/[].[*\\|^$]/\\&/g'; }
sed "s|^\([[:space:]]*include[[:space:]]*\)$(plain "$directory")/|\1$sites/|
s|^\([[:space:]]*include[[:space:]]*\)$(plain "${directory#"$base"}")/|\1$sites/|" "$main" >"$copy"
if cmp -s "$main" "$copy"; then
  echo "$main does not include $directory: no site there would count" >&2
  exit 1
fi
if said=$(nginx -t -q -c "$copy" 2>&1); then exit 0; fi
printf '%s\n' "$said" | sed "s|$sites/$(plain "${live##*/}")|$1|; s|$sites/|$directory/|; s|$copy|$main|" >&2
exit 1
