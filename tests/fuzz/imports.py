"""Files of others, damaged or made up: what `import` and `calibrate` make of them, and scenarios that name manifests.

What comes out is a scenario that loads and resolves, the same one each time, or an error with a message of bounded
length; nothing is opened but what was given, nothing is written, and nobody is asked.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import yaml

from rolloutsim import calibration
from rolloutsim.errors import RolloutsimError
from rolloutsim.imports import imported, merged
from rolloutsim.imports.observed import observed
from rolloutsim.scenario import loading, loads
from tests.fuzz import foreign, foreign_archives
from tests.fuzz.foreign_damage import damaged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LONGEST = 4000  # characters of a message (assumed: a screen)
_HOME = Path(__file__).parents[2]
# What is read of Python and of the package itself, such as modules that are imported late.
_OWN = tuple(
    {os.path.realpath(one) for one in (sys.prefix, sys.base_prefix, _HOME / "rolloutsim", "/usr/share/zoneinfo")}
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NEVER = (
    "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.truncate", "os.chmod", "os.chown",
    "shutil.", "subprocess.Popen", "os.exec", "os.fork", "os.system", "os.posix_spawn", "socket.", "urllib.",
)  # fmt: skip
_watched: list[str] = []  # the only folder that may be read, while a case is played
_seen: list[str] = []


def check(number: int) -> None:
    """One case."""
    random = Random(f"imports {number}")
    share = random.random()
    with TemporaryDirectory() as folder:
        is_told = share > 0.8
        given = [
            *_files(random, Path(folder), foreign.told() if is_told else foreign.documents(), 0.01 if is_told else 0.2)
        ]
        if not is_told and random.random() < 0.5:  # without images there is no scenario
            given.append(_written(Path(folder), *foreign.workload(random)))
        if share < 0.55:
            _keeps(lambda: _imported(given, random), folder, random)
        elif share < 0.75:
            _keeps(lambda: _merged(given, Random(f"into {number}")), folder, random)
        elif share < 0.8:
            _keeps(lambda: _manifest(given[0]), folder, random)
        elif share < 0.999:
            _keeps(lambda: _observed(given), folder, random)
        else:
            events = _written(Path(folder), "few.json", foreign.few_events())
            _keeps(lambda: _calibrated(given, events), folder, None)  # once: it is slow


def _files(random: Random, folder: Path, samples: Sequence[tuple[str, bytes]], archived: float) -> Iterator[str]:
    """Write some files, most of them damaged, a share of them archives or layouts; what is given of them."""
    for number in range(random.choice((1, 1, 1, 2, 2, 3, 4))):
        if random.random() < archived:
            path = foreign_archives.written(random, folder / f"image-{number}")
        else:
            name, raw = random.choice(samples)
            (folder / str(number)).mkdir()
            path = _written(folder / str(number), name, damaged(random, raw, name, [one for _, one in samples]))
        yield f"{random.choice(foreign.NAMES)}={path}" if random.random() < 0.1 else str(path)


def _written(folder: Path, name: str, raw: bytes) -> str:
    path = folder / name
    path.write_bytes(raw)
    return str(path)


def _keeps(case: Callable[[], str], folder: str, random: Random | None) -> None:
    """Play a case, perhaps twice, and see that it leaves the world as it is."""
    before = _listing(folder)
    with _only(folder):
        first = case()
        if random is not None and random.random() < 0.1:
            again = case()
            assert again == first, f"another answer the second time: {first!r:.300} {again!r:.300}"
    assert not _seen, f"done beside reading what was given: {_seen[:3]}"
    assert _listing(folder) == before, "files were changed"


def _listing(folder: str) -> list[tuple[str, list[str], list[str]]]:
    return list(os.walk(folder))


def _refused(error: RolloutsimError) -> str:
    """The message of an error."""
    message = str(error)
    assert message.strip(), "an error without a message"
    assert len(message) <= LONGEST, f"a message that is too long: {type(error).__name__} {message[:300]}"
    assert "internal" not in message or "internal/" in message, f"an internal error: {message[:300]}"
    return message


def _imported(given: list[str], random: Random) -> str:
    try:
        made = imported(given)
    except RolloutsimError as error:
        return _refused(error)
    for note in (*made.notes, made.summary):
        assert len(note) <= LONGEST, f"a note that is too long: {note[:300]}"
    read = loads(made.text)
    read.resolve()
    theirs = yaml.safe_load(made.text)
    assert loading.draft(made.text, "x").data == theirs, "another YAML reader reads something else"
    if random.random() < 0.3:
        _renewed(given, made.text)
    return made.text


def _renewed(given: list[str], text: str) -> None:
    """What a scenario was made of changes nothing in it."""
    try:
        again = merged(given, text, "x.yaml")
    except RolloutsimError as error:
        _refused(error)
        return
    loads(again.text).resolve()


def _observed(given: list[str]) -> str:
    try:
        seen = observed(given)
    except RolloutsimError as error:
        return _refused(error)
    for note in seen.notes:
        assert len(note) <= LONGEST, f"a note that is too long: {note[:300]}"
    for one in seen.pulls:
        assert 0 <= one.duration < float("inf"), f"a pull of no duration: {one}"
        assert one.began is None or one.ended is None or one.began <= one.ended, f"a pull that ends before: {one}"
        assert one.size is None or one.size >= 0, f"a pull of a negative size: {one}"
    for asked in seen.requests:
        assert asked.sent is None or asked.sent >= 0, f"a request of negative bytes: {asked}"
    return f"{seen.pulls} {seen.requests} {seen.left_out} {seen.notes} {seen.histograms}"


def _merged(given: list[str], random: Random) -> str:
    text = foreign.scenario(random)
    groups = random.choice(((), (), (), ("web",), ("web=web",), ("node=web",), ("x",)))
    try:
        made = merged(given, text, "mine.yaml", groups=groups)
    except RolloutsimError as error:
        return _refused(error)
    loads(made.text.removeprefix("\ufeff")).resolve()
    at = 0
    for part in foreign.untouched(text):
        found = made.text.find(part, at)
        assert found >= 0, f"what nobody told of was changed: {part[:200]!r}"
        at = found + len(part)
    try:
        again = merged(given, made.text, "mine.yaml", groups=groups)
    except RolloutsimError as error:
        _refused(error)
    else:
        loads(again.text.removeprefix("\ufeff")).resolve()
    return made.text


def _manifest(given: str) -> str:
    path = given.rpartition("=")[2]
    text = json.dumps({
        "rolloutsim": 1, "nodes": 2, "network": "1 Gbit/s", "images": {"api": {"manifest": path}, "app": "9 MB"},
    })  # fmt: skip
    try:
        read = loads(text, "x.yaml")
        read.resolve()
    except RolloutsimError as error:
        return _refused(error)
    return str(read)


def _calibrated(given: list[str], events: str) -> str:
    text = foreign.SMALL
    try:
        made = calibration.calibrated(loading.draft(text, "mine.yaml"), observed([*given, events]), 1, (), (), ())
    except RolloutsimError as error:
        return _refused(error)
    new = calibration.writing.calibrated_text(text, made, ["events.json"])
    loads(new).resolve()
    return new


@contextmanager
def _only(folder: str) -> Iterator[None]:
    """Note whatever is opened outside a folder, written, run or asked."""
    _hooked()
    _seen.clear()
    _watched.append(os.path.realpath(folder))
    try:
        yield
    finally:
        _watched.clear()


@cache
def _hooked() -> None:
    sys.addaudithook(_hook)


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if not _watched:
        return
    if event == "open":
        path, _, flags = args
        if isinstance(path, int):
            return
        real = os.path.realpath(os.fsdecode(path))
        if (flags or 0) & _WRITES or not real.startswith((_watched[0], *_OWN)):
            _seen.append(f"open {real} {flags}")
    elif event.startswith(_NEVER):
        _seen.append(f"{event} {args}"[:200])
