"""What happened to the applications of the background, as records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.fleet.background import ConstantRate, RequestService
from rolloutsim.results.facts import records as r

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rolloutsim.fleet.build import Actors
    from rolloutsim.fleet.observing import Application, Readings


def background_records(actors: Actors) -> r.BackgroundRecords:
    """The records of a case's background traffic, at the end of its rollout."""
    flows, observer = actors.background, actors.observer
    if observer is None:
        return r.BackgroundRecords((), np.zeros(0), np.zeros(0), np.zeros(0))
    before = np.array(observer.before(), np.float64)
    after = np.array(observer.after(), np.float64)
    return r.frozen(
        r.BackgroundRecords,
        flows,
        name=[flow.spec.name for flow in flows],
        bytes=[flow.moved() for flow in flows],
        kind=map(_kind, flows),
        lost=[flow.lost() for flow in flows],
        before=before[:, 0],
        after=after[:, 0],
        latency_before=before[:, 1],
        latency_after=after[:, 1],
        bandwidth=_rows(enumerate(observer.bandwidths)),
        latency=_rows(observer.latencies.items()),
    )


def _kind(flow: Application) -> str:
    if isinstance(flow, RequestService):
        return "service"
    return "constant_rate" if isinstance(flow, ConstantRate) else "transfer"


def _rows(readings: Iterable[tuple[int, Readings]]) -> r.Times:
    rows = [
        (number, time, value) for number, one in readings for time, value in zip(one.times, one.values, strict=True)
    ]
    return np.array(rows, np.float64).reshape(-1, 3)
