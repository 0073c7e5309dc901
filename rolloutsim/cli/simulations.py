"""What commands simulate of a scenario file: it itself, what would help, and what its inputs do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolloutsim import api, cli, planning

if TYPE_CHECKING:
    from rolloutsim.api.result import Result
    from rolloutsim.cli.scenarios import File
    from rolloutsim.planning.sensitivity import Sensitivity
    from rolloutsim.planning.tried import WhatIfs


def simulate(scenario: File, seed: int | None, replications: int | None, jobs: int) -> Result:
    """The scenario simulated, with more draws beside it where it is random and nobody says how often."""
    with cli.progress.Progress() as progress:
        return api.result.simulated(scenario.resolved, seed, replications, jobs, progress, beside=True)


def tried(result: Result, wanted: bool, thorough: bool, jobs: int) -> WhatIfs:
    """What would help: the few changes that go with a run, or all of them; none where nobody looks at them."""
    if not wanted:
        return planning.tried.WhatIfs()
    if not thorough:
        return planning.what_if.quick_what_if(result.outcome)
    plan = planning.what_if.Plan.of(result.outcome)
    with cli.progress.TrialsProgress("what-if", always=True) as progress:
        return plan.carry_out(jobs, progress)


def inputs(result: Result, jobs: int) -> Sensitivity:
    """How much each input matters, for the report."""
    plan = planning.sensitivity.Plan.of(result.outcome)
    with cli.progress.TrialsProgress("sensitivity", always=True) as progress:
        return plan.carry_out(jobs, progress)
