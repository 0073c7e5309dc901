"""Changes that could make a rollout faster, each as overrides of the scenario in the words of `--set`.

- `situation`: what is known about a case, and what a change is.
- `speeds`: links, NICs, disks and cores at twice their speed and at standard speeds, alone and where they tie together.
- `caches`, `peers`: who hands layers over.
- `nodes`, `registries` (and images), `rollouts`, `prepulls`: everything else, by the part of the scenario that it
  changes.

`rolloutsim.planning.what_if` tries them.
"""

from __future__ import annotations

from rolloutsim.planning.changes.caches import cache_changes
from rolloutsim.planning.changes.nodes import node_changes
from rolloutsim.planning.changes.peers import peer_changes
from rolloutsim.planning.changes.prepulls import prepull_changes
from rolloutsim.planning.changes.registries import image_changes, registry_changes
from rolloutsim.planning.changes.rollouts import rollout_changes
from rolloutsim.planning.changes.situation import Candidate, Situation
from rolloutsim.planning.changes.speeds import speed_changes

_PARTS = (
    image_changes, speed_changes, registry_changes, cache_changes, peer_changes, node_changes, rollout_changes,
    prepull_changes,
)  # fmt: skip


def candidates(situation: Situation) -> tuple[Candidate, ...]:
    """The changes that could make a case faster, those first that could relieve what takes most of its time."""
    different: dict[tuple[str, ...], Candidate] = {}
    for changes in _PARTS:
        for one in changes(situation):
            if one.overrides:  # else all is so already
                different.setdefault(one.overrides, one)
    return tuple(sorted(different.values(), key=lambda one: -one.share))
