"""A user and a password for one registry, from where the user said they are; they are never shown nor stored.

Sources: docker CLI, cli/config/configfile and "docker login" (config.json); docker-credential-helpers README (the
protocol of helpers).
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rolloutsim import pipes
from rolloutsim.errors import UsageError
from rolloutsim.imports.registry.asked import Allowed
from rolloutsim.imports.registry.references import DOCKER_HUB, Reference
from rolloutsim.imports.shapes import text
from rolloutsim.structs import struct

USER, PASSWORD = "ROLLOUTSIM_REGISTRY_USER", "ROLLOUTSIM_REGISTRY_PASSWORD"
_HUB_KEY = "https://index.docker.io/v1/"  # docker CLI, registry.IndexServer
_LARGEST = 2**20  # bytes of a config.json or of what a helper prints (assumed)
_HELPER_TIME = 10.0  # s that a helper may take (assumed: it may open a key ring)
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@struct
class Credentials:
    """A user and a password, for a registry and its token server."""

    user: str
    password: str

    def __repr__(self) -> str:
        return "Credentials(…)"

    @property
    def basic(self) -> str:
        """What the header Authorization says of them (RFC 7617)."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


def check(references: Sequence[Reference], allowed: Allowed) -> None:
    """See that credentials of the environment go to one registry.

    Raises
    ------
    UsageError
        If images of several are asked for.
    """
    hosts = list(dict.fromkeys(one.host for one in references))
    if allowed.credentials == "env" and len(hosts) > 1:
        raise UsageError(
            f"{USER} and {PASSWORD} are for one registry, and images of {' and '.join(hosts)} are named; import those "
            "of one registry at a time, or use --credentials docker"
        )


def credentials(host: str, allowed: Allowed) -> Credentials | None:
    """The credentials for a registry, None if the user asked for none to be used, or docker has none for it.

    Parameters
    ----------
    host : str
        The registry as it is named; an entry of another host is not used.
    allowed : Allowed
        Where they are from.

    Raises
    ------
    UsageError
        If what the user said cannot be read, or is none that is used here.
    """
    if allowed.credentials == "env":
        user, password = os.environ.get(USER), os.environ.get(PASSWORD)
        if not user or not password:
            raise UsageError(f"--credentials env: {USER if not user else PASSWORD} is not set")
        return _made(user, password, "--credentials env")
    if allowed.credentials in ("docker", "helper"):
        path = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"
        content = _config(path)
        return _entry(content, host, path) if allowed.credentials == "docker" else _helped(content, host, path)
    return None


def _keys(host: str) -> tuple[str, ...]:
    """What an entry of a host is called; older versions of docker wrote addresses."""
    if host == DOCKER_HUB:
        return (_HUB_KEY,)
    return (host, f"https://{host}", f"https://{host}/", f"https://{host}/v1/", f"https://{host}/v2/")


def _config(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
        content = json.loads(raw) if len(raw) <= _LARGEST else None
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise UsageError(f"{path}: {reason}; docker login writes it") from None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise UsageError(f"{path}: no configuration of docker; docker login writes one")
    return content


def _entry(content: Any, host: str, path: Path) -> Credentials | None:
    entries = content.get("auths")
    entry = next((entries[key] for key in _keys(host) if key in entries), None) if isinstance(entries, dict) else None
    user, password = text(entry, "username"), text(entry, "password")
    written = text(entry, "auth")
    if written is not None:
        try:
            user, _, password = base64.b64decode(written, validate=True).decode().partition(":")
        except (ValueError, binascii.Error):
            raise UsageError(f"{path}: auths: the entry of {host} cannot be read; docker login {host} again") from None
    if text(entry, "identitytoken") is not None:
        raise UsageError(f"{path}: auths: the entry of {host} is an identity token, which is not used here; {_ENV}")
    return _made(user, password, str(path)) if user and password else None


_ENV = f"give a user and a password: {USER}, {PASSWORD} and --credentials env"


def _helped(content: Any, host: str, path: Path) -> Credentials | None:
    name = text(content, "credHelpers", host) or text(content, "credsStore")
    if name is None:
        return None
    program = shutil.which(f"docker-credential-{name}") if _HELPER.fullmatch(name) else None
    if program is None:
        raise UsageError(f"{path}: the credential helper {name!r:.60} is not installed; {_ENV}")
    try:
        with pipes.outlived():
            done = subprocess.run(
                [program, "get"], input=_keys(host)[0].encode(), capture_output=True, timeout=_HELPER_TIME, check=False
            )
    except subprocess.TimeoutExpired:
        raise UsageError(f"docker-credential-{name}: no answer within {_HELPER_TIME:g} s; {_ENV}") from None
    except OSError as error:
        raise UsageError(f"docker-credential-{name}: {(error.strerror or 'not run').lower()}; {_ENV}") from None
    try:
        answer = json.loads(done.stdout) if done.returncode == 0 and len(done.stdout) <= _LARGEST else None
    except (ValueError, RecursionError):
        answer = None
    user, password = text(answer, "Username"), text(answer, "Secret")
    if user is None or password is None:
        return None
    if user == "<token>":
        raise UsageError(f"docker-credential-{name}: an identity token, which is not used here; {_ENV}")
    return _made(user, password, f"docker-credential-{name}")


def _made(user: str, password: str, place: str) -> Credentials:
    if ":" in user:
        raise UsageError(f"{place}: a user with a colon in it, which no registry takes")
    return Credentials(user, password.rstrip("\r\n\0"))
