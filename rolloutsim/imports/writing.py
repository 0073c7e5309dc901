"""A scenario's text, each value with a remark of where it is from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rolloutsim.structs import struct

_PLAIN = re.compile(r"[A-Za-z_](?:[\w./@:+-]*\w)?|\d[\d.]* ?[A-Za-z%]+(?:/[A-Za-z]+)?", re.ASCII)
_NOT_TEXT = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}  # of YAML 1.1 and 1.2
_ESCAPED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


@struct
class Said:
    """A value, and what to remark of it."""

    value: Any
    remark: str = ""


def written(content: Mapping[str, Any]) -> str:
    """Lay out nested maps of `Said` values as YAML in block style."""
    return "\n".join(lines(content, "")) + "\n"


def lines(content: Mapping[str, Any], indent: str) -> Iterator[str]:
    """The lines of a map in block style, without their ends."""
    for key, value in content.items():
        yield from _value(f"{indent}{scalar(key)}:", value, indent)


def _value(start: str, value: Any, indent: str) -> Iterator[str]:
    said = value if isinstance(value, Said) else Said(value)
    remark = f"  # {one_line(said.remark)}" if said.remark else ""
    inner = said.value
    if isinstance(inner, Mapping) and not _is_flat(inner):
        yield start + remark
        yield from lines(inner, f"{indent}  ")
    elif _has_remarks(inner):
        yield start + remark
        for one in inner:
            yield from _value(f"{indent}  -", one, f"{indent}  ")
    else:
        yield f"{start} {flow(inner)}{remark}"


def _is_flat(content: Mapping[str, Any]) -> bool:
    """Whether a map fits in braces: plain values only."""
    return not any(isinstance(value, (Mapping, Said)) or _has_remarks(value) for value in content.values())


def _has_remarks(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and any(isinstance(one, Said) for one in value)


def flow(value: Any, in_braces: bool = False) -> str:
    """A value in one line, for a place in braces or brackets or outside of them."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key, True)}: {flow(one, True)}" for key, one in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(flow(one, True) for one in value) + "]"
    return scalar(value, in_braces)


def scalar(value: Any, in_braces: bool = False) -> str:
    """A text, number or truth value, in quotes where YAML would take it for something else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if not isinstance(value, str):
        return str(value)
    # A colon ends a plain key in braces for some readers.
    if _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT and not (in_braces and ":" in value):
        return value
    if '"' in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    return '"' + "".join(_ESCAPED.get(char) or _printable(char) for char in value) + '"'


def _printable(char: str) -> str:
    return char if char.isprintable() else f"\\U{ord(char):08x}"


def one_line(text: str) -> str:
    """A text with a sign in the place of what cannot be printed."""
    return "".join(char if char.isprintable() else "�" for char in text)
