"""Forgets what can no longer matter: a run that ended, and of which nothing is left on any host.
What follows depends on nothing that is taken away, so states that differ only in it are one."""

from tests.model.register import is_open
from tests.model.rules import Rules
from tests.model.state import DECIDED, ENDED, ENDING, RUNS, Fleet, Host, Hosts


def settle_ended(fleet: Fleet, hosts: Hosts, idle: int) -> tuple[Fleet, Hosts]:
    """The state without the ended runs whose bit is set in `idle`."""
    for run in RUNS:
        if idle >> (run - 1) & 1:
            fleet = fleet.moved(run, "gone").wrote(run, "")
            hosts = tuple(_without(host, run) for host in hosts)
    return fleet, _renamed(fleet, hosts)


def _without(host: Host, run: int) -> Host:
    lock = 0 if host.lock == run else host.lock
    fence = 0 if host.fence == run else host.fence
    proved = 0 if host.proved == run else host.proved
    emptied = host._replace(lock=lock, fence=fence, proved=proved).noted(run, "")
    journal = ("", host.journal[1]) if run == 1 else (host.journal[0], "")
    return emptied._replace(journal=journal)


def _renamed(fleet: Fleet, hosts: Hosts) -> Hosts:
    """Releases are compared, not named: that of a gone run is the old one, where none has that."""
    for run in RUNS:
        in_use = {release for host in hosts for release in (host.confirmed, host.live)}
        if fleet.phase[run - 1] == "gone" and run in in_use and 0 not in in_use:
            hosts = tuple(_aged(host, run) for host in hosts)
    return hosts


def _aged(host: Host, run: int) -> Host:
    confirmed = 0 if host.confirmed == run else host.confirmed
    return host._replace(confirmed=confirmed, live=0 if host.live == run else host.live)


def tidy(fleet: Fleet, host: Host, rules: Rules) -> Host:
    """The host without what nobody will look at again."""
    for run in RUNS:
        phase = fleet.phase[run - 1]
        if host.proved == run and phase != "switching":
            host = host._replace(proved=0)
        if phase in ENDED or (phase in ENDING and rules.undo_decides):
            host = host.noted(run, "")
        if phase in ENDED and host.lock == run:
            host = host._replace(lock=0)
        if phase in ENDED and host.fence == run and ("switch", run) not in host.mail:
            host = host._replace(fence=0)
    mail = frozenset(letter for letter in host.mail if not _is_void(fleet, host, letter, rules))
    return host._replace(mail=mail)


def _is_void(fleet: Fleet, host: Host, letter: tuple[str, int], rules: Rules) -> bool:
    """Whether a verb changes nothing whenever it arrives, so that it may as well have arrived.

    A journal entry, a decision and a refused fence are for ever: a run is granted each lock once.
    """
    verb, run = letter
    over = host.journal[run - 1] != ""
    if verb == "point":
        return over and rules.point_live_if_pending
    if verb == "confirm":
        return over and rules.confirm_if_pending
    if verb == "undo":
        return over and rules.undo_decides and not is_open(fleet, run, rules)
    if verb == "switch":
        closed = fleet.register[run - 1] in (*DECIDED, "lost", "open elsewhere", "forgotten")
        strict = rules.switch_if_open and rules.incarnation and rules.missing_is_undecidable
        return (closed and strict) or (host.fence not in (0, run) and rules.fence)
    return over
