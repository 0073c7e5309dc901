"""Values set in a scenario's text: all else stays as it is, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rolloutsim.errors import ScenarioError, UnreadableError
from rolloutsim.imports.editing import edited
from rolloutsim.imports.writing import Said, scalar
from rolloutsim.scenario.text import read

SCENARIOS = sorted((Path(__file__).parent.parent.parent / "scenarios").glob("*.yaml"))
Keys = tuple[str, ...]


def put(text: str, **changes: Any) -> str:
    """The text with values, all from x.json, at paths of keys with _ between."""
    said = {tuple(path.split("_")): value for path, value in changes.items()}
    return edited(
        text, {path: one if isinstance(one, Said) else Said(one, "from x.json") for path, one in said.items()}
    )


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        # A value behind its key: comments of the tool's own are replaced, a user's stay.
        ("nodes: 20\n", {"nodes": 30}, "nodes: 30  # from x.json\n"),
        ("nodes:   20   # mine", {"nodes": 30}, "nodes:   30  # from x.json   # mine"),
        ("nodes: 20 # from old.json\n", {"nodes": 30}, "nodes: 30 # from x.json\n"),
        ("nodes: 20  # assumed: a # mine\n", {"nodes": 30}, "nodes: 30  # from x.json # mine\n"),
        ("nodes: 20  # calibrated 1\n", {"nodes": Said(30)}, "nodes: 30\n"),
        ("a: 'it''s' # b\nc: x\n  y\nd: \"x\n  # y\"\n", {"a": "b: c", "c": True, "d": "yes"},
         'a: "b: c"  # from x.json # b\nc: true  # from x.json\nd: "yes"  # from x.json\n'),
        # What is right already is left alone, and assumed no more.
        ("nodes:  0x10 # mine\n", {"nodes": 16}, "nodes:  0x10 # mine\n"),
        ("nodes: 20  # assumed\n", {"nodes": 20}, "nodes: 20  # from x.json\n"),
        ("nodes: 20  # from y.json\n", {"nodes": 20}, "nodes: 20  # from y.json\n"),
        # Short forms are opened.
        ("network: 1 Gbit/s # mine\n", {"network_latency": "5 ms"},
         "network: {rate: 1 Gbit/s, latency: 5 ms}  # latency: from x.json # mine\n"),
        ("nodes: 20\n", {"nodes_node_nic": "1 Gbit/s"},
         "nodes: {node: {count: 20, nic: 1 Gbit/s}}  # node.nic: from x.json\n"),
        ("nodes: {web: 20}\n", {"nodes_web_nic": "1 Gbit/s"},
         "nodes: {web: {count: 20, nic: 1 Gbit/s}}  # web.nic: from x.json\n"),
        ("nodes:\n    web: 20\n", {"nodes_web_nic": "1 Gbit/s", "nodes_web_memory": "8 GB"},
         "nodes:\n    web:\n        count: 20\n        nic: 1 Gbit/s  # from x.json\n"
         "        memory: 8 GB  # from x.json\n"),
        ("images: {app: 346 MB}\n", {"images_app_registry": "hub"},
         "images: {app: {compressed: 346 MB, registry: hub}}  # app.registry: from x.json\n"),
        ("images: {app: 346 MB}\n", {"images_app_layers": ["3 MB"]},
         "images: {app: {layers: [3 MB]}}  # app.layers: from x.json\n"),
        ("caches: {c: {holds: [a, b]}}\n", {"caches_c_holds_a": "10%"},
         "caches: {c: {holds: {a: 10%, b: 100%}}}  # c.holds.a: from x.json\n"),
        # And back.
        ("network:  # mine\n  rate: 1 Gbit/s\n  latency: 5 ms # gone\n\nx: 1\n", {"network": "1 Gbit/s"},
         "network: 1 Gbit/s  # from x.json  # mine\n\nx: 1\n"),
        ("a: &b\n  c: 1\nx: 1\n", {"a": 5}, "a: 5  # from x.json\nx: 1\n"),
        ("a:\n- 1\n- b: 2\nx: 1\n", {"a": ["z"]}, "a: [z]  # from x.json\nx: 1\n"),
        ("a: {b: 1}  # b: from y.json\n", {"a": 5}, "a: 5  # from x.json\n"),
        # Maps in lines.
        ("images:\n  app: 3 MB # mine\n  b: 1 MB",
         {"images_app": Said({"layers": [Said({"compressed": "3 MB"}, "zstd"), {"compressed": "4 B"}]}, "from y.json")},
         "images:\n  app:  # from y.json # mine\n    layers:\n      - {compressed: 3 MB}  # zstd\n"
         "      - {compressed: 4 B}\n  b: 1 MB"),
        ("a:\n  b: 1\n  # tail\n\nc: 2\n", {"a_d": 3, "e_f_g": 4},
         "a:\n  b: 1\n  d: 3  # from x.json\n  # tail\n\nc: 2\ne:\n  f:\n    g: 4  # from x.json\n"),
        ("a:\n  b:\n    c: 1", {"a_b_x": 1, "a_x": 2, "x": 3},
         "a:\n  b:\n    c: 1\n    x: 1  # from x.json\n  x: 2  # from x.json\nx: 3  # from x.json"),
        # Maps in braces.
        ("a: {b: {c: 1}, d: 2 } # mine\n", {"a_b_c": 2, "a_e": "x: y", "a_b_f_g": 5},
         'a: {b: {c: 2, f: {g: 5}}, d: 2, e: "x: y" }'
         "  # b.c: from x.json; b.f.g: from x.json; e: from x.json # mine\n"),
        ("a: {b: , c, d: }\n", {"a_b": 1, "a_c": Said(2), "a_d": Said(3)}, "a: {b: 1, c: 2, d: 3}  # b: from x.json\n"),
        ("a: {}\n", {"a_b": 1}, "a: {b: 1}  # b: from x.json\n"),
        ("a: {b: 'x # y',}\n", {"a_c": 1}, "a: {b: 'x # y', c: 1,}  # c: from x.json\n"),
        ("a: {\n  b: 1,  # u\n  c: 2   # v\n}\n", {"a_c": 3, "a_d": 4},
         "a: {\n  b: 1,  # u\n  c: 3,  # c: from x.json   # v\n  d: 4  # d: from x.json\n}\n"),
        ("a: {b: 1, c: 2}  # b: from y; c: from z # mine\n", {"a_b": 3},
         "a: {b: 3, c: 2}  # c: from z; b: from x.json # mine\n"),
        ('{"a": {"b": 1}}\n', {"a_b": 2, "a_c": "d", "e": [1]}, '{"a": {"b": 2, "c": "d"}, "e": [1]}\n'),
        # Nothing that is there.
        ("", {"a_b": 1}, "a:\n  b: 1  # from x.json\n"),
        ("# mine", {"a": 1}, "# mine\na: 1  # from x.json\n"),
        ("a:   # mine\nb: null\nc: ~", {"a": 1, "b": 2, "c_d": 3},
         "a: 1  # from x.json   # mine\nb: 2  # from x.json\nc: {d: 3}  # d: from x.json"),
        # Line ends, marks of documents and of byte order.
        ("\ufeffa: 1\r\nb:\r\n  c: 2\r\n", {"a": 5, "b_d": 3},
         "\ufeffa: 5  # from x.json\r\nb:\r\n  c: 2\r\n  d: 3  # from x.json\r\n"),
        ("%YAML 1.2\n---\na: 1\n...\n", {"b": 2}, "%YAML 1.2\n---\na: 1\nb: 2  # from x.json\n...\n"),
        ("a:\t1\t# mine\n", {"a": 2}, "a:\t2  # from x.json\t# mine\n"),
        # Texts of several lines.
        ("k: |  # mine\n  ab\n\nx: 1\n", {"k": 3}, "k: 3  # from x.json  # mine\n\nx: 1\n"),
        ("k: |+\n  ab\n\n", {"x": 3}, "k: |+\n  ab\n\nx: 3  # from x.json\n"),
        ("k: |+\n  ab\n\nx: 3\n", {"k": 1}, "k: 1  # from x.json\n\nx: 3\n"),
        ("k: >\n  ab\n", {"k": Said({"a": Said(1, "from y")})}, "k:\n  a: 1  # from y\n"),
        # Keys that are taken away.
        ("a:\n  b: 1  # gone\n  # stays\n  c: 2\n", {"a_b": None}, "a:\n  # stays\n  c: 2\n"),
        ("a:\n  b: 1  # gone\nc: 2\n", {"a_b": None, "a_d": 3}, "a:\n  d: 3  # from x.json\nc: 2\n"),
        ("a: {b: 1, c: 2, d: 3}\n", {"a_b": None, "a_d": None}, "a: {c: 2}\n"),
        ("a: {b: 1}\n", {"a_b": None, "a_c": 2}, "a: {c: 2}  # c: from x.json\n"),
        ("a: 1\n", {"b_c": None, "d": None}, "a: 1\n"),
        # Anchors that nothing repeats, and aliases as a whole.
        ("a: &x {b: 1}\n", {"a_b": 2}, "a: &x {b: 2}  # b: from x.json\n"),
        ("a: &x {b: 1}\nc: *x\n", {"c": 2}, "a: &x {b: 1}\nc: 2  # from x.json\n"),
    ],
)  # fmt: skip
def test_only_the_value_changes(text: str, changes: Mapping[str, Any], expected: str) -> None:
    assert put(text, **changes) == expected
    assert put(expected, **changes) == expected


@pytest.mark.parametrize(
    ("text", "changes", "message"),
    [
        ("a: &x {b: 1}\nc: *x\n", {"a_b": 2},
         "line 1: a has the anchor '&x', which line 2 repeats: a change would be in both; write it out there"),
        ("a: &x {b: 1}\nc: *x\n", {"c_b": 2},
         "line 2: c is '*x', which repeats line 1: a change would be in both; write it out here"),
        ("a: {b: &x 1}\nc: *x\n", {"a": 2}, "line 1: a has the anchor '&x', which line 2 repeats"),
        ("a: {b: &x 1}\nc: *x\n", {"a_b": 2}, "line 1: a.b has the anchor '&x', which line 2 repeats"),
        ("x: &x {b: 1}\na:\n  <<: *x\n", {"a_b": 2}, "line 3: '<<' merges no maps in a scenario"),
        ("a: 1\nb: 2\na: 3\n", {"a": 2}, "line 3: a stands twice; keep one of the two"),
        ("a: [1]\n", {"a_b": 2}, "a is a list there, which has no key b; make it a map"),
        ("a: 5\n", {"a_b": 2}, "a is '5' there, which has no key b; make it a map"),
        ("a: {b: 1}\n", {"a_b": None}, "a: no key would be left"),
        ("k: |\n  ab", {"x": 1}, "x: cannot be set in this text without changing something else"),
        ("? a\n: - b\n", {"a": 1}, "line 2: too much is to change at once here; set it by hand"),
    ],
)  # fmt: skip
def test_what_cannot_be_changed_alone_is_refused(text: str, changes: Mapping[str, Any], message: str) -> None:
    with pytest.raises(UnreadableError) as raised:
        put(text, **changes)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\n---\nb: 2\n", "a second document starts here"), ("a:\n\tb: 3\n", "a tab cannot indent"),
        ("a: !!str 1\n", "tag"), ("- a\n", "a scenario is a map of keys"), ("a: [", "not YAML"),
    ],
)  # fmt: skip
def test_what_is_no_scenario_is_refused_as_elsewhere(text: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        put(text, a=2)


def test_one_change_inside_another_is_a_slip_of_the_caller() -> None:
    for paths in ([("a",), ("a", "b")], [("a", "b"), ("a",)]):
        with pytest.raises(ValueError, match="one change is inside another"):
            edited("a: 1\n", dict.fromkeys(paths, Said(1)))


NAMES = ("a", "b c", "1", "é", "x:y", "golang:1.8", "true", "#", "- q", "layers")
STRINGS = st.sampled_from(
    ["text", "1 Gbit/s", "yes", "12", "a: b", "# no", "it's", 'say "x"', "é😀", "", " ", "*a", "{", "-"]
)
SCALARS = st.one_of(st.integers(-5, 10**6), st.booleans(), STRINGS, st.sampled_from([0.5, 1e-3, 2.0]))
VALUES = st.one_of(SCALARS, SCALARS, st.lists(SCALARS, max_size=3))
MAPS = st.recursive(
    VALUES, lambda inner: st.dictionaries(st.sampled_from(NAMES), inner, min_size=1, max_size=4), max_leaves=9
)
DATA = st.dictionaries(st.sampled_from(NAMES), MAPS, min_size=1, max_size=4)


class Rendered:
    """A text of random style, and which part each of its lines is of."""

    def __init__(self, draw: Callable[..., Any], data: Mapping[str, Any]) -> None:
        self.draw = draw
        self.step = draw(st.sampled_from([1, 2, 4]))
        self.lines: list[tuple[str, Keys]] = []
        self.comments = 0
        self.map(data, 0, ())
        self.newline = draw(st.sampled_from(["\n", "\r\n"]))
        self.text = self.newline.join(line for line, _ in self.lines)
        last = self.lines[-1][0]
        if draw(st.booleans()) or not last.strip() or last.endswith("kept"):
            self.text += self.newline
        if self.newline not in self.text:
            self.newline = "\n"

    def comment(self) -> str:
        self.comments += 1
        text = self.draw(st.sampled_from(["mine", "nodes: 20", "{", "'"]))
        return f"{self.draw(st.sampled_from([' ', '   ']))}# {text} {self.comments}" if self.draw(st.booleans()) else ""

    def map(self, data: Mapping[str, Any], column: int, path: Keys) -> None:
        for key, value in data.items():
            here, start = (*path, key), " " * column + self.key(key) + ":"
            if self.draw(st.integers(0, 3)) == 0:
                self.lines.append(
                    (self.draw(st.sampled_from(["", " " * column + f"# line {len(self.lines)}"])), (*path, ""))
                )
            if isinstance(value, dict) and self.draw(st.booleans()):
                self.lines.append((start + self.comment(), here))
                self.map(value, column + self.step, here)
            elif isinstance(value, list) and value and self.draw(st.booleans()):
                self.lines.append((start + self.comment(), here))
                inner = " " * (column + self.draw(st.sampled_from([0, self.step])))
                self.lines += [(f"{inner}- {self.flow(one)}{self.comment()}", here) for one in value]
            elif value == "text" and self.draw(st.booleans()):
                self.lines += [(f"{start} |-{self.comment()}", here), (" " * (column + self.step) + "text", here)]
            else:
                self.lines.append((f"{start} {self.flow(value)}{self.comment()}", here))
        if self.draw(st.integers(0, 5)) == 0:
            self.lines.append((" " * column + "empty:" + self.comment(), (*path, "empty")))

    def key(self, key: str) -> str:
        return str(self.draw(st.sampled_from([scalar(key, True), json.dumps(key, ensure_ascii=False), f"'{key}'"])))

    def flow(self, value: Any) -> str:
        if isinstance(value, dict):
            space = self.draw(st.sampled_from(["", " "]))
            comma = self.draw(st.sampled_from(["", ","]))
            pairs = ", ".join(f"{self.key(key)}: {self.flow(one)}" for key, one in value.items())
            return f"{{{space}{pairs}{comma}{space}}}"
        if isinstance(value, list):
            return f"[{', '.join(map(self.flow, value))}]"
        if not isinstance(value, str):
            return scalar(value)
        single = "'" + value.replace("'", "''") + "'"
        return str(self.draw(st.sampled_from([scalar(value, True), json.dumps(value, ensure_ascii=False), single])))


def paths_of(data: Mapping[str, Any], path: Keys = ()) -> Iterator[Keys]:
    for key, value in data.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from paths_of(value, (*path, key))


def with_change(data: dict[str, Any], path: Keys, value: Any) -> dict[str, Any]:
    if len(path) == 1:
        rest = {key: one for key, one in data.items() if key != path[0]}
        return rest if value is None else {**data, path[0]: value}
    return {**data, path[0]: with_change(data.get(path[0], {}), path[1:], value)}


@st.composite
def changes(draw: st.DrawFn, data: Mapping[str, Any]) -> dict[Keys, Any]:
    """Values, and None, for keys that are there or not, none of them inside another."""
    chosen: dict[Keys, Any] = {}
    there = list(paths_of(data))
    maps = [(), *(path for path in there if isinstance(at(data, path), dict))]
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(there))
        value: Any = draw(st.one_of(VALUES, MAPS, st.none()))
        if draw(st.booleans()):
            path = (
                *draw(st.sampled_from(maps)),
                *draw(st.lists(st.sampled_from(["n1", "n 2", "n:3"]), min_size=1, max_size=3)),
            )
            value = draw(st.one_of(VALUES, MAPS))
        if not any(path[: len(other)] == other or other[: len(path)] == path for other in chosen):
            chosen[path] = value
    return chosen


def at(data: Any, path: Keys) -> Any:
    for step in path:
        data = data[step]
    return data


@given(DATA, st.data())
def test_random_changes_of_random_texts(data: dict[str, Any], random: st.DataObject) -> None:
    rendered = Rendered(random.draw, data)
    assert read(rendered.text, "").data == data
    chosen = random.draw(changes(data))
    said = {path: Said(value, "from x.json") for path, value in chosen.items()}
    expected = data
    for path, value in chosen.items():
        expected = with_change(expected, path, value)
    assume({} not in [at(expected, path[:-1]) for path in chosen])
    after = edited(rendered.text, said)
    assert read(after, "").data == expected
    assert edited(after, said) == after
    kept = [
        line for line, owner in rendered.lines
        if not any(owner[: len(path)] == path or path[: len(owner)] == owner for path in chosen)
    ]  # fmt: skip
    found = iter(after.split(rendered.newline))
    assert all(line in found for line in kept), "a line of another part changed, or its order"
    assert after.count("\n") == after.count(rendered.newline)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_value_of_every_scenario_can_be_set_alone(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    data = read(text, path.name).data
    for number, keys in enumerate(list(paths_of(data))[:: max(1, sum(1 for _ in paths_of(data)) // 25)]):
        value, said = at(data, keys), f"new {number}"
        if isinstance(value, dict):
            keys, value = (*keys, "another key"), None
        after = edited(text, {keys: Said(said, "from x.json")})
        assert read(after, "").data == with_change(data, keys, said)
        assert edited(after, {keys: Said(said, "from x.json")}) == after
        before, now = text.splitlines(), after.splitlines()
        first = next(row for row, (one, other) in enumerate(zip([*before, ""], now, strict=False)) if one != other)
        rest = len(before) - first - 1
        if not isinstance(value, list):
            assert now[:first] == before[:first]
            assert now[len(now) - rest :] == before[len(before) - rest :]
            assert said in now[first]


@given(st.sampled_from(SCENARIOS), st.data())
def test_texts_that_are_cut_or_changed_are_edited_or_refused(path: Path, random: st.DataObject) -> None:
    text = path.read_text(encoding="utf-8")
    start = random.draw(st.integers(0, len(text)))
    put_in = random.draw(
        st.sampled_from(["", "\n", ": ", "*a", "&a ", "{", "}", "#", " #", "|", "? ", "- ", "'", "\x85", "\t", "é"])
    )
    changed = text[:start] + put_in + text[start + random.draw(st.integers(0, 30)) :]
    keys = random.draw(st.sampled_from(list(paths_of(read(text, "").data))))
    keys = random.draw(st.sampled_from([keys, (*keys, "x"), ("x", *keys), ("nodes", "web", "disk", "rate")]))
    value = random.draw(st.sampled_from(["new", ["new"], {"y": Said("new", "from y")}, None]))
    refused = False
    try:
        after = edited(changed, {keys: Said(value, "from x.json")})
    except (ScenarioError, UnreadableError):
        refused = True
    if not refused and value is not None:
        assert edited(after, {keys: Said(value, "from x.json")}) == after
