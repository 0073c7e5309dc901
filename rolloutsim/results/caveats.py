"""What of a run's figures is not known, or known less well than it looks: said wherever the figures are shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rolloutsim.results.checked import outside

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import Run


def caveats(run: Run) -> Iterator[str]:
    """What one has to know before relying on a run's figures, a sentence each; nothing if there is nothing."""
    yield from _about_moments(run)
    if any(case.background.kind for case in run.cases):
        from rolloutsim.results.load.background import about_latencies  # few scenarios have any

        yield from about_latencies(run)
    yield from outside(run)


def _about_moments(run: Run) -> Iterator[str]:
    """What is not known of when requests were refused, in words; nothing if all is."""
    width = max((case.orchestration.refusals.width.max(initial=0.0) for case in run.cases), default=0.0)
    if width > 0.0:
        yield (
            f"Requests were refused at more moments than are told apart: the later ones are known to {width:g} s, "
            "and with them the peak of requests; their numbers are exact."
        )
