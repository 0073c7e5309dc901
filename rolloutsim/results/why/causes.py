"""Why a case lasted as long as it did: the causes on the critical path of its last pod, and on all pods' paths.

Along the last pod's path they add up to the rollout time: what takes half of that path takes half of the rollout. Over
all pods they say what the fleet waited for, which may be something else.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from rolloutsim.results.why.critical import last_path
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.results.metrics import CaseSummary


@struct(frozen=True)
class Cause:
    """A cause and what it took."""

    cause: str  # a shared link's name, or a word of `rolloutsim.results.time.split`
    seconds: float  # on the last pod's path [s]
    share: float  # of the rollout time [1]
    over_all_s: float  # on all pods' paths, summed over them [s]


def cause_columns(case: CaseRecords, summary: CaseSummary) -> dict[str, list[Any]]:
    """The same as `causes`, column by column."""
    found = causes(case, summary)
    return {field.name: [getattr(one, field.name) for one in found] for field in fields(Cause)}


def causes(case: CaseRecords, summary: CaseSummary) -> tuple[Cause, ...]:
    """The causes of a case's rollout time, the largest on the last pod's path first; none if it did not finish.

    Those that only other pods met come last, the largest first. With several replications the figures are means.
    """
    over_all = summary.time_split_s
    if not case.finished:
        return ()
    seconds: dict[str, float] = {}
    for cause, length in last_path(case):
        seconds[cause] = seconds.get(cause, 0.0) + length
    whole = sum(seconds.values())
    found = [
        Cause(
            cause, seconds.get(cause, 0.0), seconds.get(cause, 0.0) / whole if whole else 0.0, over_all.get(cause, 0.0)
        )
        for cause in dict.fromkeys((*seconds, *over_all))
    ]
    return tuple(sorted(found, key=lambda one: (-one.seconds, -one.over_all_s)))
