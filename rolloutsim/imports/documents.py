"""What is to be imported, as data: JSON, YAML and TOML of files, folders and the standard input, within bounds."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from rolloutsim.errors import UnreadableError, UsageError
from rolloutsim.imports import toml
from rolloutsim.structs import struct

LARGEST = 64_000_000  # bytes of a file (assumed: ten times `kubectl get nodes -o json` of 1,000 nodes)
MOST_FILES = 1000  # in a folder (assumed: no one keeps more manifests in one)
MOST_DOCUMENTS = 10_000  # in a file (assumed: ten times what a large chart renders)
STDIN = "-"
READ = (
    "read are: manifests of images (crane manifest, skopeo inspect --raw, docker manifest inspect -v), "
    "kubectl get nodes -o json, Deployments and other workloads, ImagePullJobs, kubelet configurations, "
    "TOML of containerd (config.toml, hosts.toml) and of the SOCI snapshotter"
)
_LOOKED_AT = 20_000  # characters in which a file shows what it is (assumed: some hundred lines)
# Text that is neither JSON nor a scenario's YAML.
_OTHERS = (
    (re.compile(r'^.{0,200}\btime="[^"]+" level=\w+ msg=', re.M), "a log of containerd, the kubelet or a registry"),
    (re.compile(r'^\S+ \S+ \S+ \[[^\]]+\] "[A-Z]+ /', re.M), "an access log"),
    (re.compile(r"^ *Type +Reason +Age ", re.M), "what kubectl describe prints of events"),
)
_SUFFIXES = (".json", ".yaml", ".yml", toml.SUFFIX)


@struct
class Document:
    """One document of what is imported.

    Parameters
    ----------
    origin : str
        What people call it: the file's name.
    number : int
        Which of the file's documents it is, from 1.
    of : int
        How many documents the file has.
    name : str
        The image that it describes, as given in front of `=`, or the file's name without its suffix.
    is_named : bool
        Whether that name was given.
    digest : str
        `sha256:` and the digest of the file's bytes.
    content : object
        Its data.
    """

    origin: str
    number: int
    of: int
    name: str
    is_named: bool
    digest: str
    content: Any

    @property
    def label(self) -> str:
        """The file's name without its folder, for remarks."""
        return Path(self.origin).name

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"{self.origin}, document {self.number}" if self.of > 1 else self.origin


def documents(given: Sequence[str]) -> Iterator[Document]:
    """The documents of files, of the files of folders, and of the standard input.

    Parameters
    ----------
    given : sequence of str
        Files, folders, or `-`; `NAME=FILE` gives the image that a file describes its name.

    Raises
    ------
    UsageError
        If there is no such file.
    UnreadableError
        If one cannot be read as JSON, YAML or TOML.
    """
    if sum(one.rpartition("=")[2] == STDIN for one in given) > 1:
        raise UsageError("'-' stands twice; the standard input can be read once")
    for one in given:
        name, file = _named(one)
        if file == STDIN:
            yield from _read("<stdin>", name, sys.stdin.buffer.read(LARGEST + 1))
            continue
        path = Path(file)
        if path.is_dir():
            if name is not None:
                raise UsageError(f"{file} is a folder; a name stands before one file: {name}={file}/…")
            yield from _folder(path)
        else:
            yield from _file(path, name)


def _named(given: str) -> tuple[str | None, str]:
    """What stands before `=`, and the file; a file that is there may have `=` in its name."""
    name, equals, file = given.rpartition("=")
    if not equals or not name or Path(given).exists():
        return None, given
    return name, file


def _folder(path: Path) -> Iterator[Document]:
    files = sorted(one for one in path.iterdir() if one.suffix in _SUFFIXES and one.is_file() and not one.is_symlink())
    if not files:
        raise UnreadableError(f"{path}: no {', '.join(_SUFFIXES)} in this folder; name the files themselves")
    if len(files) > MOST_FILES:
        raise UnreadableError(f"{path}: {len(files):,} files, of which at most {MOST_FILES:,} are read; name some")
    for file in files:
        yield from _file(file, None)


def _file(path: Path, name: str | None) -> Iterator[Document]:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except OSError as error:
        raise UsageError(f"{path}: {(error.strerror or type(error).__name__).lower()}") from None
    yield from _read(str(path), name, raw)


def _read(origin: str, name: str | None, raw: bytes) -> Iterator[Document]:
    if len(raw) > LARGEST:
        raise UnreadableError(
            f"{origin}: larger than {LARGEST // 1_000_000} MB, the most that is read; give parts of it"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UnreadableError(
            f"{origin}:{line}: byte 0x{raw[error.start]:02x} is not UTF-8; JSON, YAML and TOML are read"
        ) from None
    for pattern, what in _OTHERS:
        if pattern.search(text, 0, _LOOKED_AT):
            raise UnreadableError(f"{origin}: {what}, which this version does not read; {READ}")
    if toml.is_toml(origin, text, _LOOKED_AT):
        found: list[Any] = [toml.read(origin, text)]
    else:
        found = _json(origin, text) if text.lstrip()[:1] in ("{", "[") else _yaml(origin, text)
    found = [content for content in found if content is not None]
    if not found:
        raise UnreadableError(f"{origin}: empty; nothing is read from it")
    digest = "sha256:" + hashlib.sha256(raw).hexdigest()
    stem = name if name is not None else Path(origin).stem if origin != "<stdin>" else "app"
    for number, content in enumerate(found, 1):
        yield Document(origin, number, len(found), stem, name is not None, digest, content)


def _json(origin: str, text: str) -> list[Any]:
    """JSON, several values after one another as well."""
    decoder = json.JSONDecoder(parse_constant=_no_number)
    found, at = [], 0
    try:
        while at < len(text):
            at += len(text[at:]) - len(text[at:].lstrip())
            if at == len(text):
                break
            content, at = decoder.raw_decode(text, at)
            found.append(content)
            if len(found) > MOST_DOCUMENTS:
                raise UnreadableError(f"{origin}: more than {MOST_DOCUMENTS:,} documents; give parts of it")
    except json.JSONDecodeError as error:
        where = f"{origin}:{error.lineno}:{error.colno}"
        raise UnreadableError(f"{where}: not JSON: {error.msg.lower()}; is the file cut, or edited?") from None
    except (RecursionError, ValueError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise UnreadableError(f"{origin}: not read: {reason}") from None
    return found


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


class _Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):  # type: ignore[misc]
    """Plain data; times stay text, as in JSON."""


_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, pairs in _Loader.yaml_implicit_resolvers.items()
}


def _yaml(origin: str, text: str) -> list[Any]:
    found: list[Any] = []
    try:
        for content in yaml.load_all(text, Loader=_Loader):
            found.append(content)
            if len(found) > MOST_DOCUMENTS:
                raise UnreadableError(f"{origin}: more than {MOST_DOCUMENTS:,} documents; give parts of it")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{origin}:{mark.line + 1}:{mark.column + 1}" if mark else origin
        raise UnreadableError(f"{where}: neither JSON nor YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error).splitlines()[0]
        raise UnreadableError(f"{origin}: neither JSON nor YAML: {reason}") from None
    return found
