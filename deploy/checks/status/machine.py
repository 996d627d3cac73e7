"""What the machine has left, against the limits of the inventory (`status`)."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.checks.status import FleetView, Seen, Trouble

INODES = 10_000
"""Free inodes below which a disk counts as nearly full, whatever its bytes."""


def percent(part: int, whole: int) -> float | None:
    """`part` of `whole`; None where there is no whole."""
    return 100 * part / whole if whole else None


def size(kilobytes: int) -> str:
    """`512 MB`, `2.0 GB`."""
    for unit, each in (("TB", 1024**3), ("GB", 1024**2)):
        if kilobytes >= each:
            count = kilobytes / each
            return f"{count:.1f} {unit}" if count < 10 else f"{count:.0f} {unit}"
    return f"{kilobytes // 1024} MB"


def disk_full(fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """The disk of the app is nearly full."""
    machine, root = one.facts.machine, one.facts.cluster.root
    left, least = percent(machine.disk, one.look.disk_total), fleet.environment.status.disk_free
    mend = f"on the host: du -xm {root} | sort -n | tail; old logs first, then lower keep_releases"
    if left is not None and left < least:
        room = f"{left:.0f}% left, {size(machine.disk)}"
        yield f"the disk is nearly full: {room}, below status.disk_free: {least:g}%", mend
    elif machine.inodes is not None and machine.inodes < INODES:
        yield f"the disk is nearly full: {machine.inodes} inodes left", mend


def little_memory(fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """Little memory is available."""
    machine = one.facts.machine
    left = percent(machine.memory, machine.total)
    if left is not None and left < fleet.environment.status.memory_free:
        yield (
            f"{size(machine.memory)} of memory are left, {left:.0f}%",
            "ps -eo rss,args --sort=-rss | head; fewer `workers`, or a larger machine",
        )


def much_swap(fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """Much of swap is used."""
    look = one.look
    used = percent(look.swap_total - look.swap_free, look.swap_total)
    if used is not None and used >= fleet.environment.status.swap_used:
        yield (
            f"{used:.0f}% of swap are used: what comes back from there is slow",
            "vmstat 1: columns si and so; fewer `workers`, or a larger machine",
        )


def high_load(fleet: FleetView, one: Seen) -> Iterator[Trouble]:
    """More wants to run than there are CPUs."""
    load, cpus = one.look.load[1], one.facts.machine.cpus
    if load >= fleet.environment.status.load * cpus:
        yield f"load {load:.1f} on {cpus} CPUs", "top, on the host, shows what runs"
