"""What the templates of the init script and of monit need besides their knobs."""

from __future__ import annotations

from typing import Any

from deploy.errors import DeployError, ExitCode
from deploy.inventory.models import Environment, Host
from deploy.inventory.settings_boot import InitSettings

_ANY = {"", "*", "0.0.0.0"}  # noqa: S104  # compared with, not listened on


def init_values(environment: Environment, host: Host, **_: object) -> dict[str, Any]:
    """What templates/init/ needs. Raises DeployError where something else starts the app."""
    return {"owner": _owner(environment, host, host.settings.init)}


def monit_values(environment: Environment, host: Host, **_: object) -> dict[str, Any]:
    """What templates/monit/ needs. Raises DeployError where something else starts the app."""
    nginx = host.settings.nginx
    is_tls = nginx.tls is not None and nginx.tls.redirect
    listen = nginx.tls.listen if nginx.tls and is_tls else nginx.listen
    address, _colon, port = listen.rpartition(":")
    return {
        "owner": _owner(environment, host, host.settings.monit),
        "boot": host.settings.programs["monit"].files["boot"].destination,
        "nginx_host": address.strip("[]") if address not in _ANY else "127.0.0.1",
        "nginx_port": int(port),
        "nginx_tls": is_tls,
    }


def _owner(environment: Environment, host: Host, knobs: InitSettings) -> str:
    """The user of the app's processes."""
    supervisor = host.settings.supervisor
    if not host.runs_app:
        raise _fault(host, "it runs no ActionHero process, so that there is nothing to start")
    if supervisor != "detached":
        text = f"supervisor: {supervisor} starts the app at boot; two of them would fight"
        raise _fault(host, text)
    if environment.strategy != "releases":
        raise _fault(host, "nothing on the host knows what to start with strategy: in_place")
    owner = knobs.user or host.settings.user
    if owner is None:
        raise _fault(host, "the user of the app's processes is not known: set user")
    return owner


def _fault(host: Host, message: str) -> DeployError:
    return DeployError(
        message,
        host=host.name,
        step="render",
        hint="mend it in the inventory; docs/boot.md tells what starts the app where",
        exit_code=ExitCode.USAGE,
    )
