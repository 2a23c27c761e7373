"""Keyring backend that answers with AWS CodeArtifact tokens from Vouch.

Found by keyring through its entry point. It is loaded by every program that uses keyring, so it loads nothing that keyring
has not loaded, and for services that are none of Vouch's it answers None at once.
"""

from __future__ import annotations

import os
import sys

from keyring import backend, credentials, errors

__all__ = ["VouchKeyring"]

_PROGRAM = "pip-keyring-vouch"
_USER = "aws"
_DOCTOR = "`vouch doctor` looks for the cause."


class _Priority:
    """9.95: before other CodeArtifact backends (9.9), behind keyring's own chain (10), which then asks them all."""

    def __get__(self, instance, owner) -> float:
        if _program() is None:
            raise RuntimeError(f"{_PROGRAM} is neither beside this Python nor on PATH")
        return 9.95


class _NotStored(errors.PasswordSetError, NotImplementedError):
    """An error to the caller; for keyring's chain, the sign to ask the next backend."""


class _NotDeleted(errors.PasswordDeleteError, NotImplementedError):
    """As _NotStored."""


class VouchKeyring(backend.KeyringBackend):
    """Read only: tokens are fetched when they are asked for."""

    priority = _Priority()

    def get_password(self, service: str, username: str | None) -> str | None:
        credential = self.get_credential(service, username)
        return None if credential is None else credential.password

    def get_credential(self, service: str, username: str | None) -> credentials.SimpleCredential | None:
        # Tokens are for URLs; no process is started for any other name.
        if not isinstance(service, str) or "://" not in service or not _is_argument(service):
            return None
        username = username or ""
        # Refused or not, it is another user's.
        token = _ask(service, username if _is_argument(username) else "?")
        return None if token is None else credentials.SimpleCredential(_USER, token)

    def set_password(self, service: str, username: str, password: str) -> None:
        reason = "Vouch stores no passwords; for its own registries, `vouch login` is all that is needed"
        raise (errors.PasswordSetError if _is_codeartifact(service) else _NotStored)(reason)

    def delete_password(self, service: str, username: str) -> None:
        reason = "Vouch stores no passwords; `vouch logout` ends a session"
        raise (errors.PasswordDeleteError if _is_codeartifact(service) else _NotDeleted)(reason)


def _is_codeartifact(service: str) -> bool:
    return ".codeartifact." in str(service)


def _is_argument(text: str) -> bool:
    """Whether a program can be given it."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _ask(service: str, username: str) -> str | None:
    """The token for a URL, or None where the program fails without a word: then it is no service of Vouch's."""
    import json
    import subprocess

    program = _program()
    if program is None:
        return None
    # Behind `--`, a service is a service even if it looks like an option.
    command = [program, "--mode=creds", "--output=json", "get", "--", service, username]
    # Its log would look like a reason.
    environment = {name: value for name, value in os.environ.items() if name != "VOUCH_LOG"}
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    except (OSError, ValueError) as error:
        raise errors.KeyringError(f"`{program}` does not start: {error}. {_DOCTOR}") from None
    if done.returncode == 0:
        try:
            return json.loads(done.stdout)["password"]
        except (ValueError, KeyError, TypeError):
            # Without the text: there may be a token in it.
            raise errors.KeyringError(f"`{program}` answered what is no credential. {_DOCTOR}") from None
    reason = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode == 1:
        if reason:
            raise errors.KeyringError(reason)
        return None
    # It crashed, was killed, or is another program: what it says is not known to be free of secrets.
    raise errors.KeyringError(f"`{program}` {_end(done.returncode)}. {_DOCTOR}")


def _end(status: int) -> str:
    """How a program ended that neither answered nor refused."""
    if status > 0:
        return f"ended with exit status {status}"
    import signal

    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = str(-status)
    return f"was ended by signal {name}"


def _program() -> str | None:
    """The program that came with this package, else one on PATH."""
    name = _PROGRAM + (".exe" if os.name == "nt" else "")
    folders = [os.path.join(sys.prefix, "Scripts" if os.name == "nt" else "bin")]
    folders += [_beside_package()]
    folders += [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if os.path.isabs(folder)]
    for folder in folders:
        path = os.path.join(folder, name) if folder else ""
        if path and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def _beside_package() -> str:
    """Where installers put programs of packages in the folder that this one is in: `pip install --user` and the like."""
    import sysconfig

    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for scheme in sysconfig.get_scheme_names():
        try:
            if sysconfig.get_path("purelib", scheme) == here or sysconfig.get_path("platlib", scheme) == here:
                return sysconfig.get_path("scripts", scheme)
        except KeyError:
            continue
    return ""
