"""The shipped scenarios and their results; each is simulated once in a process, whoever asks."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import rolloutsim as rs
from rolloutsim.results.facts.records import Run

ROOT = Path(__file__).parent.parent
SCENARIOS = sorted((ROOT / "scenarios").glob("*.yaml"))


@cache
def result_of(name: str, *overrides: str) -> rs.Result:
    """The result of a shipped scenario, or of one with other values."""
    return rs.load(ROOT / f"scenarios/{name}.yaml", overrides).run()


def shipped(name: str) -> Run:
    """A shipped scenario's run."""
    return result_of(name).run
