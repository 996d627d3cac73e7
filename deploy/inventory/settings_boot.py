"""Knobs of what starts the app at boot where no systemd does: an init script, or monit.

docs/boot.md says why each default is what it is.
"""

from __future__ import annotations

from deploy.inventory.fields import Count, Knobs, SafePath, Seconds
from deploy.inventory.values import User


class InitSettings(Knobs):
    """Values for the init script, which monit runs, too."""

    user: User | None = None
    """User of the app's processes; none: `user`, that this tool logs in as."""
    wait: Seconds = 60
    """Seconds that a start may take until processes run."""


class MonitSettings(InitSettings):
    """Values for monit; docs/boot.md says why each default is what it is."""

    cycles: Count = 2
    """Looks in a row that find no process, before it starts what was confirmed."""
    again: Count = 5
    """Looks after which it tries again."""
    nginx: bool = True
    """Watch nginx on hosts that serve, start it, and ask it for the health path."""
    nginx_start: SafePath = "/usr/bin/systemctl start nginx"
    """Command that starts nginx, with its path."""
    pid: SafePath = "/run/monit.pid"
    """Pidfile of monit."""
