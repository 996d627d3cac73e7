"""Steps of the socket switch: a release boots beside the old one, goes live, and is settled.

PROTOCOL: what is switched stays pending until the fleet's one decision was read.
"""

from __future__ import annotations

from deploy.inventory.layout import ReleasesLayout
from deploy.inventory.models import Environment, Gate, Host
from deploy.plan import Context, Step
from deploy.shell import Argument, Call, Secret, call, compile_script, exports

DECIDE_SECONDS = 60
"""Seconds for which the decision is asked for again, when its answer was lost."""


def describe_releases(host: Host, layout: ReleasesLayout) -> Call:
    """Where the app's releases and their sockets are, and how long old ones may be kept."""
    kept = (warm_seconds(host), host.settings.drain_websockets)
    return call("describe_releases", layout.root, layout.sockets_dir, *kept)


def warm_seconds(host: Host) -> int:
    """Seconds; 0 where old processes would go on with tasks of their own."""
    tasks = host.settings.actionhero.extra.get("tasks", {})
    works = tasks.get("scheduler") or tasks.get("queues")
    return host.settings.warm if host.serves and host.settings.overlap and not works else 0


def install_watcher(host: Host, context: Context) -> Step:
    """The program that settles what is pending when nobody else does; `context` is no stage's."""
    watch = call("watch_pending", drain(host))
    script = compile_script([], nonce="watcher", path=context.path, before=[*context.calls, watch])
    return Step(
        "install_watcher",
        "write the watcher",
        call("install_watcher", Secret("watcher", script.decode())),
    )


def equip_release(release: str, values: dict[str, Argument]) -> Step:
    """How the release is run, and its environment, kept beside it."""
    return Step(
        "equip_release",
        "write the release's environment",
        call("equip_release", release, Secret("environment", exports(values))),
    )


def boot_release(release: str, seconds: int, run: str = "") -> Step:
    """Its processes start on sockets of their own, and are proved there.

    With `run` that went live before; they start only while it is pending.
    """
    return Step(
        "boot_release",
        "start beside the old one",
        call("boot_release", release, seconds, *((run,) if run else ())),
        undo=call("end_release", release),
    )


def switch_live(host: Host, run: str, release: str) -> Step:
    """One rename, for every new connection; pending from here on."""
    return Step(
        "switch_live",
        f"switch to {release}",
        call("switch_live", run, release),
        undo=settle_call(host, run),
    )


def settle_call(host: Host, run: str) -> Call:
    """The pending release of a run is confirmed or returned, as the register says."""
    return call("settle_switch", run, drain(host))


def settle_switch(host: Host, run: str) -> Step:
    """The same as a step: what an earlier run left."""
    return Step("settle_switch", f"settle run {run}", settle_call(host, run))


def prove_front(host: Host, seconds: int) -> Step:
    """Requests by nginx reach the new processes, and no others."""
    name = host.settings.nginx.server_name.split(" ")[0]
    asked = "localhost" if name == "_" or "*" in name else name
    return Step(
        "prove_front", "prove through nginx", call("prove_front", front(host) or "", asked, seconds)
    )


def watch_gate(host: Host, gate: Gate) -> Step:
    """The batch stands for a while, under the traffic that it has."""
    log = host.settings.nginx.access_log if host.serves else "off"
    return Step(
        "watch_gate",
        f"watch for {gate.seconds} s",
        call(
            "watch_gate",
            gate.seconds,
            log if log.startswith("/") else "",
            gate.min_requests,
            str(gate.max_errors),
            str(gate.max_seconds or ""),
            gate.command or "",
        ),
    )


def decide_switch(run: str) -> Step:
    """Commit, for the whole fleet, unless a watcher was first."""
    return Step("decide_switch", "decide: commit", call("decide_switch", run, DECIDE_SECONDS))


def confirm_switch(host: Host, run: str) -> Step:
    """The release is confirmed; the one before it is drained and stopped."""
    return Step("confirm_switch", "confirm", call("confirm_switch", run, drain(host)))


def freeze_switch(run: str) -> Step:
    """Nobody settles that run on this host but the one who froze it."""
    return Step("freeze_switch", "freeze what is pending", call("freeze_switch", run))


def resume_switch(host: Host, run: str, outcome: str) -> Step:
    """Settle a frozen run: `confirm` or `return`."""
    return Step("resume_switch", outcome, call("resume_switch", run, outcome, drain(host)))


def end_strays() -> Step:
    """Releases that are neither confirmed nor pending run no more."""
    return Step("end_strays", "stop what nobody is connected to", call("end_strays"))


def drain(host: Host) -> str:
    """Seconds for requests, or `none` for a worker: it has none, and stops after its task."""
    return str(host.settings.drain) if host.serves else "none"


def front(host: Host) -> str | None:
    """The URL at which this host's nginx is asked; None when nobody asks it."""
    settings = host.settings
    if not host.serves or settings.front == "off":
        return None
    if settings.front:
        return settings.front
    tls = settings.nginx.tls
    scheme, listen = ("https", tls.listen) if tls else ("http", settings.nginx.listen)
    address, _, port = listen.rpartition(":")
    return f"{scheme}://{address or '127.0.0.1'}:{port}".replace("//*:", "//127.0.0.1:")


def health_seconds(environment: Environment) -> int:
    """Seconds that a release may take until it answers: it boots first, so twice the time."""
    return 2 * environment.app.health.timeout
