"""Which of a scenario's values nobody measured: what its key `assumed` says, which changes no simulation.

An assumption is about the value beside which it stands: what a variant, another file or `--set` says in its place is
not assumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rolloutsim.errors import UsageError
from rolloutsim.scenario.overrides import parse_path
from rolloutsim.scenario.places import Path, Problem, dotted
from rolloutsim.scenario.structure import ROOT, Part

if TYPE_CHECKING:
    from rolloutsim.scenario.model import Document

KEY = "assumed"
_FITTED = "calibrated"
_NOTHING = object()


def assumptions(data: Any) -> dict[Path, str]:
    """Path of each value that a scenario's data call assumed → why it is what it is."""
    told = data.get(KEY) if isinstance(data, Mapping) else None
    if not isinstance(told, Mapping):
        return {}
    return {path: str(why) for key, why in told.items() if (path := path_of(key)) is not None}


def path_of(key: object) -> Path | None:
    """The path that a key of `assumed` or `calibrated` names; None: it is no path."""
    try:
        return parse_path(str(key))
    except UsageError:
        return None


def why_assumed(path: Path, assumed: Mapping[Path, str]) -> str | None:
    """Why a value is what it is, where it or what it is in is assumed."""
    if not assumed:
        return None
    return next((assumed[path[:length]] for length in range(len(path), 0, -1) if path[:length] in assumed), None)


def in_force(before: Mapping[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Changed data without what was assumed or calibrated of what was changed.

    Parameters
    ----------
    before, after : mapping
        A scenario's data, and the same with changes.
    """
    for name in (KEY, _FITTED):
        after = _in_force(name, before, after)
    return after


def _in_force(name: str, before: Mapping[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    told = after.get(name)
    if not isinstance(told, dict):
        return after
    old = before.get(name)
    old = old if isinstance(old, Mapping) else {}
    kept: dict[str, Any] = {}
    for key, why in told.items():
        is_new = old.get(key) != why
        kept |= dict.fromkeys((key,) if is_new else _kept(str(key), before, after), why)
    if kept == told:
        return after
    return {key: kept if key == name else value for key, value in after.items() if key != name or kept}


def assumed_problems(document: Document) -> Iterator[Problem]:
    """Assumptions about what is not there, or was calibrated; and calibrations of what is not there."""
    if not document.assumed and not document.calibrated:
        return
    data = document.model_dump(mode="json", exclude_unset=True, by_alias=True)
    fitted = {path: key for key in document.calibrated if (path := path_of(key)) is not None}
    for name, key in (*((KEY, key) for key in document.assumed), *((_FITTED, key) for key in document.calibrated)):
        place: Path = (name, key)
        path = path_of(key)
        if path is None:
            yield Problem(
                place, f"'{key}' is no path of a key; write it as --set takes it, for example network.rate", at="key"
            )
        elif name == KEY and path in fitted:
            yield Problem(
                place, f"{key} was calibrated, and so is assumed no more", "take it out of assumed, or of calibrated",
                at="key", related=((_FITTED, fitted[path]),),
            )  # fmt: skip
        elif value_at(data, path) is _NOTHING:
            yield Problem(
                place, f"the scenario has no value at {dotted(path)} that could be {name}",
                f"take it out of {name}, or write its path as --set takes it", at="key",
            )  # fmt: skip


def value_at(data: Any, path: Path, opened: bool = True) -> Any:
    """What stands at a path of a scenario's data; something that equals nothing where none does.

    Short forms around it are written out, and itself if it is to be `opened`.
    """
    part: Part | None = ROOT
    for step in path:
        data = part.opened(data) if part is not None else data
        if isinstance(data, (list, tuple)) and str(step).isdecimal() and int(step) < len(data):
            data = data[int(step)]
        elif isinstance(data, Mapping) and step in data:
            data = data[step]
        else:
            return _NOTHING
        part = part.step(step) if part is not None else None
    if data is None:
        return _NOTHING
    return part.opened(data) if opened and part is not None else data


def _kept(key: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """The key of an assumption if what it is about is as it was; else those of the values in it that are."""
    path = path_of(key)
    old = _NOTHING if path is None else value_at(before, path)
    new = _NOTHING if path is None else value_at(after, path)
    if old is _NOTHING or old == new:  # what was wrong before is wrong still
        yield key
    elif path is not None:
        yield from (dotted((*path, *steps)) for steps in _alike(old, new, ()))


def _alike(old: Any, new: Any, path: Path) -> Iterator[Path]:
    """Where in a part there is the same value as there was."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for step, inner in old.items():
            if step in new:
                yield from _alike(inner, new[step], (*path, step))
    elif old == new:
        yield path
