"""One case of a scenario with changes made to it, as `--set` makes them: what its rollout time would be.

A change is the text of an override, `registry.uplink=10 Gbit/s`. It goes the way that it takes on the command line
(read, applied to the document, validated, resolved), so that a trial's rollout time is that of a run with the same
`--set` and the same seed. Only the one case is simulated: cases do not know of each other.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from rolloutsim.errors import RolloutsimError
from rolloutsim.planning.jobs import check_jobs
from rolloutsim.results.metrics import rollout_time
from rolloutsim.scenario.loading import Draft
from rolloutsim.scenario.overrides import parse_assignment
from rolloutsim.scenario.places import Places
from rolloutsim.scenario.resolve import resolve
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.scenario.model import Document
    from rolloutsim.scenario.resolved import ResolvedScenario

Overrides = tuple[str, ...]

_WITHOUT_THRESHOLDS = "thresholds={}"

# What an event takes on one core, with the few that come before the first (assumed: measured 10 to 16 µs at 20 to
# 10,000 nodes). Only estimates need it: how many changes fit a budget must not depend on how fast a machine is.
_SECONDS_PER_EVENT = 15e-6
_SECONDS_PER_TRIAL = 5e-3

# What is over sooner is done without other processes, which have to start first: about a second (assumed).
_WORTH_WORKERS = 2.0


@struct
class Trials:
    """Trials of one case.

    Parameters
    ----------
    document : str
        The scenario's file as JSON (`ResolvedScenario.document`).
    case : str
        The case.
    seed : int
        Of all random numbers.
    seconds : float
        What one trial is estimated to take [s].
    """

    document: str
    case: str
    seed: int
    seconds: float

    @classmethod
    def of(cls, scenario: ResolvedScenario, records: CaseRecords, seed: int) -> Trials:
        """Trials of a case that was simulated already."""
        return cls(scenario.document, records.name, seed, _SECONDS_PER_TRIAL + records.events * _SECONDS_PER_EVENT)

    def fitting(self, budget: float) -> int:
        """How many of them fit into a budget [s], on one core."""
        return int(budget / self.seconds)

    def allowed(self, overrides: Overrides) -> Overrides | None:
        """The overrides as the scenario allows them; None if it does not.

        A change may take a link away that a threshold names, by one replica more for example: then it is made without
        the thresholds, which have no say in how long the rollout takes.
        """
        for extended in (overrides, (*overrides, _WITHOUT_THRESHOLDS)):
            with suppress(RolloutsimError):
                document_of(self.document, extended)
                return extended
        return None

    def rollout_time(self, overrides: Overrides) -> float | None:
        """The rollout time with some changes [s]; None: it does not finish. Errors as those of `document_of`."""
        from rolloutsim.simulation import simulate  # reports of what was tried do without

        scenario = resolve(document_of(self.document, overrides))
        cases = tuple(case for case in scenario.cases if case.name == self.case)
        (records,) = simulate(replace(scenario, cases=cases, thresholds=()), self.seed, alone=False).cases
        return rollout_time(records)

    def rollout_times(self, several: Sequence[Overrides], jobs: int = -1) -> list[float | None]:
        """The rollout time with each of several changes [s], in their order; otherwise as `rollout_time`.

        So many `jobs` may work on them, -1: one a core; few and short trials are done by this process alone.
        """
        check_jobs(jobs)
        if jobs == 1 or len(several) < 2 or len(several) * self.seconds < _WORTH_WORKERS:
            return [self.rollout_time(overrides) for overrides in several]
        from joblib import Parallel, delayed

        times: list[float | None] = Parallel(n_jobs=jobs)(delayed(self.rollout_time)(one) for one in several)
        return times


@lru_cache(maxsize=64)  # a change is first found to be allowed, then made
def document_of(text: str, overrides: Overrides = ()) -> Document:
    """The valid document in a JSON text, with changes; UsageError or ScenarioError if they do not fit the scenario."""
    return Draft(json.loads(text), Places("<scenario>")).document([parse_assignment(one) for one in overrides])
