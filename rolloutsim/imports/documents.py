"""What is to be imported, as data: JSON, YAML and TOML of files, folders and the standard input, within bounds."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import inf
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from rolloutsim.errors import UnreadableError, UsageError
from rolloutsim.imports import blobs, streams, tars, toml
from rolloutsim.scenario.hints import listing
from rolloutsim.structs import struct

LARGEST = 64_000_000  # bytes of a file (assumed: ten times `kubectl get nodes -o json` of 1,000 nodes)
MOST_FILES = 1000  # in a folder (assumed: no one keeps more manifests in one)
MOST_DOCUMENTS = 10_000  # in a file (assumed: ten times what a large chart renders)
_MOST_REPEATED = 1_000_000  # characters that YAML's aliases repeat (assumed: large compose files repeat some kB)
INPUT = "<stdin>"  # what the standard input is called
_PIPES = ("/dev/fd", "/proc/self/fd")  # of a shell's `<(…)`, by numbers that say nothing
STDIN = "-"
READ = (
    "read are: images (manifests as crane, skopeo and docker print them, archives of docker save, OCI layouts, sizes "
    "of docker history, docker image inspect and crictl images), kubectl get nodes, pods -o json, Deployments and "
    "other workloads, ImagePullJobs, compose files and Swarm stacks, configurations of kubelets, containerd and SOCI, "
    "and aws ec2 describe-instance-types"
)
_LOOKED_AT = 20_000  # characters in which a file shows what it is (assumed: some hundred lines)
_BLANK = re.compile(r"\s*")
# Text that is neither JSON nor a scenario's YAML.
CALIBRATE = "calibrate a scenario on it: rolloutsim calibrate SCENARIO --events FILE"
_OTHERS = (
    (
        re.compile(
            r'^.{0,200}\btime="[^"\n]{1,60}" level=\w{1,20} msg=|^(?:[^\n]{0,200}: )?[IWEF][0-9]{4} [0-9:.]{8,16} ',
            re.M,
        ),
        f"a log of containerd, the kubelet or a registry; {CALIBRATE}",
    ),
    (
        re.compile(r'^\S{1,255} \S{1,255} \S{1,255} \[[^\]\n]{1,40}\] "[A-Z]{1,20} /', re.M),
        f"an access log; {CALIBRATE}",
    ),
    (
        re.compile(r"^ {0,40}Type +Reason +Age |^(?:NAMESPACE +)?LAST SEEN +TYPE +REASON ", re.M),
        f"events as kubectl prints them; {CALIBRATE}",
    ),
    (re.compile(r"^# (?:HELP|TYPE) \w+ ", re.M), f"metrics; {CALIBRATE}"),
)
_SHOWN = 5  # names in a note (assumed: who knows the folder needs no more)
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
    is_asked : bool
        Whether it was asked of a registry; then its origin is a reference.
    """

    origin: str
    number: int
    of: int
    name: str
    is_named: bool
    digest: str
    content: Any
    is_asked: bool = False

    @property
    def title(self) -> str:
        """The file's name without its folder, or the reference."""
        return self.origin if self.is_asked else Path(self.origin).name

    @property
    def label(self) -> str:
        """The same for remarks, with the digest where that can change."""
        return f"{self.title} ({self.digest})" if self.is_asked else self.title

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
    for origin, name, opened in _opened(given, _SUFFIXES):
        if isinstance(opened, blobs.Layout):
            yield _archive(origin, name, opened)
            continue
        with _reading(origin):
            head = opened.read(tars.BLOCK)
            archive = blobs.tarred(origin, head, opened)
        if archive is not None:
            yield _archive(origin, name, archive)
        else:
            yield from _read(origin, name, _bounded(origin, head, opened))


def files(given: Sequence[str], suffixes: Sequence[str]) -> Iterator[tuple[str, str | None, bytes]]:
    """The bytes of files, of the files of folders, and of the standard input.

    Parameters
    ----------
    given : sequence of str
        Files, folders, or `-`; `NAME=FILE` gives what a file describes its name.
    suffixes : sequence of str
        Of the files that are read in folders.

    Yields
    ------
    tuple of str, str or None, bytes
        What people call the file, the name it was given, and its content.

    Raises
    ------
    UsageError
        If there is no such file.
    UnreadableError
        If it is too large, or a folder has none of these.
    """
    for origin, name, opened in _opened(given, suffixes):
        if isinstance(opened, blobs.Layout):
            raise UnreadableError(
                f"{origin}: an image, of which nothing was seen; import it: rolloutsim import {origin}"
            )
        yield origin, name, _bounded(origin, b"", opened)


def _opened(given: Sequence[str], suffixes: Sequence[str]) -> Iterator[tuple[str, str | None, BinaryIO | blobs.Layout]]:
    """What people call each file, the name that it was given, and the file, open; or a folder that is an image."""
    if sum(one.rpartition("=")[2] == STDIN for one in given) > 1:
        raise UsageError("'-' stands twice; the standard input can be read once")
    pipes = 0
    for one in given:
        name, file = _named(one)
        if not file:
            raise UsageError(f"{one!r} names no file; a shell leaves nothing of a variable that is not set")
        if file == STDIN:
            if sys.stdin is None:
                raise UsageError("'-' cannot be read: the standard input is closed; give a file")
            yield INPUT, name, sys.stdin.buffer
            continue
        path = Path(file)
        is_folder = os.path.isdir(path)  # a name that is too long is none
        if is_folder and blobs.is_layout(path):
            origin = str(path) if path.name else str(path.resolve())
            yield origin, name, blobs.Layout(origin, path)
        elif is_folder:
            if name is not None:
                raise UsageError(f"{file} is a folder; a name stands before one file: {name}={file}/…")
            for each in _folder(path, suffixes):
                with _file(each) as opened:
                    yield str(each), None, opened
        else:
            is_pipe = str(path.parent) in _PIPES
            pipes += is_pipe
            with _file(path) as opened:
                yield f"<pipe {pipes}>" if is_pipe else str(path), name, opened


def is_nameless(origin: str) -> bool:
    """Whether what is read is no file that has a name: the standard input, or a pipe."""
    return origin.startswith("<")


def _named(given: str) -> tuple[str | None, str]:
    """What stands before `=`, and the file; a file that is there may have `=` in its name."""
    name, equals, file = given.rpartition("=")
    if not equals or not name or os.path.exists(given):
        return None, given
    return name, file


def _folder(path: Path, suffixes: Sequence[str]) -> list[Path]:
    with _reading(str(path)):
        found = sorted(
            one for one in path.iterdir() if one.suffix in suffixes and os.path.isfile(one) and not os.path.islink(one)
        )
    if not found:
        raise UnreadableError(f"{path}: no {', '.join(suffixes)} in this folder; name the files themselves")
    if len(found) > MOST_FILES:
        raise UnreadableError(f"{path}: {len(found):,} files, of which at most {MOST_FILES:,} are read; name some")
    return found


def left_out(given: Sequence[str]) -> list[str]:
    """What stands in folders that were given and is not read, a note for each folder; hidden files are not named.

    Parameters
    ----------
    given : sequence of str
        As for `documents`, which has read them.
    """
    notes = []
    for one in given:
        name, file = _named(one)
        path = Path(file)
        if name is not None or file == STDIN or not os.path.isdir(path) or blobs.is_layout(path):
            continue
        read = set(_folder(path, _SUFFIXES))
        rest = sorted(each.name for each in path.iterdir() if each not in read and not each.name.startswith("."))
        if rest:
            notes.append(
                f"not read in the folder {path}: {listing(rest, _SHOWN, ', ')}; of a folder only its own files are "
                f"read, and only {', '.join(_SUFFIXES)}: name what else is to be read"
            )
    return notes


@contextmanager
def _reading(origin: str) -> Iterator[None]:
    """Say of what the system does not let one read."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"{origin}: {(error.strerror or type(error).__name__).lower()}") from None


def _file(path: Path) -> BinaryIO:
    with _reading(str(path)):
        try:
            return streams.opened(path)
        except FileNotFoundError:
            raise UsageError(f"{path}: no such file") from None


def _bounded(origin: str, head: bytes, opened: BinaryIO) -> bytes:
    with _reading(origin):
        raw = head + opened.read(LARGEST + 1 - len(head))
    if len(raw) > LARGEST:
        raise UnreadableError(
            f"{origin}: larger than {LARGEST // 1_000_000} MB, the most that is read; give parts of it"
        )
    return raw


def _archive(origin: str, name: str | None, holder: blobs.Holder) -> Document:
    return Document(origin, 1, 1, _stem(origin, name), name is not None, "", holder)


def _stem(origin: str, name: str | None) -> str:
    """What an image is called: as was given, or as its file."""
    if name is not None or is_nameless(origin):
        return name or "app"
    return Path(origin).stem.removesuffix(".tar")


def _read(origin: str, name: str | None, raw: bytes) -> Iterator[Document]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UnreadableError(
            f"{origin}:{line}: byte 0x{raw[error.start]:02x} is not UTF-8; JSON, YAML and TOML are read"
        ) from None
    for pattern, what in _OTHERS:
        if pattern.search(text, 0, _LOOKED_AT):
            raise UnreadableError(f"{origin}: {what}")
    if toml.is_toml(origin, text, _LOOKED_AT):
        found: list[Any] = [toml.read(origin, text)]
    else:
        found = of_json(origin, text) if text.lstrip()[:1] in ("{", "[") else of_yaml(origin, text)
    found = [content for content in found if content is not None]
    if not found:
        raise UnreadableError(f"{origin}: empty; nothing is read from it")
    digest = "sha256:" + hashlib.sha256(raw).hexdigest()
    stem = _stem(origin, name)
    for number, content in enumerate(found, 1):
        yield Document(origin, number, len(found), stem, name is not None, digest, content)


def of_json(origin: str, text: str) -> list[Any]:
    """JSON, several values after one another as well."""
    decoder = json.JSONDecoder(parse_constant=_no_number)
    found, at = [], 0
    try:
        while (at := _BLANK.match(text, at).end()) < len(text):  # type: ignore[union-attr]
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


def of_yaml(origin: str, text: str) -> list[Any]:
    """YAML of several documents; times stay text."""
    found: list[Any] = []
    may_repeat = "&" in text and "*" in text
    try:
        loader = _Loader(text)
        while loader.check_node():
            node = loader.get_node()
            if may_repeat and _size(node, {}) > len(text) + _MOST_REPEATED:
                raise UnreadableError(
                    f"{origin}: its aliases repeat more than {_MOST_REPEATED:,} characters; write out what is meant"
                )
            found.append(loader.construct_document(node))
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


def _size(node: yaml.Node, sizes: dict[int, float]) -> float:
    """The characters and values of a part of a document whose aliases are written out; endless of one in itself."""
    known = sizes.get(id(node))
    if known is not None:
        return known
    sizes[id(node)] = inf
    parts = [each for pair in node.value for each in pair] if isinstance(node, yaml.MappingNode) else node.value
    size = len(parts) + (0 if isinstance(node, yaml.ScalarNode) else sum(_size(one, sizes) for one in parts))
    sizes[id(node)] = size + 1
    return size + 1
