"""Tells a path of states as a numbered story, in which each host keeps its name.
The states of a path have their hosts sorted; here every step is found again by what it leads to."""

from collections import Counter
from collections.abc import Iterator

from tests.model.moves import Setting, kept, moves_of_host, turns_of_all, turns_of_fleet
from tests.model.rest import settle_ended
from tests.model.state import RUNS, Fleet, Hosts

Step = tuple[str, Fleet, Hosts, str]


def tell(path: list[tuple[Fleet, Hosts]], broken: str, setting: Setting) -> list[str]:
    """The story of a path, and what it breaks."""
    fleet, hosts = path[0]
    lines: list[str] = []
    for target in path[1:]:
        line, fleet, hosts = _step_to(target, fleet, hosts, setting)
        lines += [line] if line else []
    lines += [story for story, _, _, wrong in _steps(fleet, hosts, setting) if wrong == broken][:1]
    return [f"{n:2}. {line}" for n, line in enumerate(lines, 1)] + [f"  ! {broken}"]


def _step_to(
    target: tuple[Fleet, Hosts], fleet: Fleet, hosts: Hosts, setting: Setting
) -> tuple[str, Fleet, Hosts]:
    for story, after, hosts_after, _ in _steps(fleet, hosts, setting):
        hosts_after = tuple(kept(after, host, setting) for host in hosts_after)
        if after == target[0] and Counter(hosts_after) == Counter(target[1]):
            return story, after, hosts_after
    raise ValueError(f"no step leads from {fleet}, {hosts} to {target}")


def _steps(fleet: Fleet, hosts: Hosts, setting: Setting) -> Iterator[Step]:
    for place, host in enumerate(hosts):
        for move in moves_of_host(fleet, host, setting):
            after = (*hosts[:place], move.host, *hosts[place + 1 :])
            yield move.story.format(host=f"host {place + 1}"), move.fleet, after, move.wrong
    for turn in (*turns_of_all(fleet, hosts, setting), *turns_of_fleet(fleet, setting)):
        yield turn.story, turn.fleet, hosts, turn.wrong
    for idle in range(1, 1 << len(RUNS)):
        yield "", *settle_ended(fleet, hosts, idle), ""
