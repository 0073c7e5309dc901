"""What was seen of real pulls: events, logs and metrics, as pulls and requests.

Reading order: `pulls` (what all of them become), `observing` (which file is what), `sorting` (which pulls moved bytes);
then the readers: `events` and `messages` (of Kubernetes), `tables` (of kubectl), `lines` and `journal` (logs of nodes),
`registry`, `metrics`.
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

__all__ = ["Observed", "ObservedPull", "ObservedRequest", "observed"]

if TYPE_CHECKING:
    from rolloutsim.imports.observed import (
        events,
        journal,
        lines,
        messages,
        metrics,
        observing,
        pulls,
        registry,
        seen,
        sorting,
        tables,
        times,
    )
    from rolloutsim.imports.observed.observing import observed
    from rolloutsim.imports.observed.pulls import Observed, ObservedPull, ObservedRequest
else:
    __getattr__ = front(
        __name__, {"observing": ("observed",), "pulls": ("Observed", "ObservedPull", "ObservedRequest")}
    )
