"""The frame of a task that changes the fleet: secrets, a session, and an end for whatever comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deploy.app import Flags
from deploy.app.masking import read_host_secrets
from deploy.app.notifying import notify
from deploy.app.piping import write_files
from deploy.errors import DeployError, ExitCode
from deploy.inventory import Environment, Host
from deploy.session import Session
from deploy.shell import Argument

Secrets = Mapping[str, dict[str, Argument]]
"""Each host's secrets, by the host's name."""
Body = Callable[[Session, Flags, Secrets], ExitCode]
"""What a task does in its session, from its start on."""


def run_task(
    task: str,
    flags: Flags,
    environment: Environment,
    hosts: tuple[Host, ...],
    body: Body,
    began: float,
) -> ExitCode:
    """Run `body` in a session of those hosts; its errors and signals end the session in words.

    The command `began` at that moment of the monotonic clock, in seconds.
    """
    secrets = read_host_secrets(hosts, flags)
    with Session(environment, hosts, task, flags.output, flags.report) as session:
        write_files(session, flags)
        session.began = began
        if task != "adopt":  # nothing new goes live
            notify(session, flags)
        try:
            return body(session, flags, secrets)
        except DeployError as error:
            return session.fail(error)
        except KeyboardInterrupt as signal:
            return session.stop(signal)
