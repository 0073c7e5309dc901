"""What metrics and registries tell of the pulls that were fitted to, against the fit."""

from __future__ import annotations

from collections.abc import Sequence

from rolloutsim.calibration import histograms, requests
from rolloutsim.calibration.comparison import Beside, joined, slack
from rolloutsim.calibration.match import counts_compressed
from rolloutsim.calibration.replay import Replay, Values
from rolloutsim.imports.observed import Observed


def beside(observed: Observed, replay: Replay, values: Values, times: Sequence[float], scatter: float) -> Beside:
    """Compare what else was seen with what the fit says of it.

    Parameters
    ----------
    observed : Observed
        All that was seen.
    replay : Replay
        The pulls that were fitted to.
    values : mapping
        The numbers of the fit: path of a key → its value.
    times : sequence of float
        How long each pull takes by the fit [s].
    scatter : float
        Standard deviation of logarithms of measured / predicted.
    """
    by, parts = slack(scatter), []
    if observed.histograms:
        parts.append(histograms.compared(observed.histograms, _timed(replay, values, times), by))
    if observed.requests:
        parts.append(requests.compared(observed.requests, replay, values, by))
    return joined(parts)


def _timed(replay: Replay, values: Values, times: Sequence[float]) -> list[histograms.Timed]:
    groups = replay.scenario(values).groups
    found = []
    for pull, before, time in zip(replay.pulls, replay.before, times, strict=True):
        image = replay.images[pull.image]
        held = {layer.digest for name in before for layer in replay.images[name].layers}
        whole = image.compressed
        if not counts_compressed(groups[pull.group]):
            whole = sum(layer.unpacked for layer in image.layers)
        found.append(histograms.Timed(
            pull, time, float(pull.seen.size or whole), image.compressed,
            sum(layer.compressed for layer in image.layers if layer.digest not in held),
        ))  # fmt: skip
    return found
