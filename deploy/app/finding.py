"""Which app runs on hosts that no inventory describes yet: asked by a fact, as everything is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.app.drafting import Subject
from deploy.app.observing import app_path
from deploy.errors import DeployError, ExitCode
from deploy.executor.result import raise_first
from deploy.facts.discovery import Discovered, Discovery, FoundApp
from deploy.inventory import Environment, layout_for, load_environment
from deploy.inventory.annotated import Entry, annotate
from deploy.plan import Context
from deploy.session import Session

_NOBODY = "nobody"
"""In place of values that asking needs no value of."""


def discover(subjects: Sequence[Subject], ssh_config: str) -> dict[str, Discovery]:
    """What each host tells, by name; host keys are verified. Raises DeployError."""
    if not subjects:
        return {}
    environment = _environment(subjects, ssh_config)
    hosts = list(environment.hosts.values())
    with Session(environment, hosts, "init", "quiet") as session:
        session.connect()
        answers, errors = session.ask(
            lambda host: [Discovered.line(layout_for(environment, host))], lambda _: Context()
        )
    raise_first(errors.values())
    return {name: Discovered.read(name, answer) for name, answer in answers.items()}


def _environment(subjects: Sequence[Subject], ssh_config: str) -> Environment:
    """As much of an environment as reaching the hosts needs."""
    hosts = {
        one.name: {
            "roles": [_NOBODY],
            **{key: v for key in ("address", "user", "port") if (v := getattr(one, key))},
        }
        for one in subjects
    }
    app = {"name": _NOBODY, "repository": _NOBODY, "path": f"/{_NOBODY}"}
    entries = [Entry("app", app), Entry("roles", {_NOBODY: {}}), Entry("hosts", hosts)]
    if ssh_config:
        entries.append(Entry("ssh", {"config": ssh_config}))
    with TemporaryDirectory(prefix="inventory-") as directory:
        Path(directory, "init.yml").write_text(annotate("", entries), "utf-8")
        return load_environment("init", Path(directory))


def choose_app(host: str, found: Discovery, path: str) -> FoundApp | None:
    """The app in `path`, or the only one; None where none runs. While two releases of it do, the
    later one.

    Raises DeployError (usage) where several do, and none of them there.
    """
    every = {app_path(one): one for one in sorted(found.apps, key=_started)}
    apps = [one for one in found.apps if path == one.directory]
    apps = apps or [one for name, one in every.items() if path in ("", name)]
    if len(apps) < 2:
        return apps[0] if apps else None
    raise DeployError(
        f"{len(every)} apps run there",
        host=host,
        hint="say which: --path DIRECTORY",
        details=tuple(sorted(every)),
        exit_code=ExitCode.USAGE,
    )


def _started(app: FoundApp) -> int:
    """When its newest process did, in ticks since boot."""
    return max((process.start for process in app.processes), default=0)
