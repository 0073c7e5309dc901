"""What of a scenario's values no input told, as its key `assumed` says it: path of the key → why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.imports.editing import edited
from rolloutsim.imports.writing import Said
from rolloutsim.scenario.assumed import KEY, in_force, path_of
from rolloutsim.scenario.places import dotted
from rolloutsim.scenario.structure import part_at
from rolloutsim.scenario.text import read

Path = tuple[str, ...]

# In a remark: `assumed: …` alone or behind what was told. `one layer: assumed` is of what no key says.
_REMARK = re.compile(r"(?:^|; )assumed\b(?:: (?P<why>.+))?")
_NOTHING = "nothing that was given tells it"
_TOLD = ("registry", "of")  # keys of a part that stand for names in the input, whatever is assumed of the part


def with_assumed(content: Mapping[str, Any]) -> dict[str, Any]:
    """A scenario's content with the key `assumed`, where any of it is."""
    found = {dotted(path): Said(why) for path, why in assumed_in(content)}
    return {**content, KEY: found} if found else dict(content)


def assumed_in(content: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """The path of each value in a part that its remark calls assumed, and why it is what it is."""
    said = content if isinstance(content, Said) else Said(content)
    remark = _REMARK.search(said.remark)
    if remark is not None:
        for inner in _leaves(said.value, path):
            yield inner, remark["why"] or _NOTHING
    elif isinstance(said.value, Mapping):
        for key, value in said.value.items():
            yield from assumed_in(value, (*path, str(key)))


def edited_anew(text: str, before: Mapping[str, Any], changes: Mapping[Path, Said]) -> str:
    """A scenario's text with other values, and the key `assumed` as it is then; errors as of `edited`.

    Parameters
    ----------
    text : str
        The scenario.
    before : mapping
        Its data.
    changes : mapping
        As `edited` takes them: what is told now is assumed no more, what is assumed now is added.
    """
    made = edited(text, changes)
    told = before.get(KEY)
    told = told if isinstance(told, Mapping) else {}
    new = {dotted(path): why for where, said in changes.items() for path, why in assumed_in(said, where)}
    if not told and not new:
        return made
    after = read(made.removeprefix("\ufeff"), "<scenario>").data
    left = {key: why for key, why in in_force(before, after).get(KEY, {}).items() if not _is_told(str(key), changes)}
    wanted = {**left, **new}
    of_assumed: dict[Path, Said] = {(KEY, key): Said(None) for key in told if key not in wanted}
    of_assumed |= {(KEY, key): Said(why) for key, why in wanted.items() if told.get(key) != why}
    return edited(made, of_assumed if wanted else {(KEY,): Said(None)})


def _is_told(key: str, changes: Mapping[Path, Said]) -> bool:
    """Whether a value, or what it is in, is said anew."""
    path = path_of(key) or ()
    return any(path[:length] in changes for length in range(1, len(path) + 1))


def _leaves(value: Any, path: Path) -> Iterator[Path]:
    """The path of each value in a part, in its long form; a list is one."""
    if isinstance(value, Said):
        yield from _leaves(value.value, path)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in _TOLD:
                yield from _leaves(inner, (*path, str(key)))
    else:
        part = part_at(path)
        stands_for = part.short.key if part is not None and part.short is not None else None
        yield path if stands_for is None else (*path, stands_for)
