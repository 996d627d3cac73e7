"""Each tool's deploy of the same app to the same hosts: pull, install packages, reload the cluster.

The ansible playbook and the pyinfra deploy install and reload only where the revision changed; the
Production Notes' script does all of it every time, as it stands there. Only ours proves anything.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmarks.deployments import Site, write_inventory
from benchmarks.measure import Contestant
from benchmarks.peers import environment

WORK_ALONE = "git pull and npm install alone, without ssh"
OURS = "actionhero-deploy"
NOTES = "Production Notes' script by ssh, xargs -P"
_KEX = "-oKexAlgorithms=curve25519-sha256"
_WORK = "git pull -q\nnpm install\n"
_RELOAD = "kill -s USR2 `cat pids/cluster_pidfile`\n"

_PLAYBOOK = """\
- hosts: all
  gather_facts: false
  tasks:
    - name: pull
      ansible.builtin.git:
        {{ repo: "{url}", dest: "{{{{ app }}}}", version: main, ssh_opts: "-F {ssh}" }}
      register: tree
    - name: install packages
      ansible.builtin.command: {{ cmd: "{node}/npm install", chdir: "{{{{ app }}}}" }}
      environment: {{ PATH: "{node}:/usr/local/bin:/usr/bin:/bin" }}
      when: tree.changed
    - name: reload
      ansible.builtin.shell: {{ cmd: "{reload}", chdir: "{{{{ app }}}}" }}
      when: tree.changed
"""
_PYINFRA = """\
from pyinfra import host
from pyinfra.operations import git, server

app = host.data.app
tree = git.repo(src={url!r}, dest=app, branch="main")
environment = {{"PATH": "{node}:/usr/local/bin:/usr/bin:/bin"}}
server.shell(commands=[f"cd {{app}} && npm install"], _env=environment, _if=tree.did_change)
server.shell(commands=[f"cd {{app}} && {reload}"], _if=tree.did_change)
"""


def work_alone(site: Site) -> Contestant:
    """The work of all hosts at once, as the same user, on this machine."""
    script = site.fleet.directory / f"{site.name}.sh"
    script.write_text("export HOME=$0\n" + site.script(_WORK))
    account = site.account
    become = f"setpriv --reuid={account.uid} --regid={account.gid} --clear-groups"
    # A session each, as sshd gives: the scheduler shares the machine between sessions.
    command = f"{become if os.geteuid() == 0 else ''} setsid -w sh -c '. {script}' {{}}"
    homes = "\n".join(f"{host.directory}/home" for host in site.fleet.hosts)
    return _xargs(site, WORK_ALONE, homes, command)


def notes(site: Site) -> Contestant:
    """The script of the Production Notes, on all hosts at once."""
    script = site.fleet.directory / f"{site.name}.sh"
    script.write_text(site.script(_WORK + _RELOAD))
    command = f'exec ssh -F {site.fleet.config} {_KEX} {{}} "$(cat {script})"'
    return _xargs(site, NOTES, "\n".join(site.hosts), command)


def ours(site: Site) -> Contestant:
    """`invoke deploy`, as anybody would type it."""
    directory = write_inventory(site, "bench", site.fleet.config, len(site.fleet.hosts))
    return invoke_deploy(site, OURS, "bench", directory)


def invoke_deploy(site: Site, title: str, name: str, inventory: Path) -> Contestant:
    """`invoke deploy` to the environment of that name."""
    variables = {
        "DEPLOY_INVENTORY": str(inventory),
        "DEPLOY_RUNS": str(site.fleet.directory / "runs"),
        "XDG_CACHE_HOME": str(site.fleet.directory / "cache"),
        "GIT_SSH_COMMAND": f"ssh -F {site.remote.config}",
    }
    command = (sys.executable, "-m", "invoke", "deploy", "--env", name)
    return Contestant(title, command, variables)


def pyinfra(site: Site) -> Contestant:
    """All hosts at once; the later operations look whether the first one changed anything."""
    inventory = site.fleet.directory / "pyinfra_hosts.py"
    known = {"ssh_config_file": str(site.fleet.config), "ssh_allow_agent": False}
    hosts = [
        (name, {**known, "app": str(site.path(host))})
        for name, host in zip(site.hosts, site.fleet.hosts, strict=True)
    ]
    inventory.write_text(f"hosts = {hosts!r}\n")
    deploy = site.fleet.directory / "pyinfra_deploy.py"
    deploy.write_text(_PYINFRA.format(**_values(site)))
    flags = ("-y", "--parallel", str(len(hosts)))
    return Contestant(
        "pyinfra", (str(environment() / "pyinfra"), str(inventory), str(deploy), *flags), {}
    )


def ansible(site: Site) -> Contestant:
    """Pipelining, one connection for all tasks, all hosts at once, no facts gathered."""
    inventory = site.fleet.directory / "ansible_hosts"
    inventory.write_text(
        "".join(
            f"{name} app={site.path(host)} ansible_python_interpreter=/usr/bin/python3\n"
            for name, host in zip(site.hosts, site.fleet.hosts, strict=True)
        )
    )
    playbook = site.fleet.directory / "deploy.yml"
    playbook.write_text(_PLAYBOOK.format(**_values(site)))
    persist = "-oControlMaster=auto -oControlPersist=3s"
    settings = {
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_FORKS": str(len(site.hosts)),
        "ANSIBLE_SSH_ARGS": f"-F {site.fleet.config} {_KEX} {persist}",
        "ANSIBLE_SSH_USETTY": "False",
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_HOME": str(site.fleet.directory / "ansible"),
        "ANSIBLE_REMOTE_TMP": "~/.ansible/tmp",
    }
    command = (str(environment() / "ansible-playbook"), "-i", str(inventory), str(playbook))
    return Contestant("ansible-playbook", command, settings)


def _values(site: Site) -> dict[str, object]:
    """What playbook and deploy name; ansible's git takes no ssh command from git's settings."""
    reload = _RELOAD.strip()
    return {"url": site.url, "node": site.node, "reload": reload, "ssh": site.remote.config}


def _xargs(site: Site, title: str, lines: str, each: str) -> Contestant:
    names = site.fleet.directory / f"{site.name}.names"
    names.write_text(lines + "\n")
    count = str(len(site.fleet.hosts))
    command = ("xargs", "-a", str(names), "-P", count, "-I{}", "sh", "-c", each)
    return Contestant(title, command, {})
