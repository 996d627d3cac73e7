"""The values of one host in a table of `invoke status`, each in as few words as say it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone

from deploy.checks.status import Seen, Silent
from deploy.checks.status.machine import percent, size
from deploy.facts.cluster import Verdict

_SPANS = ((86400, "d"), (3600, "h"), (60, "min"))
_BAD: tuple[Verdict, ...] = ("stale", "foreign", "unreadable")


def span(seconds: float) -> str:
    """`12 s`, `5 min`, `3 h`, `2 d`; nothing is in the future, whatever the clocks say."""
    for each, unit in _SPANS:
        if seconds >= each:
            return f"{seconds // each:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"


def role(one: Seen | Silent) -> str:
    """All of them."""
    return ",".join(one.host.roles)


def revision(one: Seen) -> str:
    """The first characters, and how many files were changed on top."""
    tree = one.facts.tree
    changed = f" +{tree.changes} changed" if tree.changes else ""
    return f"{tree.head[:10] or 'none'}{changed}"


def age(one: Seen) -> str:
    """Since the commit was made."""
    return "" if one.look.committed is None else span(one.look.time - one.look.committed)


def proved(one: Seen) -> str:
    """The code that runs is that revision."""
    return "no" if one.facts.objection else "yes"


def lock(one: Seen) -> str:
    """Who holds it."""
    return (one.lock.who or "held") if one.lock else "free"


def last_deploy(one: Seen) -> str:
    """How long ago, by whom, and how it ended, where that was not well."""
    if not one.last:
        return "none"
    try:
        at = datetime.fromisoformat(one.last.at)
    except ValueError:
        return one.last.who
    ago = span(one.look.time - at.astimezone(timezone.utc).timestamp())
    ended = " (failed)" if one.last.outcome == "old" else ""
    return f"{ago} ago, {one.last.who}{ended}"


def release(one: Seen) -> str:
    """The one that serves; the commit at the end of its name is told beside it."""
    return one.facts.releases.current.rpartition("-")[0] if one.facts.releases else ""


def model(one: Seen) -> str:
    """What the app is to be run as, and ActionHero's version."""
    if not one.facts.head:
        return "-"
    kind = "processes" if one.look.model == "processes" else "cluster"
    return f"{kind} {one.facts.cluster.installed}".strip()


def master(one: Seen) -> str:
    """Pids of cluster masters."""
    if one.look.model == "processes":
        return ""
    return " ".join(str(process.pid) for process in one.facts.cluster.masters) or "none"


def workers(one: Seen) -> str:
    """How many of how many."""
    return f"{len(one.facts.cluster.workers)} of {one.facts.cluster.workers_wanted}"


def oldest(one: Seen) -> str:
    """How long the oldest worker has run."""
    found = [one.seconds(process) for process in one.facts.cluster.workers]
    return span(max(found)) if found else "-"


def pidfiles(one: Seen) -> str:
    """How many of each verdict; those that are ok only where all are."""
    counts = Counter(pidfile.verdict for pidfile in one.facts.cluster.pidfiles)
    words = [f"{counts[verdict]} {verdict}" for verdict in _BAD if counts[verdict]]
    if one.unnamed:
        words.append(f"{len(one.unnamed)} missing")
    return ", ".join(words) or (f"{counts['ok']} ok" if counts["ok"] else "none")


def socket(one: Seen) -> str:
    """How many of the endpoints somebody listens on."""
    ends = one.look.endpoints
    count = sum(end.listens for end in ends)
    return "listens" if count == len(ends) else f"{count} of {len(ends)}"


def memory(one: Seen) -> str:
    """What is available."""
    machine = one.facts.machine
    return _part(machine.memory, machine.total)


def swap(one: Seen) -> str:
    """What is in use."""
    look = one.look
    if not look.swap_total:
        return "none"
    return _part(look.swap_total - look.swap_free, look.swap_total)


def load(one: Seen) -> str:
    """Of five minutes, and the CPUs there are for it."""
    return f"{one.look.load[1]:.1f} of {one.facts.machine.cpus}"


def disk(one: Seen) -> str:
    """What is free where the app lives."""
    return _part(one.facts.machine.disk, one.look.disk_total)


def _part(part: int, whole: int) -> str:
    share = percent(part, whole)
    return size(part) + ("" if share is None else f" {share:.0f}%")


def node(one: Seen) -> str:
    """The version in PATH."""
    return one.facts.machine.node.removeprefix("v") or "missing"


def packages(one: Seen) -> str:
    """The first characters of their key."""
    return one.look.packages[:8] or "-"


def drift(one: Seen) -> str:
    """How many files are not as they are to be."""
    if one.drift.fault:
        return "unknown"
    if not one.drift.is_asked:
        return "-"
    count = len(one.drift.files)
    return f"{count} file{'s' if count > 1 else ''}" if count else "none"
