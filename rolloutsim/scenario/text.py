"""YAML text to plain data and places.

PyYAML's C parser supplies events only; what they mean is decided here: scalars are those of YAML 1.2's core
schema (`1:30`, `yes` and `0777` are not times, booleans or octals), a key is the text as written, a duplicate
key and a key without a value are errors, and aliases cannot blow up: the values that a text stands for are
counted before they are made.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NoReturn

import yaml

from rolloutsim.errors import ScenarioError
from rolloutsim.scenario.places import Path, Place, Places, Problem, Span, dotted

LARGEST_FILE = 16_000_000  # [B] (assumed: 10,000 images with ten layers and digests each are 12 MB)
MOST_VALUES = 400_000  # in one scenario, aliases written out (assumed: 10,000 nodes with an image each have 220,000)
_HALF = re.compile("[\ud800-\udfff]")  # of a pair that UTF-16 has for one character; no text can be written with it
DEEPEST = 32  # levels of nesting (assumed: the format needs 6)

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_START = "a scenario starts with 'rolloutsim: 1'; 'rolloutsim init' prints one"

# YAML 1.2.2, section 10.3.2, the core schema.
_PLAIN = re.compile(
    r"(?P<null>null|Null|NULL|~|)"
    r"|(?P<bool>true|True|TRUE|false|False|FALSE)"
    r"|(?P<int>[-+]?[0-9]{1,100})"
    r"|(?P<based>0o[0-7]{1,100}|0x[0-9a-fA-F]{1,100})"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))"
)

# A character beyond the first 65,536 as JSON escapes it, which YAML does not know.
_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")

# What Python has of bytes that are no UTF-8.
_HALF = re.compile("[\ud800-\udfff]")

# What the parser tells of.
_NODES = frozenset((yaml.ScalarEvent, yaml.AliasEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent))
_STARTS = frozenset((yaml.MappingStartEvent, yaml.SequenceStartEvent))
_ENDS = frozenset((yaml.MappingEndEvent, yaml.SequenceEndEvent))

_VARIANTS = "variants"  # the values of whose keys may be null

# Of Kubernetes' manifests.
_MANIFEST_KEYS = ("apiVersion", "kind", "metadata", "spec")
_ENOUGH_KEYS = 2  # of these keys, none of which a scenario has (assumed: one alone may be a slip)
_SCENARIO_KEYS = ("nodes", "images")  # what has one of these is meant to be a scenario


class Written(float):
    """A number that an error shows as it was written: `1e400`, not `inf`."""

    text: str

    def __new__(cls, text: str) -> Written:
        """The number that the text says."""
        number = super().__new__(cls, text.replace(".", "") if text[-1] in "fFnN" else text)
        number.text = text
        return number

    def __str__(self) -> str:
        return self.text

    def __deepcopy__(self, memo: Any) -> Written:
        return self


@dataclass(slots=True)
class Source:
    """Plain data, where its parts stand, and what is wrong with the text so far.

    `is_over`: it goes over another text, of which `null` removes what stands there.
    """

    data: Any
    places: Places
    problems: list[Problem] = field(default_factory=list)
    is_over: bool = False


class _Node:
    """A scalar, a map with its `pairs` or a list with its `items`, from one mark in the text to another."""

    __slots__ = ("complete", "end", "items", "named", "pairs", "scalar", "size", "start")

    def __init__(self, start: Any, end: Any, scalar: Any = None) -> None:
        self.start = start
        self.end = end
        self.scalar = scalar
        self.pairs: list[tuple[_Node, _Node]] | None = None
        self.items: list[_Node] | None = None
        self.size = 1
        self.complete = True
        self.named: dict[str, tuple[_Node, _Node]] | None = None  # the pairs by their keys, when somebody asks


def decode(raw: bytes, file: str) -> str:
    """The text of a scenario file's bytes; UTF-8, of a bounded size."""
    places = Places(file)
    if len(raw) > LARGEST_FILE:
        message = f"the file is larger than {LARGEST_FILE // 1_000_000} MB, the most that a scenario may be"
        places.at[()] = Place(value=Span(1, 1, 1))
        raise places.error([Problem((), message, rule="syntax")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        places.lines = raw.decode("utf-8", "replace").split("\n")
        places.at[()] = Place(value=Span(line, column, 1))
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise places.error([Problem((), message, rule="syntax")]) from None


def read(text: str, file: str, is_over: bool = False) -> Source:
    """The data of a scenario's text, or of one that goes over another.

    Raises ScenarioError if the text is not YAML, or not one map.
    """
    places = Places(file, text.splitlines())
    root = _Composer(places).compose(text)
    if root is None:
        places.at[()] = Place(value=Span(1, 1, 1))
        raise places.error([Problem((), f"the file is empty; {_START}", rule="syntax")])
    if root.pairs is None:
        places.at[()] = Place(value=_span(root))
        raise places.error([Problem((), f"a scenario is a map of keys; {_START}", rule="syntax")])
    source = Source(None, places, is_over=is_over)
    places.at[()] = Place(value=_span(root.pairs[0][0]) if root.pairs else _span(root))
    places.in_text = partial(_place, root, places.lines)
    source.data = _construct(root, (), source)
    return source


def read_value(text: str, name: str, may_remove: bool = False) -> Any:
    """The data of an override's value, which YAML reads like a value in a file; None, if it `may_remove`, for `null`.

    Raises ScenarioError if the text is not YAML or has no value; located at `name`.
    """
    places = Places(name)
    places.at[()] = Place(source=name)
    root = _Composer(places).compose(text)
    if root is not None and may_remove and _is_null(root):
        return None
    if root is None or (root.pairs is None and root.items is None and root.scalar is None):
        raise places.error([Problem((), "a value is missing after '='", rule="syntax")])
    source = Source(None, places)
    value = _construct(root, (), source)
    if source.problems:
        raise places.error(source.problems)
    return value


def read_values(text: str, name: str) -> list[Any]:
    """The data of several values, separated by commas as in a list in brackets.

    Raises ScenarioError if the text is not YAML, or one of the values is missing; located at `name`.
    """
    if not text.strip():
        read_value(text, name)
    found = read_value(f"[{text}]", name)
    if not isinstance(found, list) or None in found:
        places = Places(name)
        places.at[()] = Place(source=name)
        raise places.error(
            [Problem((), f"'{text}' is not a list of values; write them with commas in between", rule="syntax")]
        )
    return found


def is_manifest(keys: Collection[object]) -> bool:
    """Whether the keys at the top are those of a Kubernetes manifest."""
    return sum(key in keys for key in _MANIFEST_KEYS) >= _ENOUGH_KEYS and not any(key in keys for key in _SCENARIO_KEYS)


def manifest_problem(data: Mapping[str, Any]) -> Problem:
    """What is said about a manifest, in place of all that is wrong with it as a scenario."""
    kind, metadata = data.get("kind"), data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    words = [str(kind)] if isinstance(kind, str) else []
    words += [f"'{name}'"] if words and isinstance(name, str) else []
    which = f" ({' '.join(words)})" if words else ""
    message = (
        f"this is a Kubernetes manifest{which}, not a scenario; what it rolls out is one of a scenario's 'workloads', "
        "beside its nodes, network and images"
    )
    help = "'rolloutsim init --template kubernetes' prints a scenario to start from"
    first = next(key for key in data if key in _MANIFEST_KEYS)
    return Problem((first,), message, help, at="key", rule="syntax")


class _Composer:
    """Builds nodes from the parser's events, within bounds."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.anchors: dict[str, _Node] = {}

    def compose(self, text: str) -> _Node | None:
        loader = None
        if not text.isascii() and (half := _HALF.search(text)):
            line, column = _position(text, half.start())
            raise self._located(
                line, column, f"U+{ord(half[0]):04X} is no character, but half of one; write it as UTF-8"
            )
        try:
            loader = _LOADER(text)
            return self._document(iter(loader.get_event, None))
        except yaml.YAMLError as error:
            joined = _PAIR.sub(_joined, text)
            if joined != text:
                self.anchors.clear()
                return self.compose(joined)
            raise self._syntax_error(error, text) from None
        finally:
            if loader is not None:
                loader.dispose()

    def _document(self, events: Iterator[Any]) -> _Node | None:
        root: _Node | None = None
        open_nodes: list[tuple[_Node, list[_Node]]] = []
        seen = 0
        for event in events:
            kind = type(event)
            if kind in _ENDS:
                node, children = open_nodes.pop()
                self._close(node, children, event)
            elif kind in _NODES:
                seen += 1
                if seen > MOST_VALUES:
                    self._refuse(event, _too_many())
                # Most values are plain: no anchor, no tag.
                if kind is yaml.ScalarEvent and event.anchor is None and event.tag is None:
                    value = event.value
                    scalar = _scalar(value) if event.implicit[0] else value
                    node = _Node(event.start_mark, event.end_mark, scalar)
                else:
                    node = self._open(event)
                    if kind in _STARTS:
                        if len(open_nodes) >= DEEPEST:
                            self._refuse(event, too_deep())
                        open_nodes.append((node, []))
                        continue
            else:
                if kind is yaml.DocumentStartEvent and root is not None:
                    if is_manifest([key.scalar for key, _ in root.pairs or ()]):
                        return root  # what it is says more than how many there are
                    self._refuse(event, "a second document starts here; a scenario is one YAML document")
                continue
            if open_nodes:
                open_nodes[-1][1].append(node)
            else:
                root = node
        return root

    def _open(self, event: Any) -> _Node:
        if isinstance(event, yaml.AliasEvent):
            target = self.anchors.get(event.anchor or "")
            if target is not None and not target.complete:
                self._refuse(event, f"alias '*{event.anchor}' stands inside its own anchor '&{event.anchor}'")
            if target is None:
                self._refuse(event, f"alias '*{event.anchor}' has no anchor '&{event.anchor}' before it")
            node = _Node(event.start_mark, event.end_mark, target.scalar)
            node.pairs, node.items, node.size = target.pairs, target.items, target.size
            return node
        if event.tag is not None:
            self._refuse(event, f"tag '{event.tag}' is not allowed; a scenario has plain values only")
        node = _Node(event.start_mark, event.end_mark)
        if isinstance(event, yaml.ScalarEvent):
            node.scalar = _scalar(event.value) if event.implicit[0] else event.value
        else:
            node.complete = False
            if isinstance(event, yaml.MappingStartEvent):
                node.pairs = []
            else:
                node.items = []
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def _close(self, node: _Node, children: list[_Node], event: Any) -> None:
        node.end, node.complete = event.end_mark, True
        node.size = 1 + sum(child.size for child in children)
        if node.size > MOST_VALUES:
            self._refuse(node, _too_many())
        if node.pairs is None:
            node.items = children
        else:
            node.pairs.extend(zip(children[::2], children[1::2], strict=True))

    def _refuse(self, where: Any, message: str) -> NoReturn:
        mark = where.start if isinstance(where, _Node) else where.start_mark
        raise self._located(mark.line, mark.column, message)

    def _syntax_error(self, error: yaml.YAMLError, text: str) -> ScenarioError:
        if isinstance(error, yaml.MarkedYAMLError):
            mark = error.problem_mark or error.context_mark
            problem = error.problem or error.context or "unreadable"
            if "maximum nesting depth" in problem:  # newer versions of libyaml have one of their own
                return self._located(mark.line if mark else 0, mark.column if mark else 0, too_deep())
            context = f" {error.context}" if error.context and error.problem else ""
            if "cannot start any token" in problem and "\t" in text:
                problem = "a tab cannot indent; use spaces"
                context = ""
            return self._located(mark.line if mark else 0, mark.column if mark else 0, f"not YAML: {problem}{context}")
        position = getattr(error, "position", 0)
        reason = getattr(error, "reason", str(error))
        return self._located(*_position(text, position if isinstance(position, int) else 0), f"not YAML: {reason}")

    def _located(self, line: int, column: int, message: str) -> ScenarioError:
        if not self.places.at:
            self.places.at[()] = Place(value=Span(line + 1, column + 1, 1))
        return self.places.error([Problem((), message, rule="syntax")])


def _position(text: str, index: int) -> tuple[int, int]:
    """The line and the column of a character, counted from 0."""
    before = text[:index]
    return before.count("\n"), len(before) - before.rfind("\n") - 1


def _joined(pair: re.Match[str]) -> str:
    high, low = int(pair[1], 16), int(pair[2], 16)
    return f"\\U{0x10000 + (high - 0xD800) * 0x400 + low - 0xDC00:08X}"


def no_value(key: str, path: Path) -> str:
    """What is said of a key in the part at a path that has no value."""
    return f"key '{key}'{_inside(path)} has no value; give it one, or leave the key out"


def too_deep() -> str:
    """What is said of data that no scenario needs."""
    return f"nested more than {DEEPEST} levels deep; a scenario needs 6"


def _too_many() -> str:
    return f"more than {MOST_VALUES:,} values with its aliases written out; that is the most that a scenario may have"


def _construct(node: _Node, path: Path, source: Source) -> Any:
    """The node's data; its parts' problems go to `source`."""
    if len(path) > 2 * DEEPEST:
        source.problems.append(Problem(path, f"nested more than {2 * DEEPEST} levels deep", rule="syntax"))
        return {}
    if node.items is not None:
        return [
            item.scalar if item.pairs is None and item.items is None else _construct(item, (*path, number), source)
            for number, item in enumerate(node.items)
        ]
    if node.pairs is None:
        return node.scalar
    data: dict[str, Any] = {}
    without_value = False
    removes = source.is_over or (len(path) == 2 and path[0] == _VARIANTS)
    for key, value in node.pairs:
        name = key.scalar if isinstance(key.scalar, str) else _key_text(key, source.places.lines)
        if name is None:
            message = f"a key{_inside(path)} must be plain text"
            source.problems.append(Problem(path, message, rule="syntax"))
        elif name in data:
            here = (*path, name)
            first = source.places.line_of(here)
            where = f"; it stands first in line {first}" if first else ""
            source.places.at[(*here, "\0")] = Place(_span(key), _span(key))
            message = f"duplicate key '{name}'{_inside(path)}{where}"
            twice = Problem((*here, "\0"), message, "keep one of the two", at="key", rule="duplicate-key")
            source.problems.append(twice)
        elif value.pairs is not None or value.items is not None:
            data[name] = _construct(value, (*path, name), source)
        else:
            data[name] = value.scalar
            if value.scalar is None and not (removes and _is_null(value)):
                message = no_value(name, path)
                if removes:
                    message += "; null takes away what stands there"
                source.problems.append(Problem((*path, name), message, at="key", rule="missing-key"))
                without_value = True
    if without_value and not removes:
        return {name: value for name, value in data.items() if value is not None}
    return data


def _is_null(node: _Node) -> bool:
    """Whether a node is a null that is written, as `null` or `~`, and no forgotten value."""
    is_written = (node.end.line, node.end.column) > (node.start.line, node.start.column)
    return node.pairs is None and node.items is None and node.scalar is None and is_written


def _place(root: _Node, lines: Sequence[str], path: Path) -> Place | None:
    """Where a part stands in the text, None where it has none."""
    node, key = root, None
    for step in path:
        key = None
        if node.items is not None:
            if not isinstance(step, int) or not 0 <= step < len(node.items):
                return None
            node = node.items[step]
        elif node.pairs is not None:
            if node.named is None:
                node.named = {}
                for pair in node.pairs:
                    name = _key_text(pair[0], lines)
                    if name is not None:
                        node.named.setdefault(name, pair)
            found = node.named.get(step) if isinstance(step, str) else None
            if found is None:
                return None
            key, node = found
        else:
            return None
    if key is None:
        return Place(value=_span(node), whole=_whole(node))
    is_scalar = node.pairs is None and node.items is None
    return Place(_span(key), _span(node if is_scalar and node.scalar != "" else key), whole=_whole(node))


def _inside(path: Path) -> str:
    return f" in {dotted(path)}" if path else ""


def _key_text(key: _Node, lines: Sequence[str]) -> Any:
    """A key as written: `3.10` stays `3.10`, where a number would lose its zero."""
    if key.pairs is not None or key.items is not None or key.scalar is None:
        return None
    if isinstance(key.scalar, str):
        return key.scalar
    if key.start.line < len(lines):
        return lines[key.start.line][key.start.column : key.end.column].strip()
    return str(key.scalar)


def _scalar(text: str) -> Any:
    """A plain scalar by YAML 1.2's core schema."""
    match = _PLAIN.fullmatch(text)
    if match is None:
        return text
    kind = match.lastgroup
    if kind == "null":
        return None
    if kind == "bool":
        return text[0] in "tT"
    return Written(text) if kind == "float" else int(text, 10 if kind == "int" else 0)


def _span(node: _Node) -> Span:
    one_line = node.end.line == node.start.line and node.end.column > node.start.column
    return Span(node.start.line + 1, node.start.column + 1, node.end.column - node.start.column if one_line else 1)


def _whole(node: _Node) -> Span | None:
    """Where a map or list in braces or brackets stands, None where it is of several lines or of another kind."""
    if node.pairs is None and node.items is None or node.start.line != node.end.line:
        return None
    return _span(node)
