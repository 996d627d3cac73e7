"""Steps that want all hosts at once: a controller that has heard from every one goes on, or ends.
Also its start, and its giving up."""

from tests.model.rules import Rules
from tests.model.state import DECIDED, ENDING, RUNS, Fleet, Host, Hosts, Turn, Turns, name

READY = {
    "locking": ("locked", "skipped"),
    "settling": ("settled", "skipped"),
    "freezing": ("frozen", "skipped"),
    "freezing, one confirmed": ("frozen", "skipped"),
    "resuming, confirm": ("resumed", "skipped"),
    "resuming, return": ("resumed", "skipped"),
    "returning": ("settled", "reported", "skipped"),
    "switching": ("proved", "skipped"),
}
"""What a controller must have noted of every host before it leaves a phase."""

NEXT = {
    "locking": "settling",
    "freezing": "resuming, return",
    "freezing, one confirmed": "resuming, confirm",
    "resuming, confirm": "settling",
    "resuming, return": "settling",
    "switching": "committing",
}


def is_ready(fleet: Fleet, host: Host, run: int, rules: Rules) -> bool:
    """Whether this host keeps the controller of `run` in its phase no longer.

    What a host reports after the decision stays true, so it is read from the host itself.
    """
    phase = fleet.phase[run - 1]
    if phase == "confirming":
        return host.journal[run - 1] == "confirmed"
    if phase == "returning" and rules.undo_decides:
        return host.pending != run and fleet.register[run - 1] in DECIDED
    return host.heard[run - 1] in READY.get(phase, ())


def all_ready(fleet: Fleet, hosts: Hosts, run: int) -> Turns:
    """The step of a controller whom no host keeps in its phase."""
    phase = fleet.phase[run - 1]
    if phase == "settling":
        yield from open_register(fleet, hosts, run)
    elif phase in NEXT:
        yield Turn(f"{name(run)} is done with {phase}", fleet.moved(run, NEXT[phase]))
    else:
        yield forget_register(fleet, run)


def open_register(fleet: Fleet, hosts: Hosts, run: int) -> Turns:
    """Write open, through any host; the switches come afterwards."""
    older = any(host.pending == 3 - run and host.fence == run for host in hosts)
    wrong = "a deploy goes on over a switch that is pending" if older else ""
    if any(host.linked and host.redis for host in hosts):
        opened = fleet.wrote(run, "open").moved(run, "switching")
        yield Turn(f"{name(run)} opens its register", opened, wrong=wrong)


def forget_register(fleet: Fleet, run: int) -> Turn:
    """All hosts reported themselves settled: delete the key, and exit 0 or 1."""
    code = 0 if fleet.phase[run - 1] == "confirming" else 1
    forgotten = fleet.wrote(run, "forgotten").moved(run, "ended")
    return Turn(f"{name(run)} heard from all, forgets its register and exits {code}", forgotten)


def exit_unknown(fleet: Fleet, hosts: Hosts, rules: Rules) -> Turns:
    """Exit 3 at any time after the switches: some host has not reported."""
    for run in fleet.in_phase(*ENDING):
        success = fleet.phase[run - 1] == "confirming" and not rules.success_if_all_confirmed
        after = fleet.moved(run, "ended")
        if not rules.forget_if_all_settled and fleet.phase[run - 1] != "leaving":
            after = after.wrote(run, "forgotten")
        early = success and any(host.journal[run - 1] != "confirmed" for host in hosts)
        wrong = "exit 0 while a host has not confirmed" if early else ""
        story = f"{name(run)} waits no longer, and exits {0 if success else 3}"
        yield Turn(story, after, wrong=wrong)


def starts(fleet: Fleet, runs: int) -> Turns:
    """A deploy starts; the runs are alike, so B starts after A, and may overtake it."""
    for run in RUNS[:runs]:
        if fleet.phase[run - 1] == "idle":
            yield Turn(f"{name(run)} starts", fleet.moved(run, "locking"), kind="start")
            return


def gate_fails(fleet: Fleet) -> Turns:
    """Health, patience or an operator's ^C: the hosts that were sent a switch undo it."""
    for run in fleet.in_phase("switching"):
        yield Turn(f"{name(run)}'s gate fails", fleet.moved(run, "returning"))
