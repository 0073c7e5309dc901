"""Where it matters that of an image only its size is known: the note that says so."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rolloutsim.results.why.critical import last_path
from rolloutsim.scenario.causes import CONNECTION_CAP, DISK, UNPACK
from rolloutsim.scenario.places import dotted

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import Run

# Smaller images are often one layer, and soon unpacked (assumed).
_LARGE = 200e6  # [B]
_DECIDES = 0.1  # of the rollout time (assumed: less is within what a planner rounds)
_MANY = 8  # layers of a large image (assumed)

# What several layers share out among connections and cores; the links and NICs carry the same bytes.
_OF_ONE_LAYER = {CONNECTION_CAP.name, DISK.name, UNPACK.name}

# Keys of an image that say of which layers it is.
_IN_LAYERS = {"layers", "base", "equal_layers"}


def about_sizes(run: Run) -> Iterator[str]:
    """Which large images are one layer for want of a better knowledge, where that takes much of a rollout's time."""
    found: dict[str, float] = {}
    for case in run.cases:
        path = dict(last_path(case))
        whole = sum(path.values())
        share = sum(seconds for cause, seconds in path.items() if cause in _OF_ONE_LAYER) / whole if whole else 0.0
        for image in case.images:
            if len(image.layers) == 1 and image.compressed > _LARGE and share > _DECIDES:
                found[image.name] = max(found.get(image.name, 0.0), share)
    # One that was made without a file says nothing of how it came to its layers.
    given = json.loads(run.scenario.document).get("images", {}) if found and run.scenario.document else {}
    for name, share in found.items():
        if name not in given or _IN_LAYERS & given[name].keys():
            continue
        change = shlex.quote(f"{dotted(('images', name, 'layers'))}={_MANY}")
        yield (
            f"{name} is given as a size alone, so it is one layer: one connection fetches it, and then one core "
            f"unpacks it. That and its disk take {share:.0%} of the rollout time; --set {change} computes it for "
            f"{_MANY} equal layers."
        )
