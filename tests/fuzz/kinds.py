"""The kinds of random cases; the module of each is named like it, and has a function `check(number)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(NamedTuple):
    """What its cases try, how many of a million cases are of it, and how many the tests play."""

    tries: str
    cases: int
    slice: int


KINDS: Mapping[str, Kind] = {
    "runs": Kind("scenarios of all keys, simulated: what must hold in each result", 35_000, 80),
    "odd": Kind("the same with numbers as odd as the schema allows: an end within bounds, or an error", 15_000, 20),
    "answers": Kind("what commands and reports say of results, unfinished ones too", 1_200, 6),
    "results": Kind("files of results that are damaged or made up", 15_000, 26),
    "laws": Kind("scenarios said otherwise: the same result, or one that is known from it", 30_000, 28),
    "ideals": Kind("ideal scenarios against exact arithmetic", 60_000, 30),
    "sweeps": Kind("files of sweeps that are damaged or made up", 20_000, 20),
    "imports": Kind("files of others that are damaged or made up", 110_000, 40),
    "documents": Kind("the loader takes what the JSON Schema takes, and nothing else", 290_000, 500),
    "texts": Kind("texts of scenario files, changed at random: a scenario or located errors", 423_800, 400),
}
