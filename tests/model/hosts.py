"""What a host does by itself: with the verbs that reach it, and by its watcher.
Everything here holds the host's pending.lock, so each function is one step."""

from tests.model.register import (
    confirm_switch,
    decide_register,
    is_open,
    obey_register,
    return_switch,
)
from tests.model.rules import Rules
from tests.model.state import RUNS, UNDECIDABLE, Fleet, Host, Move, Moves, name


def host_steps(fleet: Fleet, host: Host, rules: Rules) -> Moves:
    """All steps that a host may take now."""
    for verb, run in sorted(host.mail):
        yield from VERBS[verb](fleet, host.without(verb, run), run, rules)
    yield from watch_pending(fleet, host, rules)
    yield from restart_watcher(fleet, host, rules)
    for run in fleet.in_phase("switching"):
        yield from prove_release(fleet, host, run)


def switch_live(fleet: Fleet, host: Host, run: int, rules: Rules) -> Moves:
    """Check the fence, the pending record and the register; write pending; arm the watcher."""
    refusal = _refuses_switch(fleet, host, run, rules)
    if refusal:
        yield Move(f"{{host}} refuses the switch of {name(run)}: {refusal}", fleet, host)
        return
    armed = host._replace(pending=run, watcher="on").sent("point", run)
    story = f"{{host}} writes pending {name(run)} and arms its watcher"
    yield Move(story, fleet, armed, wrong=_wrong_switch(host, run))


def _refuses_switch(fleet: Fleet, host: Host, run: int, rules: Rules) -> str:
    if rules.fence and host.fence != run:
        return "its lock went to another run"
    if host.pending and rules.switch_if_settled:
        return "another switch is pending"
    if not rules.switch_if_open:
        return ""
    open_here = host.redis and fleet.register[run - 1] not in ("commit", "abort")
    return "" if open_here and is_open(fleet, run, rules) else "the register is not open"


def _wrong_switch(host: Host, run: int) -> str:
    if host.fence != run:
        return "a run that does not hold the host switches it"
    if host.pending or host.journal[run - 1]:
        return "a host is switched before its last switch is settled, or twice"
    return ""


def point_live(fleet: Fleet, host: Host, run: int, rules: Rules) -> Moves:
    """Re-point live while the run is still pending here; or fail, and undo what was done."""
    still = host.pending == run and not host.frozen
    if still or not rules.point_live_if_pending:
        wrong = "" if host.pending == run else "new code is live with nothing pending"
        story = f"{{host}} points live at {name(run)}"
        yield Move(story, fleet, host._replace(live=run), wrong=wrong)
    else:
        yield Move(f"{{host}} does not point live at {name(run)}: not pending", fleet, host)
    if still:
        undone = host.sent("undo", run)
        yield Move("{host} fails before it points live, and undoes its step", fleet, undone)


def prove_release(fleet: Fleet, host: Host, run: int) -> Moves:
    """Prove that the release answers; or find that it does not, and undo the step at once."""
    if host.pending != run or host.live != run or host.proved or host.heard[run - 1] != "sent":
        return
    yield Move(f"{{host}} proves {name(run)}", fleet, host._replace(proved=run))
    if ("undo", run) not in host.mail:
        story = f"{{host}} finds {name(run)} unhealthy, and undoes its step"
        yield Move(story, fleet, host.sent("undo", run))


def settle_switch(fleet: Fleet, host: Host, run: int, rules: Rules) -> Moves:
    """The undo of a switch: try abort, lapsed lease or not, and obey what the register says.

    It tries abort where nothing is pending as well, since the switch may arrive after it.
    """
    here = host.pending == run and not host.frozen
    if not host.redis or not decide_register(fleet, run, "abort", rules)[1]:
        yield Move(f"{{host}} cannot undo {name(run)}: no decision, stays as it is", fleet, host)
    elif here or (rules.undo_decides and is_open(fleet, run, rules)):
        yield from _settle_step(fleet, host, host.sent("undo", run), run, rules, "{host}'s undo")
    else:
        yield Move(f"{{host}} has nothing of {name(run)} to undo", fleet, host)


def watch_pending(fleet: Fleet, host: Host, rules: Rules) -> Moves:
    """The watcher, whose lease may have lapsed at any time: try abort, obey the register."""
    run = host.pending
    if not run or host.watcher != "on" or host.frozen:
        return
    if host.redis:
        yield from _settle_step(fleet, host, host, run, rules, "{host}'s watcher")
    elif not rules.watcher_needs_register:
        story = "{host}'s watcher cannot reach redis, and returns"
        yield Move(story, fleet, return_switch(host, run))


def _settle_step(
    fleet: Fleet, host: Host, waiting: Host, run: int, rules: Rules, who: str
) -> Moves:
    settled = obey_register(fleet, host, run, rules)
    if settled:
        how = settled.journal[run - 1]
        yield Move(f"{who} reads {fleet.register[run - 1]}: {name(run)} {how}", fleet, settled)
    elif is_open(fleet, run, rules):
        decided, _ = decide_register(fleet, run, "abort", rules)
        yield Move(f"{who} decides abort for {name(run)}", decided, waiting)


def restart_watcher(fleet: Fleet, host: Host, rules: Rules) -> Moves:
    """The supervisor's part."""
    if host.watcher == "killed" and rules.watcher_supervised:
        yield Move("{host}'s watcher is started again", fleet, host._replace(watcher="on"))


def hear_confirm(fleet: Fleet, host: Host, run: int, rules: Rules) -> Moves:
    """A controller that read commit tells the host to confirm."""
    if not rules.confirm_if_pending or (host.pending == run and not host.frozen):
        confirmed = confirm_switch(host, run, rules)
        yield Move(f"{{host}} is told, and confirms {name(run)}", fleet, confirmed)
    else:
        yield Move(f"{{host}} ignores a late confirm of {name(run)}", fleet, host)


def hear_return(fleet: Fleet, host: Host, run: int, _rules: Rules) -> Moves:
    """Only without rule 9: a controller that took no answer for a failure tells the host."""
    returned = return_switch(host, run) if host.pending == run else host
    yield Move(f"{{host}} is told, and returns from {name(run)}", fleet, returned)


def boot(host: Host, rules: Rules) -> Host:
    """Scripts, messages and locks are gone; the confirmed release runs; pending is kept."""
    up = host._replace(live=host.confirmed, lock=0, mail=frozenset())
    if rules.boot_voids_proof:
        up = up._replace(proved=0)
    if not host.pending:
        return up
    if not rules.boot_keeps_pending:
        return return_switch(up, host.pending)
    return up._replace(watcher="on" if rules.boot_watches else "")


VERBS = {
    "switch": switch_live,
    "point": point_live,
    "undo": settle_switch,
    "confirm": hear_confirm,
    "return": hear_return,
}


def is_undecidable(fleet: Fleet, run: int, rules: Rules) -> bool:
    """Whether the register can say nothing of this run any more."""
    return fleet.register[run - 1] in UNDECIDABLE and not is_open(fleet, run, rules)


def is_busy(host: Host, run: int) -> bool:
    """Whether anything of the run can still happen on this host."""
    return run in RUNS and (host.pending == run or any(of == run for _, of in host.mail))
