"""What a controller does at one host of the phase that it is in. It takes the hosts in any order,
and many at once: batches and sorted order are special cases of that."""

from tests.model.hosts import is_undecidable
from tests.model.register import (
    confirm_switch,
    decide_register,
    is_open,
    obey_register,
    return_switch,
)
from tests.model.rules import Rules
from tests.model.state import RUNS, Fleet, Host, Move, Moves, name


def controller_steps(fleet: Fleet, host: Host, rules: Rules) -> Moves:
    """All steps that the controllers may take at this host."""
    for run in RUNS:
        phase = fleet.phase[run - 1]
        if phase in AT_HOST and host.heard[run - 1] != "skipped":
            yield from AT_HOST[phase](fleet, host, run, rules)


def take_lock(fleet: Fleet, host: Host, run: int, rules: Rules) -> Moves:
    """Take the lock and raise the fence; of two that wait for each other the later lets go."""
    if host.linked and not fleet.holds(host.lock):
        locked = host._replace(lock=run, fence=run).noted(run, "locked")
        yield Move(f"{name(run)} takes the lock of {{host}}", fleet, locked)
    elif not host.linked and not host.heard[run - 1] and not rules.lock_every_host:
        skipped = host.noted(run, "skipped")
        yield Move(f"{name(run)} skips {{host}}, which it cannot reach", fleet, skipped)
    if run == 2 and host.lock == run and fleet.phase == ("locking", "locking"):
        freed = host._replace(lock=0).noted(run, "")
        yield Move("B lets go of the lock of {host}, for which A waits", fleet, freed)


def settle_older(fleet: Fleet, host: Host, run: int, rules: Rules) -> Moves:
    """settle_switch for a run before this one: through its register, or else by freezing all."""
    if not host.linked or host.heard[run - 1] == "settled":
        return
    older = host.pending
    if older in (0, run) or not rules.settle_older:
        what = "does not settle {host}" if older else "finds {host} settled"
        story = f"{name(run)} {what}"
        yield Move(story, fleet, host.noted(run, "settled"))
    elif host.redis and is_undecidable(fleet, older, rules):
        if rules.resume_undecidable:
            story = f"{name(run)} finds {name(older)} undecidable at {{host}}"
            yield Move(story, fleet.moved(run, "freezing"), host)
    elif host.redis and not host.frozen:
        yield _settle_older(fleet, host, run, older, rules)


def _settle_older(fleet: Fleet, host: Host, run: int, older: int, rules: Rules) -> Move:
    settled = obey_register(fleet, host, older, rules)
    if settled:
        how = settled.journal[older - 1]
        return Move(f"{name(run)} settles {{host}}: {name(older)} {how}", fleet, settled)
    decided, _ = decide_register(fleet, older, "abort", rules)
    return Move(f"{name(run)} decides abort for {name(older)}", decided, host)


def freeze_switch(fleet: Fleet, host: Host, run: int, rules: Rules) -> Moves:
    """Freeze the pending switch of the other run, and look into the journal."""
    other = 3 - run
    if not host.linked or host.heard[run - 1] == "frozen":
        return
    if not fleet.holds(host.lock):
        again = host._replace(lock=run, fence=run)
        yield Move(f"{name(run)} takes the lock of {{host}} again", fleet, again)
    elif host.lock == run:
        frozen = rules.freeze_first and host.pending == other
        seen = rules.confirmed_anywhere_confirms and host.journal[other - 1] == "confirmed"
        after = fleet.moved(run, "freezing, one confirmed") if seen else fleet
        host = host._replace(frozen=host.frozen or frozen).noted(run, "frozen")
        yield Move(f"{name(run)} freezes {{host}} and reads its journal", after, host)


def resume_switch(fleet: Fleet, host: Host, run: int, rules: Rules) -> Moves:
    """End the frozen switch as all hosts together say."""
    other = 3 - run
    if not host.linked or host.heard[run - 1] == "resumed":
        return
    if host.pending != other:
        story = f"{name(run)} has nothing to resume at {{host}}"
        yield Move(story, fleet, host.noted(run, "resumed"))
    elif fleet.phase[run - 1] == "resuming, confirm":
        confirmed = confirm_switch(host, other, rules).noted(run, "resumed")
        yield Move(f"{name(run)} resumes {{host}}: {name(other)} confirmed", fleet, confirmed)
    else:
        returned = return_switch(host, other).noted(run, "resumed")
        yield Move(f"{name(run)} resumes {{host}}: {name(other)} returned", fleet, returned)


def switch_host(fleet: Fleet, host: Host, run: int, rules: Rules) -> Moves:
    """Send the switch; read the proof."""
    heard = host.heard[run - 1]
    if heard == "settled" and host.linked:
        sent = host.sent("switch", run).noted(run, "sent")
        yield Move(f"{name(run)} sends the switch to {{host}}", fleet, sent)
    elif heard == "sent" and host.linked and host.proved == run:
        wrong = "" if host.live == run else "a proof is believed of a release that does not run"
        read = host._replace(proved=0).noted(run, "proved")
        yield Move(f"{name(run)} reads the proof of {{host}}", fleet, read, wrong=wrong)
    elif heard == "sent" and not rules.commit_if_all_proved:
        story = f"{name(run)} counts {{host}} as failed, below max_failures"
        yield Move(story, fleet, host.noted(run, "proved"))


def decide_at(fleet: Fleet, host: Host, run: int, rules: Rules) -> Moves:
    """decide_register through this host: try commit, and go where the answer says."""
    if not (host.linked and host.redis):
        return
    decided, value = decide_register(fleet, run, "commit", rules)
    follow = {"commit": "confirming", "abort": "returning", "": "leaving"}[value]
    story = f"{name(run)} tries commit through {{host}}: {value or 'undecidable'}"
    yield Move(story, decided.moved(run, follow), host)


def tell_hosts(fleet: Fleet, host: Host, run: int, rules: Rules) -> Moves:
    """Send the verb that ends the switch here; again, if it was lost."""
    verb = {"confirming": "confirm", "returning": "undo"}.get(fleet.phase[run - 1], "return")
    useful = host.pending == run or (verb == "undo" and is_open(fleet, run, rules))
    if not rules.undo_decides and verb == "undo":
        yield from _tell_once(fleet, host, run)
    elif host.linked and useful and (verb, run) not in host.mail:
        yield Move(f"{name(run)} sends {verb} to {{host}}", fleet, host.sent(verb, run))


def _tell_once(fleet: Fleet, host: Host, run: int) -> Moves:
    heard = host.heard[run - 1]
    if heard in ("sent", "proved") and host.linked:
        told = host.sent("undo", run).noted(run, "told")
        yield Move(f"{name(run)} sends undo to {{host}}", fleet, told)
    elif heard == "told" and host.linked and ("undo", run) not in host.mail and host.pending != run:
        yield Move(f"{{host}} reports {name(run)} settled", fleet, host.noted(run, "reported"))


AT_HOST = {
    "locking": take_lock,
    "settling": settle_older,
    "freezing": freeze_switch,
    "freezing, one confirmed": freeze_switch,
    "resuming, confirm": resume_switch,
    "resuming, return": resume_switch,
    "switching": switch_host,
    "committing": decide_at,
    "confirming": tell_hosts,
    "returning": tell_hosts,
    "returning unasked": tell_hosts,
}
