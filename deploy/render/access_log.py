"""nginx's access logs: one line a request for people and the gate, and one in JSON for programs."""

from __future__ import annotations

from typing import Any

from deploy.inventory.models import Environment, Host
from deploy.inventory.settings import NginxSettings

_TEXTS = {
    "time": "$time_iso8601",
    "id": "$forwarded_request_id",
    "client": "$remote_addr",
    "method": "$request_method",
    "uri": "$request_uri",
    "protocol": "$server_protocol",
    "site": "$host",
    "referer": "$http_referer",
    "user_agent": "$http_user_agent",
    "status": "$status",
    "upstream": "$upstream_addr",
    "upstream_status": "$upstream_status",
    "upstream_time": "$upstream_response_time",
}
"""What is about the app may be several values, or empty where it was not asked; where a request
had no status, nginx writes 000, which is no number in JSON."""
_NUMBERS = {"bytes": "$body_bytes_sent", "request_time": "$request_time"}


def access_log_values(environment: Environment, host: Host, site: str) -> dict[str, Any]:
    """What templates/nginx/ need of access logs: `access_logs`, `json_format`, `logs_release`.

    Formats and variables carry the name of the `site`, which others on the host do not.
    """
    nginx = host.settings.nginx
    has_release = bool(nginx.access_log_json) and environment.strategy == "releases"
    return {
        "access_logs": _targets(nginx, site),
        "json_format": json_format(nginx, release=f"$release_{site}" if has_release else ""),
        "logs_release": has_release,
    }


def json_format(nginx: NginxSettings, *, release: str = "") -> str:
    """A JSON object in nginx's variables, which `escape=json` makes safe; times are seconds."""
    texts = {**_TEXTS, **({"release": release} if release else {})}
    texts |= nginx.access_log_fields
    quoted = [f'"{name}":"{variable}"' for name, variable in texts.items()]
    plain = [f'"{name}":{value}' for name, value in _NUMBERS.items() if name not in texts]
    return "{" + ",".join([*quoted, *plain]) + "}"


def _targets(nginx: NginxSettings, site: str) -> list[tuple[str, ...]]:
    """Parameters of each `access_log`; `off` would turn off the others of its place, too."""
    text = [(nginx.access_log, site)] if nginx.access_log != "off" else []
    json = [(nginx.access_log_json, f"{site}_json")] if nginx.access_log_json else []
    return [*text, *json] or [("off",)]
