"""What a deploy under traffic cost its users: when each host switched, what was in flight, lost.

Pure: observations in, figures out. Times are seconds of one monotonic clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Answer:
    """A process of a host said which revision it has loaded."""

    at: float
    pid: int
    revision: str


@dataclass(frozen=True, slots=True)
class Switch:
    """From the silence of the first old process to the first word of the last new one."""

    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Action:
    """One long request."""

    method: str
    began: float
    ended: float
    outcome: str
    """The status, or how it failed."""

    @property
    def lost(self) -> bool:
        """Its client has no answer of the app's."""
        return not self.outcome.startswith("2")


@dataclass(frozen=True, slots=True)
class Cut:
    """A WebSocket that ended though its client did not end it."""

    code: int
    after_start: float
    after_switch: float


@dataclass(frozen=True, slots=True)
class Round:
    """One deploy, or rollback, under traffic."""

    seconds: float
    """Of the command."""
    outcomes: Counter[str]
    """Short requests, of all clients."""
    actions: tuple[Action, ...]
    """Those in flight while their host switched, and any other that was lost."""
    sockets: int
    cuts: tuple[Cut, ...]
    fault: str = ""
    """Why it is none that counts: the deploy failed, or old code was left."""


@dataclass(slots=True)
class Row:
    """A line of the table."""

    contestant: str
    app: int
    rounds: list[Round] = field(default_factory=list)
    remark: str = ""
    broken: str = ""
    """Why no further round could be measured, other than by a fault of the last one."""

    @property
    def failed(self) -> Counter[str]:
        """Short requests that went wrong, by kind."""
        total = sum((one.outcomes for one in self.rounds), Counter[str]())
        return Counter({k: n for k, n in total.items() if not k.startswith("2")})

    @property
    def fault(self) -> str:
        """Of the first round that failed, with its number; else why there are no more."""
        faults = (f"round {n}: {r.fault}" for n, r in enumerate(self.rounds, 1) if r.fault)
        return next(faults, self.broken)

    def cells(self) -> tuple[str, ...]:
        """As HEADINGS names them."""
        if not self.rounds:
            return (self.contestant, str(self.app), *["-"] * (len(HEADINGS) - 2))
        requests = sum(one.outcomes.total() for one in self.rounds)
        return (
            self.contestant,
            str(self.app),
            self._deploys(),
            f"{median(one.seconds for one in self.rounds):.1f}",
            f"{requests:,}",
            _kinds(self.failed),
            self._lost("GET"),
            self._lost("POST"),
            *self._sockets(),
        )

    def _deploys(self) -> str:
        faults = sum(bool(one.fault) for one in self.rounds)
        return f"{len(self.rounds)}" + (f", {faults} failed" if faults else "")

    def _lost(self, method: str) -> str:
        them = [a for one in self.rounds for a in one.actions if a.method == method]
        kinds = Counter(a.outcome for a in them if a.lost)
        return f"{kinds.total()} of {len(them)}" + _listed(kinds)

    def _sockets(self) -> tuple[str, str, str]:
        cuts = [cut for one in self.rounds for cut in one.cuts]
        codes = Counter(str(cut.code) for cut in cuts)
        count = f"{len(cuts)} of {sum(one.sockets for one in self.rounds)}"
        starts, switches = [c.after_start for c in cuts], [c.after_switch for c in cuts]
        return count + _listed(codes), _span(starts), _span(switches)


HEADINGS = (
    "contestant", "app", "deploys", "s each", "requests", "failed, by kind", "3 s GETs lost",
    "3 s POSTs lost", "WebSockets cut", "s after start", "s after switch",
)  # fmt: skip


def switch_of(answers: Iterable[Answer], old: str) -> Switch | None:
    """When a host went from revision `old` to another; None where it never did.

    A process counts as silent from its last answer on, so that the switch begins earlier by at
    most the pause between two probes that meet it.
    """
    last: dict[int, float] = {}
    first: dict[int, float] = {}
    for answer in answers:
        if answer.revision == old:
            last[answer.pid] = max(answer.at, last.get(answer.pid, answer.at))
        else:
            first[answer.pid] = min(answer.at, first.get(answer.pid, answer.at))
    if not last or not first:
        return None
    begin = min(last.values())
    return Switch(begin, max(begin, *first.values()))


def in_flight(actions: Iterable[Action], switch: Switch | None) -> tuple[Action, ...]:
    """Those that a switch met, and any other that was lost; all where no switch was seen."""
    return tuple(
        action
        for action in actions
        if action.lost
        or switch is None
        or (action.began <= switch.end and action.ended >= switch.begin)
    )


def has_settled(answers: Iterable[Answer], wanted: str, since: float, processes: int) -> bool:
    """Since then that many processes have answered, and all of them with the revision wanted.

    One that has not booted yet says nothing: without the count a rolling reload looks done early.
    """
    recent = [answer for answer in answers if answer.at >= since]
    revisions, pids = {one.revision for one in recent}, {one.pid for one in recent}
    return revisions == {wanted} and len(pids) >= processes


def text_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns apart by two spaces, as docs/ quotes them."""
    lines = [headings, *rows]
    widths = [max(len(line[n]) for line in lines) for n in range(len(headings))]
    padded = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )
    return "\n".join(line.rstrip() for line in padded)


def _kinds(failed: Counter[str]) -> str:
    return ", ".join(f"{kind}: {count:,}" for kind, count in failed.most_common()) or "0"


def _listed(kinds: Counter[str]) -> str:
    """Which ones there were, the most frequent first."""
    return f" ({', '.join(kind for kind, _ in kinds.most_common())})" if kinds else ""


def _span(seconds: Sequence[float]) -> str:
    """Shortest to longest; one figure where they are the same."""
    if not seconds:
        return "-"
    low, high = f"{min(seconds):.1f}", f"{max(seconds):.1f}"
    return low if low == high else f"{low} to {high}"
