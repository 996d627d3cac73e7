"""What is seen of all hosts together, of their records, and of their files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from deploy.checks.status import FleetView, Place, Seen, Silent, Trouble


def unreachable(fleet: FleetView) -> Iterator[Place]:
    """No answer, or none that can be read."""
    for one in fleet.hosts:
        if isinstance(one, Silent):
            hint = one.hint or f"log in by hand: ssh {one.host.address}"
            yield Place(one.host.name, one.error, hint)


def version_skew(fleet: FleetView) -> Iterator[Place]:
    """Two revisions answer the same question differently."""
    heads = fleet.heads
    if len(set(heads.values())) > 1:
        behind = tuple(name for name, head in heads.items() if head != fleet.common)
        yield Place(
            "",
            f"hosts are at different revisions: {_grouped(heads)}",
            f"{fleet.task('deploy')} puts all on one (--revision: on which)",
            behind,
        )


def node_skew(fleet: FleetView) -> Iterator[Place]:
    """The same code on another Node is not the same."""
    nodes = {one.name: one.facts.machine.node or "none" for one in fleet.seen}
    if len(set(nodes.values())) > 1:
        what = f"hosts have different versions of Node: {_grouped(nodes)}"
        mend = "install one, or set node_bin in the inventory"
        yield Place("", what, mend, tuple(nodes))


def packages_skew(fleet: FleetView) -> Iterator[Place]:
    """The same revision and Node, and other packages."""
    kinds: dict[tuple[str, str], dict[str, str]] = {}
    for one in fleet.seen:
        if one.look.packages:
            same = kinds.setdefault((one.facts.head, one.facts.machine.node), {})
            same[one.name] = one.look.packages[:8]
    for keys in kinds.values():
        if len(set(keys.values())) > 1:
            what = f"packages differ at the same revision: {_grouped(keys)}"
            mend = "compare .npmrc, npm --version and uname -m of the hosts"
            yield Place("", what, mend, tuple(keys))


def _grouped(values: Mapping[str, str]) -> str:
    """`3f2a9c1d10 on web1, web2; 8b1d000aaa on jobs1`, the most frequent first."""
    hosts: dict[str, list[str]] = {}
    for name, value in values.items():
        hosts.setdefault(value, []).append(name)
    found = sorted(hosts.items(), key=lambda pair: -len(pair[1]))
    return "; ".join(f"{value[:10]} on {name_hosts(names)}" for value, names in found)


def name_hosts(names: Sequence[str]) -> str:
    """At most six of them."""
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return ", ".join(names[:6]) + more


def drift(fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """Files are not as `configure` would have them."""
    files = one.drift.files
    if files:
        told = "; ".join(f"{path} {verdict}" for path, verdict in files[:3])
        more = f"; and {len(files) - 3} more" if len(files) > 3 else ""
        yield (
            f"{told}{more}",
            f"{fleet.task('drift', one.name)} shows the lines; {fleet.task('configure', one.name)}"
            " installs the inventory's",
        )


def unknown_drift(_fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """Whether files drifted cannot be told from here."""
    if one.drift.fault:
        yield f"drift is not known: {one.drift.fault}", "invoke drift tells more"


def locked(fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """A run is under way: what differs may be on its way."""
    if one.lock:
        holder = one.lock
        words = (
            f"{holder.who or 'somebody'} holds the lock",
            f"from {holder.machine}" if holder.machine else "",
            f"since {_readable(holder.since)}" if holder.since else "",
            f"for {holder.task}" if holder.task else "",
        )
        yield (
            " ".join(filter(None, words)),
            f"wait for that run; if it hangs: {fleet.task('unlock')}",
        )


def _readable(moment: str) -> str:
    """`2026-11-29 03:00:00 UTC` of what ISO 8601 writes so; else as it is."""
    return f"{moment[:19].replace('T', ' ')} UTC" if moment.endswith("+00:00") else moment


def last_failed(_fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """The last run failed, before or after code went live."""
    if one.last and one.last.outcome == "old":
        last = one.last
        yield (
            f"the last {last.task}, of {last.revision[:10]} by {last.who}, failed: the code of"
            " before was kept, or put back",
            f"on {last.machine or 'the machine it ran on'}: invoke report {last.run}",
        )
