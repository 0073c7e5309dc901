"""The figures of running applications, from records made by hand."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import Any

import numpy as np
import pytest

from rolloutsim.results.facts import records as r
from rolloutsim.results.load.background import Latency, background_rows, background_summaries
from rolloutsim.results.shown.tables import application_rows

from .by_hand import Story, image, run

# With all of its bandwidth, 1000 B in 10 s.
SERVICE = {
    "kind": ("service",),
    "bytes": np.array([1000.0]),
    "latency_before": np.array([0.001]),
    "latency_after": np.array([0.001]),
}


def told(*, end: float = 10.0, complete: bool = True, **columns: Any) -> r.CaseRecords:
    """A rollout of 10 s beside one application, which moves 100 B/s on its own and 600 B in all."""
    usual: dict[str, Any] = {
        "name": ("app",),
        "started": np.array([0.0]),
        "finished": np.array([nan]),
        "bytes": np.array([600.0]),
        "kind": ("transfer",),
        "lost": np.array([0.0]),
        "before": np.array([100.0]),
        "after": np.array([100.0]),
        "latency_before": np.array([nan]),
        "latency_after": np.array([nan]),
    }
    case = Story((image("app", 10.0),), end=end, finished=complete).case()
    return replace(case, background=r.BackgroundRecords(**(usual | columns)))


def readings(*values: tuple[float, float]) -> np.ndarray:  # type: ignore[type-arg]
    return np.array([(0, time, value) for time, value in values], np.float64).reshape(-1, 3)


def recovered(case: r.CaseRecords) -> float | None:
    return background_summaries(case)[0].recovered


def test_the_bandwidth_during_the_rollout_is_bytes_by_seconds() -> None:
    (one,) = background_summaries(told())
    assert (one.before, one.during, one.after) == (100.0, 60.0, 100.0)


def test_the_bandwidth_of_what_starts_or_ends_in_between_is_that_of_its_own_time() -> None:
    (late,) = background_summaries(told(started=np.array([4.0]), before=np.array([nan])))
    assert (late.before, late.during) == (None, 100.0)
    (early,) = background_summaries(told(finished=np.array([8.0]), after=np.array([nan])))
    assert (early.during, early.after) == (75.0, None)


def test_what_has_not_started_has_no_bandwidth() -> None:
    case = told(started=np.array([nan]), before=np.array([nan]), after=np.array([nan]), bytes=np.array([0.0]))
    (one,) = background_summaries(case)
    assert (one.before, one.during, one.after, one.recovered) == (None, None, None, None)


def test_an_application_has_recovered_at_the_first_good_reading_after_the_last_bad_one() -> None:
    # 95 % of the bandwidth before is good.
    bandwidth = readings((1, 100), (2, 50), (3, 99), (4, 94.9), (5, 95), (6, 100))
    assert recovered(told(bandwidth=bandwidth)) == 5.0


def test_an_application_that_nothing_disturbs_has_recovered_at_once() -> None:
    assert recovered(told(bandwidth=readings((1, 100), (2, 96)), bytes=np.array([960.0]))) == 0.0


def test_it_is_not_known_when_an_application_has_recovered_at_which_nobody_looked() -> None:
    # By its mean of 60 B/s it was disturbed, before the first look or between two; 960 B in 10 s are no less.
    assert recovered(told(bandwidth=readings())) is None
    assert recovered(told(bandwidth=readings((1, 100), (2, 100)))) is None
    assert recovered(told(bandwidth=readings(), bytes=np.array([960.0]))) == 0.0
    # Nor is it known of a service that sent no request.
    assert recovered(told(**SERVICE)) is None


def test_what_is_disturbed_to_the_end_recovers_with_the_rollout() -> None:
    bandwidth = readings((1, 100), (2, 50))
    assert recovered(told(bandwidth=bandwidth)) == 10.0
    # Unless the rollout does not end, or others have taken its place.
    assert recovered(told(bandwidth=bandwidth, complete=False)) is None
    assert recovered(told(bandwidth=bandwidth, after=np.array([90.0]))) is None


def test_a_service_has_recovered_when_its_requests_are_quick_again() -> None:
    latency = readings((1, 0.001), (2, 0.05), (3, 0.04), (4, 0.00105), (5, 0.001))
    assert recovered(told(latency=latency, bandwidth=readings((2, 100)), **SERVICE)) == 4.0
    to_the_end = readings((1, 0.05))
    assert recovered(told(latency=to_the_end, **SERVICE)) == 10.0
    slower = SERVICE | {"latency_after": np.array([0.02])}
    assert recovered(told(latency=to_the_end, **slower)) is None


def test_the_latency_during_the_rollout_is_that_of_its_requests() -> None:
    latency = readings(*((second, second / 1000) for second in range(101)))
    (one,) = background_summaries(told(latency=latency, **SERVICE))
    assert one.latency_before == one.latency_after == Latency(0.001, 0.001, 0.001)
    assert one.latency_during == Latency(pytest.approx(0.05), pytest.approx(0.095), 0.1)


def test_the_json_has_latencies_of_services_only_and_null_for_what_is_missing() -> None:
    assert background_rows(told(lost=np.array([7.0]), after=np.array([nan]))) == [
        {
            "name": "app",
            "kind": "transfer",
            "bandwidth_bytes_per_s": {"before": 100.0, "during": 60.0, "after": None},
            "bytes": 600.0,
            "bytes_lost": 7.0,
            "recovered_s": None,
        }
    ]
    (row,) = background_rows(told(**SERVICE))
    assert row["latency_s"] == {
        "before": {"p50": 0.001, "p95": 0.001, "max": 0.001},
        "during": None,
        "after": {"p50": 0.001, "p95": 0.001, "max": 0.001},
    }


def test_no_background_has_no_rows() -> None:
    assert background_rows(Story((image("app", 10.0),), end=1.0).case()) == []


def test_the_table_has_a_row_an_application_with_medians_of_requests() -> None:
    latency = readings(*((second, 0.04 if second < 80 else 0.05) for second in range(101)))
    service = told(name=("shop",), latency=latency, lost=np.array([2e6]), **SERVICE)
    seen = readings((1, 60e6), (2, 125e6))
    bulk = told(
        name=("backup",), before=np.array([125e6]), after=np.array([nan]), bytes=np.array([625e6]), bandwidth=seen
    )
    table = application_rows(run(service, bulk))
    assert table is not None
    assert [column.heading for column in table.columns] == [
        "case", "application", "before", "while pulled", "after", "lost", "back after",
    ]  # fmt: skip
    assert table.cells() == (
        ("all", "shop, a request", "1.00 ms", "40.0 ms (p95 50.0 ms)", "1.00 ms", "2 MB", "10.0 s"),
        ("all", "backup", "1 Gbit/s", "500 Mbit/s", "–", "–", "2.00 s"),
    )
    assert application_rows(run(Story((image("app", 10.0),), end=1.0).case())) is None
