"""The commands: flags in, exit code out, no logic. `invoke --list` shows them."""

from __future__ import annotations

import sys

from invoke.collection import Collection
from invoke.context import Context
from invoke.tasks import task

_ENV = "environment: a file in inventory/ (production, staging, lab)"
_LIMIT = "only these hosts or roles, separated by commas"
_YES = "do not ask, even where the environment is protected"
_OUTPUT = "terminal (for people) or json (one event or row a line)"
_DRY_RUN = "print what would be done on each host, and change nothing"
_LOOK = {"env": _ENV, "limit": _LIMIT, "output": _OUTPUT}
_OPERATE = {**_LOOK, "dry-run": _DRY_RUN, "yes": _YES}


def _end(function: str, module: str, *arguments: object, **flags: object) -> None:
    """Call a task of deploy.app and end with its exit code; imported late, so --list is quick."""
    import gc
    from importlib import import_module

    # Nothing dies while modules load: looking for garbage would be a tenth of the start.
    gc.set_threshold(100_000)

    from deploy.app import Flags, guarded

    if flags:
        arguments = (*arguments, Flags(**flags))  # type: ignore[arg-type]

    def run() -> int:
        return int(getattr(import_module(f"deploy.app.{module}"), function)(*arguments))

    sys.exit(guarded(run))


@task(
    help={
        **_OPERATE,
        "without": "leave these hosts out on purpose; status shows them as behind",
        "revision": "branch, tag or commit (default: the branch of the inventory)",
        "force": "throw away local changes on hosts (they are listed), and deploy in a freeze",
    }
)
def deploy(
    _: Context,
    env: str,
    revision: str = "",
    limit: str = "",
    without: str = "",
    dry_run: bool = False,
    force: bool = False,
    yes: bool = False,
    output: str = "terminal",
) -> None:
    """Deploy a revision, and prove on every host that it is what serves."""
    _end(
        "deploy",
        "deploying",
        env=env,
        revision=revision,
        limit=limit,
        without=without,
        dry_run=dry_run,
        force=force,
        yes=yes,
        output=output,
    )


@task(help={**_LOOK, "revision": "branch, tag or commit (default: the branch of the inventory)"})
def check(
    _: Context, env: str, revision: str = "", limit: str = "", output: str = "terminal"
) -> None:
    """Look whether a deploy could go now; nothing is changed."""
    _end("check", "looking", env=env, revision=revision, limit=limit, output=output)


@task(help=_LOOK)
def status(_: Context, env: str, limit: str = "", output: str = "terminal") -> None:
    """Show what each host runs, and whether it is proved."""
    _end("status", "looking", env=env, limit=limit, output=output)


@task(help=_LOOK)
def pids(_: Context, env: str, limit: str = "", output: str = "terminal") -> None:
    """Check every pidfile against the process that it names."""
    _end("pids", "looking", env=env, limit=limit, output=output)


@task(help=_LOOK)
def history(_: Context, env: str, limit: str = "", output: str = "terminal") -> None:
    """Show who deployed what and when, and how it ended."""
    _end("history", "looking", env=env, limit=limit, output=output)


@task(name="reload", help=_OPERATE)
def reload_(
    _: Context,
    env: str,
    limit: str = "",
    dry_run: bool = False,
    yes: bool = False,
    output: str = "terminal",
) -> None:
    """Replace every worker, one at a time, by USR2 to the cluster master; prove it."""
    _operate("reload", env, limit, dry_run, yes, output)


@task(help=_OPERATE)
def start(
    _: Context,
    env: str,
    limit: str = "",
    dry_run: bool = False,
    yes: bool = False,
    output: str = "terminal",
) -> None:
    """Start the cluster where it does not run."""
    _operate("start", env, limit, dry_run, yes, output)


@task(help=_OPERATE)
def stop(
    _: Context,
    env: str,
    limit: str = "",
    dry_run: bool = False,
    yes: bool = False,
    output: str = "terminal",
) -> None:
    """Stop the cluster, and wait until it is gone."""
    _operate("stop", env, limit, dry_run, yes, output)


@task(help=_OPERATE)
def restart(
    _: Context,
    env: str,
    limit: str = "",
    dry_run: bool = False,
    yes: bool = False,
    output: str = "terminal",
) -> None:
    """Stop and start the cluster: a new master, with the environment of now."""
    _operate("restart", env, limit, dry_run, yes, output)


@task(help={**_OPERATE, "workers": "how many workers are to run on each host"})
def scale(
    _: Context,
    env: str,
    workers: int,
    limit: str = "",
    dry_run: bool = False,
    yes: bool = False,
    output: str = "terminal",
) -> None:
    """Change the number of workers while they serve (TTIN, TTOU)."""
    _operate("scale", env, limit, dry_run, yes, output, workers=workers)


@task(help={**_LOOK, "yes": _YES})
def unlock(
    _: Context, env: str, limit: str = "", yes: bool = False, output: str = "terminal"
) -> None:
    """End the run that holds the lock; a dead run lets go by itself."""
    _end("unlock", "operating", env=env, limit=limit, yes=yes, output=output)


@task(help=_LOOK)
def inventory(_: Context, env: str, limit: str = "", output: str = "terminal") -> None:
    """Show the effective values of each host, and where each came from."""
    _end("inventory", "looking", env=env, limit=limit, output=output)


@task
def schema(_: Context) -> None:
    """Print the JSON Schema that makes editors complete and check inventories."""
    _end("schema", "looking")


@task(
    help={
        "env": _ENV,
        "limit": _LIMIT,
        "out": "directory that gets a directory a host",
        "check": "run the real nginx -t on a sandboxed copy, and gixy",
    }
)
def render_nginx(
    _: Context, env: str, limit: str = "", out: str = "build", check: bool = False
) -> None:
    """Write nginx.conf for each host that serves."""
    _end("render_nginx_files", "rendering", out, check, env=env, limit=limit)


@task(help={"env": _ENV, "limit": _LIMIT, "out": "directory that gets a directory a host"})
def render_config(_: Context, env: str, limit: str = "", out: str = "build") -> None:
    """Write ActionHero's configuration files for each host's role."""
    _end("render_config_files", "rendering", out, env=env, limit=limit)


@task(help={"app": "version of the app: 14, 18 or 29", "root": "directory of the lab"})
def up(_: Context, app: int = 29, root: str = "") -> None:
    """Start the lab: real sshd hosts, nginx, redis, a git remote, an ActionHero app."""
    _lab("up", app, root)


@task(help={"root": "directory of the lab"})
def down(_: Context, root: str = "") -> None:
    """End everything that the lab started."""
    _lab("down", 0, root)


@task(name="status", help={"root": "directory of the lab"})
def lab_status(_: Context, root: str = "") -> None:
    """Show what of the lab runs, and where."""
    _lab("status", 0, root)


def _operate(
    operation: str,
    env: str,
    limit: str,
    dry_run: bool,
    yes: bool,
    output: str,
    workers: int = 0,
) -> None:
    _end(
        "operate",
        "operating",
        operation,
        env=env,
        limit=limit,
        dry_run=dry_run,
        yes=yes,
        output=output,
        workers=workers,
    )


def _lab(verb: str, app: int, root: str) -> None:
    from importlib import import_module

    sys.exit(import_module("tests.lab.__main__").main(verb, app, root))


_inventory = Collection("inventory")
_inventory.add_task(inventory, name="show", default=True)
_inventory.add_task(schema)  # type: ignore[arg-type]
_lab_tasks = Collection("lab", up, down, lab_status)

namespace = Collection(
    deploy,
    check,
    status,
    pids,
    history,
    reload_,
    start,
    stop,
    restart,
    scale,
    unlock,
    render_nginx,
    render_config,
    _inventory,
    _lab_tasks,
)
