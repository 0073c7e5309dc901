"""Numbers that nobody knows, fitted to pulls that somebody saw.

Reading order: `match` (whose pulls they are), `replay` (the simulation of the same pulls), `parameters` (what may be
fitted), `fit` (least squares on logarithms), `select` (how many numbers the data can bear), `bootstrap` (intervals),
`identify` (what cannot be told), `calibrated` (all of it).
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

__all__ = ["Calibration", "calibrated"]

if TYPE_CHECKING:
    from rolloutsim.calibration.calibrated import Calibration, calibrated
else:
    __getattr__ = front(__name__, {"calibrated": ("Calibration", "calibrated")})
