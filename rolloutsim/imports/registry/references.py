"""Names of images in registries, and which arguments of the command line are such names."""

from __future__ import annotations

import re
from pathlib import Path

from rolloutsim.errors import UsageError
from rolloutsim.imports.drafts.references import full
from rolloutsim.structs import struct

PREFIX = "docker://"  # containers/image transports: an image in a registry
DOCKER_HUB = "docker.io"
# What a file may end in: a mistyped name of one asks no registry.
_SUFFIXES = (
    ".json", ".jsonl", ".yaml", ".yml", ".toml", ".tar", ".tgz", ".gz", ".zst", ".log", ".txt", ".prom", ".csv",
)  # fmt: skip
# distribution/reference regexp.go: a host, a path, a tag; of digests sha256, which is what is verified here.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"((?:{_LABEL})(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])(?::([0-9]{{1,5}}))?")
_STEP = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_STEP}(?:/{_STEP})*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LONGEST = 255  # characters of a name: distribution/reference NameTotalLengthMax


@struct
class Reference:
    """An image in a registry.

    Parameters
    ----------
    name : str
        What the image is called in the scenario.
    host : str
        The registry as it is named: `docker.io`, `registry.example:5000`; lower case.
    path : str
        The repository: `library/nginx`.
    of : str
        A tag or a digest.
    """

    name: str
    host: str
    path: str
    of: str

    @property
    def shown(self) -> str:
        """The whole reference, for people and for commands."""
        return f"{self.host}/{self.path}{'@' if ':' in self.of else ':'}{self.of}"


def named(given: str) -> Reference | None:
    """The image of a registry that an argument names, None if it names a file.

    Counted as named are `docker://IMAGE`, and, where no file and no folder is there that it could be, a whole
    reference: a host (with a dot or a port, or localhost), a repository, and a tag or a digest. So a mistyped name of a
    file asks nobody. `NAME=` in front says what the scenario calls the image.

    Parameters
    ----------
    given : str
        An argument.

    Raises
    ------
    UsageError
        If it is a name of an image that cannot be, or one without a tag that is no file.
    """
    name, equals, text = given.rpartition("=")
    if text.startswith(PREFIX):
        return _reference(text.removeprefix(PREFIX), name if equals and name else None)
    if _may_be_file(given) or (equals and _may_be_file(text)):
        return None
    host = text.partition("/")[0]
    if text == host or not _HOST.fullmatch(host) or not ("." in host or ":" in host or host == "localhost"):
        return None
    rest = text.removeprefix(f"{host}/")
    if "@" in rest or ":" in rest:
        return _reference(text, name if equals and name else None)
    if _PATH.fullmatch(rest):
        raise UsageError(
            f"{text}: no such file; if it is an image in a registry, say which one: {text}:TAG, or {PREFIX}{text} for "
            "its latest"
        )
    return None


def _may_be_file(text: str) -> bool:
    try:
        is_there = Path(text).exists() or Path(text.partition("/")[0] or "/").exists()
    except OSError:  # too long, or in a folder that we may not look into
        return True
    return is_there or text.lower().endswith(_SUFFIXES)


def _reference(text: str, name: str | None) -> Reference:
    whole = full(text)
    host, _, rest = whole.partition("/")
    path, at, of = rest.partition("@")
    if not at:
        path, _, of = rest.rpartition(":")
    match = _HOST.fullmatch(host)
    problem = None
    if not match or (match[2] is not None and not 0 < int(match[2]) < 65536):
        problem = f"{host!r:.80} is no host"
    elif not _PATH.fullmatch(path) or len(path) > _LONGEST:
        problem = f"{path!r:.80} is no repository: lower case, digits, and . _ - / between them"
    elif at and not DIGEST.fullmatch(of):
        problem = f"{of!r:.80} is no digest that can be verified here: sha256: and 64 digits of 0-9 and a-f"
    elif not at and not _TAG.fullmatch(of):
        problem = f"{of!r:.80} is no tag: letters, digits, and . _ - between them, at most 128"
    if problem:
        raise UsageError(f"{text!r:.300}: {problem}; an image's name is HOST/REPOSITORY:TAG, or …@sha256:…")
    return Reference(name or text, host.lower(), path, of)
