"""Files of manifests that a scenario names: `images: {api: {manifest: api.json}}` becomes the image's layers.

They are read before the scenario is validated, and their layers take the place of `manifest` and `platform`: what is
simulated, kept and compared needs the files no more.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from pydantic_core import PydanticCustomError

from rolloutsim.errors import RolloutsimError, UnreadableError, nearest
from rolloutsim.manifests import layers as told_by
from rolloutsim.scenario.fields import Whole
from rolloutsim.scenario.hints import listing
from rolloutsim.scenario.places import Path, Places, Problem, dotted
from rolloutsim.structs import struct
from rolloutsim.units import exact_text

_FETCH = "crane manifest IMAGE"
KEY, PLATFORM = "manifest", "platform"
TOLD = ("base", "layers", "size", "compressed", "unpacked", "digest", "equal_layers")  # what a manifest tells itself
_LARGEST = 4 * 2**20  # bytes of a file (OCI distribution-spec: registries take manifests of 4 MiB at least)
_MOST = 64_000_000  # bytes of all files of a scenario (assumed: a thousand images of today's largest manifests)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
# A name of an image is told from a file's by a host in front, or a tag or digest at its end: distribution/reference.
_REFERENCE = re.compile(r"(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?/\S+|[a-z0-9._/-]+(?::[\w][\w.-]*|@sha256:[a-f0-9]+))")
_LISTED = 5  # images in a note (assumed: more are not read)
_FILES = Whole(0, 1_000_000_000)


class _NoManifestError(RolloutsimError):
    """A file that holds no manifest, or cannot be read; `help` names the one that was likely meant."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.help = help


@dataclass(slots=True)
class Files:
    """What files hold, each read once: path → its content, or what is wrong with it; and their bytes so far.

    `within` is a folder outside of which none is read, links followed; empty: all may be.
    """

    read: dict[str, Any] = field(default_factory=dict)
    size: int = 0
    within: str = ""


@struct
class Filled:
    """A scenario's data with layers in the place of manifests, what is wrong with these, and what to know of them."""

    data: Any
    problems: Sequence[Problem]
    told: Mapping[str, told_by.Told]  # of images of which there is something to know


def filled(data: Any, places: Places, files: Files, told: Mapping[str, told_by.Told]) -> Filled:
    """Put the layers of manifests where a scenario names these.

    Parameters
    ----------
    data : object
        Plain data as in the file, not yet validated.
    places : Places
        Whose folders the files are looked for in.
    files : Files
        What was read before, which is not read again.
    told : mapping
        What is to be known of images whose manifests have become layers before.
    """
    told = {image: one for image, one in told.items() if not _is_changed(image, places)}
    named = list(_named(data))
    if not named:
        return Filled(data, (), told)
    images = dict(data["images"])
    problems: list[Problem] = []
    for name, image in named:
        path: Path = ("images", name)
        found = list(_problems(path, image))
        problems += found
        if found:
            continue
        asked = told_by.Asked(
            "", told_by.IMAGE, f" > {shlex.quote(image[KEY])}", "with 'platform' beside 'manifest'",
            image.get(PLATFORM) or told_by.PLATFORM,
        )  # fmt: skip
        try:
            content = _content(image[KEY], places.folder_of((*path, KEY)), files)
            own = told_by.layers(content, replace(asked, name=told_by.reference(content) or told_by.IMAGE))
        except (_NoManifestError, UnreadableError) as error:
            problems.append(Problem((*path, KEY), f"'{image[KEY]}': {error}", getattr(error, "help", None)))
            continue
        images[name] = _with_layers(image, own.layers)
        if own.remarks or any(layer.is_zstd or layer.is_foreign for layer in own.layers):
            told[name] = own
    return Filled({**data, "images": images}, problems, told)


def _is_changed(image: str, places: Places) -> bool:
    """Whether an image got other layers than those of its manifest."""
    return any(path[:2] == ("images", image) and path[2:3] in ((), (KEY,), ("layers",)) for path in places.at)


def is_manifest_key(path: Path) -> bool:
    """Whether a path of a scenario is that of an image's manifest."""
    return len(path) == 3 and path[0] == "images" and path[2] == KEY


def _named(data: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The images that name a manifest, by a text; of anything else the format says what is wrong."""
    images = data.get("images") if isinstance(data, Mapping) else None
    for name, image in images.items() if isinstance(images, Mapping) else ():
        if isinstance(image, Mapping) and isinstance(image.get(KEY), str) and image[KEY].strip():
            yield name, image


def _problems(path: Path, image: Mapping[str, Any]) -> Iterator[Problem]:
    beside = next((key for key in TOLD if image.get(key) is not None), None)
    if beside is not None:
        message = (
            f"'{beside}' stands beside 'manifest', which tells the layers of {dotted(path)}; leave one of them out"
        )
        yield Problem((*path, beside), message, at="key", related=((*path, KEY),))
    platform = image.get(PLATFORM)
    if platform is not None and not (isinstance(platform, str) and told_by.A_PLATFORM.fullmatch(platform)):
        yield Problem((*path, PLATFORM), f"{str(platform)!r:.60} is no platform; write for example linux/arm64")


def _content(file: str, folder: str, files: Files) -> Any:
    """What a file of JSON holds."""
    path = os.path.join(folder, file)
    if path not in files.read:
        try:
            files.read[path] = _parsed(_bytes(file, path, files))
        except _NoManifestError as error:
            files.read[path] = error
    found = files.read[path]
    if isinstance(found, _NoManifestError):
        raise found
    return found


def _bytes(file: str, path: str, files: Files) -> bytes:
    if _URL.match(file):
        raise _NoManifestError(
            f"a URL, and nothing is fetched for a scenario; {_FETCH} > api.json, and write manifest: api.json"
        )
    if files.within and os.path.commonpath((files.within, os.path.realpath(path))) != files.within:
        raise _NoManifestError(f"outside of '{files.within}', where nothing is read; copy it there")
    try:
        # Without waiting: a pipe that nobody writes to would never open.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (FileNotFoundError, NotADirectoryError):
        raise _missing(file, path) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise _NoManifestError(f"cannot be read: {reason}; give a file that {_FETCH} wrote") from None
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        what = "a folder" if stat.S_ISDIR(mode) else "a device, pipe or socket"
        raise _NoManifestError(f"{what}; give a file that {_FETCH} wrote")
    with os.fdopen(handle, "rb") as stream:
        raw = stream.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        raise _NoManifestError(
            f"larger than {_LARGEST // 2**20} MiB, the most that a manifest may be; give a file that {_FETCH} wrote"
        )
    files.size += len(raw)
    if files.size > _MOST:
        raise _NoManifestError(
            f"with it the scenario's manifests are larger than {_MOST // 1_000_000} MB; give fewer of them"
        )
    return raw


def _missing(file: str, path: str) -> _NoManifestError:
    """That there is no such file, and what to do."""
    if _REFERENCE.fullmatch(file) and not file.endswith(".json"):
        return _NoManifestError(
            "no such file, and nothing is fetched for a scenario if that is an image's name; "
            f"crane manifest {file} > api.json, and write manifest: api.json"
        )
    try:
        there = os.listdir(os.path.dirname(path) or ".")
    except OSError:
        there = []
    near = nearest(os.path.basename(path), [one for one in there if one.endswith(".json")])
    meant = f"did you mean '{os.path.join(os.path.dirname(file), near)}'?" if near else None
    where = "" if os.path.isabs(file) else f" in '{os.path.dirname(path) or '.'}', where it is looked for"
    return _NoManifestError(f"no such file{where}; {_FETCH} > {shlex.quote(file)} makes it", meant)


def _parsed(raw: bytes) -> Any:
    """The JSON of a manifest."""
    try:
        content = json.loads(raw.decode("utf-8-sig"), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _NoManifestError(
            f"byte 0x{raw[error.start]:02x} in line {line} is not UTF-8; {_FETCH} writes JSON"
        ) from None
    except json.JSONDecodeError as error:
        reason = f"line {error.lineno}, column {error.colno}: {error.msg.lower()}" if raw.strip() else "it is empty"
        raise _NoManifestError(f"not JSON: {reason}; give a file that {_FETCH} wrote") from None
    except (RecursionError, ValueError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise _NoManifestError(f"not read: {reason}; give a file that {_FETCH} wrote") from None
    if told_by.shape(content) is None:
        what = (
            "an image's configuration, which has no sizes" if _is_configuration(content) else "no manifest of an image"
        )
        raise _NoManifestError(f"{what}; give a file that {_FETCH} wrote")
    return content


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _is_configuration(content: Any) -> bool:
    return isinstance(content, Mapping) and isinstance(content.get("rootfs"), Mapping)


def _with_layers(image: Mapping[str, Any], layers: Sequence[told_by.FoundLayer]) -> dict[str, Any]:
    """An image in its long form, its files divided by the sizes of its layers."""
    own = {key: value for key, value in image.items() if key not in (KEY, PLATFORM, *TOLD)}
    given: list[dict[str, Any]] = []
    for layer in layers:
        sizes = {"compressed": layer.compressed, "unpacked": layer.unpacked}
        texts = {key: exact_text("size", size) for key, size in sizes.items() if size is not None}
        given.append({"digest": layer.digest, **texts})
    try:
        files = _FILES.read(own["files"]) if "files" in own else None
    except PydanticCustomError:
        return {**own, "layers": given}  # the format says what is wrong
    if files is not None:
        del own["files"]
        total = sum(layer.compressed or 0 for layer in layers)
        below = before = 0
        for layer, one in zip(layers, given, strict=True):
            below += layer.compressed or 0
            until = int(files) * below // total
            one["files"], before = until - before, until
    return {**own, "layers": given}


def notes(told: Mapping[str, told_by.Told]) -> Iterator[str]:
    """What a reader of results must know of layers that are from manifests."""
    for is_so, what in (
        (
            lambda layer: layer.is_zstd,
            "compressed as zstd and unpacked as fast as gzip here, which is slower; how fast nodes unpack is "
            "nodes.<group>.unpack.rate",
        ),
        (lambda layer: layer.is_foreign, "perhaps from a server of their own, and fetched as the others here"),
    ):
        counts = {image: sum(map(is_so, one.layers)) for image, one in told.items()}
        images = [image for image, count in counts.items() if count]
        if images:
            layers = sum(len(told[image].layers) for image in images)
            yield f"{sum(counts.values())} of {layers} layers of {listing(images, _LISTED, ', ')} are {what}."
    for image, one in told.items():
        for remark in one.remarks:
            yield f"Of the manifest of {image} {remark}."
