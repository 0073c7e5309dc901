"""Scenario files that nobody wrote in good faith: each ends in located errors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rolloutsim.errors import RolloutsimError, ScenarioError
from rolloutsim.scenario import load, loads

if TYPE_CHECKING:
    from collections.abc import Callable

BASE = "rolloutsim: 1\nmodel: ideal\nnodes: 3\nnetwork: 1 Gbit/s\nimages: {a: 10 MB}\n"


def with_key(key: str, value: str) -> str:
    """The scenario above with another value of a key, or one more key."""
    lines = [line for line in BASE.splitlines() if not line.startswith(f"{key}:")]
    return "\n".join([*lines, f"{key}: {value}"])


def laughs(levels: int, width: int) -> str:
    """Aliases of aliases: a few lines that would be width ** levels values."""
    lines = ["l0: &l0 [x, x]"]
    for level in range(1, levels):
        inner = ", ".join([f"*l{level - 1}"] * width)
        lines.append(f"l{level}: &l{level} [{inner}]")
    return BASE + "\n".join(lines)


def laughing_maps(levels: int) -> str:
    lines = ["m0: &m0 {a: 1}"]
    lines += [f"m{level}: &m{level} {{a: *m{level - 1}, b: *m{level - 1}}}" for level in range(1, levels)]
    return BASE + "\n".join(lines)


TEXTS: dict[str, tuple[str, str]] = {
    # ---- aliases -----------------------------------------------------------------------------------------
    "a billion laughs": (laughs(10, 10), ""),
    "many more laughs": (laughs(30, 30), ""),
    "laughing maps": (laughing_maps(40), ""),
    "an alias of itself": (BASE + "x: &x [*x]", ""),
    "a map in itself": (BASE + "x: &x {a: *x}", ""),
    "a merge of itself": (BASE + "x: &x {<<: *x}", ""),
    "merges of merges": (BASE + "".join(f"m{i}: &m{i} {{<<: [{f'*m{i - 1}, ' * 9}]}}\n" for i in range(1, 9)), ""),
    "an alias of nothing": (BASE + "x: *nothing", "alias '*nothing' has no anchor"),
    "an anchor twice": (BASE + "x: &a 1\ny: &a 2\nz: *a", ""),
    "2,000 anchors": (BASE + "x: [" + ", ".join(f"&a{i} 1" for i in range(2_000)) + "]", ""),
    "an alias as a key": (BASE + "x: &x [1]\n*x : 2", ""),
    # ---- nesting -----------------------------------------------------------------------------------------
    "lists nested 100,000 deep": (BASE + "x: " + "[" * 100_000, "nested more than 32 levels deep"),
    "maps nested 100,000 deep": (BASE + "x: " + "{a: " * 100_000, "nested more than 32 levels deep"),
    "both nested 100,000 deep": (BASE + "x: " + "[{a: " * 50_000, "nested more than 32 levels deep"),
    "dashes nested 50,000 deep": (BASE + "x:\n " + "- " * 50_000, ""),
    "indents nested 2,000 deep": (BASE + "".join(f"{' ' * i}a:\n" for i in range(2_000)), ""),
    "questions nested 10,000 deep": (BASE + "? " * 10_000, ""),
    "JSON nested 100,000 deep": ('{"rolloutsim": 1, "x": ' + "[" * 100_000, "nested more than 32 levels deep"),
    "nested and closed": (BASE + "x: " + "[" * 500 + "]" * 500, "nested more than 32 levels deep"),
    "nested keys": (BASE + "{" * 1000 + "}" * 1000 + ": 1", ""),
    # ---- tags --------------------------------------------------------------------------------------------
    "a Python object": (with_key("name", "!!python/object/apply:os.system ['echo x']"), ""),
    "a Python name": (with_key("name", "!!python/name:os.system"), ""),
    "a Python module": (with_key("name", "!!python/module:os"), ""),
    "a Python tuple": (with_key("nodes", "!!python/tuple [1, 2]"), ""),
    "a tag of its own": (with_key("name", "!mine x"), ""),
    "bytes": (with_key("name", "!!binary aGVsbG8="), ""),
    "a set": (with_key("images", "!!set {a, b}"), ""),
    "ordered pairs": (with_key("images", "!!omap [a: 1 MB]"), ""),
    "a number by force": (with_key("nodes", "!!int x"), ""),
    "a broken number by force": (with_key("nodes", "!!float x"), ""),
    "a time by force": (with_key("nodes", "!!timestamp x"), ""),
    "a truth by force": (with_key("nodes", "!!bool x"), ""),
    "nothing by force": (with_key("nodes", "!!null x"), ""),
    # ---- numbers -----------------------------------------------------------------------------------------
    "nodes of 5,000 digits": (with_key("nodes", "9" * 5000), ""),
    "nodes of a million digits": (with_key("nodes", "9" * 1_000_000), ""),
    "nodes in 10,000 bits": (with_key("nodes", "0b" + "1" * 10_000), ""),
    "nodes in many digits of 16": (with_key("nodes", "0x" + "f" * 10_000), ""),
    "nodes in many digits of 8": (with_key("nodes", "0o" + "7" * 10_000), ""),
    "nodes in old digits of 8": (with_key("nodes", "0" + "7" * 10_000), ""),
    "nodes in digits of 60": (with_key("nodes", "1" + ":59" * 10_000), ""),
    "a billion nodes": (with_key("nodes", "1000000000"), ""),
    "nodes to the power": (with_key("nodes", "1e308"), ""),
    "nodes beyond the power": (with_key("nodes", "1e999999999"), ""),
    "endless nodes": (with_key("nodes", ".inf"), ""),
    "nodes that are NaN": (with_key("nodes", ".nan"), ""),
    "fewer nodes than none": (with_key("nodes", "-1"), ""),
    "minus no nodes": (with_key("nodes", "-0"), ""),
    "half a node": (with_key("nodes", "0.5"), ""),
    "true nodes": (with_key("nodes", "true"), ""),
    "nodes that are a day": (with_key("nodes", "2026-01-01"), ""),
    "nodes in other digits": (with_key("nodes", "\u0663"), ""),
    "nodes in wide digits": (with_key("nodes", "\uff13"), ""),
    "a seed of 30 digits": (with_key("seed", "9" * 30), ""),
    "a seed of 5,000 digits": (with_key("seed", "9" * 5000), ""),
    "replications without an end": (with_key("replications", "10000000000"), ""),
    "a rate of many digits": (with_key("network", "9" * 5000 + " Gbit/s"), ""),
    "a rate to the power": (with_key("network", "1e99999 Gbit/s"), ""),
    "a rate of nothing": (with_key("network", "0 bit/s"), ""),
    "a rate below nothing": (with_key("network", "-1 Gbit/s"), ""),
    "a rate of NaN": (with_key("network", "nan Gbit/s"), ""),
    "a rate without an end": (with_key("network", "inf Gbit/s"), ""),
    "a rate in other digits": (with_key("network", "\u0661 Gbit/s"), ""),
    "a size to the power": (with_key("images", "{a: 1e300 MB}"), ""),
    "a size of many digits": (with_key("images", "{a: " + "9" * 5000 + " MB}"), ""),
    "a size that is small": (with_key("images", "{a: -1e-300 MB}"), ""),
    "a rate that backtracks": (with_key("network", "1" * 50_000 + "x"), ""),
    "blanks that backtrack": (with_key("network", f'"1{" " * 50_000}x"'), ""),
    # ---- texts -------------------------------------------------------------------------------------------
    "a name that steers": (with_key("name", '"\\e[2J"'), "the text has the control character U+001B"),
    "a name that rings": (with_key("name", '"\\a"'), "the text has the control character U+0007"),
    "a name with an end": (with_key("name", '"a\\0b"'), "the text has the control character U+0000"),
    "a name of two lines": (with_key("name", '"a\\nb"'), "the text has the control character U+000A"),
    "a control character itself": (with_key("name", "a\x07b"), ""),
    "an escape itself": (with_key("name", "\x1b[2J"), ""),
    "a zero itself": (with_key("name", "a\0b"), ""),
    "half a character": (with_key("name", '"\\ud800"'), ""),
    "half a character itself": (with_key("name", "\ud800"), ""),
    "a key that steers": (BASE + '"\\e[2J": 1', ""),
    "an image that steers": (with_key("images", '{"\\e[2J": 1 MB}'), "the text has the control character U+001B"),
    "a key of a million letters": (BASE + "x" * 1_000_000 + ": 1", ""),
    "a key that is null": (BASE + "null: 1", ""),
    "a key that is a list": (BASE + "[1, 2]: 1", ""),
    "a key that is a map": (BASE + "{a: b}: 1", ""),
    "a key that is a number": (BASE + "1: 1", ""),
    "a key twice": (BASE + "nodes: 4", ""),
    "2,000 keys": (BASE + "\n".join(f"k{i}: 1" for i in range(2_000)), "and at least"),
    "2,000 errors": (with_key("images", "{" + ", ".join(f"i{i}: x" for i in range(2_000)) + "}"), "and at least"),
    "a value of a million letters": (with_key("network", "x" * 1_000_000), ""),
    "an unknown escape": (with_key("name", '"\\q"'), "not YAML"),
    "an open quote": (with_key("name", '"' + "x" * 100_000), "not YAML"),
    "a tab as an indent": (BASE + "x:\n\ty: 1", "not YAML"),
    "two documents": (BASE + "---\n" + BASE, ""),
    "10,000 documents": (BASE + "---\na: 1\n" * 10_000, ""),
    "a directive": ("%TAG ! tag:x,2026:\n---\n" + BASE + "x: !x 1", ""),
    "another YAML": ("%YAML 9.9\n---\n" + BASE, ""),
    "nothing": ("", "the file is empty"),
    "comments": ("# x\n" * 100_000, "the file is empty"),
    "a number": ("1", "a scenario is a map of keys"),
    "a list": ("- 1\n" * 10_000, "a scenario is a map of keys"),
    "a text": ("x" * 100_000, "a scenario is a map of keys"),
    "a format to come": (with_key("rolloutsim", "2"), ""),
    "a format of many digits": (with_key("rolloutsim", "1" * 5000), ""),
    "an archive": ("PK\x03\x04" + "\0" * 1000, ""),
    "HTML": ("<!DOCTYPE html><html>" + "<p>" * 1000, ""),
    "a program": ("#!/bin/sh\nrm -rf x\n", ""),
    # ---- files that it names -----------------------------------------------------------------------------
    "a manifest of the system": (with_key("images", "{a: {manifest: /dev/zero}}"), ""),
    "a manifest above": (with_key("images", "{a: {manifest: ../../../../etc/passwd}}"), ""),
    "a manifest that is a folder": (with_key("images", "{a: {manifest: .}}"), ""),
    "a manifest without a name": (with_key("images", '{a: {manifest: ""}}'), ""),
    "a manifest of a long name": (with_key("images", "{a: {manifest: " + "x" * 5000 + "}}"), ""),
    "a manifest elsewhere": (with_key("images", '{a: {manifest: "http://localhost/x"}}'), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_no_scenario_is(name: str) -> None:
    text, words = TEXTS[name]
    with pytest.raises(ScenarioError) as caught:
        loads(text, "bad.yaml").resolve()
    shown = str(caught.value)
    assert words in shown
    assert shown.replace("\n", "").replace("\t", "").isprintable()
    assert len(shown) < 100_000


BYTES: dict[str, tuple[bytes, str]] = {
    "UTF-16": (BASE.encode("utf-16"), ""),
    "UTF-32": (BASE.encode("utf-32"), ""),
    "Latin 1": (with_key("name", "caf\u00e9").encode("latin-1"), ""),
    "UTF-7": (b"+AHI-olloutsim: 1", ""),
    "long forms": (b"name: \xc0\xaf", ""),
    "surrogates": (b"name: \xed\xa0\x80", ""),
    "beyond Unicode": (b"name: \xf5\x80\x80\x80", ""),
    "it is cut": (b"name: \xe2\x82", ""),
    "zeros": (bytes(100_000), ""),
    "noise": (bytes(range(256)) * 1000, ""),
    "gzip": (b"\x1f\x8b\x08" + bytes(1000), ""),
    "17 MB": (b"#" * 17_000_000, "the file is larger than 16 MB"),
}


@pytest.mark.parametrize("name", BYTES)
def test_bytes_that_no_scenario_is(name: str, tmp_path: Path) -> None:
    content, words = BYTES[name]
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert words in str(caught.value)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(4 << 40)


FILES: dict[str, Callable[[Path], Any]] = {
    "a folder": Path.mkdir,
    "a link to itself": lambda one: one.symlink_to(one),
    "zeros without an end": lambda one: one.symlink_to("/dev/zero"),
    "4 TB of nothing": sparse,
    "nothing": lambda one: None,
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_file(name: str, tmp_path: Path) -> None:
    FILES[name](tmp_path / "bad.yaml")
    with pytest.raises(RolloutsimError) as caught:
        load(tmp_path / "bad.yaml")
    assert len(str(caught.value)) < 1000


def test_they_are_as_many_as_are_told() -> None:
    assert len(TEXTS) + len(BYTES) + len(FILES) >= 100
