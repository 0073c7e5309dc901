"""Where a cursor is in a scenario's text that may not be finished, or not be YAML yet: in which part, at key or value.

Only what stands before the cursor is read, by its indents, braces and brackets; nothing in it is refused.
"""

from __future__ import annotations

import re
from typing import Literal

from rolloutsim.structs import struct

_KEY = re.compile(
    r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s{}\[\],#&*!|>'"%@`-][^{}\[\]#]*?|-[^\s{}\[\]#][^{}\[\]#]*?)\s*:(?=\s|$)"""
)
_ITEM = re.compile(r"-(?:\s+|$)")
_MOST_LINES = 100_000  # that are looked at (assumed)

Step = str | int


@struct
class Cursor:
    """A place in a text.

    Parameters
    ----------
    path : tuple of str and int
        The part that the cursor is in; for a value the path of its key.
    at : str
        `key` or `value`.
    word : str
        What is written of it so far.
    start : int
        The column where that begins, counted from 1.
    """

    path: tuple[Step, ...]
    at: Literal["key", "value"]
    word: str
    start: int


@struct
class _Level:
    """A map's key or a list's item in block style, and the column where it stands."""

    column: int
    step: Step


class _Reader:
    def __init__(self) -> None:
        self.levels: list[_Level] = []
        self.flow: list[list[Step | None]] = []  # of each open brace its key; of each bracket the number of its item
        self.kinds: list[str] = []
        self.token = 0  # where in the line the present token begins
        self.after_colon = False  # whether that is a value

    def line(self, text: str) -> None:
        """Read a line, up to the cursor if it is the last."""
        at = 0
        if not self.kinds:
            at = self._block(text)
        self._rest(text, at)

    def _block(self, text: str) -> int:
        """Read indents, items and keys of a line in block style; where its value begins."""
        at = len(text) - len(text.lstrip(" "))
        self.after_colon, self.token = False, at
        if at == len(text) or text[at] == "#":
            if at == len(text):
                self._leave(at)
            return len(text)
        self._leave(at)
        while (item := _ITEM.match(text, at)) is not None:
            number = 0
            if self.levels and self.levels[-1].column == at and isinstance(self.levels[-1].step, int):
                number = int(self.levels.pop().step) + 1
            self.levels.append(_Level(at, number))
            at = self.token = item.end()
        key = _KEY.match(text, at)
        if key is not None:
            if self.levels and self.levels[-1].column == at and not isinstance(self.levels[-1].step, int):
                self.levels.pop()
            self.levels.append(_Level(at, _plain(key[1])))
            at = key.end()
            while at < len(text) and text[at] == " ":
                at += 1
            self.after_colon, self.token = True, at
        return at

    def _leave(self, column: int) -> None:
        """Leave what is indented further; an item of a list stands at the column of its key, or further in."""
        while self.levels and self.levels[-1].column > column:
            self.levels.pop()

    def _rest(self, text: str, at: int) -> None:
        """Read a value, in braces or brackets perhaps of several lines."""
        while at < len(text):
            char = text[at]
            if char == "#" and (at == 0 or text[at - 1] in " \t"):
                return
            if char in "\"'" and at == self.token:
                at = _closed(text, at)
                continue
            if char in "{[" and (self.kinds or at == self.token):
                self.kinds.append(char)
                self.flow.append([None if char == "{" else 0])
                self.token, self.after_colon = at + 1, char == "["
            elif self.kinds and char in "}]":
                self.kinds.pop()
                self.flow.pop()
                self.token, self.after_colon = at + 1, True
            elif self.kinds and char == ",":
                if self.kinds[-1] == "[":
                    self.flow[-1][0] = int(self.flow[-1][0] or 0) + 1
                    self.after_colon = True
                else:
                    self.flow[-1][0], self.after_colon = None, False
                self.token = at + 1
            elif self.kinds and self.kinds[-1] == "{" and char == ":" and text[at + 1 : at + 2] in (" ", ""):
                self.flow[-1][0], self.after_colon = _plain(text[self.token : at].strip()), True
                self.token = at + 1
            elif char == " " and at == self.token:
                self.token = at + 1
            at += 1

    def steps(self) -> tuple[Step, ...]:
        """The path to what is read at present."""
        found: list[Step] = [level.step for level in self.levels]
        return (*found, *(frame[0] for frame in self.flow if frame[0] is not None))


def cursor(text: str, line: int, column: int) -> Cursor:
    """Where a cursor is.

    Parameters
    ----------
    text : str
        The scenario.
    line, column : int
        Its place, counted from 1.
    """
    lines = text.split("\n")[: min(line, _MOST_LINES)]
    reader = _Reader()
    last = lines.pop()[: max(column - 1, 0)] if len(lines) >= line else ""
    for each in lines:
        reader.line(each.rstrip("\r"))
        reader.token = 0
    reader.line(last)
    start = min(max(reader.token, 0), len(last))
    word = last[start:]
    path = reader.steps()
    if reader.kinds:
        is_value = reader.after_colon
    else:
        is_value = reader.after_colon or bool(path) and isinstance(path[-1], int) and reader.levels[-1].column < start
        if not is_value and last[:start].strip() == "":
            # The column says in which of the parts above a new key is.
            while reader.levels and reader.levels[-1].column >= start and not isinstance(reader.levels[-1].step, int):
                reader.levels.pop()
            path = reader.steps()
    return Cursor(path, "value" if is_value else "key", word, start + 1)


def _plain(text: str) -> str:
    """A key without its quotes."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _closed(text: str, at: int) -> int:
    """Where a text in quotes ends; at the end of the line if it does not."""
    quote, place = text[at], at + 1
    while place < len(text):
        if text[place] == "\\" and quote == '"':
            place += 1
        elif text[place] == quote:
            return place + 1
        place += 1
    return len(text)
