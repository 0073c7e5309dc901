"""Scenarios of all keys, simulated."""

from __future__ import annotations

import json
from random import Random

from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate
from tests.fuzz.valid import valid


def check(number: int) -> None:
    """One scenario, simulated."""
    simulate(loads(json.dumps(valid(Random(f"runs {number}")))).resolve())
