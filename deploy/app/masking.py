"""Secrets, read and told to GitHub's runner, which then masks them in all that the job prints.

The program never prints a secret; this is for what other programs of the job print later.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping

from deploy.app import Flags
from deploy.executor.stage import masks
from deploy.inventory import Host
from deploy.secrets import read_secrets
from deploy.shell import Argument, Secret


def read_host_secrets(hosts: Iterable[Host], flags: Flags) -> dict[str, dict[str, Argument]]:
    """Each host's secrets, told to the runner before the next ones are read. Raises DeployError."""
    found: dict[str, dict[str, Argument]] = {}
    for host in hosts:
        found[host.name] = read_secrets(host.settings.secrets)
        tell_runner(found[host.name], flags)
    return found


def tell_runner(
    secrets: Mapping[str, Argument], flags: Flags, environment: Mapping[str, str] = os.environ
) -> None:
    """With `--output github`, and in a job of GitHub's only: the line holds the secret itself.

    On standard error, which the runner reads first, and which no `| tee` or `>` keeps in a file.
    """
    if flags.output != "github" or environment.get("GITHUB_ACTIONS") != "true":
        return
    from deploy.reports.workflow import command

    values = {name: one.value if isinstance(one, Secret) else one for name, one in secrets.items()}
    for text in masks(values):
        print(command("add-mask", text), file=sys.stderr, flush=True)
