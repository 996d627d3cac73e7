"""`invoke maintenance.on` and `maintenance.off`: the site is closed, and opened again.

Without the environment's lock: a site is closed in the middle of a deploy as well.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

from deploy import events
from deploy.app import Flags, confirm, load_all
from deploy.app.piping import write_files
from deploy.errors import DeployError, ExitCode
from deploy.inventory import Environment, Host
from deploy.plan import Plan
from deploy.reports.plan_text import plan_text
from deploy.session import Session
from deploy.strategies.maintenance import plan_closing, plan_opening

Build = Callable[[Environment, list[Host], str], Plan]


def close(allow: str, flags: Flags) -> ExitCode:
    """Answer 503 on every host that serves, but to `allow` (addresses) and to whoever asks this."""
    friends = [_address(word) for word in allow.split(",") if word]
    return _run(
        "maintenance.on",
        flags,
        lambda environment, hosts, run: plan_closing(environment, hosts, run, friends),
    )


def open_(flags: Flags) -> ExitCode:
    """Answer as ever."""
    return _run(
        "maintenance.off", flags, lambda environment, hosts, _: plan_opening(environment, hosts)
    )


def _run(task: str, flags: Flags, build: Build) -> ExitCode:
    environment, every = load_all(flags)
    hosts = [host for host in every if host.serves and host.settings.nginx.maintenance]
    if not hosts:
        raise DeployError(
            "no host that serves has a maintenance page",
            hint="take `nginx.maintenance: null` out of the inventory, and run invoke configure",
            exit_code=ExitCode.USAGE,
        )
    confirm(environment, flags)
    with Session(environment, hosts, task, flags.output) as session:
        write_files(session, flags)
        session.start()
        plan = build(environment, hosts, session.run)
        if flags.dry_run:
            session.emit(events.Planned(plan.to_json()))
            return session.finish(ExitCode.DONE, plan_text(plan) + "\nnothing was changed", {})
        try:
            session.connect()
            with session.interrupts:
                result = session.carry_out(plan)
        except DeployError as error:
            return session.fail(error)
        except KeyboardInterrupt as signal:
            return session.stop(signal)
        state = "closed" if task.endswith("on") else "open"
        done = result.exit_code == ExitCode.DONE
        words = f"{state} on {len(hosts)} hosts" if done else f"{task} failed: see above"
        return session.finish(result.exit_code, words, result.hosts)


def _address(word: str) -> str:
    """As nginx spells it. Raises DeployError (usage)."""
    try:
        return str(ip_address(word.strip()))
    except ValueError:
        raise DeployError(
            f"--allow {word!r} is no address",
            hint="single addresses, separated by commas; ranges stand in nginx.maintenance.allow",
            exit_code=ExitCode.USAGE,
        ) from None
