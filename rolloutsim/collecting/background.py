"""What happened to the applications of the background, as records."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.fleet.background import ConstantRate, RequestService
from rolloutsim.results.facts import records as r
from rolloutsim.results.facts.columns import Times, frozen

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Mapping

    from rolloutsim.fleet.background import Application
    from rolloutsim.fleet.build import Actors
    from rolloutsim.rollout.before import Beside


def background_records(actors: Actors, before: Mapping[str, Beside]) -> r.BackgroundRecords:
    """The records of a case's background traffic, at the end of its rollout.

    Parameters
    ----------
    actors : Actors
        The case's.
    before : mapping of str to Beside
        What applications had beside what was pushed before the rollout, by name.
    """
    flows, observer = actors.background, actors.observer
    if observer is None:
        return r.BackgroundRecords((), np.zeros(0), np.zeros(0), np.zeros(0))
    usual = np.array(observer.before(), np.float64)
    after = np.array(observer.after(), np.float64)
    seen = observer.bandwidths.changes
    sent = observer.sent()
    beside = [before.get(flow.spec.name) for flow in flows]
    return frozen(
        r.BackgroundRecords,
        flows,
        name=[flow.spec.name for flow in flows],
        bytes=[flow.moved() for flow in flows],
        kind=map(_kind, flows),
        lost=[flow.lost() for flow in flows],
        before=usual[:, 0],
        after=after[:, 0],
        latency_before=usual[:, 1],
        latency_after=after[:, 1],
        bandwidth=rows((place, seen[one].times, seen[one].values) for place, one in enumerate(flows)),
        latency=rows((place, *sent[one]) for place, one in enumerate(flows) if one in sent),
        unknown=[_unknown(flow, one) for flow, one in zip(flows, beside, strict=True)],
        pushed=[one.bytes / one.seconds if one is not None and one.seconds > 0.0 else nan for one in beside]
        if before
        else [],
        latency_pushed=rows((place, one.times, one.latencies) for place, one in enumerate(beside) if one is not None),
    )


def _kind(flow: Application) -> str:
    if isinstance(flow, RequestService):
        return "service"
    return "constant_rate" if isinstance(flow, ConstantRate) else "transfer"


def _unknown(flow: Application, beside: Beside | None) -> str:
    links = {} if beside is None else dict(beside.unknown)
    if isinstance(flow, RequestService):
        links |= {link.name: None for link in flow.unknown}
    return ", ".join(links)


def rows(readings: Iterable[tuple[int, array[float], array[float]]]) -> Times:
    """Rows (number, time, value) of the readings of several, one after another."""
    parts = [
        np.column_stack([np.full(len(times), number, np.float64), np.array(times), np.array(values)])
        for number, times, values in readings
        if times
    ]
    found: Times = np.concatenate(parts) if parts else np.zeros((0, 3))
    return found
