"""What may follow from a fleet and one of its hosts, worked out once for each pair, as numbers.
The steps of this model are functions of such a pair, so all states that contain it share them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from tests.model.controllers import controller_steps
from tests.model.faults import KINDS, fleet_faults, host_faults, mend
from tests.model.hosts import host_steps, is_busy
from tests.model.promises import broken_by_host
from tests.model.rest import tidy
from tests.model.rules import Rules
from tests.model.state import RUNS, Fleet, Host, Hosts, Move, Turn
from tests.model.turns import all_ready, exit_unknown, gate_fails, is_ready, starts

T = TypeVar("T")


@dataclass(frozen=True)
class Setting:
    """What is explored: hosts, deploys, at most so many faults, of these kinds, and the rules."""

    hosts: int = 2
    runs: int = 2
    faults: int = 2
    kinds: tuple[str, ...] = KINDS
    rules: Rules = field(default_factory=Rules)
    forgetful: bool = True
    """Whether what can no longer matter is forgotten (rest.py), which leaves far fewer states."""


class Numbers(Generic[T]):
    """Gives each thing that it sees a small number."""

    def __init__(self) -> None:
        self._numbers: dict[T, int] = {}
        self.things: list[T] = []

    def number(self, thing: T) -> int:
        """The number of a thing, the same each time."""
        found = self._numbers.get(thing)
        if found is None:
            found = self._numbers[thing] = len(self.things)
            self.things.append(thing)
        return found


@dataclass(frozen=True, slots=True)
class Local:
    """What one host adds to a state of the fleet."""

    steps: tuple[tuple[int, int], ...]
    """The numbers of fleet and host after each step."""
    faults: tuple[tuple[int, int], ...]
    ready: int
    """A bit for each run whose controller this host keeps no longer in its phase."""
    idle: int
    """A bit for each run that ended, and of which nothing is left to happen on this host."""
    ends: int
    """Two bits a run: confirmed here, returned here."""
    wrong: str
    """The promise that a step from here breaks."""


def moves_of_host(fleet: Fleet, host: Host, setting: Setting) -> Iterator[Move]:
    """Everything that one host may do, or that may befall it."""
    yield from controller_steps(fleet, host, setting.rules)
    yield from host_steps(fleet, host, setting.rules)
    yield from mend(fleet, host)
    yield from host_faults(fleet, host, setting.kinds, setting.rules)


def turns_of_fleet(fleet: Fleet, setting: Setting) -> Iterator[Turn]:
    """What may happen whatever the hosts are at."""
    yield from starts(fleet, setting.runs)
    yield from gate_fails(fleet)
    yield from fleet_faults(fleet, setting.kinds)


def turns_of_all(fleet: Fleet, hosts: Hosts, setting: Setting) -> Iterator[Turn]:
    """What controllers do that no host keeps in their phase."""
    for run in RUNS:
        if all(is_ready(fleet, host, run, setting.rules) for host in hosts):
            yield from all_ready(fleet, hosts, run)
    yield from exit_unknown(fleet, hosts, setting.rules)


def local_part(
    fleets: Numbers[Fleet], hosts: Numbers[Host], pair: tuple[int, int], setting: Setting
) -> Local:
    """The part of a pair of numbers, worked out by the functions above."""
    fleet, host = fleets.things[pair[0]], hosts.things[pair[1]]
    moves = list(moves_of_host(fleet, host, setting))
    numbers = [
        (fleets.number(move.fleet), hosts.number(kept(move.fleet, move.host, setting)))
        for move in moves
    ]
    faults = [move.fault for move in moves]
    return Local(
        steps=tuple({n: None for n, fault in zip(numbers, faults, strict=True) if not fault}),
        faults=tuple({n: None for n, fault in zip(numbers, faults, strict=True) if fault}),
        ready=_bits(is_ready(fleet, host, run, setting.rules) for run in RUNS),
        idle=_bits(setting.forgetful and _is_over(fleet, host, run) for run in RUNS),
        ends=_bits(end == how for end in host.journal for how in ("confirmed", "returned")),
        wrong=next((m.wrong for m in moves if m.wrong), broken_by_host(host)),
    )


def kept(fleet: Fleet, host: Host, setting: Setting) -> Host:
    """What is remembered of a host."""
    return tidy(fleet, host, setting.rules) if setting.forgetful else host


def _is_over(fleet: Fleet, host: Host, run: int) -> bool:
    return fleet.phase[run - 1] == "ended" and not is_busy(host, run)


def _bits(flags: Iterator[bool]) -> int:
    return sum(flag << place for place, flag in enumerate(flags))
