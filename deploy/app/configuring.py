"""`invoke configure` and `invoke drift`: the files of programs, installed and compared."""

from __future__ import annotations

import time
from collections.abc import Sequence

from deploy import events
from deploy.app import Flags, confirm, load_all
from deploy.app.deploying import refuse_freeze
from deploy.app.files import Rendered, judge_edited, masks_of, part_of, render_hosts, show
from deploy.app.masking import tell_runner
from deploy.app.piping import write_files
from deploy.app.recording import plan_history
from deploy.errors import DeployError, ExitCode
from deploy.executor.result import Result, raise_first
from deploy.inventory import Host, layout_for
from deploy.plan import Context, Plan
from deploy.reports.plan_text import plan_text
from deploy.secrets import Masks
from deploy.session import Session
from deploy.shell import Line
from deploy.steps.files import await_files, describe_config
from deploy.strategies.common import STAGE_WAIT
from deploy.strategies.configure import Compared, Part, plan_configure, refuse_obstacles


def configure(diff: bool, flags: Flags) -> ExitCode:
    """Install what changed of the hosts' files, checked, reloaded and proved, or change nothing."""
    began = time.monotonic()
    environment, hosts = load_all(flags)
    if not flags.dry_run:
        refuse_freeze(environment, flags)
    began += confirm(environment, flags)
    rendered = render_hosts(environment, hosts)
    masks = _masks(rendered, flags)
    with Session(environment, _hosts(rendered), "configure", flags.output, flags.report) as session:
        write_files(session, flags)
        session.began = began
        session.start()
        try:
            session.connect()
            parts = _look(session, rendered, lock=not flags.dry_run, wait=flags.wait_seconds)
            refuse_obstacles(parts)
            edited = show(session, parts, masks, whole=diff or flags.dry_run, forced=flags.force)
            judge_edited(session, edited, flags)
            plan = plan_configure(environment, parts, session.run, masks)
            return _carry_out(session, flags, plan, sum(len(part.compared) for part in parts))
        except DeployError as error:
            return session.fail(error)
        except KeyboardInterrupt as signal:
            return session.stop(signal)


def drift(flags: Flags) -> ExitCode:
    """Show what is on the hosts that `configure` would not have there; exit 1 when there is any."""
    environment, hosts = load_all(flags)
    rendered = render_hosts(environment, hosts)
    masks = _masks(rendered, flags)
    with Session(environment, _hosts(rendered), "drift", flags.output) as session:
        write_files(session, flags)
        session.start()
        try:
            session.connect()
            parts = _look(session, rendered, lock=False)
        except DeployError as error:
            return session.fail(error)
        except KeyboardInterrupt as signal:
            return session.stop(signal)
        edited = show(session, parts, masks, whole=True)
        changed = {part.host.name for part in parts if part.changes}
        states = {part.host.name: _state(part, edited, changed) for part in parts}
        found = f"{len(changed)} of {len(states)} hosts differ" if changed else "no drift"
        code = ExitCode.FAILED if changed else ExitCode.DONE
        return session.finish(code, f"{found}; nothing was changed", states)


def _masks(rendered: Sequence[Rendered], flags: Flags) -> Masks:
    """What hides the secrets in all that is told here, and by the runner of a job."""
    for one in rendered:
        tell_runner(one.secrets, flags)
    return masks_of(rendered)


def _hosts(rendered: Sequence[Rendered]) -> list[Host]:
    return [one.host for one in rendered]


def _look(
    session: Session, rendered: Sequence[Rendered], *, lock: bool, wait: int = 0
) -> list[Part]:
    """What is on every host; with `lock`, under the environment's lock."""
    questions = {one.host.name: one.question for one in rendered}

    def lines(host: Host) -> list[Line]:
        return [questions[host.name].line(layout_for(session.environment, host))]

    def context(host: Host) -> Context:
        layout = layout_for(session.environment, host)
        idle = (await_files(layout, STAGE_WAIT),) if lock else ()
        return Context(calls=(*idle, describe_config(layout)))

    if lock:
        answers = session.lock(lines, context, wait)
    else:
        answers, errors = session.ask(lines, context)
        raise_first(errors.values())
    return [
        part_of(one, questions[one.host.name].read(one.host.name, answers[one.host.name]))
        for one in rendered
    ]


def _carry_out(session: Session, flags: Flags, plan: Plan, count: int) -> ExitCode:
    states = dict.fromkeys(session.hosts, "unchanged")
    if plan.is_empty:
        message = f"nothing to do: {count} file{'s' if count != 1 else ''} as they are to be"
        return session.finish(ExitCode.DONE, message, states)
    if flags.dry_run:
        session.emit(events.Planned(plan.to_json()))
        return session.finish(ExitCode.DONE, plan_text(plan) + "\nnothing was changed", {})
    with session.interrupts:
        result = session.carry_out(plan)
        session.write_down(plan_history(session, result.hosts))
        return session.finish(result.exit_code, _last_words(result), {**states, **result.hosts})


def _last_words(result: Result) -> str:
    if result.exit_code == ExitCode.DONE:
        count = len(result.hosts)
        return f"done: configured {count} host{'s' if count > 1 else ''}"
    unknown = [name for name, state in result.hosts.items() if state == "unknown"]
    if unknown:
        return f"unknown state on {', '.join(unknown)}: see with `invoke drift`, and log in"
    why = "interrupted" if result.exit_code >= ExitCode.INTERRUPTED else "failed"
    return f"{why}: every file is as it was"


def _state(part: Part, edited: Sequence[tuple[Host, Compared]], changed: set[str]) -> str:
    if any(host.name == part.host.name for host, _ in edited):
        return "changed by hand"
    return "differs" if part.host.name in changed else "as it is to be"
