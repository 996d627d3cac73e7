"""What the templates of syslog-ng, rsyslog and logrotate need besides their knobs."""

from __future__ import annotations

from typing import Any

from deploy.errors import DeployError, ExitCode
from deploy.inventory.layout import layout_for
from deploy.inventory.models import Environment, Host
from deploy.inventory.settings_logging import Elasticsearch
from deploy.render.quoting import Verbatim
from deploy.render.spelling import rsyslog_value

_SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"
_UNITS = {"k": 10, "m": 20, "g": 30}


def syslog_ng_values(environment: Environment, host: Host, **_: object) -> dict[str, Any]:
    """What templates/syslog_ng/ needs. Raises DeployError where nobody receives anything."""
    knobs = host.settings.syslog_ng
    receivers = {
        name: receiver
        for name in ("splunk", "elasticsearch", "sumo_logic")
        if (receiver := getattr(knobs, name))
    }
    if not receivers:
        raise _fault(host, "syslog_ng has no receiver: set splunk, elasticsearch or sumo_logic")
    sources = ["app"] if app_logs(environment, host) else []
    sources += ["nginx"] if access_log(host) else []
    sources += [f"file_{number}" for number, _ in enumerate(knobs.files, 1)]
    category = knobs.sumo_logic.category if knobs.sumo_logic else None
    return {
        "receivers": list(receivers),
        "sources": sources,
        "app_logs": app_logs(environment, host),
        "access_log": access_log(host),
        "tls": {name: _trusted(receiver) for name, receiver in receivers.items()},
        "bulk_urls": _bulk_urls(knobs.elasticsearch),
        "index": _index(environment, knobs.elasticsearch),
        "category": category or f"{environment.app.name}/{environment.name}",
        "buffer_bytes": _bytes(knobs.buffer_size),
    }


def rsyslog_values(environment: Environment, host: Host, **_: object) -> dict[str, Any]:
    """What templates/rsyslog/ needs. Raises DeployError where nobody receives anything."""
    knobs = host.settings.rsyslog
    if not (knobs.syslog or knobs.elasticsearch):
        raise _fault(host, "rsyslog has no receiver: set syslog or elasticsearch")
    directory = app_logs(environment, host)
    files = [f"{directory}/*.log", f"{directory}/*.out"] if directory else []
    nginx = access_log(host)
    return {
        "directory": knobs.buffer_directory or "/var/spool/rsyslog",
        "files": [*files, *([nginx] if nginx else []), *knobs.files],
        "index": _index(environment, knobs.elasticsearch),
        "urls": Verbatim(_urls(knobs.elasticsearch)),
        "es_ca": _trusted(knobs.elasticsearch) if knobs.elasticsearch else None,
    }


def logrotate_values(environment: Environment, host: Host, **_: object) -> dict[str, Any]:
    """What templates/logrotate/ needs. Raises DeployError where no user is known, or no log."""
    knobs = host.settings.logrotate
    user = knobs.user or host.settings.user
    directory, nginx = app_logs(environment, host), _nginx_logs(host)
    if directory and user is None:
        raise _fault(host, "the owner of the app's logs is not known: set user, or logrotate.user")
    if not (directory or nginx):
        raise _fault(host, "logrotate has nothing to rotate: no app, and nginx's logs are Debian's")
    state = layout_for(environment, host).state
    return {
        "app_files": [f"{directory}/*.log", f"{directory}/*.out", f"{state}/*.log"],
        "app_logs": directory,
        "owner": [user, knobs.group or user],
        "nginx_logs": nginx,
        "nginx_owner": knobs.nginx_owner.split(" "),
        "max_size": Verbatim(knobs.max_size.upper().replace("K", "k")) if knobs.max_size else None,
    }


def _nginx_logs(host: Host) -> list[str]:
    """Files of nginx that are rotated here."""
    nginx, wanted = host.settings.nginx, host.settings.logrotate.nginx
    if not host.serves or wanted is False:
        return []
    logs = (nginx.access_log, nginx.access_log_json, nginx.error_log)
    files = [one for one in logs if one and one.startswith("/")]
    return [one for one in dict.fromkeys(files) if wanted is True or not _is_debians(one)]


def _is_debians(file: str) -> bool:
    """Debian's own rule rotates it."""
    return file.startswith("/var/log/nginx/") and file.endswith(".log")


def access_log(host: Host) -> str | None:
    """The file of nginx's access log, in JSON where there is one; none where there is no nginx."""
    nginx = host.settings.nginx
    found = [one for one in (nginx.access_log_json, nginx.access_log) if one and one[0] == "/"]
    return found[0] if host.serves and found else None


def app_logs(environment: Environment, host: Host) -> str | None:
    """The app's log directory; none on a host that runs no ActionHero process."""
    return layout_for(environment, host).log if host.runs_app else None


def _trusted(receiver: Any) -> str | None:
    """Certificates to trust; none where the receiver speaks plain HTTP."""
    urls = getattr(receiver, "urls", (getattr(receiver, "url", "https:"),))
    return (receiver.ca or _SYSTEM_CA) if urls[0].startswith("https:") else None


def _bulk_urls(receiver: Elasticsearch | None) -> Any:
    return Verbatim(" ".join(f'"{url}/_bulk"' for url in receiver.urls)) if receiver else None


def _urls(receiver: Elasticsearch | None) -> str:
    """As a list of RainerScript; without a port it would take 9200."""
    urls = receiver.urls if receiver else ()
    return "[" + ", ".join(rsyslog_value(url) for url in urls) + "]"


def _index(environment: Environment, receiver: Elasticsearch | None) -> str:
    named = receiver.index if receiver else None
    return named or environment.app.name.lower()


def _bytes(size: str) -> int:
    return int(size.rstrip("kKmMgG")) << _UNITS.get(size[-1].lower(), 0)


def _fault(host: Host, message: str) -> DeployError:
    return DeployError(
        message,
        host=host.name,
        step="render",
        hint="mend it in the inventory; docs/logging.md shows each receiver",
        exit_code=ExitCode.USAGE,
    )
