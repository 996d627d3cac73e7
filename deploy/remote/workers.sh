# How many workers `auto` is on this host, and why.
# shellcheck shell=sh

# auto_workers auto[:CPUS:KILOBYTES]: one less than the CPUs (as declared, or all), and at least two;
# but no more than three quarters of the memory hold, of workers of that size.
auto_workers() {
  weigh_workers "$1"
  echo "$_count"
}

# weigh_workers auto[:CPUS:KILOBYTES]: set _count, and _why there are so many.
weigh_workers() {
  _rest=${1#auto} _cpus='' _size='' _which=CPUs
  case $_rest in :*) _rest=${_rest#:} _cpus=${_rest%%:*} _size=${_rest#*:} ;; esac
  if [ -n "$_cpus" ]; then _which='CPUs as declared'; else _cpus=$(nproc); fi
  _count=2 _why="$_cpus $_which, and at least 2"
  if [ "$_cpus" -gt 3 ]; then _count=$((_cpus - 1)) _why="$_cpus $_which less one"; fi
  [ -n "$_size" ] || return 0
  _memory=$(machine_memory)
  _most=$((_memory * 3 / 4 / _size))
  [ "$_most" -ge 1 ] || _most=1
  [ "$_most" -lt "$_count" ] || return 0
  _count=$_most _why="memory: 3/4 of $((_memory / 1024)) MB hold $_most of $((_size / 1024)) MB"
}

# machine_memory: kilobytes of the machine, or of a smaller control group above this process (version 2).
machine_memory() {
  _group=$(sed -n 's/^0:://p' /proc/self/cgroup)
  {
    sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo
    while [ -n "$_group" ]; do
      _limit=$(cat "/sys/fs/cgroup$_group/memory.max" 2>/dev/null) || _limit=max
      [ "$_limit" = max ] || echo $((_limit / 1024))
      _group=${_group%/*}
    done
  } | sort -n | sed -n 1p
}
