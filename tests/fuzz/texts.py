"""Texts of scenario files, changed at random, with `--set`, files over them and variants: a scenario or located errors.

What is taken resolves, and what `rolloutsim show` writes of it is a scenario file of the same. A key that `--set`
changes is the same as one that stands so in the file.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from rolloutsim.errors import RolloutsimError, ScenarioError, UsageError
from rolloutsim.scenario import Scenario, loads, settings, template
from rolloutsim.scenario.places import dotted
from rolloutsim.scenario.text import decode, read
from tests.fuzz.documents import ODD_NAMES, ODD_VALUES
from tests.scenario.test_bad_input import CASES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
LONGEST = 20_000  # characters of a text that is changed
TOKENS = (
    "&a ", "*a", "*b", "&a", "<<: *a", "!!str ", "!!int 1", "!!python/object:os.system ", "!x", "---\n", "...\n",
    "%YAML 1.1\n", "%TAG ! x\n", "\t", "\r\n", "\r", "\n", "\n\n", "\ufeff", "\u2028", "\u0085", "\u0000",
    "\u001b[31m", "\u007f", "\u200b", "名", "😀", "\ud83d", "# ", "#", ": ", ":", "- ", "? ", "| ", ">-\n", "'", '"',
    "{", "}", "[", "]", ",", "{}", "[]", "~", "null", "yes", "no", "on", "off", "0777", "0o17", "0x1F", "1_000",
    "1:30", "12e03", "+1", ".5", "1.", ".inf", "-.inf", ".nan", "1e400", "2024-01-01", "=", "@", "`", "%", "\\",
    '"\\ud83d\\ude00"', '"\\x00"', '"\\u0000"', '"\\q"', "9" * 99, "9" * 101, "9" * 5000, "1." + "0" * 400 + "1",
    "[" * 40, "{a: " * 40, "- " * 40, "x" * 5000, " " * 300, "nodes: 1000000", "layers: 1000000", "layers: 1000",
    "replicas: 1000", "count: 1000000", "sites: 1000000", "sites: 100000", "replications: 1000000", "waves: [1, 1]",
    "variants: {a: {seed: 2}, b: {}}", "sweep: {seed: [1, 2]}", "thresholds: {rollout_time: < 1 s}", "null: 1",
    "true: 1", "1: 1", "1.0: 1", "[a]: 1", "{a: b}: 1", "? [a]\n: b",
)  # fmt: skip
BYTES = (b"\xff", b"\xed\xa0\x80", b"\xc3", b"\x00", b"\xef\xbb\xbf", b"\xfe\xff", b"\xf5\x80\x80\x80", b"\x80")


def check(number: int) -> None:
    """One text."""
    random = Random(f"texts {number}")
    kind = random.random()
    if kind < 0.1:
        _check_set(random)
        return
    text = _changed(random.choice(_texts()), random)
    overrides = [_assignment(random) for _ in range(random.choice((0, 0, 0, 1, 1, 2)))]
    overlays = [(_changed(random.choice(_texts()), random), "over.yaml")] if random.random() < 0.15 else []
    variant = random.choice(("", "", "", "", "", "a", "base", "b", "\n"))
    try:
        if random.random() < 0.1:
            raw = bytearray(text.encode("utf-8", "surrogatepass"))
            at = random.randint(0, len(raw))
            raw[at:at] = random.choice(BYTES)
            text = decode(bytes(raw), "f.yaml")
        scenario = loads(text, "f.yaml", overrides, overlays, variant)
    except ScenarioError as error:
        _check_error(error)
        return
    except UsageError as error:
        if not str(error).strip():
            raise AssertionError("an error without words") from None
        return
    _check_shown(scenario)


def _check_error(error: ScenarioError) -> None:
    assert error.diagnostics, "no error in an error"
    for one in error.diagnostics:
        assert one.message.strip(), "an error without words"
        assert one.file, "an error without a place"
    assert re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", str(error)) is None, "a control character is shown"


def _check_shown(scenario: Scenario) -> None:
    """What is shown of a scenario is a scenario file of the same, and so is what Python takes of it."""
    try:
        resolved = scenario.resolve()
    except ScenarioError as error:
        _check_error(error)
        return
    shown = settings.show(resolved)
    try:
        again = loads(shown, "shown.yaml").resolve()
    except RolloutsimError as error:
        raise AssertionError(f"what is shown cannot be read\n{error}") from error
    assert (again.sha256, again.seed) == (resolved.sha256, resolved.seed), "what is shown is another scenario"
    document = json.loads(resolved.document)
    try:
        again = Scenario(**document).resolve()
    except RolloutsimError as error:
        raise AssertionError(f"the document cannot be read\n{error}") from error
    assert (again.sha256, again.seed) == (resolved.sha256, resolved.seed), "the document is another scenario"


def _check_set(random: Random) -> None:
    """A key that `--set` changes is the same as one that stands so in the file."""
    text = random.choice(_texts())
    data = read(text, "f.yaml").data
    places = [(path, value) for path, value in _leaves(data, ()) if path[0] not in ("variants", "sweep", "calibrated")]
    path, _ = random.choice(places)
    value = random.choice(ODD_VALUES)
    if value is None or isinstance(value, (dict, list)):
        return
    edited = json.loads(json.dumps(data))
    container = edited
    for step in path[:-1]:
        container = container[step]
    container[path[-1]] = value
    written = json.dumps(value)
    by_set = _verdict(json.dumps(data), [f"{dotted(path)}={written}"])
    in_file = _verdict(json.dumps(edited), [])
    if by_set == "no such key" or "assumed" in data:
        return
    assert by_set == in_file, f"--set is not the edited file\n{dotted(path)}={written}: {by_set} and {in_file}"


def _verdict(text: str, overrides: list[str]) -> object:
    """What becomes of a text: its hash, or what is wrong with it."""
    try:
        return loads(text, "f.yaml", overrides).resolve().sha256
    except ScenarioError:
        return "refused"
    except UsageError:
        return "no such key"


def _leaves(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inner is None:
        yield path, value
        return
    for key, one in inner:
        yield from _leaves(one, (*path, key))


@cache
def _texts() -> tuple[str, ...]:
    """Texts of scenario files: shipped ones, templates, one with nearly all keys."""
    files = [*sorted((ROOT / "scenarios").glob("*.yaml")), ROOT / "tests/data/rich.yaml"]
    return tuple(
        text
        for text in (*(file.read_text() for file in files), template("kubernetes"), template("real"))
        if len(text) < LONGEST
    )


@cache
def _others() -> tuple[str, ...]:
    return (*_texts(), *(text for text, _ in CASES.values() if len(text) < LONGEST))


@cache
def _words() -> tuple[str, ...]:
    """Words of all texts, each once."""
    return tuple(dict.fromkeys(word for text in _others() for word in re.findall(r"[^\s{}\[\],:]+:?", text)))


def _changed(text: str, random: Random) -> str:
    if random.random() < 0.3:
        text = random.choice(_others())
    for _ in range(random.choice((0, 1, 1, 2, 2, 3, 6))):
        text = _change(text, random)[: 2 * LONGEST]
    return text


def _change(text: str, random: Random) -> str:
    """Change one thing of a text."""
    kind = random.randrange(12)
    if kind < 5:  # lines
        lines = text.splitlines(keepends=True) or [""]
        at, to = random.randrange(len(lines)), random.randrange(len(lines))
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines[to:to] = [lines[at]] * random.choice((1, 1, 2, 50))
        elif kind == 2:
            lines[at], lines[to] = lines[to], lines[at]
        elif kind == 3:
            change = random.choice((" ", "  ", "\t", "    "))
            lines[at] = lines[at].removeprefix(change) if random.random() < 0.5 else change + lines[at]
        else:
            other = random.choice(_others()).splitlines(keepends=True) or [""]
            first = random.randrange(len(other))
            lines[at:at] = other[first : first + random.choice((1, 1, 2, 5))]
        return "".join(lines)
    if kind == 11:
        return text.replace("\n", random.choice(("\r\n", "\r", "\n\n", "\n ", "\u2028")))
    if kind in (8, 9, 10):  # words
        words = list(re.finditer(r"[^\s{}\[\],:]+:?", text))
        if words:
            word = random.choice(words)
            new = random.choice((random.choice(_words()), str(random.choice(ODD_VALUES)), random.choice(TOKENS)))
            return text[: word.start()] + new + text[word.end() :]
    at = random.randint(0, len(text))
    to = at if kind == 5 else min(len(text), at + random.choice((1, 1, 2, 10, 100)))
    new = "" if kind == 6 else random.choice((*TOKENS, chr(random.randrange(0x250)), *ODD_NAMES))
    return text[:at] + new + text[to:]


@cache
def _keys() -> tuple[str, ...]:
    """Paths of texts, as `--set` takes them."""
    found = (
        dotted(path[:length])
        for text in _texts()
        for path, _ in _leaves(read(text, "f").data, ())
        for length in (1, 2, len(path))
    )
    return tuple(dict.fromkeys(found))


def _assignment(random: Random) -> str:
    """A value for `--set`, mostly one that could be."""
    value = random.choice((json.dumps(random.choice(ODD_VALUES)), random.choice(_words()), random.choice(TOKENS)))
    text = f"{random.choice(_keys())}={value}"
    if random.random() < 0.3:
        at = random.randint(0, len(text))
        text = text[:at] + random.choice((*TOKENS, "[", ".", "[0]", '["a"]')) + text[at + random.choice((0, 1)) :]
    return text
