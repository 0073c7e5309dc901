"""A scenario that can be run, from a file, from text, or written in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolloutsim import planning
from rolloutsim import scenario as _scenario
from rolloutsim.errors import UsageError
from rolloutsim.scenario.resolved import LARGEST_SEED

if TYPE_CHECKING:
    from rolloutsim.api.explore import Explorer
    from rolloutsim.api.result import Result
    from rolloutsim.api.sweep import Sweep
    from rolloutsim.planning.cheapest import Purchase
    from rolloutsim.planning.solve import Solution


class Scenario(_scenario.Scenario):
    """A validated scenario, frozen: `Scenario(nodes=20, network="1 Gbit/s", images={"alpine": "3.97 MB"})`.

    Keys are those of a scenario file, in its short or its long form.
    """

    def run(self, seed: int | None = None, replications: int | None = None, jobs: int = 1) -> Result:
        """Simulate it.

        Parameters
        ----------
        seed : int, optional
            Of all random numbers, a whole number from 0 to 2^63 - 1; the scenario's own by default.
        replications : int, optional
            How often, each time with a seed of its own; every figure is then a mean with an interval. The
            scenario's own number by default.
        jobs : int
            How many processes work on the replications; -1: one a core. The results are the same.

        Raises
        ------
        UsageError
            If the seed is no such number, or there can be no such number of replications or jobs.
        """
        from rolloutsim.api.result import simulated

        return simulated(self.resolve(), _checked(seed), replications, jobs)

    def sweep(
        self,
        parameters: Mapping[str, Any] | None = None,
        *,
        replications: int | None = None,
        seed: int | None = None,
        design: str | None = None,
        points: int | None = None,
        jobs: int = -1,
        cluster: str | None = None,
        path: str | Path | None = None,
        resume: bool = False,
        show: Sequence[str] = (),
    ) -> Sweep:
        """Simulate it at many points, each as often as there are replications, with common random numbers.

        Parameters
        ----------
        parameters : mapping, optional
            Path, as in `with_`, to a list of values, or to a range `{"from": "1 Gbit/s", "to": "10 Gbit/s", "scale":
            "log"}`; the scenario's own key `sweep` by default.
        replications : int, optional
            Runs of each point, each with a seed of its own; the scenario's own number by default.
        seed : int, optional
            Of the first replication of every point; the scenario's own by default.
        design : str, optional
            `grid` (every combination; the default), `zip` (values side by side) or `sobol` (points spread evenly).
        points : int, optional
            How many, for `sobol`; a power of two is best.
        jobs : int
            Processes on local cores, -1: one for each. What is over in two seconds is done without any.
        cluster : str, optional
            URL of a Dask scheduler, `tcp://host:8786`, whose workers compute instead. For a Ray cluster choose its
            joblib backend around the call: `ray.util.joblib.register_ray()`, `with joblib.parallel_config("ray"):`.
        path : str or Path, optional
            SQLite file that it is streamed into; what is done stays there whatever happens.
        resume : bool
            Go on with that file if it is there.
        show : sequence of str
            Metrics to measure beside the figures of each case, `pull_time{group=web} p95`: columns of the results.

        Returns
        -------
        Sweep
            The same, bit for bit, whoever computes it.

        Raises
        ------
        UsageError
            If a path leads nowhere, the design does not fit, a metric cannot be read, or the file is of another sweep.
        ScenarioError
            If a point is not valid; nothing was simulated then.
        """
        from rolloutsim.api.sweep import sweep

        return sweep(self, parameters, replications, _checked(seed), design, points, jobs, cluster, path, resume, show)

    def solve(
        self,
        find: str,
        such_that: str,
        between: tuple[Any, Any] | None = None,
        case: str | None = None,
        largest: bool = False,
        seed: int | None = None,
        replications: int | None = None,
        jobs: int = 1,
        standard: bool = False,
    ) -> Solution:
        """Find the smallest value with which a condition holds: `s.solve("network", "rollout_time < 30 s")`.

        Parameters
        ----------
        find : str
            Path of a number, as in `with_`.
        such_that : str
            The condition, as in thresholds.
        between : tuple, optional
            A pair, the smallest and the largest value that come into question; by default as far as it takes.
        case : str, optional
            The only case that has to meet the condition; all of them by default.
        largest : bool
            Whether the largest value is looked for.
        seed, replications, jobs
            As for `run`; with several replications the condition must hold at the end of the 95 % interval (`min` and
            `max`, which have none, are compared as they are).
        standard : bool
            Whether only what can be bought comes into question: standard speeds of links, whole percentages.

        Raises
        ------
        UsageError
            If there is no such number, `between` is no pair, or the condition cannot be read.
        ScenarioError
            If the scenario is not valid with one of the values in `between`.
        """
        return planning.solve.solve(
            self.draft(), find, such_that, between, case, largest, _checked(seed), replications, jobs,
            to_buy=standard,
        )  # fmt: skip

    def cheapest(
        self,
        prices: Mapping[str, Mapping[Any, Any]],
        *such_that: str,
        tries: int | None = None,
        seed: int | None = None,
        replications: int | None = None,
        jobs: int = -1,
    ) -> Purchase:
        """Find the cheapest values of some keys that will do: `s.cheapest({"network": {"10 Gbit/s": 4000}})`.

        Every combination is simulated, cheapest first, until one will do and all others of its price are tried.

        Parameters
        ----------
        prices : mapping of str to mapping
            Path, as in `with_`, to its values with what they cost in all. What the scenario has comes into question as
            well, for nothing unless it has a price.
        such_that : str
            Conditions; by default the scenario's own thresholds, without those that only warn.
        tries : int, optional
            How many combinations are simulated at most; 1,000 by default.
        seed, replications
            As for `solve`.
        jobs : int
            Processes on local cores, -1: one for each; the answer is the same.

        Raises
        ------
        UsageError
            If a path leads nowhere, a price is none, a condition cannot be read, or there is none.
        ScenarioError
            If the scenario is not valid with one of the combinations.
        """
        most = planning.cheapest.TRIES if tries is None else tries
        who = planning.sweep.workers.workers(jobs)
        return planning.cheapest.cheapest(self.draft(), prices, such_that, most, _checked(seed), replications, who)

    def explore(self, *keys: str, seed: int | None = None, replications: int | None = None) -> Explorer:
        """Move values and see what comes of them, in Jupyter: `s.explore("nodes", "network")`.

        Parameters
        ----------
        keys : str
            Paths, as in `with_`; without any, those that matter most in the scenario.
        seed, replications
            As for `run`.

        Returns
        -------
        Explorer
            Sliders and fields, which Jupyter shows. `scenario` is the scenario as explored, `result` what came out of
            it; this one stays as it is.

        Raises
        ------
        UsageError
            If there is no such key, or ipywidgets is not installed (`pip install 'rolloutsim[explore]'`).
        """
        from rolloutsim.api.explore import Explorer

        return Explorer(self, keys, _checked(seed), replications)

    def _repr_html_(self) -> str:
        from rolloutsim.api.html import of_scenario

        return of_scenario(self.resolve())


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
