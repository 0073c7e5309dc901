"""What was seen of real pulls: events, logs and metrics, as pulls and requests.

Reading order: `pulls` (what all of them become).
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

__all__ = ["Observed", "ObservedPull", "ObservedRequest"]

if TYPE_CHECKING:
    from rolloutsim.imports.observed import pulls
    from rolloutsim.imports.observed.pulls import Observed, ObservedPull, ObservedRequest
else:
    __getattr__ = front(__name__, {"pulls": ("Observed", "ObservedPull", "ObservedRequest")})
