"""Some of what would be tried, for tests of these changes alone: each other one is a simulation more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from rolloutsim.planning.changes.situation import Candidate
from rolloutsim.planning.tried import WhatIf
from rolloutsim.planning.what_if import Plan
from rolloutsim.results.outcome import Outcome


def subjects(outcome: Outcome) -> set[str]:
    """What would be changed."""
    return {one.subject for one in Plan.of(outcome).candidates}


def tried(outcome: Outcome, wanted: Callable[[Candidate], bool]) -> dict[str, WhatIf]:
    """The changes that are wanted, by what is changed."""
    plan = Plan.of(outcome)
    some = replace(plan, candidates=tuple(one for one in plan.candidates if wanted(one)))
    return {one.subject: one for one in some.carry_out(jobs=1).tried}


def the(subject: str) -> Callable[[Candidate], bool]:
    """A change of one subject is wanted."""
    return lambda one: one.subject == subject
