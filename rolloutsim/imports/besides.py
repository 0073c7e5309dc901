"""Texts of scenarios as one file: the text of the first, and each of them as one of its variants."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, count
from typing import Any

from rolloutsim.errors import ScenarioError, UsageError
from rolloutsim.imports.editing import edited
from rolloutsim.imports.setting import differences
from rolloutsim.imports.writing import Said
from rolloutsim.scenario.fields import is_name
from rolloutsim.scenario.loading import VARIANTS, Draft
from rolloutsim.scenario.places import dotted
from rolloutsim.scenario.settings import changes

_NO_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_NAMELESS = "variant"

Keys = dict[str, Any]
Read = Callable[[str], Draft]


def side_by_side(texts: Mapping[str, str], read: Read) -> str:
    """A scenario of which others are variants.

    Parameters
    ----------
    texts : mapping
        What a variant is called to a scenario's text. The first is that of the file; variants of its own stay. Where
        a variant cannot be called so, what a name has not becomes `-`.
    read : callable
        Reads a text.

    Returns
    -------
    str
        The first text, in which nothing but `variants` has changed.

    Raises
    ------
    UsageError
        If one cannot be told by the keys in which it differs.
    ScenarioError
        If a text is no scenario.
    UnreadableError
        If nothing can be added to the first text.
    """
    drafts = dict(zip(_names(texts), map(read, texts.values()), strict=True))
    for one in drafts.values():
        one.scenario()
    first, text = next(iter(drafts)), next(iter(texts.values()))
    own = drafts[first].data.get(VARIANTS) or {}
    if taken := sorted(set(own) & set(drafts)):
        raise UsageError(f"'{taken[0]}' is a variant of the scenario '{first}' already; give one of them another name")
    keys = {name: _told(text, name, drafts[first], draft, read) for name, draft in drafts.items()}
    made = edited(text, {(VARIANTS, name): Said(said) for name, said in keys.items()})
    read(made).scenario()
    return made


def _names(wanted: Iterable[str]) -> list[str]:
    """Names of variants, each another one."""
    found: list[str] = []
    for text in wanted:
        plain = _NO_NAME.sub("-", text).strip("._-")
        plain = plain if is_name(plain) else _NAMELESS
        free = (name for name in chain([plain], (f"{plain}-{number}" for number in count(2))) if name not in found)
        found.append(next(free))
    return found


def _told(text: str, name: str, first: Draft, other: Draft, read: Read) -> Keys:
    """What a variant says: the keys that differ, as far down as that is all, or else whole ones, in their long form."""
    finest: dict[str, Keys] = {}
    for path, said in differences(_without_variants(first.data), _without_variants(other.data)):
        finest.setdefault(path[0], {})[dotted(path)] = said.value
    keys = {key: said for one in finest.values() for key, said in one.items()}
    if not _reason(text, name, keys, other, read):
        return keys
    # A short form says nothing of what the long one has beside it, and an entry is added as a whole.
    every = other.scenario().draft().data
    found = {top: {top: every.get(top)} for top in finest}
    if reason := _reason(text, name, _together(found), other, read):
        raise UsageError(reason)
    for top, fine in finest.items():
        for shorter in (fine, {top: other.data.get(top)}):
            if not _reason(text, name, _together({**found, top: shorter}), other, read):
                found[top] = shorter
                break
    return _together(found)


def _together(keys: Mapping[str, Keys]) -> Keys:
    return {key: value for one in keys.values() for key, value in one.items()}


def _without_variants(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != VARIANTS}


def _reason(text: str, name: str, keys: Keys, wanted: Draft, read: Read) -> str:
    """Why a text with these keys is not simulated as another scenario is; empty: it is."""
    try:
        found = read(edited(text, {(VARIANTS,): Said({name: keys})})).of_variant(name).scenario()
    except ScenarioError as error:
        message = error.diagnostics[0].message
        return message if message.startswith("variant ") else f"variant {name}: {message}"
    differ = changes(found.resolve(), wanted.scenario().resolve())
    if not differ:
        return ""
    return f"variant {name}: '{dotted(differ[0].path)}' cannot be told as what differs; save it as a file of its own"
