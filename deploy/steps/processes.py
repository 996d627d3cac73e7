"""Steps that start, reload, stop and prove the app's processes, and the context they speak of."""

from __future__ import annotations

from deploy.inventory.layout import Layout
from deploy.inventory.models import Environment, Host
from deploy.plan import Step
from deploy.shell import Argument, Call, Secret, call, exports


def describe_cluster(environment: Environment, host: Host, layout: Layout, model: str) -> Call:
    """What the verbs of a script speak of: this app, on this host."""
    settings = host.settings
    listen = layout.sockets_dir if settings.listen == "socket" else settings.listen
    return call(
        "describe_cluster",
        layout.app,
        model,
        wanted_workers(environment, host),
        listen,
        environment.app.health.path,
        host.name,
        settings.supervisor,
        settings.stop_timeout,
    )


def wanted_workers(environment: Environment, host: Host) -> str:
    """A number; or `auto`, with what bounds it: `auto:CPUS:KILOBYTES`, each empty where unknown.

    While two releases stand beside each other, each worker is there twice.
    """
    settings = host.settings
    if settings.workers != "auto" or not (settings.cpus or settings.worker_memory):
        return str(settings.workers)
    size = settings.worker_memory or ""
    kilobytes = int(size[:-1]) * {"m": 1024, "g": 1024**2}[size[-1]] if size else 0
    is_twice = environment.strategy == "releases" and settings.overlap
    needed = kilobytes * 2 if is_twice and settings.fallback == "refuse" else kilobytes
    return f"auto:{settings.cpus or ''}:{needed or ''}"


def drain(host: Host) -> int:
    """Seconds that a process which is reloaded has for its requests; a worker has none."""
    return host.settings.drain if host.serves else 0


def guard_cluster(host: Host, seconds: int) -> Step:
    """Stands first, so that its undo comes last: the processes follow the tree back."""
    return Step(
        "guard_cluster",
        "mark the way back",
        call("guard_cluster"),
        undo=call("restore_cluster", seconds, drain(host)),
    )


def write_environment(values: dict[str, Argument]) -> Step:
    """The environment that processes are started with."""
    return Step(
        "write_environment",
        "write the environment",
        call("write_environment", Secret("environment", exports(values))),
        undo=call("restore_environment"),
    )


def reload_cluster(host: Host, seconds: int) -> Step:
    """USR2 to the cluster master, or each process in turn where there is none."""
    reload = call("reload_cluster", seconds, drain(host))
    return Step("reload_cluster", "reload the cluster", reload)


def start_cluster(seconds: int) -> Step:
    """Start what does not run."""
    return Step("start_cluster", "start the cluster", call("start_cluster", seconds))


def stop_cluster() -> Step:
    """TERM, and wait for the exit."""
    return Step("stop_cluster", "stop the cluster", call("stop_cluster"))


def scale_release(workers: str, seconds: int) -> Step:
    """The same for a release, which keeps the number for its next start."""
    title = "change the number of workers"
    return Step("scale_cluster", title, call("scale_release", workers, seconds))


def scale_cluster(seconds: int) -> Step:
    """TTIN or TTOU until the number of workers is right."""
    return Step("scale_cluster", "change the number of workers", call("scale_cluster", seconds))


def prove_cluster(seconds: int) -> Step:
    """Every worker runs the code of the checkout, and answers."""
    return Step("prove_cluster", "prove what serves", call("prove_cluster", seconds))


def record_proof(revision: str, run: str, version: str) -> Step:
    """Write down what was proved: revision, run, and the version of ActionHero."""
    return Step(
        "record_proof",
        "write down the proof",
        call("record_proof", revision, run, version),
        undo=call("restore_proof"),
    )


def append_history(layout: Layout, line: str) -> Step:
    """One line of the host's history."""
    return Step("append_history", "write the history", call("append_history", layout.history, line))


def close_journal(layout: Layout, run: str, outcome: str) -> Step:
    """The run is over on this host; old lines of its journal go."""
    return Step(
        "close_journal", "close the journal", call("close_journal", layout.state, run, outcome)
    )
