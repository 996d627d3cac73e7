"""Walks every interleaving of a setting, and finds the shortest way to a broken promise.
A state is a tuple of small numbers: the fleet's, then its hosts', sorted, since hosts are alike."""

import gc
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.model.moves import (
    Local,
    Numbers,
    Setting,
    kept,
    local_part,
    turns_of_all,
    turns_of_fleet,
)
from tests.model.promises import broken_at_rest, is_split
from tests.model.rest import settle_ended
from tests.model.state import ENDING, Fleet, Host, Hosts, Turn
from tests.model.story import tell

State = tuple[int, ...]


@dataclass(frozen=True)
class Outcome:
    """What was found: how many states, in how many seconds, and the story of a broken promise."""

    states: int
    seconds: float
    broken: str = ""
    story: tuple[str, ...] = ()


class Explorer:
    """One exploration, breadth first: all that happens without a fault, then with one, and so on.

    A state that was reached with fewer faults has every future that it has with more, so each is
    visited once, with the fewest.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.fleets: Numbers[Fleet] = Numbers()
        self.hosts: Numbers[Host] = Numbers()
        self.locals: dict[tuple[int, int], Local] = {}
        self.kept: dict[tuple[int, int], int] = {}
        self.turns: dict[int, list[tuple[str, int]]] = {}
        self.parents: dict[State, State] = {}
        self.level: list[State] = []
        self.later: dict[State, State] = {}

    def explore(self) -> Outcome:
        """All states, or those up to the first broken promise. Millions, and none is garbage."""
        gc.disable()
        try:
            return self._explore(time.process_time())
        finally:
            gc.enable()

    def _explore(self, began: float) -> Outcome:
        first = self._pack(Fleet(), (Host(),) * self.setting.hosts)
        self.later = {first: first}
        for _ in range(self.setting.faults + 1):
            reached, self.level, self.later = self.later, [], {}
            for state, parent in reached.items():
                self._reach(state, parent)
            for state in self.level:  # grows meanwhile
                broken = self._visit(state)
                if broken:
                    return self._outcome(began, broken, tuple(self._story(state, broken)))
        return self._outcome(began)

    def _outcome(self, began: float, broken: str = "", story: tuple[str, ...] = ()) -> Outcome:
        return Outcome(len(self.parents), time.process_time() - began, broken, story)

    def _reach(self, state: State, parent: State) -> None:
        if state not in self.parents:
            self.parents[state] = parent
            self.level.append(state)

    def _pack(self, fleet: Fleet, hosts: Hosts) -> State:
        return (self.fleets.number(fleet), *sorted(self.hosts.number(host) for host in hosts))

    def _unpack(self, state: State) -> tuple[Fleet, Hosts]:
        hosts = tuple(self.hosts.things[number] for number in state[1:])
        return self.fleets.things[state[0]], hosts

    def _visit(self, state: State) -> str:
        """Reach all that follows a state; the promise that it breaks, or ''."""
        parts = [self._local(state[0], host) for host in state[1:]]
        ready = idle = 0b11
        ends = 0
        for part in parts:
            if part.wrong:
                return part.wrong
            ready &= part.ready
            idle &= part.idle
            ends |= part.ends
        if is_split(ends):
            return "one host confirmed a run, another returned from it"
        if idle:
            self._reach(self._pack(*settle_ended(*self._unpack(state), idle)), state)
            return ""
        turns = self._turns_of_all(state, ready)
        wrong = next((turn.wrong for turn in turns if turn.wrong), "")
        moving = self._follow_hosts(state, parts) | self._follow_turns(state, turns)
        return wrong or ("" if moving else broken_at_rest(*self._unpack(state)))

    def _turns_of_all(self, state: State, ready: int) -> list[Turn]:
        fleet = self.fleets.things[state[0]]
        if not ready and not fleet.in_phase(*ENDING):
            return []
        return list(turns_of_all(*self._unpack(state), self.setting))

    def _local(self, fleet: int, host: int) -> Local:
        found = self.locals.get((fleet, host))
        if found is None:
            found = local_part(self.fleets, self.hosts, (fleet, host), self.setting)
            self.locals[fleet, host] = found
        return found

    def _follow_hosts(self, state: State, parts: list[Local]) -> bool:
        moving, parents = False, self.parents
        for place, part in enumerate(parts, 1):
            others = state[1:place] + state[place + 1 :]
            for fleet, host in part.steps:
                moving = True
                after = self._after(state[0], fleet, (*others, host))
                if after not in parents:
                    parents[after] = state
                    self.level.append(after)
            for fleet, host in part.faults:
                after = self._after(state[0], fleet, (*others, host))
                if after not in parents:
                    self.later.setdefault(after, state)
        return moving

    def _after(self, before: int, fleet: int, hosts: State) -> State:
        if fleet != before:
            hosts = tuple([self._keep(fleet, host) for host in hosts])
        return (fleet, *sorted(hosts))

    def _keep(self, fleet: int, host: int) -> int:
        found = self.kept.get((fleet, host))
        if found is None:
            host_kept = kept(self.fleets.things[fleet], self.hosts.things[host], self.setting)
            found = self.kept[fleet, host] = self.hosts.number(host_kept)
        return found

    def _follow_turns(self, state: State, turns: list[Turn]) -> bool:
        numbered = self.turns.get(state[0])
        if numbered is None:
            fleet = self.fleets.things[state[0]]
            numbered = self.turns[state[0]] = self._numbered(turns_of_fleet(fleet, self.setting))
        moving = False
        for kind, fleet_after in numbered + self._numbered(turns):
            moving = moving or kind == "step"
            after = self._after(state[0], fleet_after, state[1:])
            if kind != "fault":
                self._reach(after, state)
            elif after not in self.parents:
                self.later.setdefault(after, state)
        return moving

    def _numbered(self, turns: Iterator[Turn] | list[Turn]) -> list[tuple[str, int]]:
        return [(turn.kind, self.fleets.number(turn.fleet)) for turn in turns]

    def _story(self, state: State, broken: str) -> list[str]:
        path = [state]
        while self.parents[path[-1]] != path[-1]:
            path.append(self.parents[path[-1]])
        return tell([self._unpack(each) for each in reversed(path)], broken, self.setting)
