"""What must hold in every state, and in every state of rest.
Steps that are wrong by themselves say so where they are taken."""

from tests.model.state import ENDED, LOST_BY_FAULT, Fleet, Host, Hosts


def is_split(ends: int) -> bool:
    """Whether some host confirmed a run and some returned from it: two neighbouring bits a run."""
    return bool(ends & (ends >> 1) & 0b0101)


def broken_by_host(host: Host) -> str:
    """The promise that a host breaks by itself, or ''."""
    if host.live not in (host.confirmed, host.pending):
        return "live is neither confirmed nor pending"
    return ""


def broken_at_rest(fleet: Fleet, hosts: Hosts) -> str:
    """The promise that a state breaks when nothing moves any more, or ''."""
    if any(phase not in ("idle", *ENDED) for phase in fleet.phase):
        return "a controller is stuck"
    if any(_waits_for_a_controller(fleet, host) for host in hosts):
        return ""
    if any(host.pending for host in hosts):
        return "a host is pending for ever"
    if len({host.confirmed for host in hosts}) > 1:
        return "two revisions are confirmed at rest"
    if any(host.live != host.confirmed for host in hosts):
        return "a host serves other than it confirmed, at rest"
    return ""


def _waits_for_a_controller(fleet: Fleet, host: Host) -> bool:
    """Not promised: redis lost what was undecided, and no controller has come since."""
    return bool(host.pending) and fleet.register[host.pending - 1] in LOST_BY_FAULT
