"""All changes worth a try in a case, the most promising first."""

from __future__ import annotations

from rolloutsim.planning.changes.images import image_changes
from rolloutsim.planning.changes.nodes import node_changes
from rolloutsim.planning.changes.registries import registry_changes
from rolloutsim.planning.changes.rollouts import rollout_changes
from rolloutsim.planning.changes.situation import Candidate, Situation
from rolloutsim.planning.changes.speeds import speed_changes


def candidates(situation: Situation) -> tuple[Candidate, ...]:
    """The changes that could make a case faster, those first that could relieve what takes most of its time.

    Parameters
    ----------
    situation : Situation
        The case.
    """
    found = [
        *image_changes(situation),
        *speed_changes(situation),
        *registry_changes(situation),
        *node_changes(situation),
        *rollout_changes(situation),
    ]
    different = {candidate.overrides: candidate for candidate in reversed(found)}
    return tuple(sorted((one for one in found if different[one.overrides] is one), key=lambda one: -one.share))
