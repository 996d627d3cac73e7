"""Logs in with keys: those of the configuration first, then the agent's, then the usual files.

Nothing is read or asked that an earlier key made needless.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from paramiko import AuthenticationException, PKey, SSHException
from paramiko.agent import Agent
from paramiko.ssh_exception import PasswordRequiredException

from deploy.errors import DeployError
from deploy.transport.ssh.destination import Destination
from deploy.transport.ssh.protocol import QuickTransport

_STEP = "log in"
_USUAL_FILES = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")
_LOCKED = "needs a passphrase, and no agent holds it"


@dataclass(slots=True)
class KeyLogin:
    """What Fabric's client calls to log in; one for each connection."""

    destination: Destination
    host: str
    """The host of the inventory, for messages."""
    _tried: list[str] = field(default_factory=list)
    _blobs: set[bytes] = field(default_factory=set)
    _agent: Agent | None = None

    def authenticate(self, transport: QuickTransport) -> None:
        """Try key after key. Raises DeployError that names each, and SSHException."""
        try:
            for name, key in self._keys():
                if self._accepts(transport, name, key):
                    return
                if not transport.is_active():
                    break
            self._fail()
        finally:
            if self._agent is not None:
                self._agent.close()

    def _accepts(self, transport: QuickTransport, name: str, key: PKey) -> bool:
        if key.asbytes() in self._blobs:
            return False
        self._blobs.add(key.asbytes())
        try:
            more = transport.auth_publickey(self.destination.user, key)
        except (AuthenticationException, SSHException) as error:
            self._tried.append(f"{name}: {_reason(error)}")
            return False
        if more:
            self._tried.append(f"{name}: accepted, but {' or '.join(more)} is asked for too")
        return not more

    def _keys(self) -> Iterator[tuple[str, PKey]]:
        yield from self._from_files(self.destination.identity_files)
        if not self.destination.identities_only:
            for key in self._agent_keys():
                yield f"agent: {key.get_name()} {getattr(key, 'comment', '')}".rstrip(), key
        if not self.destination.identity_files:
            present = [name for name in _USUAL_FILES if Path(name).expanduser().exists()]
            yield from self._from_files(tuple(present))

    def _from_files(self, names: tuple[str, ...]) -> Iterator[tuple[str, PKey]]:
        for name in names:
            key, fault = _load_key(str(Path(name).expanduser()))
            if key is None and fault == _LOCKED:
                key = self._held_by_agent(name)
            if key is None:
                self._tried.append(f"{name}: {fault}")
            else:
                yield name, key

    def _held_by_agent(self, name: str) -> PKey | None:
        """The agent's key for a locked file, known by the public half that lies beside it."""
        try:
            encoded = Path(f"{name}.pub").expanduser().read_text("ascii").split()[1]
            public = base64.b64decode(encoded)
        except (OSError, ValueError, IndexError, binascii.Error):
            return None
        return next((key for key in self._agent_keys() if key.asbytes() == public), None)

    def _agent_keys(self) -> tuple[PKey, ...]:
        if not self.destination.use_agent:
            return ()
        with suppress(SSHException, OSError):
            self._agent = self._agent or Agent()
        return self._agent.get_keys() if self._agent else ()

    def _fail(self) -> None:
        to = self.destination
        locked = any(_LOCKED in line for line in self._tried)
        command = "ssh-add FILE" if locked else f"ssh -v -p {to.port} {to.user}@{to.address}"
        why = "load the key into the agent" if locked else "see what the host says"
        raise DeployError(
            f"{to.place} did not accept {to.user!r} with any key",
            host=self.host,
            step=_STEP,
            hint=f"{why}: {command}",
            details=tuple(self._tried) or ("no key was found, and no agent answered",),
        )


def _reason(error: Exception) -> str:
    return "refused" if isinstance(error, AuthenticationException) else str(error)


@cache
def _load_key(path: str) -> tuple[PKey | None, str]:
    """The key, or why there is none; once a process, however many hosts there are."""
    try:
        return PKey.from_path(Path(path)), ""
    except OSError as error:
        return None, error.strerror or str(error)
    except (PasswordRequiredException, TypeError):
        return None, _LOCKED
    except Exception as error:  # paramiko and cryptography raise a dozen kinds
        return None, f"is not a key that can be read ({error})"
