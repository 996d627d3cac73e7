"""Knobs of the rendered files: nonsense is refused when the inventory is loaded.

Each refusal is a value that could have broken the file or out of it.
"""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from deploy.inventory.schema import field_lines
from deploy.inventory.settings import GzipSettings, Knobs, NginxSettings, TlsSettings
from deploy.inventory.settings_actionhero import (
    ActionheroSettings,
    RedisPlace,
    RedisSettings,
    TaskSettings,
)


@pytest.mark.parametrize(
    "knobs",
    [
        {"listen": "80; }"},
        {"listen": 0},
        {"listen": "127.0.0.1:65536"},
        {"listen": "example.org:80"},
        {"listen": True},
        {"pid": "nginx.pid"},
        {"pid": "/run/a\nb"},
        {"pid": "/run/$host"},
        {"pid": "/run/a;b"},
        {"error_log": "/a'b"},
        {"access_log": "syslog:server=x;y"},
        {"log_format": "it's"},
        {"log_format": "a\nb"},
        {"access_log_json": "off"},
        {"access_log_fields": {"a-b": "$host"}},
        {"access_log_fields": {"a": "$host,"}},
        {"access_log_fields": {"a": "text"}},
        {"user": "root; daemon off"},
        {"server_name": "a;b"},
        {"try_files": ["$uri;"]},
        {"try_files": ["$uri {"]},
        {"websocket_path": "/primus {"},
        {"websocket_path": "/"},
        {"real_ip_from": ["10.0.0.1/8"]},
        {"real_ip_from": ["balancer"]},
        {"real_ip_header": "X Forwarded"},
        {"trust_forwarded_proto": True},
        {"client_max_body_size": "50 MB"},
        {"mime_types": {"a;b": "text/plain"}},
        {"mime_types": {"a": "text/plain;"}},
        {"worker_processes": 0},
        {"gzip": {"level": 10}},
        {"gzip": {"types": ["text/plain;"]}},
        {"tls": {"certificate": "/a.pem"}},
        {"tls": {"certificate": "a.pem", "certificate_key": "/a.key"}},
        {"tls": {"certificate": "/a", "certificate_key": "/a", "hsts_seconds": 0}},
        {"no_such_knob": 1},
    ],
)
def test_nonsense_is_refused(knobs: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        NginxSettings(**knobs)


@pytest.mark.parametrize(
    "knobs",
    [
        {"listen": 8080},
        {"listen": "[::]:80"},
        {"listen": "*:80"},
        {"pid": "/run/with space.pid"},
        {"error_log": "stderr"},
        {"error_log": "syslog:server=192.0.2.1:514,tag=chat"},
        {"access_log": "off"},
        {"real_ip_from": ["192.0.2.0/24", "2001:db8::1", "unix:"], "trust_forwarded_proto": True},
        {"client_max_body_size": 0},
        {"websocket_path": None},
    ],
)
def test_sense_is_accepted(knobs: dict[str, Any]) -> None:
    NginxSettings(**knobs)


@pytest.mark.parametrize(
    "knobs",
    [
        {"server_token_env": "A-B"},
        {"boot_attempts": 1},
        {"redis": {"host": "a b"}},
        {"redis": {"password": "in the inventory"}},
        {"redis": {"host": "a", "sentinels": [{"host": "b"}]}},
        {"redis": {"cluster": [{"host": "a"}]}},
        {"redis": {"cluster": [{"host": "a"}], "tasks": {}, "db": 1}},
        {"redis": {"tasks": {}, "tasks_db": 1}},
        {"tcp_port": 70000},
        {"extra": {"unknown": {}}},
        {"extra": {"web": {"f": object()}}},
        {"tasks": {"queues": [""]}},
    ],
)
def test_nonsense_for_actionhero_is_refused(knobs: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ActionheroSettings(**knobs)


@pytest.mark.parametrize(
    "model",
    [
        NginxSettings,
        GzipSettings,
        TlsSettings,
        ActionheroSettings,
        RedisPlace,
        RedisSettings,
        TaskSettings,
    ],
)
def test_every_knob_is_described(model: type[Knobs]) -> None:
    assert set(model.model_fields) == set(field_lines(model))
