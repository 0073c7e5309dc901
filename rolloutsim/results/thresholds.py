"""Were a scenario's conditions met, and with how much room?

A condition without a selector is checked for every case. `image` restricts it to the pulls of an image,
`case` to a case, `link` names the link: a shared one, one of a node, or those of a group of nodes (`web.disk`),
of which the mean is checked where the condition has no statistic. A value that does not exist (the rollout did
not finish, there is no such link) fails its condition; a pull that did not finish counts as one that took for
ever.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from rolloutsim.results import metrics
from rolloutsim.results.figures import show_factor, show_share, show_size, show_time, whole_share
from rolloutsim.results.links import Busiest, LinkSummary, private_links
from rolloutsim.results.statistics import statistic

if TYPE_CHECKING:
    from rolloutsim.results.metrics import RunSummary
    from rolloutsim.results.records import CaseRecords, Run, Times
    from rolloutsim.scenario.resolved import Threshold

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ThresholdResult:
    """One condition, checked for one case.

    Parameters
    ----------
    case : str
        The case that was checked. A condition that fits no case fails in each.
    check : str
        The condition as written: `max < 60 s`.
    metric : str
        The metric with its selectors, the case's included: `rollout_time{image=builder}`.
    value : float or None
        In SI base units; None: unknown, and so failed.
    passed : bool
        Whether the condition holds.
    severity : str
        `error` or `warn`.
    headroom : str
        How much room is left, as a share of the limit: `8 % left`, `12 % over`; beyond twice the limit
        `14.0× the limit`.
    shown : str
        The value for people: `55.4 s`.
    """

    case: str
    check: str
    metric: str
    value: float | None
    passed: bool
    severity: Literal["error", "warn"]
    headroom: str
    shown: str


def check(run: Run, summary: RunSummary | None = None) -> tuple[ThresholdResult, ...]:
    """Check all conditions of a run's scenario.

    Parameters
    ----------
    run : Run
        Its records, and its scenario with the conditions.
    summary : RunSummary, optional
        The run's, where the caller has it already.
    """
    summary = metrics.summarise(run) if summary is None else summary
    return tuple(result for threshold in run.scenario.thresholds for result in _check(threshold, run, summary))


def missed(results: tuple[ThresholdResult, ...]) -> bool:
    """Whether a condition failed that is more than a warning."""
    return any(not result.passed and result.severity == "error" for result in results)


def _check(threshold: Threshold, run: Run, summary: RunSummary) -> Iterator[ThresholdResult]:
    selected = [(case, _selected(threshold, case)) for case in run.cases]
    nowhere = all(pulls is None for _, pulls in selected)
    for case, pulls in selected:
        if pulls is not None:
            yield _judge(threshold, case, _value(threshold, case, pulls, summary))
        elif nowhere:
            yield _judge(threshold, case, None)


def _selected(threshold: Threshold, case: CaseRecords) -> npt.NDArray[np.bool_] | None:
    """Which pulls of a case a condition is about; None: it is not about this case."""
    selectors = threshold.selectors
    if selectors.get("case", case.name) != case.name:
        return None
    everything = np.ones(len(case.pulls.image), np.bool_)
    if "image" not in selectors:
        return everything
    images = [i for i, image in enumerate(case.images) if image.name == selectors["image"]]
    return np.isin(case.pulls.image, images) if images else None


def _value(threshold: Threshold, case: CaseRecords, pulls: npt.NDArray[np.bool_], summary: RunSummary) -> float | None:
    """The metric's value for the selected pulls of a case; None: unknown."""
    values: Times
    match threshold.metric:
        case "rollout_time":
            return _finite(case.pods.ready[pulls[case.pods.pull]], "max")
        case "alone_time":
            return _finite(case.pulls.alone[pulls], threshold.statistic or "mean", missing=np.nan)
        case "bytes_on_wire":
            return float(case.fetches.bytes_done[pulls[case.fetches.pull]].sum())
        case "pull_time":
            return _finite(metrics.pull_times(case)[pulls], threshold.statistic or "max")
        case "slowdown":
            return _finite(metrics.slowdowns(case)[pulls], threshold.statistic or "max")
    rows, own = _links(case, threshold, summary)
    values = np.array([v for row in rows for v in _link_values(threshold, row)])
    return _finite(values, threshold.statistic or own, missing=np.nan)


def _links(
    case: CaseRecords, threshold: Threshold, summary: RunSummary
) -> tuple[list[LinkSummary] | list[Busiest], str]:
    """The rows of the links that a selector means, and the statistic of them where the condition names none.

    They are all shared links, one, one node's own, or those of a group's nodes: their mean, as the results show it.
    """
    name = threshold.selectors.get("link")
    rows = summary.cases[case.name].links
    if name is None:
        return [row for row in rows if row.nodes is None], "max"
    found = [row for row in rows if row.link == name]
    if not found:
        return [row for row in private_links(case) if row.link == name], "max"
    if found[0].nodes is None or threshold.statistic in (None, "mean"):
        return found, "mean"
    if threshold.statistic == "max" and found[0].max is not None:
        return [found[0].max], "max"
    group, kind = name.removesuffix(f".{found[0].kind}"), found[0].kind
    return [row for row in private_links(case) if row.kind == kind and _is_of(row.link, group, kind)], "mean"


def _is_of(link: str, group: str, kind: str) -> bool:
    """Whether a private link is one of a group's: `web-007.disk` is one of `web`."""
    return link.removesuffix(f".{kind}").rpartition("-")[0] == group


def _link_values(threshold: Threshold, row: LinkSummary | Busiest) -> list[float]:
    """The value of a link, or of a group's links on average."""
    value = row.utilisation if threshold.metric == "utilisation" else row.saturated_s
    return [] if value is None else [value]


def _finite(values: Times, name: str, missing: float = np.inf) -> float | None:
    """A statistic, an unknown value counting as `missing`; None if it is not a number then."""
    if not len(values):
        return None
    value = statistic(np.where(np.isnan(values), missing, values), name)
    return value if isfinite(value) else None


def _judge(threshold: Threshold, case: CaseRecords, value: float | None) -> ThresholdResult:
    passed = value is not None and _COMPARISONS[threshold.comparison](value, threshold.value)
    return ThresholdResult(
        case=case.name,
        check=threshold.check,
        metric=_label(threshold, case),
        value=value,
        passed=passed,
        severity=threshold.severity,
        headroom="" if value is None else _headroom(threshold, value),
        shown="unknown" if value is None else format_value(threshold.metric, value),
    )


def _label(threshold: Threshold, case: CaseRecords) -> str:
    """The metric with its selectors; what tells the cases apart is added."""
    selectors = dict(threshold.selectors)
    if not {"case", "image"} & selectors.keys():
        selectors = {"image" if metrics.is_image_case(case) else "case": case.name} | selectors
    inner = ",".join(f"{key}={value}" for key, value in selectors.items())
    return f"{threshold.metric}{{{inner}}}" if inner else threshold.metric


def _headroom(threshold: Threshold, value: float) -> str:
    """How far the value is from the limit, as a share of the limit, on the good or the bad side."""
    below = threshold.comparison in ("<", "<=")
    if threshold.value == 0.0:
        return "at the limit" if value == 0.0 else ""
    room = (threshold.value - value if below else value - threshold.value) / threshold.value
    if abs(room) > 1.0:
        return f"{show_factor(value / threshold.value)} the limit"
    if room >= 0.0:
        return f"{_share(room)} left"
    return f"{_share(-room)} {'over' if below else 'short'}"


def _share(share: float) -> str:
    """A share in whole per cent; with decimals where that would say nothing, or all."""
    return whole_share(share) if share in (0.0, 1.0) or 0.005 <= share < 0.995 else show_share(share)


def format_value(metric: str, value: float) -> str:
    """A metric's value for people."""
    if metric in ("rollout_time", "alone_time", "pull_time", "saturated"):
        return show_time(value)
    if metric == "bytes_on_wire":
        return show_size(value)
    return show_share(value) if metric == "utilisation" else show_factor(value)
