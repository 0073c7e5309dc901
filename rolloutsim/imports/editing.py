"""Values set in a scenario's text, of which all else stays as it is, byte for byte.

Each change is an edit of the text where a value stands; nothing is written out again from data. Short forms are opened
where a change goes below them (`network: 1 Gbit/s` becomes `{rate: 1 Gbit/s, latency: 5 ms}`), as `--set` does. What
comes out is read again, and must say what was there with these values and nothing else.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from rolloutsim.errors import ScenarioError, UnreadableError
from rolloutsim.imports import remarks
from rolloutsim.imports.tree import Node, tree
from rolloutsim.imports.writing import Said, flow, lines, scalar
from rolloutsim.scenario.fields import is_long
from rolloutsim.scenario.places import dotted
from rolloutsim.scenario.structure import ROOT, Part
from rolloutsim.scenario.text import read

_BOM = "\ufeff"
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # YAML 1.1, section 5.4
_COLON = re.compile(r"\s*:")
_STEP = 2  # columns of a map in a map, where the text has none to learn it from
_VALUE, _REMARK, _ADDED = 0, 1, 2  # what comes first of edits at one place

Wanted = dict[str, Any]  # key → what is wanted in it, or the Said that is to stand there


def edited(text: str, changes: Mapping[tuple[str, ...], Said]) -> str:
    """A scenario's text with other values.

    Parameters
    ----------
    text : str
        The scenario; an empty one has no keys.
    changes : mapping
        Path of keys → the value to stand there, with the remark that becomes the comment behind it; None takes the key
        away. Maps and parents that are not there are made; lists are replaced as a whole. A value that is there already
        is left alone, with its comment, unless that calls it assumed.

    Returns
    -------
    str
        The text, in which nothing else has changed: what `rolloutsim` wrote behind an old value is replaced, and what a
        user wrote stays.

    Raises
    ------
    ScenarioError
        If the text is not YAML, or several documents.
    UnreadableError
        If a value cannot be set without changing something else, such as inside an anchor that has aliases.
    """
    mark = _BOM if text.startswith(_BOM) else ""
    body = text[len(mark) :]
    is_empty = all(not line.strip() or line.lstrip().startswith("#") for line in body.splitlines())
    data: dict[str, Any] = {} if is_empty else read(body, "<scenario>").data
    wanted = _pruned(_nested(changes), data, ROOT, ())
    editor = _Editor(body)
    if is_empty:
        made = editor.of_empty(wanted)
    else:
        root = tree(body)
        assert root is not None  # it was read
        made = editor.of_map(root, data, wanted)
    if made != body:
        _prove(made, plain(_merged(data, wanted, ROOT, ())), changes)
    return mark + made


def remarks_of(text: str) -> dict[tuple[str, ...], str]:
    """What rolloutsim wrote behind the values of a scenario that can be read: path → remark."""
    body = text.removeprefix(_BOM)
    root = tree(body)
    return {} if root is None else _Editor(body).told(root)


def _prove(text: str, expected: Any, changes: Mapping[tuple[str, ...], Said]) -> None:
    """The text says what is expected, and nothing else."""
    try:
        found = read(text, "<scenario>").data
    except ScenarioError:
        found = None
    if not same(found, expected):
        keys = ", ".join(dotted(path) for path in list(changes)[:3])
        more = f" and {len(changes) - 3} more" if len(changes) > 3 else ""
        raise UnreadableError(
            f"{keys}{more}: cannot be set in this text without changing something else; set it by hand, or write the "
            "map around it in block style, a key to a line"
        )


def _nested(changes: Mapping[tuple[str, ...], Said]) -> Wanted:
    wanted: Wanted = {}
    for path, said in changes.items():
        inner = wanted
        for step in path[:-1]:
            inner = inner.setdefault(step, {})
            if isinstance(inner, Said):
                raise ValueError(f"one change is inside another: {dotted(path)}")
        if path[-1] in inner:
            raise ValueError(f"one change is inside another: {dotted(path)}")
        inner[path[-1]] = said
    return wanted


def plain(value: Any) -> Any:
    """A value without its remarks."""
    if isinstance(value, Said):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value


def same(one: Any, other: Any) -> bool:
    """Whether data is the same: true is not 1, and the order of keys does not count."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def opened(value: Any, wanted: Wanted, part: Part | None, path: tuple[str, ...]) -> dict[str, Any]:
    """What stands at a path as a map: nothing is an empty one, a short form is written out."""
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    if part is not None and part.short is not None:
        layers = wanted.get("layers")
        if isinstance(layers, Said) and not isinstance(layers.value, (int, type(None))):
            return {}  # layers take the place of a bare size, as in --set
        try:
            long = part.short.expand(value)
        except PydanticCustomError:
            long = value
        if is_long(long):
            return dict(long)
    what = "a list" if isinstance(value, list) else f"'{value}'"
    raise UnreadableError(f"{dotted(path)} is {what} there, which has no key {next(iter(wanted), '')}; make it a map")


def _leaves(wanted: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Said]]:
    """All that is wanted, with its path from here on."""
    if isinstance(wanted, Said):
        yield path, wanted
    else:
        for key, inner in wanted.items():
            yield from _leaves(inner, (*path, key))


def _pruned(wanted: Wanted, data: Mapping[str, Any], part: Part | None, path: tuple[str, ...]) -> Wanted:
    """What is wanted without the keys to be taken away that are not there."""
    result: Wanted = {}
    for key, want in wanted.items():
        inner = part.step(key) if part is not None else None
        if isinstance(want, Said):
            if want.value is not None or key in data:
                result[key] = want
            continue
        here = (*path, key)
        below = _pruned(want, opened(data.get(key), want, inner, here), inner, here)
        if below:
            result[key] = below
    return result


def _merged(data: Mapping[str, Any], wanted: Wanted, part: Part | None, path: tuple[str, ...]) -> dict[str, Any]:
    """The data with what is wanted, and its remarks."""
    result = dict(data)
    for key, want in wanted.items():
        inner = part.step(key) if part is not None else None
        if not isinstance(want, Said):
            here = (*path, key)
            result[key] = _merged(opened(result.get(key), want, inner, here), want, inner, here)
        elif want.value is None:
            result.pop(key, None)
        else:
            result[key] = want
    return result


class _Editor:
    """The edits of one text, collected before any is made."""

    def __init__(self, text: str) -> None:
        self.text = text
        breaks = [match.span() for match in _BREAK.finditer(text)]
        self.starts = [0, *(end for _, end in breaks)]
        self.ends = [*(start for start, _ in breaks), len(text)]
        self.newline = text[slice(*breaks[0])] if breaks else "\n"
        self.edits: list[tuple[int, int, tuple[int, int], str]] = []
        self.remarks: dict[int, dict[str, str]] = {}  # end of a line → key in braces → remark
        self.is_json = _is_json(text)
        self.step = _STEP
        self.scalars: list[tuple[int, int]] = []
        self.repeated: dict[int, int] = {}  # identity of a node → where its first alias stands

    def of_empty(self, wanted: Wanted) -> str:
        """A text of comments at most, with keys."""
        between = self.newline if self.starts[-1] != len(self.text) else ""
        return self.text + between + "".join(line + self.newline for line in self._lines(wanted, 0))

    def of_map(self, root: Node, data: Mapping[str, Any], wanted: Wanted) -> str:
        """A text whose root is a map, with what is wanted."""
        self._learn(root)
        self.step = self._learn_step(root)
        self._map(root, data, wanted, ROOT, (), None)
        for end, keyed in self.remarks.items():
            start_or_none = self._comment(end)
            if start_or_none is not None:
                comment = self.text[start_or_none:end]
                self._edit(start_or_none, end, remarks.with_remarks(comment, keyed), _REMARK)
        parts, at = [], 0
        for start, end, _, new in sorted(self.edits, key=lambda edit: edit[:3]):
            if start < at:
                raise UnreadableError(f"line {self._line(start)}: too much is to change at once here; set it by hand")
            parts += [self.text[at:start], new]
            at = end
        return "".join(parts) + self.text[at:]

    def told(self, root: Node) -> dict[tuple[str, ...], str]:
        """The remarks that stand in the text."""
        self._learn(root)
        found = {}
        waiting: list[tuple[Node, tuple[str, ...], int | None]] = [(root, (), None)]
        while waiting:
            node, path, around = waiting.pop()
            around = len(path) if around is None and not node.in_block else around
            for key, value in node.pairs or ():
                here = (*path, key.text or "")
                end = self._line_end(key.end if value.in_block else value.end)
                start = self._comment(end)
                if start is not None and start < end:
                    name = "" if around is None else dotted(here[around:])
                    found[here] = remarks.told(self.text[start:end].lstrip()).get(name, "")
                if value.pairs is not None:
                    waiting.append((value, here, around))
        return {path: remark for path, remark in found.items() if remark}

    def _map(
        self,
        node: Node,
        data: Mapping[str, Any],
        wanted: Wanted,
        part: Part | None,
        path: tuple[str, ...],
        around: int | None,
    ) -> None:
        """Collect the edits of a map; `around` is how long the path to the outermost braces around it is."""
        assert node.pairs is not None
        self._may_change(node, path)
        if around is None and not node.in_block:
            around = len(path)
        pairs = self._by_name(node, wanted, path)
        gone = {key for key, want in wanted.items() if isinstance(want, Said) and want.value is None}
        new = {key: want for key, want in wanted.items() if key not in pairs}
        if not new and gone and len(gone) == len(node.pairs):
            raise UnreadableError(f"{dotted(path) or 'the scenario'}: no key would be left; take it away in the text")
        for key, want in wanted.items():
            if key in pairs and key not in gone:
                inner = part.step(key) if part is not None else None
                self._pair(*pairs[key], data.get(key), want, inner, (*path, key), node.in_block, around)
        is_bare = len(gone) == len(node.pairs)
        leaving = {id(pairs[key][0]) for key in gone}
        if new and is_bare and node.pairs and around is None:
            last, value = node.pairs[-1]
            leaving.remove(id(last))
            block = self.newline.join(self._lines(new, self._column(last.start)))
            self._edit(self.starts[self._row(last.start)], self._line_end(value.end), block, _VALUE)
        elif new and around is None:
            self._append_lines(node, new, len(path))
        elif new:
            assert around is not None
            self._append_in_braces(node, new, path, around, is_bare)
        self._take_away(node, leaving)

    def _by_name(self, node: Node, wanted: Wanted, path: tuple[str, ...]) -> dict[str, tuple[Node, Node]]:
        found: dict[str, tuple[Node, Node]] = {}
        for key, value in node.pairs or ():
            name = key.alias.text if key.alias is not None else key.text
            if name == "<<":
                raise UnreadableError(
                    f"line {self._line(key.start)}: '<<' merges no maps in a scenario; write out what it stands for"
                )
            if name in wanted:
                if name in found:
                    raise UnreadableError(
                        f"line {self._line(key.start)}: {dotted((*path, str(name)))} stands twice; keep one of the two"
                    )
                found[str(name)] = key, value
        return found

    def _may_change(self, node: Node, path: tuple[str, ...]) -> None:
        """UnreadableError where a change would be in two places."""
        where = dotted(path) or "the scenario"
        if id(node) in self.repeated:
            raise UnreadableError(
                f"line {self._line(node.start)}: {where} has the anchor '&{node.anchor}', which line "
                f"{self._line(self.repeated[id(node)])} repeats: a change would be in both; write it out there"
            )
        if node.alias is not None:
            raise UnreadableError(
                f"line {self._line(node.start)}: {where} is '*{node.alias.anchor}', which repeats line "
                f"{self._line(node.alias.start)}: a change would be in both; write it out here"
            )

    def _pair(
        self,
        key: Node,
        value: Node,
        now: Any,
        want: Any,
        part: Part | None,
        path: tuple[str, ...],
        in_block: bool,
        around: int | None,
    ) -> None:
        """Collect the edits of a key's value."""
        if isinstance(want, Said):
            if same(now, plain(want)):
                self._confirm(key, value, want, path, around)
                return
            said: dict[tuple[str, ...], str] = {(): want.remark}
            new = want.value
        elif isinstance(now, dict):
            if value.alias is not None:
                self._may_change(value, path)
            self._map(value, now, want, part, path, around)
            return
        else:
            new = _merged(opened(now, want, part, path), want, part, path)
            said = {inner: one.remark for inner, one in _leaves(want)}
        for replaced in value.walk():
            if replaced is not value or value.alias is None:
                self._may_change(replaced, path)
        if in_block and not self._fits_a_line(new, said):
            self._put_lines(key, value, new, said.get((), ""), path)
            return
        line_end = self._put_inline(key, value, new, in_block)
        for inner, remark in said.items():
            is_only = around is None and inner == ()
            keys = (*path, *inner)[len(path) if around is None else around :]
            self._remark(line_end, "" if is_only else dotted(keys), remark)

    def _confirm(self, key: Node, value: Node, want: Said, path: tuple[str, ...], around: int | None) -> None:
        """A value that is right already is assumed no more."""
        if not want.remark or want.remark.startswith("assumed"):
            return
        end = self._line_end(key.end if value.in_block else value.end)
        start = self._comment(end)
        name = "" if around is None else dotted(path[around:])
        if start is not None and remarks.told(self.text[start:end].lstrip()).get(name, "").startswith("assumed"):
            self._remark(end, name, want.remark)

    def _fits_a_line(self, new: Any, said: Mapping[tuple[str, ...], str]) -> bool:
        """Whether a value stands behind its key: plain ones, and short forms in which one key is new."""
        if () in said:
            return len(self._lines({"x": new}, 0)) == 1
        return len([one for one in said.values() if one]) <= 1 and not _has_lists_of_maps(new)

    def _put_inline(self, key: Node, value: Node, new: Any, in_block: bool) -> int:
        """Put a value behind its key; where the line ends that it then stands in."""
        written = self._inline(new, not in_block)
        if in_block and value.is_collection and value.in_block:
            colon = self._colon(key)
            end = self._line_end(colon)
            comment = self._comment(end)
            self._edit(colon, end if comment is None else comment, f" {written}", _VALUE)
            self._edit(self._before(value), self._line_end(value.end), "", _VALUE)
            return end
        if value.in_block and value.text is not None:
            return self._put_for_text(value.start, value, written)
        if value.start == value.end:
            if _COLON.match(self.text, key.end) is None:
                written = f": {written}"
            elif not self.text[value.start - 1].isspace():
                written = f" {written}"
        self._edit(value.start, value.end, written, _VALUE)
        return self._line_end(value.end)

    def _put_lines(self, key: Node, value: Node, new: Any, remark: str, path: tuple[str, ...]) -> None:
        """Put a value into the lines below its key."""
        colon = self._colon(key)
        block = "".join(self.newline + line for line in self._lines({"x": new}, self._column(key.start))[1:])
        if value.is_collection and value.in_block:
            end = self._line_end(colon)
            self._edit(self._before(value), self._line_end(value.end), block, _VALUE)
        else:
            if value.in_block:
                end = self._put_for_text(colon, value, "")
            else:
                end = self._line_end(value.end)
                self._edit(colon, value.end, "", _VALUE)
            self._edit(end, end, block, _ADDED, len(path))
        self._remark(end, "", remark)

    def _put_for_text(self, start: int, value: Node, written: str) -> int:
        """Put a line in place of a text of several; where the line ends."""
        end = self._line_end(value.start)
        comment = self._comment(end, value.start)
        assert comment is not None
        self._edit(start, comment, written, _VALUE)
        self._edit(end, value.start + len(self.text[value.start : value.end].rstrip()), "", _VALUE)
        return end

    def _append_lines(self, node: Node, new: Wanted, depth: int) -> None:
        """Put keys behind the last one of a map in block style."""
        assert node.pairs
        block = self._lines(new, self._column(node.pairs[0][0].start))
        if node.end == self.starts[self._row(node.end)]:  # behind a text with its last lines
            self._edit(node.end, node.end, "".join(line + self.newline for line in block), _ADDED, depth)
            return
        end = self._line_end(node.end)
        self._edit(end, end, "".join(self.newline + line for line in block), _ADDED, depth)

    def _append_in_braces(self, node: Node, new: Wanted, path: tuple[str, ...], around: int, is_bare: bool) -> None:
        """Put keys behind the last one of a map in braces."""
        assert node.pairs is not None
        written = {key: f"{self._key(key)}: {self._inline(want, True)}" for key, want in new.items()}
        said = {
            key: {dotted((*path, key, *inner)[around:]): one.remark for inner, one in _leaves(want)}
            for key, want in new.items()
        }
        if not node.pairs:
            at = self.text.index("{", node.start) + 1
            self._edit(at, at, ", ".join(written.values()), _ADDED, len(path))
        else:
            key, value = node.pairs[-1]
            at, end = value.end, self._line_end(value.end)
            is_alone = not self.text[self.starts[self._row(key.start)] : key.start].strip() and node.end > end
            if is_alone and not is_bare and self._comment(end) is not None:
                self._append_lines_in_braces(key, value, written, said, len(path))
                return
            self._edit(at, at, ("" if is_bare else ", ") + ", ".join(written.values()), _ADDED, len(path))
        for keyed in said.values():
            for one, remark in keyed.items():
                self._remark(self._line_end(at), one, remark)

    def _append_lines_in_braces(
        self, key: Node, value: Node, written: Mapping[str, str], said: Mapping[str, Mapping[str, str]], depth: int
    ) -> None:
        """Put keys in lines of their own behind the last one of a map in braces, which has one, too."""
        end = self._line_end(value.end)
        has_comma = self.text[value.end : end].lstrip().startswith(",")
        if not has_comma:
            self._edit(value.end, value.end, ",", _ADDED, depth)
        indent, last = " " * self._column(key.start), list(written)[-1]
        for name, one in written.items():
            comma = "," if has_comma or name != last else ""
            comment = "" if self.is_json else remarks.with_remarks("", said[name])
            self._edit(end, end, f"{self.newline}{indent}{one}{comma}{comment}", _ADDED, depth)

    def _take_away(self, node: Node, gone: set[int]) -> None:
        """Take keys out of a map."""
        assert node.pairs is not None
        pairs = node.pairs
        number = 0
        while number < len(pairs):
            first = number
            while number < len(pairs) and id(pairs[number][0]) in gone:
                number += 1
            if number == first:
                number += 1
            elif node.in_block:
                for key, value in pairs[first:number]:
                    row, end = self._row(key.start), self._line_end(value.end)
                    start = self.ends[row - 1] if row else 0
                    self._edit(start, end if row else self.starts[self._row(end) + 1], "", _VALUE)
            elif number < len(pairs):
                self._edit(pairs[first][0].start, pairs[number][0].start, "", _VALUE)
            else:
                self._edit(pairs[first - 1][1].end if first else pairs[0][0].start, pairs[-1][1].end, "", _VALUE)

    def _edit(self, start: int, end: int, new: str, kind: int, depth: int = 0) -> None:
        if self.text[start:end] != new:
            self.edits.append((start, end, (kind, -depth), new))

    def _remark(self, line_end: int, key: str, remark: str) -> None:
        if not self.is_json:
            self.remarks.setdefault(line_end, {})[key] = remark

    def _comment(self, end: int, start: int | None = None) -> int | None:
        """Where a line's comment begins, with the space before it; the end where it has none; None inside a text."""
        at = self.starts[self._row(end)] if start is None else start
        first = at
        number = bisect_right(self.scalars, (at, len(self.text) + 1)) - 1
        if number >= 0:
            at = max(at, self.scalars[number][1])
        while True:
            if at > end:
                return None
            number += 1
            before_next = min(end, self.scalars[number][0]) if number < len(self.scalars) else end
            sign = self.text.find("#", at, before_next)
            while sign > first and not self.text[sign - 1].isspace():
                sign = self.text.find("#", sign + 1, before_next)
            found = sign if sign >= 0 else end if before_next == end else None
            if found is not None:
                return at + len(self.text[at:found].rstrip(" \t"))
            at = self.scalars[number][1]

    def _lines(self, content: Wanted, column: int) -> list[str]:
        """The lines of a map, with the text's own indentation."""
        if self.is_json:
            return [self._inline(content, False)]
        found = []
        for line in lines(content, ""):
            bare = line.lstrip(" ")
            found.append(" " * (column + (len(line) - len(bare)) // 2 * self.step) + bare)
        return found

    def _inline(self, value: Any, in_braces: bool) -> str:
        return json.dumps(plain(value), ensure_ascii=False) if self.is_json else flow(plain(value), in_braces)

    def _key(self, key: str) -> str:
        return json.dumps(key, ensure_ascii=False) if self.is_json else scalar(key, True)

    def _learn(self, root: Node) -> None:
        """Where texts and aliases stand."""
        for node in root.walk():
            if node.text is not None:
                start = self._line_end(node.start) if node.in_block else node.start
                self.scalars.append((start, node.end))
            if node.alias is not None:
                self.repeated.setdefault(id(node.alias), node.start)

    def _learn_step(self, root: Node) -> int:
        """How far a map in a map stands in."""
        for node in root.walk():
            if node.in_block:
                for key, value in node.pairs or ():
                    if value.pairs and value.in_block:
                        return max(1, self._column(value.pairs[0][0].start) - self._column(key.start))
        return _STEP

    def _before(self, value: Node) -> int:
        """Where the line ends that is before a map or list in block style; its anchor may stand in that."""
        first = next(value.children()).start if value.anchor is not None else value.start
        row = self._row(first)
        return self.ends[row - 1] if row else 0

    def _colon(self, key: Node) -> int:
        match = _COLON.match(self.text, key.end)
        if match is None:
            raise UnreadableError(f"line {self._line(key.start)}: this key has no value of its own; give it one")
        return match.end()

    def _row(self, index: int) -> int:
        return bisect_right(self.starts, index) - 1

    def _line(self, index: int) -> int:
        return self._row(index) + 1

    def _line_end(self, index: int) -> int:
        return self.ends[self._row(index)]

    def _column(self, index: int) -> int:
        return index - self.starts[self._row(index)]


def _has_lists_of_maps(value: Any) -> bool:
    if isinstance(value, Said):
        return _has_lists_of_maps(value.value)
    if isinstance(value, Mapping):
        return any(map(_has_lists_of_maps, value.values()))
    return isinstance(value, (list, tuple)) and any(isinstance(one, (Mapping, Said)) for one in value)


def _is_json(text: str) -> bool:
    if not text.lstrip().startswith("{"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
