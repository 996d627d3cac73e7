"""What is going to be deployed: a commit, and what the repository tells of it."""

from __future__ import annotations

from pathlib import Path

from deploy.checks import Target
from deploy.errors import DeployError, ExitCode
from deploy.inventory import Environment
from deploy.inventory.process_model import process_model, version_from_lockfile
from deploy.repository import Repository

LOCKFILES = ("npm-shrinkwrap.json", "package-lock.json")


def find_target(environment: Environment, ref: str) -> Target:
    """What is going to be deployed, from the repository. Raises DeployError."""
    app, repository = environment.app, open_repository(environment)
    revision = repository.resolve(ref or app.branch)
    files = repository.find(revision, *LOCKFILES, "package.json")
    if not files:
        raise DeployError(
            f"{revision[:10]} has neither package.json nor a lockfile in its top directory",
            hint="is this the right repository and branch?",
            exit_code=ExitCode.USAGE,
        )
    lockfile = next((repository.read(revision, name) for name in LOCKFILES if name in files), None)
    version = (version_from_lockfile(lockfile) if lockfile else None) or ""
    return Target(
        revision=revision,
        model=_model(environment, version),
        version=version,
        has_lockfile=lockfile is not None,
        has_package="package.json" in files,
    )


def _model(environment: Environment, version: str) -> str:
    app = environment.app
    if app.process_model != "auto":
        return app.process_model
    major = app.actionhero or (int(version.split(".")[0]) if version else None)
    if major is None:
        raise DeployError(
            "the version of ActionHero is not known: there is no lockfile that names it",
            hint="commit package-lock.json, or set app.actionhero to the major version",
            exit_code=ExitCode.USAGE,
        )
    return process_model(major)


def open_repository(environment: Environment) -> Repository:
    """The app's repository, read as the inventory's own ssh configuration says."""
    return Repository(environment.app.repository, ssh_config=_own_ssh_config(environment))


def _own_ssh_config(environment: Environment) -> str:
    """The inventory's own ssh configuration, for git as well; ssh reads the usual one by itself."""
    config = Path(environment.ssh.config).expanduser()
    is_usual = config == Path("~/.ssh/config").expanduser()
    return "" if is_usual or not config.exists() else str(config)
