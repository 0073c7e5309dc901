"""What happened to the applications of the background, as records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.fleet.background import ConstantRate, RequestService
from rolloutsim.results.facts import records as r

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable

    from rolloutsim.fleet.background import Application
    from rolloutsim.fleet.build import Actors


def background_records(actors: Actors) -> r.BackgroundRecords:
    """The records of a case's background traffic, at the end of its rollout."""
    flows, observer = actors.background, actors.observer
    if observer is None:
        return r.BackgroundRecords((), np.zeros(0), np.zeros(0), np.zeros(0))
    before = np.array(observer.before(), np.float64)
    after = np.array(observer.after(), np.float64)
    seen = observer.bandwidths.changes
    sent = {one: readings for round_ in observer.latencies for one, readings in round_.readings().items()}
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
        bandwidth=_rows((place, seen[one].times, seen[one].values) for place, one in enumerate(flows)),
        latency=_rows((place, *sent[one]) for place, one in enumerate(flows) if one in sent),
        unknown=[_unknown(flow) for flow in flows],
    )


def _kind(flow: Application) -> str:
    if isinstance(flow, RequestService):
        return "service"
    return "constant_rate" if isinstance(flow, ConstantRate) else "transfer"


def _unknown(flow: Application) -> str:
    return ", ".join(link.name for link in flow.unknown) if isinstance(flow, RequestService) else ""


def _rows(readings: Iterable[tuple[int, array[float], array[float]]]) -> r.Times:
    parts = [
        np.column_stack([np.full(len(times), number, np.float64), np.array(times), np.array(values)])
        for number, times, values in readings
        if times
    ]
    rows: r.Times = np.concatenate(parts) if parts else np.zeros((0, 3))
    return rows
