"""The commands: flags in, exit code out, no logic. `invoke --list` shows them."""

from __future__ import annotations

from typing import Any

from invoke.collection import Collection
from invoke.tasks import Task

from invoking import command, end, parts_of_render
from lab_tasks import lab_tasks
from picturing import report, topology

_LOOK = ("env", "limit", "output")
_RUN = ("yes", "output", "junit", "report")
_OPERATE = ("env", "limit", "dry_run", "yes", "output", "junit")


@command(
    *("env", "revision", "limit", "without", "wait", "dry_run", "force"),
    *("resume", "only_failed", *_RUN),
)
def deploy(**flags: object) -> None:
    """Deploy a revision, and prove on every host that it is what serves."""
    again = flags["resume"] or flags["only_failed"]
    end("deploy", "resuming" if again else "deploying", **flags)


@command("env", "to", "without", "wait", "limit", "dry_run", *_RUN)
def rollback(**flags: object) -> None:
    """Put an earlier release live on every host, and prove it."""
    end("rollback", "rolling_back", **flags)


@command("env", "limit", "without", "wait", "dry_run", "force", *_RUN)
def adopt(**flags: object) -> None:
    """Turn what is deployed in place into the first release, while it serves."""
    end("adopt", "adopting", **flags)


@command("env", "repository", "branch", "host", "path", "ssh_config", "overwrite", "output")
def init(env: str, output: str, **asked: object) -> None:
    """Write an inventory from what the app's repository and its hosts tell, and check it."""
    end("init", "initiating", asked, env=env, output=output)


@command("env", "revision", "limit", "output", "junit")
def check(**flags: object) -> None:
    """Look whether a deploy could go now; nothing is changed."""
    end("check", "looking", **flags)


@command("env", "limit", "explain", "fail_on", "output")
def audit(explain: str, fail_on: str, **flags: object) -> None:
    """Look whether this production is as it should be; nothing is changed."""
    end("audit", "auditing", explain, fail_on, **flags)


@command("env", "limit", "watch", "interval", "output")
def status(watch: bool, interval: int, **flags: object) -> None:
    """Show what each host is and runs, what stands out, and what to do about it."""
    end("status", "watching", watch, interval, **flags)


@command("env", "limit", "follow", "grep", "since", "output")
def logs(follow: bool, grep: str, since: str, **flags: object) -> None:
    """Show the logs of cluster, workers and nginx of all hosts, merged by time."""
    end("logs", "reading", follow, grep, since, **flags)


@command("env", "command", "timeout", "limit", "yes", "output")
def run(command: str, timeout: int, **flags: object) -> None:
    """Run a command on every host; hosts that say the same stand together."""
    end("run", "reading", command, timeout, **flags)


@command("env", "limit", "watch", "sample", "namespace", "output", name="show")
def queues(**flags: object) -> None:
    """Show redis and the app's queues: growth against throughput, failed jobs, stuck workers."""
    _queues("show", **flags)


@command("env", "limit", "namespace", "yes", "dry_run", "output")
def release(**flags: object) -> None:
    """Put the jobs of workers that are no more back into their queues."""
    _queues("release", **flags)


@command("env", "queue", "limit", "namespace", "yes", "dry_run", "output")
def retry(**flags: object) -> None:
    """Put failed jobs back into their queues."""
    _queues("retry", **flags)


@command("env", "limit", "namespace", "out", "yes", "output")
def clear_failed(out: str, **flags: object) -> None:
    """Save the failed jobs in a file, then remove them from redis."""
    _queues("clear_failed", out, **flags)


def _queues(function: str, *arguments: object, **flags: object) -> None:
    asked = {
        key: flags.pop(key) for key in ("watch", "sample", "namespace", "queue") if key in flags
    }
    module = "queueing" if function == "show" else "mending"
    end(function, module, asked, *arguments, **flags)


def _look(name: str, module: str, line: str) -> Task[Any]:
    """The tasks that only look, and take no flags of their own."""

    def run(**flags: object) -> None:
        end(name, module, **flags)

    run.__doc__ = line
    return command(*_LOOK, name=name)(run)


_LOOKS = {
    "releases": ("rolling_back", "Show the releases that each host keeps, and what each is to it."),
    "pids": ("looking", "Check every pidfile against the process that it names."),
    "history": ("looking", "Show who deployed what and when, and how it ended."),
}


def _operation(name: str, line: str) -> Task[Any]:
    """The tasks that take the same flags, and differ by what is done."""

    def run(**flags: object) -> None:
        end("operate", "operating", name, **flags)

    run.__doc__ = line
    return command(*_OPERATE, name=name)(run)


_OPERATIONS = {
    "reload": "Replace every worker, one at a time, by USR2 to the cluster master; prove it.",
    "start": "Start the cluster where it does not run.",
    "stop": "Stop the cluster, and wait until it is gone.",
    "restart": "Stop and start the cluster: a new master, with the environment of now.",
}


@command("env", "workers", *_OPERATE[1:])
def scale(**flags: object) -> None:
    """Change the number of workers while they serve (TTIN, TTOU)."""
    end("operate", "operating", "scale", **flags)


@command("env", "allow", *_OPERATE[1:], name="on")
def close_site(allow: str, **flags: object) -> None:
    """Answer every request with 503 and Retry-After, but yours; nothing is reloaded."""
    end("close", "maintaining", allow, **flags)


@command(*_OPERATE, name="off")
def open_site(**flags: object) -> None:
    """Let the site answer again."""
    end("open_", "maintaining", **flags)


@command("env", "limit", "yes", "output")
def unlock(**flags: object) -> None:
    """End the run that holds the lock; a dead run lets go by itself."""
    end("unlock", "operating", **flags)


@command(*_LOOK)
def inventory(**flags: object) -> None:
    """Show the effective values of each host, and where each came from."""
    end("inventory", "looking", **flags)


@command()
def schema() -> None:
    """Print the JSON Schema that makes editors complete and check inventories."""
    end("schema", "looking")


@command("env", "diff", "limit", "without", "wait", "dry_run", "force", *_RUN)
def configure(diff: bool, **flags: object) -> None:
    """Install the files of each host's programs: checked, reloaded and proved, or put back."""
    end("configure", "configuring", diff, **flags)


@command(*_LOOK, "junit")
def drift(**flags: object) -> None:
    """Show what on the hosts is not as `configure` would have it, and who changed it."""
    end("drift", "configuring", **flags)


@command("env", "limit", "out", "check", "program")
def render(out: str, check: bool, program: str, **flags: object) -> None:
    """Write all that `configure` would install, a directory a host, with an index."""
    end("render", "writing", out, check, program, **flags)


@command("env", "limit", "out", "check")
def render_nginx(out: str, check: bool, **flags: object) -> None:
    """Write nginx.conf for each host that serves."""
    end("render_nginx_files", "rendering", out, check, **flags)


@command("env", "limit", "out")
def render_config(out: str, **flags: object) -> None:
    """Write ActionHero's configuration files for each host's role."""
    end("render_config_files", "rendering", out, **flags)


@command("env", "limit", "out", "systemctl")
def render_units(out: str, systemctl: str, **flags: object) -> None:
    """Write what an administrator installs on hosts whose supervisor is systemd."""
    end("render_unit_files", "rendering", out, systemctl, **flags)


@command("run", "speed", "output", "junit")
def replay(run: str | None, speed: str, output: str, junit: str) -> None:
    """Show a recorded run again, at its own pace or faster."""
    end("replay", "replaying", run or "", speed, output, junit)


_inventory = Collection("inventory")
_inventory.add_task(inventory, name="show", default=True)
_inventory.add_task(schema)
_queue_tasks = Collection("queues", release, retry, clear_failed)
_queue_tasks.add_task(queues, name="show", default=True)

namespace = Collection(
    deploy,
    rollback,
    adopt,
    *(_look(name, *words) for name, words in _LOOKS.items()),
    *(init, check, audit, logs, run),
    *(status, report, replay, topology),
    *(_operation(name, line) for name, line in _OPERATIONS.items()),
    scale,
    unlock,
    *(configure, drift, render),
    *(render_nginx, render_config, render_units),
    *parts_of_render(),
    Collection("maintenance", close_site, open_site),
    _inventory,
    _queue_tasks,
    lab_tasks,
)
