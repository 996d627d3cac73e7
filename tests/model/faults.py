"""What may go wrong, a kind a function, and what mends itself.
Faults are counted, mending is not."""

from collections.abc import Callable, Iterator

from tests.model.hosts import boot
from tests.model.register import decide_register
from tests.model.rules import Rules
from tests.model.state import DECIDED, ENDED, RUNS, Fleet, Host, Move, Moves, Turn, Turns, name


def reboot(fleet: Fleet, host: Host, rules: Rules) -> Moves:
    """The machine goes down, and boots."""
    booted = boot(host, rules)
    if booted != host:
        yield Move("{host} reboots", fleet, booted, fault=True)


def cut_link(fleet: Fleet, host: Host, _rules: Rules) -> Moves:
    """No controller reaches the host; what was on its way arrives, or is lost."""
    if host.linked:
        cut = host._replace(linked=False)
        yield Move("the link to {host} is cut", fleet, cut, fault=True)
        if host.mail:
            lost = cut._replace(mail=frozenset())
            story = "the link to {host} is cut, and what was on its way is lost"
            yield Move(story, fleet, lost, fault=True)


def cut_redis(fleet: Fleet, host: Host, _rules: Rules) -> Moves:
    """The host does not reach redis."""
    if host.redis:
        cut = host._replace(redis=False)
        yield Move("{host}'s link to redis is cut", fleet, cut, fault=True)


def kill_watcher(fleet: Fleet, host: Host, _rules: Rules) -> Moves:
    """By hand, or by the kernel for want of memory."""
    if host.watcher == "on":
        killed = host._replace(watcher="killed")
        yield Move("{host}'s watcher is killed", fleet, killed, fault=True)


def lose_reply(fleet: Fleet, host: Host, rules: Rules) -> Moves:
    """The decision is written, and its answer does not come back."""
    for run in fleet.in_phase("committing"):
        decided, value = decide_register(fleet, run, "commit", rules)
        if value and host.linked and host.redis:
            after = decided if rules.ask_again else decided.moved(run, "returning unasked")
            story = f"{name(run)} tries commit through {{host}}: {value}, but the answer is lost"
            yield Move(story, after, host, fault=True)


def death(fleet: Fleet) -> Turns:
    """A controller is killed."""
    for run in RUNS:
        if fleet.phase[run - 1] not in ("idle", *ENDED):
            killed = fleet.moved(run, "ended")
            yield Turn(f"{name(run)} is killed", killed, kind="fault")


def failover(fleet: Fleet) -> Turns:
    """Another redis takes over, with all that was written or without the last write."""
    after = fleet
    for run in RUNS:
        if fleet.register[run - 1] == "open":
            after = after.wrote(run, "open elsewhere")
    if after != fleet:
        yield Turn("redis fails over", after, kind="fault")
    for run in RUNS:
        lost = _lost_write(fleet.register[run - 1])
        if lost:
            story = f"redis fails over, and loses what {name(run)} wrote last"
            yield Turn(story, after.wrote(run, lost), kind="fault")


def _lost_write(value: str) -> str:
    if value in DECIDED:
        return "open elsewhere"
    return "lost" if value == "open" else ""


def evict(fleet: Fleet) -> Turns:
    """Somebody deletes a key, or a redis short of memory does."""
    for run in RUNS:
        if fleet.register[run - 1] in ("open", "open elsewhere", *DECIDED):
            lost = fleet.wrote(run, "lost")
            yield Turn(f"the key of {name(run)} is evicted", lost, kind="fault")


def mend(fleet: Fleet, host: Host) -> Moves:
    """A cut link comes back; the lock that it carried has lapsed by then, or not yet."""
    if not host.linked:
        back = host._replace(linked=True)
        yield Move("the link to {host} is back", fleet, back)
        if fleet.holds(host.lock):
            lapsed = back._replace(lock=0)
            yield Move("the link to {host} is back, its lock has lapsed", fleet, lapsed)
    if not host.redis:
        yield Move("{host} reaches redis again", fleet, host._replace(redis=True))


AT_HOST: dict[str, Callable[[Fleet, Host, Rules], Moves]] = {
    "reboot": reboot,
    "link": cut_link,
    "redis": cut_redis,
    "reply": lose_reply,
    "watcher": kill_watcher,
}
AT_ALL: dict[str, Callable[[Fleet], Turns]] = {
    "death": death,
    "failover": failover,
    "evict": evict,
}
KINDS = (*AT_ALL, *AT_HOST)


def host_faults(fleet: Fleet, host: Host, kinds: tuple[str, ...], rules: Rules) -> Iterator[Move]:
    """All faults of these kinds that may befall this host now."""
    for kind in kinds:
        if kind in AT_HOST:
            yield from AT_HOST[kind](fleet, host, rules)


def fleet_faults(fleet: Fleet, kinds: tuple[str, ...]) -> Iterator[Turn]:
    """All faults of these kinds that are not of one host."""
    for kind in kinds:
        if kind in AT_ALL:
            yield from AT_ALL[kind](fleet)
