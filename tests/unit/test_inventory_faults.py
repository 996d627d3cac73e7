"""Every fault of an inventory, one row each: the complete line that a person reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import DeployError, ExitCode
from deploy.inventory import load_environment

BASE = {
    "app": "app: {name: chat, repository: git@example.com:chat.git, path: /srv/chat}",
    "roles": "roles: {server: {}, worker: {serves: false}}",
    "hosts": "hosts: {web1: {address: 10.0.0.1, roles: [server]}}",
}
"""A whole environment in three lines; a row replaces the line of its key, or is line 4."""

APP = "app: {{name: chat, repository: r, path: {path}}}"
HOST = "hosts: {web1: {roles: [server], %s}}"
FREEZE = "freeze: [{start: %s, end: 2026-12-26T00:00:00Z, reason: x}]"
LONG = "/srv/" + "x" * 80


def faults_of(directory: Path, *lines: str) -> tuple[str, ...]:
    """The fault lines of the base with `lines` in it, without the file's name."""
    written = {**BASE, **{line.partition(":")[0]: line for line in lines}}
    (directory / "e.yml").write_text("\n".join(written.values()) + "\n", "utf-8")
    with pytest.raises(DeployError) as caught:
        load_environment("e", directory)
    assert caught.value.exit_code == ExitCode.USAGE
    return tuple(line.removeprefix(f"{directory}/e.yml:") for line in caught.value.details)


FAULTS = [
    # unknown, missing and repeated keys
    ("strateg: x", "4:1: strateg: unknown key; did you mean 'strategy'?"),
    (HOST % "prot: 22", "3:33: hosts.web1.prot: unknown key; did you mean 'port'?"),
    (
        "ssh: {zzz: 1}",
        "4:7: ssh.zzz: unknown key; allowed: config, known_hosts, connect_timeout, keepalive, "
        "max_connects, forward_agent",
    ),
    ("nginx: {gzip: {levl: 3}}", "4:16: nginx.gzip.levl: unknown key; did you mean 'level'?"),
    (
        "app: {name: chat, path: /srv/chat}",
        "1:1: app.repository: is missing: Git URL that both the controller and the hosts can read.",
    ),
    ("hosts: {}", "3:8: hosts: found a mapping; allowed: at least 1 entry"),
    ("app: {name: a, name: b}", "1:16: app.name: written twice; first in line 1"),
    # types
    ("protected: yes", '4:12: protected: found "yes"; allowed: true or false'),
    ("env: {PORT: 8080}", "4:13: env.PORT: found 8080; allowed: text, so put it in quotes"),
    ("env:", "4:5: env: found nothing; allowed: a mapping"),
    ("stop_timeout: '60'", '4:15: stop_timeout: found "60"; allowed: a whole number'),
    (
        "drain: 10x",
        '4:8: drain: found "10x"; no length of time: seconds, or like 90s, 10m, 1h',
    ),
    ("drain: 0s", '4:8: drain: found "0s"; allowed: a number above 0'),
    ("workers: 0", "4:10: workers: found 0; allowed: a number above 0 or 'auto'"),
    ("port: 70000", "4:7: port: found 70000; allowed: a number below 65536"),
    ("rollout: 5", "4:10: rollout: found 5; allowed: a mapping"),
    (
        "supervisor: monit",
        '4:13: supervisor: found "monit"; '
        "allowed: 'detached', 'systemd-user', 'systemd' or 'pm2'",
    ),
    (
        "fallback: usr2",
        '4:11: fallback: found "usr2"; USR2 is no way between releases: the master keeps the code '
        "and the directory of the release that it was started from, so a host could neither be "
        "proved nor go back. Set `fallback: restart`, or `strategy: in_place`, which reloads by "
        "USR2",
    ),
    (
        "drain_command: lb out",
        "4:16: drain_command: web1 has no ready_command; the two are a pair",
    ),
    (
        "env: {BAD-NAME: x}",
        "4:7: env.BAD-NAME: this key is not a name of an environment variable: "
        "letters, digits and `_`",
    ),
    # paths, names and branches are data, within reason
    (APP.format(path="/"), '1:40: app.path: found "/"; the app needs a directory of its own'),
    (
        APP.format(path="srv/chat"),
        '1:40: app.path: found "srv/chat"; allowed: an absolute path, on one line',
    ),
    (
        APP.format(path="/srv/../etc"),
        '1:40: app.path: found "/srv/../etc"; `.` and `..` are not allowed in a path',
    ),
    (
        APP.format(path='"/srv/a\\nb"'),
        '1:40: app.path: found "/srv/a\\nb"; allowed: an absolute path, on one line',
    ),
    (
        APP.format(path="/srv/chat, branch: --upload-pack=x"),
        '1:59: app.branch: found "--upload-pack=x"; '
        "allowed: text on one line that does not begin with `-`",
    ),
    (
        APP.format(path="/srv/chat, shared: [../x]"),
        '1:60: app.shared[0]: found "../x"; `.` and `..` are not allowed in a path',
    ),
    ('env: {A: "\\0"}', '4:10: env.A: found "\\u0000"; allowed: text without a NUL character'),
    (
        HOST % "address: -oProxyCommand=x",
        '3:42: hosts.web1.address: found "-oProxyCommand=x"; '
        "allowed: a name or an address, without user, spaces or `/`",
    ),
    (
        "gateway: a b",
        '4:10: gateway: found "a b"; allowed: [user@]host[:port], an IPv6 address in brackets',
    ),
    (
        "gateway: jump:99999",
        '4:10: gateway: found "jump:99999"; the port is not between 1 and 65535',
    ),
    # batches, freezes, secrets
    (
        "rollout: {batches: [1, 200%]}",
        '4:24: rollout.batches[1]: found "200%"; '
        "not a whole number from 1, or a percentage from 1% to 100%",
    ),
    (
        "rollout: {batches: [0]}",
        "4:21: rollout.batches[0]: found 0; "
        "not a whole number from 1, or a percentage from 1% to 100%",
    ),
    (
        FREEZE % "2026-12-24",
        '4:18: freeze[0].start: found "2026-12-24"; '
        "not a time with a zone like 2026-12-24T18:00:00Z",
    ),
    (
        FREEZE % "2027-01-01T00:00:00Z",
        "4:10: freeze[0]: a freeze ends after it starts",
    ),
    (
        "secrets: {TOKEN: {env: A, file: b}}",
        "4:18: secrets.TOKEN: a secret has exactly one source: env, file, command, sops or age",
    ),
    (
        "secrets: {TOKEN: {}}",
        "4:18: secrets.TOKEN: a secret has exactly one source: env, file, command, sops or age",
    ),
    # what no single value shows
    (
        "hosts: {web1: {roles: [servr]}}",
        "3:24: hosts.web1.roles[0]: no role 'servr'; did you mean 'server'?",
    ),
    ("hosts: {web1: {}}", "3:9: hosts.web1: has no role; allowed: server, worker"),
    (
        "hosts: {web1: {roles: [server, worker]}}",
        "3:23: hosts.web1.roles: server and worker both run the app; "
        "one role a host may: servers work no tasks",
    ),
    (
        "hosts: {worker: {roles: [server]}}",
        "3:9: hosts.worker: a role has the same name, and --limit takes both",
    ),
    (
        "hosts: {a: {address: h, roles: [server]}, b: {address: h, roles: [server]}}",
        "3:56: hosts.b.address: the same machine as a: address, port, gateway and path are equal",
    ),
    (
        APP.format(path=LONG),
        f"1:40: app.path: {LONG}/shared/sockets/{'x' * 25}/99.sock on web1 has 134 bytes; "
        "allowed: 100: set sockets_dir to a shorter directory",
    ),
    (
        f"sockets_dir: /run/{'ä' * 50}",
        f"4:14: sockets_dir: /run/{'ä' * 50}/{'x' * 25}/99.sock on web1 has 139 bytes; "
        "allowed: 100: set sockets_dir to a shorter directory",
    ),
    (
        f"strategy: releases\nsockets_dir: /run/{'x' * 66}",
        f"5:14: sockets_dir: /run/{'x' * 66}/{'x' * 25}/99.sock on web1 has 105 bytes; "
        "allowed: 100: set sockets_dir to a shorter directory",
    ),
    (
        "nginx: {tls: {certificate: /c.pem}}",
        "4:9: nginx.tls.certificate_key: is missing: "
        "Path on the host of the private key, PEM, readable by nginx's master only.",
    ),
    # YAML itself
    (
        "env: {A: [}",
        "4:11: not YAML: while parsing a flow node, did not find expected node content",
    ),
    ("env: !vault x", "4:6: env: the tag !vault is not read here"),
    ("port: !!int x", "4:7: port: 'x' is not what !!int says"),
    ("vars: &a {b: *a}", "4:7: vars.b: an alias holds itself"),
    ("vars: {[a]: b}", "4:8: vars: a key is text, not a list or a mapping"),
]


@pytest.mark.parametrize(("line", "expected"), FAULTS, ids=[fault[0][:40] for fault in FAULTS])
def test_a_fault_is_told_with_place_key_and_what_is_allowed(
    tmp_path: Path, line: str, expected: str
) -> None:
    assert faults_of(tmp_path, line) == (expected,)


def test_all_faults_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = faults_of(
        tmp_path,
        APP.format(path="/"),
        "hosts: {web1: {roles: [servr], prot: 1}}",
        "protected: yes",
    )
    assert [line.split(" ")[1] for line in found] == [
        "app.path:",
        "hosts.web1.roles[0]:",
        "hosts.web1.prot:",
        "protected:",
    ]


def test_a_fault_in_the_defaults_names_that_file(tmp_path: Path) -> None:
    (tmp_path / "defaults.yml").write_text("# shared\nworkers: -1\n", "utf-8")
    (line,) = faults_of(tmp_path)
    assert line.startswith(f"{tmp_path}/defaults.yml:2:10: workers: found -1; allowed:")


def test_half_a_setting_may_stand_in_each_layer(tmp_path: Path) -> None:
    text = "\n".join(
        [
            *(BASE["app"], "nginx: {tls: {certificate: /c.pem}}"),
            "roles: {server: {nginx: {tls: {certificate_key: /k.pem}}}}",
            BASE["hosts"],
        ]
    )
    (tmp_path / "e.yml").write_text(text, "utf-8")
    tls = load_environment("e", tmp_path).hosts["web1"].settings.nginx.tls
    assert tls is not None
    assert (tls.certificate, tls.certificate_key) == ("/c.pem", "/k.pem")


def test_releases_beside_each_other_cannot_share_a_port(tmp_path: Path) -> None:
    found = faults_of(tmp_path, "strategy: releases", "listen: 8080")
    assert found == (
        "5:9: listen: 8080 on web1; strategy releases needs `socket`, for two at a time",
    )
