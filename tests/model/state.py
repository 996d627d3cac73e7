"""What the model remembers: a host, and what all hosts share (the controllers and the registers).
Runs are 1 and 2; 0 is the release from before, or nobody."""

from collections.abc import Iterator
from typing import NamedTuple

RUNS = (1, 2)
UNDECIDABLE = ("", "open elsewhere", "lost", "forgotten")
LOST_BY_FAULT = ("open elsewhere", "lost")
DECIDED = ("commit", "abort")
ENDED = ("ended", "gone")
ENDING = ("confirming", "returning", "returning unasked", "leaving")


def name(run: int) -> str:
    """The letter of a run in a story."""
    return "-AB"[run]


class Host(NamedTuple):
    """One host: its files under .deploy, its links, and what is on its way to it."""

    fence: int = 0
    """The run that was last granted the lock."""
    pending: int = 0
    confirmed: int = 0
    live: int = 0
    """The release that answers behind nginx."""
    watcher: str = ""
    """'', 'on' or 'killed'. Its lease may lapse at any time, so the lease is no state."""
    frozen: bool = False
    proved: int = 0
    lock: int = 0
    linked: bool = True
    """A controller reaches the host."""
    redis: bool = True
    """The host reaches the register."""
    journal: tuple[str, str] = ("", "")
    """How each run ended here: '', 'confirmed' or 'returned'."""
    heard: tuple[str, str] = ("", "")
    """What each controller last noted of this host."""
    mail: frozenset[tuple[str, int]] = frozenset()
    """Verbs on their way, or scripts that run here: (verb, run)."""

    def noted(self, run: int, what: str) -> "Host":
        """This host once the controller of `run` has noted `what` of it."""
        return self._replace(heard=_put(self.heard, run, what))

    def sent(self, verb: str, run: int) -> "Host":
        """This host with a verb on its way to it."""
        return self._replace(mail=self.mail | {(verb, run)})

    def without(self, verb: str, run: int) -> "Host":
        """This host with that verb arrived, or lost."""
        return self._replace(mail=self.mail - {(verb, run)})

    def settled(self, run: int, how: str) -> "Host":
        """This host with the pending switch ended, and its journal saying how."""
        journal = _put(self.journal, run, how)
        return self._replace(pending=0, frozen=False, watcher="", proved=0, journal=journal)


class Fleet(NamedTuple):
    """What is not of one host: where each controller is, and what each run's register says."""

    phase: tuple[str, str] = ("idle", "idle")
    register: tuple[str, str] = ("", "")
    """'', 'open', 'open elsewhere' (on another redis), 'commit', 'abort', 'lost', 'forgotten'."""

    def moved(self, run: int, phase: str) -> "Fleet":
        """The fleet with the controller of `run` in another phase."""
        return self._replace(phase=_put(self.phase, run, phase))

    def wrote(self, run: int, value: str) -> "Fleet":
        """The fleet with another value in the register of `run`."""
        return self._replace(register=_put(self.register, run, value))

    def in_phase(self, *phases: str) -> list[int]:
        """The runs whose controller is in one of these phases."""
        return [run for run in RUNS if self.phase[run - 1] in phases]

    def holds(self, run: int) -> bool:
        """Whether a lock of this run keeps others out: that of an ended controller lapses."""
        return run > 0 and self.phase[run - 1] not in ENDED


class Move(NamedTuple):
    """One step at one host, as a line of a story in which {host} stands for its name."""

    story: str
    fleet: Fleet
    host: Host
    fault: bool = False
    wrong: str = ""
    """The promise that this step breaks by itself."""


class Turn(NamedTuple):
    """One step that is of no single host: only the fleet changes."""

    story: str
    fleet: Fleet
    kind: str = "step"
    """'step', 'fault' or 'start'; a fleet at rest may still start a deploy."""
    wrong: str = ""


Hosts = tuple[Host, ...]
Moves = Iterator[Move]
Turns = Iterator[Turn]


def _put(pair: tuple[str, str], run: int, value: str) -> tuple[str, str]:
    return (value, pair[1]) if run == 1 else (pair[0], value)
