"""Layers, merging and where each value came from; YAML as version 1.2 reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.inventory import Environment, explain, load_environment

ROOT = Path(__file__).parents[2]

DEFAULTS = """\
app: {name: chat, repository: r, path: /srv/defaults}
env: {A: defaults, B: defaults, C: defaults, D: defaults}
rollout: {batches: [1, 2, 3]}
secrets: {TOKEN: {env: TOKEN}}
roles:
  server: {env: {C: role-in-defaults}}
"""

ENVIRONMENT = """\
app: {path: /srv/chat/}
env: {B: environment}
rollout: {batches: [50%]}
secrets: {TOKEN: {file: /run/token}}
gateway: jump
roles:
  server: {workers: 3, env: {D: role}}
  redis: {runs_app: false, workers: 7}
  worker: {serves: false, runs_app: true}
hosts:
  web1: {address: 10.0.0.1, roles: [server], gateway: null, env: {D: host}}
  web2.example.com: {roles: [redis, server]}
  db: {roles: [redis]}
  jobs: {roles: [worker, redis]}
"""


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    (tmp_path / "defaults.yml").write_text(DEFAULTS, "utf-8")
    (tmp_path / "e.yml").write_text(ENVIRONMENT, "utf-8")
    monkeypatch.chdir(tmp_path)
    return load_environment("e", Path())


def load(directory: Path, text: str) -> Environment:
    (directory / "e.yml").write_text(text, "utf-8")
    return load_environment("e", directory)


def test_the_narrowest_layer_wins(environment: Environment) -> None:
    assert environment.hosts["web1"].settings.env == {
        "A": "defaults",
        "B": "environment",
        "C": "role-in-defaults",
        "D": "host",
    }
    assert environment.roles["server"].env["D"] == "role"
    assert environment.roles["server"].env["A"] == "defaults"


def test_a_list_and_a_secrets_source_are_replaced_whole(environment: Environment) -> None:
    assert environment.rollout.batches == ("50%",)
    source = environment.hosts["web1"].settings.secrets["TOKEN"]
    assert (source.env, source.file) == (None, "/run/token")


def test_null_takes_a_value_away(environment: Environment) -> None:
    assert environment.hosts["web1"].settings.gateway is None
    assert environment.hosts["db"].settings.gateway == "jump"


def test_of_several_roles_the_later_ones_settings_win(environment: Environment) -> None:
    assert environment.hosts["web2.example.com"].settings.workers == 3
    assert environment.hosts["jobs"].settings.workers == 7


@pytest.mark.parametrize(
    ("name", "role", "runs_app", "serves"),
    [
        ("web1", "server", True, True),
        ("web2.example.com", "server", True, True),
        ("db", "redis", False, True),
        ("jobs", "worker", True, False),
    ],
)
def test_the_role_that_runs_the_app_decides(
    environment: Environment, name: str, role: str, runs_app: bool, serves: bool
) -> None:
    host = environment.hosts[name]
    assert (host.role, host.runs_app, host.serves) == (role, runs_app, serves)


def test_a_host_without_an_address_is_reached_by_its_name(environment: Environment) -> None:
    assert environment.hosts["web2.example.com"].address == "web2.example.com"


def test_a_directory_has_one_spelling(environment: Environment) -> None:
    assert environment.app.path == "/srv/chat"


def test_hosts_keep_the_order_of_the_file(environment: Environment) -> None:
    assert list(environment.hosts) == ["web1", "web2.example.com", "db", "jobs"]


@pytest.mark.parametrize(
    "row",
    [
        ("", "app.path", "/srv/chat", "e.yml:1"),
        ("", "app.branch", "main", "default"),
        ("", "rollout.batches", '["50%"]', "e.yml:3"),
        ("web1", "env.A", "defaults", "defaults.yml:2"),
        ("web1", "env.C", "role-in-defaults", "defaults.yml:6"),
        ("web1", "env.D", "host", "e.yml:11"),
        ("web1", "gateway", "null", "e.yml:11"),
        ("web1", "workers", "3", "e.yml:7"),
        ("web1", "secrets.TOKEN", "file /run/token", "e.yml:4"),
        ("web2.example.com", "address", "web2.example.com", "default"),
        ("web2.example.com", "env.D", "role", "e.yml:7"),
        ("db", "nginx.gzip.level", "5", "default"),
    ],
    ids=lambda row: f"{row[0]} {row[1]}",
)
def test_every_value_says_where_it_came_from(
    environment: Environment, row: tuple[str, str, str, str]
) -> None:
    assert row in explain(environment)


def test_words_of_yaml_1_1_stay_text(tmp_path: Path) -> None:
    text = """\
app: {name: chat, repository: r, path: /srv/chat, branch: 1e5, dependencies: {node: off}}
vars: {a: no, b: 22:22, c: 2026-12-24, d: 010, e: 0x1f, f: 1.5, g: true, h: ~, i: !!str 1}
roles: {server: {}}
hosts: {web1: {roles: [server]}}
"""
    environment = load(tmp_path, text)
    assert environment.app.branch == "1e5"
    assert environment.app.dependencies.node == "off"
    expected = {"a": "no", "b": "22:22", "c": "2026-12-24", "d": "010", "e": 31, "f": 1.5}
    assert environment.hosts["web1"].settings.vars == expected | {"g": True, "h": None, "i": "1"}


def test_aliases_are_followed(tmp_path: Path) -> None:
    text = """\
app: {name: chat, repository: r, path: /srv/chat}
vars: {shared: &shared {A: x}}
roles: {server: {env: *shared}}
hosts: {web1: {roles: [server]}}
"""
    assert load(tmp_path, text).hosts["web1"].settings.env == {"A": "x"}


@pytest.mark.parametrize("odd", ['/srv/it\'s a "chat"', "/srv/$(reboot)", "/srv/`x`;y"])
def test_shell_text_in_a_path_or_a_branch_is_data(tmp_path: Path, odd: str) -> None:
    app = json.dumps({"name": "chat", "repository": "r", "path": odd, "branch": odd})
    text = f"app: {app}\nroles: {{server: {{}}}}\nhosts: {{web1: {{roles: [server]}}}}\n"
    environment = load(tmp_path, text)
    assert (environment.app.path, environment.app.branch) == (odd, odd)


@pytest.mark.parametrize("gateway", ["jump", "me@jump:2222", "[::1]", "me@[fe80::1]:22"])
def test_ways_to_write_a_gateway(tmp_path: Path, gateway: str) -> None:
    text = f"""\
app: {{name: chat, repository: r, path: /srv/chat}}
gateway: "{gateway}"
roles: {{server: {{}}}}
hosts: {{web1: {{roles: [server]}}}}
"""
    assert load(tmp_path, text).hosts["web1"].settings.gateway == gateway


@pytest.mark.parametrize(
    "second", ["port: 2222", "gateway: other", "path: /srv/second"], ids=lambda text: str(text)
)
def test_one_address_may_lead_to_two_machines(tmp_path: Path, second: str) -> None:
    text = f"""\
app: {{name: chat, repository: r, path: /srv/chat}}
roles: {{server: {{}}}}
hosts:
  a: {{address: 10.0.0.1, roles: [server]}}
  b: {{address: 10.0.0.1, roles: [server], {second}}}
"""
    assert len(load(tmp_path, text).hosts) == 2


@pytest.mark.parametrize("name", ["production", "staging"])
def test_the_examples_load(name: str) -> None:
    assert load_environment(name, ROOT / "inventory").name == name


def test_the_production_example_is_a_whole_fleet() -> None:
    hosts = load_environment("production", ROOT / "inventory").hosts
    assert {name: host.role for name, host in hosts.items()} == {
        **dict.fromkeys(("web1", "web2", "web3"), "server"),
        **dict.fromkeys(("jobs1", "jobs2"), "worker"),
        **dict.fromkeys(("redis1", "redis2"), "tasks-redis"),
        "lb1": "balancer",
        "lb2": "inner-balancer",
        "cache1": "cache-redis",
    }
    assert [one.name for one in hosts.values() if one.runs_app] == [
        *("web1", "web2", "web3"),
        *("jobs1", "jobs2"),
    ]
    assert hosts["web3"].settings.workers == 8
    assert hosts["jobs1"].settings.env["NODE_ENV"] == "production"


@pytest.mark.parametrize(
    ("written", "seconds"), [("90s", 90), ("10m", 600), ("1h", 3600), ("0s", 0), (75, 75)]
)
def test_a_length_of_time_may_have_a_unit(tmp_path: Path, written: object, seconds: int) -> None:
    """In every field that means seconds, those of nginx included; the schema knows it, too."""
    (tmp_path / "defaults.yml").write_text(DEFAULTS, "utf-8")
    text = ENVIRONMENT.replace("[50%]}", f"[50%], pause: {written}}}")
    loaded = load(tmp_path, text + f"warm: {written}\n")
    assert loaded.hosts["web1"].settings.warm == seconds
    assert loaded.rollout.pause == seconds
