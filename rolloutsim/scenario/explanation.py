"""What a key means: read from the model's own metadata."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from rolloutsim.errors import UsageError
from rolloutsim.scenario.fields import Word
from rolloutsim.scenario.hints import intended, listing
from rolloutsim.scenario.overrides import parse_path
from rolloutsim.scenario.structure import ROOT, Part, all_keys, placeholder
from rolloutsim.units import KNOWN_UNITS


@dataclass(frozen=True, slots=True)
class Explanation:
    """A key's meaning.

    Parameters
    ----------
    key : str
        Its full path; `<group>` and the like stand for the user's own names.
    type, unit, default, source, description : str
        What it holds; empty where there is nothing to say.
    allowed : tuple of str
        The keys or words that may stand there; empty where anything of the type may.
    """

    key: str
    type: str
    unit: str
    default: str
    source: str
    description: str
    allowed: tuple[str, ...] = ()

    def __str__(self) -> str:
        rows = (
            ("type", self.type),
            ("unit", self.unit),
            ("default", self.default),
            ("source", self.source),
            ("allowed", listing(self.allowed, 40) if self.allowed else ""),
        )
        lines = [f"{self.key}: {self.description}", *(f"  {name + ':':<9}{text}" for name, text in rows if text)]
        return "\n".join(lines)


def explain(key: str) -> Explanation:
    """The meaning of a key.

    Parameters
    ----------
    key : str
        `nodes.web.nic`, `nodes.nic`, or `nic` where only one key has that name.

    Raises
    ------
    UsageError
        If there is no such key, or several.
    """
    steps = tuple(str(step) for step in parse_path(key))
    every = _every_key()
    found: dict[str, Part] = {}
    for matches in (_is_spelt, _is_named, _is_last):
        found = found or {".".join(path): part for path, part in every if matches(steps, path)}
    if not found:
        raise UsageError(_unknown(key, steps))
    if len(found) > 1:
        raise UsageError(f"explain {key}: several keys have that name; say which: {listing(found)}")
    ((name, part),) = found.items()
    return _explanation(name, part)


@cache
def _every_key() -> tuple[tuple[tuple[str, ...], Part], ...]:
    return tuple(all_keys())


def _is_spelt(steps: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether the steps are the path, or the path without the user's own names."""
    return steps in (path, tuple(step for step in path if not step.startswith("<")))


def _is_named(steps: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether the steps are the path with names of the user's, each given or left out."""
    if not path or not steps:
        return not path and not steps
    if not path[0].startswith("<"):
        return steps[0] == path[0] and _is_named(steps[1:], path[1:])
    return _is_named(steps[1:], path[1:]) or _is_named(steps, path[1:])


def _is_last(steps: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Whether the one step is the path's last key."""
    return steps == path[-1:]


def _unknown(key: str, steps: tuple[str, ...]) -> str:
    names = [tuple(step for step in path if not step.startswith("<")) for path, _ in all_keys()]
    choice = intended(key, [".".join(name) for name in names]) or intended(steps[-1], [name[-1] for name in names])
    hint = f"; did you mean '{choice}'?" if choice else ""
    return f"explain {key}: there is no such key{hint}; the top keys are: {listing(ROOT.keys or ())}"


def _explanation(name: str, part: Part) -> Explanation:
    field = part.field
    assert field is not None
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return Explanation(
        key=name,
        type=_type(part),
        unit=_unit(str(extra.get("x-unit", ""))),
        default=_default(part, str(extra.get("x-default", ""))),
        source=str(extra.get("x-source", "")),
        description=field.description or "",
        allowed=tuple(_allowed(part)),
    )


def _unit(kind: str) -> str:
    return next((units for known, units in KNOWN_UNITS.items() if known == kind), kind)


def _type(part: Part) -> str:
    if part.described is not None:
        return part.described.words()
    if part.is_map:
        long = f"map by {placeholder(part)}"
    elif part.is_list:
        long = "list"
    else:
        long = "map"
    return f"{part.short.words}, or a {long}" if part.short is not None else long


def _default(part: Part, shown: str) -> str:
    assert part.field is not None
    if part.field.is_required():
        return "none: the key is required"
    value: Any = part.field.default
    if shown:
        return shown
    if value is None or value in ([], {}):
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(part.described.write(value)) if part.described is not None else "none"


def _allowed(part: Part) -> Iterator[str]:
    while part.is_map or part.is_list:
        inner = part.step(0 if part.is_list else "")
        assert inner is not None
        part = inner
    if isinstance(part.described, Word):
        yield from part.described.choices
    yield from part.keys or ()
