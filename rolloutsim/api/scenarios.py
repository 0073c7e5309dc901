"""A scenario that can be run, from a file, from text, or written in Python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolloutsim import scenario as _scenario
from rolloutsim.errors import UsageError
from rolloutsim.scenario.resolved import LARGEST_SEED

if TYPE_CHECKING:
    from rolloutsim.api.result import Result


class Scenario(_scenario.Scenario):
    """A validated scenario, frozen: `Scenario(nodes=20, network="1 Gbit/s", images={"alpine": "3.97 MB"})`.

    Keys are those of a scenario file, in its short or its long form.
    """

    def run(self, seed: int | None = None) -> Result:
        """Simulate it.

        Parameters
        ----------
        seed : int, optional
            Of all random numbers, a whole number from 0 to 2^63 - 1; the scenario's own by default.

        Raises
        ------
        UsageError
            If the seed is no such number.
        """
        from rolloutsim.api.result import Result
        from rolloutsim.simulation import simulate

        return Result(simulate(self.resolve(), _checked(seed)))


def load(path: str | Path, overrides: Sequence[str] = ()) -> Scenario:
    """Read a scenario file.

    Parameters
    ----------
    path : str or Path
        The file; `-` is the standard input.
    overrides : sequence of str
        Values to change, `K=V` as in `--set`.

    Raises
    ------
    ScenarioError
        If it is invalid; `diagnostics` lists all errors.
    UsageError
        If there is no such file, or a path in `overrides` leads nowhere.
    """
    return Scenario._of(_scenario.load(path, overrides))


def loads(text: str, name: str = "<string>", overrides: Sequence[str] = ()) -> Scenario:
    """Read a scenario from text; `name` stands for a file's name in errors."""
    return Scenario._of(_scenario.loads(text, name, overrides))


def _checked(seed: Any) -> int | None:
    """The seed, where it is one."""
    if seed is None:
        return None
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or not 0 <= seed.__index__() <= LARGEST_SEED:
        raise UsageError(f"seed {seed!r} is not a whole number from 0 to {LARGEST_SEED}")
    return int(seed.__index__())
