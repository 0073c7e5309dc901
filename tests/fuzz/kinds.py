"""The kinds of random cases; the module of each is named like it, and has a function `check(number)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(NamedTuple):
    """What its cases try, and how many of a million cases are of it."""

    tries: str
    cases: int


KINDS: Mapping[str, Kind] = {
    "documents": Kind("the loader takes what the JSON Schema takes, and nothing else", 300_000),
    "texts": Kind("texts of scenario files, changed at random: a scenario or located errors", 200_000),
    "runs": Kind("scenarios of all keys, simulated: what must hold in each result", 200_000),
    "odd": Kind("the same with numbers as odd as the schema allows: an end within bounds, or an error", 50_000),
    "laws": Kind("scenarios said otherwise: the same result, or one that is known from it", 60_000),
    "ideals": Kind("ideal scenarios against exact arithmetic", 60_000),
    "answers": Kind("what commands and reports say of results, unfinished ones too", 30_000),
    "results": Kind("files of results that are damaged or made up", 40_000),
    "sweeps": Kind("files of sweeps that are damaged or made up", 20_000),
    "imports": Kind("files of others that are damaged or made up", 40_000),
}
