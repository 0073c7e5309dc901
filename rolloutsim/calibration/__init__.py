"""Numbers that nobody knows, fitted to pulls that somebody saw.

Reading order: `match` (whose pulls they are), `logged` (those of a registry's log), `replay` (the simulation of the
same pulls), `parameters` (what may be fitted), `fit` (least squares on logarithms), `search` (from where, and all of
them together), `bootstrap` (intervals), `ends` (of these, where durations bend), `identify` (what cannot be told),
`comparison`, `histograms`, `requests` and `beside` (what else was seen of them), `calibrated` (all of it), `shown` and
`writing` (for people, and for the scenario).
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

__all__ = ["Calibration", "calibrated"]

if TYPE_CHECKING:
    from rolloutsim.calibration import (
        beside,
        bootstrap,
        comparison,
        ends,
        fit,
        histograms,
        identify,
        logged,
        match,
        parameters,
        replay,
        requests,
        search,
        shown,
        writing,
    )
    from rolloutsim.calibration.calibrated import Calibration, calibrated
else:
    __getattr__ = front(__name__, {"calibrated": ("Calibration", "calibrated")})
