"""Scenarios as one file: the text of the first, and each of them as one of its variants."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, count
from typing import TYPE_CHECKING, Any

from rolloutsim.errors import ScenarioError, UsageError
from rolloutsim.imports.editing import edited
from rolloutsim.imports.setting import differences
from rolloutsim.imports.writing import Said
from rolloutsim.scenario.fields import is_name
from rolloutsim.scenario.loading import VARIANTS
from rolloutsim.scenario.places import dotted
from rolloutsim.scenario.resolve import simulated_alike
from rolloutsim.scenario.settings import changes

if TYPE_CHECKING:
    from rolloutsim.scenario.loading import Draft
    from rolloutsim.scenario.resolved import ResolvedScenario

    Read = Callable[[str], Draft]

_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_NAMELESS = "variant"

Keys = dict[str, Any]  # as `variants` has them


def side_by_side(scenarios: Mapping[str, Draft], text: str, read: Read) -> str:
    """A scenario of which others are variants.

    Parameters
    ----------
    scenarios : mapping
        What a variant is called to its scenario. Where a variant cannot be called so, what a name has not becomes `-`.
    text : str
        That of the first one; variants of its own stay.
    read : callable
        Reads the text of the file that is made.

    Returns
    -------
    str
        The text, in which nothing but `variants` has changed.

    Raises
    ------
    UsageError
        If one cannot be told by the keys in which it differs, so that the file would say something else.
    ScenarioError
        If one is no valid scenario.
    UnreadableError
        If nothing can be added to the text.
    """
    every = dict(zip(_names(scenarios), scenarios.values(), strict=True))
    wanted = {name: draft.scenario().resolve() for name, draft in every.items()}
    first = next(iter(every))
    if taken := sorted(set(every[first].variants) & set(every)):
        raise UsageError(f"'{taken[0]}' is a variant of the scenario '{first}' already; give one of them another name")
    before = _without_variants(every[first].data)
    finest = {name: _by_top(before, _without_variants(draft.data)) for name, draft in every.items()}
    keys = {name: _together(found) for name, found in finest.items()}
    made = read(_with(text, keys))
    if told := [name for name in every if _reason(made, name, wanted[name])]:
        for name in told:
            keys[name] = _in_long(text, name, finest[name], every[name], wanted[name], read)
        made = read(_with(text, keys))
        for name in every:
            if reason := _reason(made, name, wanted[name]):
                raise UsageError(reason)
    return _with(text, keys)


def _with(text: str, keys: Mapping[str, Keys]) -> str:
    return edited(text, {(VARIANTS, name): Said(said) for name, said in keys.items()})


def _names(wanted: Iterable[str]) -> list[str]:
    """Names of variants, each another one."""
    found: list[str] = []
    for text in wanted:
        plain = _NO_NAME.sub("-", text).strip("._-")
        plain = plain if is_name(plain) else _NAMELESS
        free = (name for name in chain([plain], (f"{plain}-{number}" for number in count(2))) if name not in found)
        found.append(next(free))
    return found


def _by_top(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Keys]:
    """What is different, as far down as that is all: by the keys of the file.

    Layers are pulled in their order, and nodes begin in that of groups: another order is another map.
    """
    found: dict[str, Keys] = {}
    for path, value in differences(before, after, in_order=True):
        found.setdefault(path[0], {})[dotted(path)] = value
    return found


def _in_long(
    text: str, name: str, finest: Mapping[str, Keys], draft: Draft, wanted: ResolvedScenario, read: Read
) -> Keys:
    """A variant told by whole keys of the file where parts of them do not do.

    A short form says nothing of what the long one has beside it, and an entry is added as a whole.
    """
    every = draft.scenario().draft().data
    found: dict[str, Keys] = {top: {top: every.get(top)} for top in finest}

    def reason(keys: Mapping[str, Keys]) -> str:
        return _reason(read(_with(text, {name: _together(keys)})), name, wanted)

    if why := reason(found):
        raise UsageError(why)
    for top, fine in finest.items():
        for shorter in (fine, {top: draft.data.get(top)}):
            if not reason({**found, top: shorter}):
                found[top] = shorter
                break
    return _together(found)


def _together(keys: Mapping[str, Keys]) -> Keys:
    return {key: value for one in keys.values() for key, value in one.items()}


def _without_variants(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != VARIANTS}


def _reason(made: Draft, name: str, wanted: ResolvedScenario) -> str:
    """Why a variant is not simulated and judged as a scenario is; empty: it is."""
    try:
        found = made.of_variant(name).scenario().resolve()
    except ScenarioError as error:
        message = error.diagnostics[0].message
        return message if message.startswith("variant ") else f"variant {name}: {message}"
    if simulated_alike(found, wanted) and found.thresholds == wanted.thresholds:
        return ""
    differ = changes(found, wanted)
    what = f"'{dotted(differ[0].path)}'" if differ else "the order of something"
    return f"variant {name}: {what} would be another one in this file; save it as a file of its own"
