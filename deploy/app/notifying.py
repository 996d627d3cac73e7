"""Who is told how a run goes: the inventory's notifications as one more report of the run."""

from __future__ import annotations

from collections.abc import Iterator

from deploy import events
from deploy.app import Flags
from deploy.app.masking import tell_runner
from deploy.errors import DeployError
from deploy.inventory import Environment
from deploy.reports.notify import Notifications, Receiver
from deploy.secrets import read_secrets
from deploy.session import Session
from deploy.shell import Secret


def notify(session: Session, flags: Flags) -> None:
    """Tell of this run, unless it only shows a plan; what cannot be told is a warning."""
    if session.environment.notify and not flags.dry_run:
        receivers = _receivers(session.environment, session, flags)
        session.emit.add(Notifications(receivers, session.warn))


def _receivers(environment: Environment, session: Session, flags: Flags) -> Iterator[Receiver]:
    for number, one in enumerate(environment.notify, 1):
        name = f"notify[{number - 1}]"
        try:
            found = read_secrets({name: one.url})
        except DeployError as error:
            session.emit(events.Warned("", "notify", f"nobody is told: {error.message}"))
            continue
        tell_runner(found, flags)
        url = found[name]
        yield Receiver(name, url.value if isinstance(url, Secret) else url, one.on)
