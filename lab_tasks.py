"""The tasks of the lab on this machine: `invoke lab.up`, `lab.down`, `lab.status`."""

from __future__ import annotations

from invoke.collection import Collection

from invoking import command, lab


@command("app", "root", "lab.topology")
def up(app: int, root: str, topology: bool) -> None:
    """Start the lab: real sshd hosts, nginx, redis, a git remote, an ActionHero app."""
    lab("up", app, root, topology)


@command("root")
def down(root: str) -> None:
    """End everything that the lab started."""
    lab("down", 0, root)


@command("root", name="status")
def lab_status(root: str) -> None:
    """Show what of the lab runs, and where."""
    lab("status", 0, root)


lab_tasks = Collection("lab", up, down, lab_status)
