"""Keys of a scenario of which no other value can be tried: they are about many runs or the file, not about one run."""

from __future__ import annotations

from collections.abc import Mapping

from rolloutsim.errors import UsageError
from rolloutsim.scenario.places import Path, dotted

# Why, and what to do instead, by the key that a path begins with.
_IDLE: Mapping[str, str] = {
    "replications": "every value is simulated equally often; say how often with --replications",
    "sweep": "it says what a sweep varies, and changes no simulation; vary what stands there",
    "thresholds": "it judges a simulation, and changes none; sweep what is simulated, or compare with --fail-if",
    "rolloutsim": "it is the version of the file's format, of which this release reads one",
}


def refuse_idle(path: Path, source: str) -> None:
    """Refuse to try values of a key that changes no simulation.

    Parameters
    ----------
    path : tuple
        Where the values stand, as an override names it.
    source : str
        Where that was asked for, for errors.

    Raises
    ------
    UsageError
        If the key changes none.
    """
    reason = _IDLE.get(str(path[0])) if path else None
    if reason is not None:
        raise UsageError(f"{source}: {dotted(path)} has no effect here: {reason}")
