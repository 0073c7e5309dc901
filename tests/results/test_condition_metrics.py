"""Conditions can be about every number of the JSON contract, and about nothing that is not there."""

from __future__ import annotations

from typing import Any

import pytest

from rolloutsim.results.thresholds import format_value, look_up
from rolloutsim.scenario.metrics import METRICS, VALUES
from rolloutsim.scenario.resolved import Threshold

CASE: dict[str, Any] = {
    "lazy": {"last_byte_s": 9.0},
    "case": "all",
    "rollout_time_s": 9.0,
    "alone_time_s": 1.0,
    "bytes_on_wire": 10,
    "pull_time_s": {"mean": 1.0, "p50": 2.0, "p95": 3.0, "p99": 4.0, "max": 5.0},
    "slowdown": {"mean": 1.5, "p50": 2.5, "p95": 3.5, "max": 4.5},
    "time_split_s": {"nic": 7.0},
    "links": [
        {
            "link": "wan", "capacity_bytes_per_s": 100, "bytes": 5, "utilisation": 0.5, "saturated_s": 2.0,
            "peak_flows": 3,
        }
    ],
    "failed_pulls": 2,
    "bytes_again": 11,
    "workloads": [
        {"workload": "api", "ready_s": 8.0, "ready_pods": 4, "least_ready": 3, "below_floor_s": 0.5},
        {"workload": "log", "ready_s": 6.0, "ready_pods": 9, "least_ready": 1, "below_floor_s": None},
    ],
    "registries": [
        {
            "registry": "hub", "requests": 90, "requests_per_pull": 9.0, "peak_requests_per_s": 30,
            "refused": {"429": 12}, "retries": 5, "storage_requests": 1,
        },
        {"registry": "quay", "requests": 10, "requests_per_pull": 1.0, "peak_requests_per_s": 2, "retries": 0,
         "storage_requests": 0},
    ],
    "push": [{"image": "app", "push": "ci", "push_time_s": 3.0, "bytes": 77}],
    "prepulls": [{"prepull": "night", "prepull_time_s": 5.0, "nodes_ready": 3, "bytes_before": 88}],
    "disk": {
        "bytes_per_node": 1.0, "most_bytes_per_node": 2.0, "fleet_bytes": 3.0, "registry_bytes": 4.0,
        "collected_bytes": 5.0, "peak_utilisation": 0.9, "cost_per_month": {"ssd": 12.5},
    },
    "background": [
        {
            "name": "shop", "kind": "service", "bytes": 1, "bytes_lost": 6, "recovered_s": 12.0,
            "bandwidth_bytes_per_s": {"before": 10.0, "during": 4.0, "after": None},
            "latency_s": {"during": {"p50": 0.1, "p95": 0.2, "max": 0.3}},
        }
    ],
    "hit_ratio": 0.8,
    "byte_hit_ratio": 0.7,
    "upstream_copies": {"mean": 2.0, "max": 6.0},
    "bytes_by_source": {"cache": 44},
    "servers": [
        {"server": "near", "sent_bytes": 44, "upstream_bytes": 22, "requests": 33},
        {"server": "site", "copied": {"complete_s": 40.0, "copy_time_s": 30.0, "bytes": 99}},
        {"server": "peers", "found_nobody": 5, "most_served_bytes": 66, "seeded_bytes": 55},
    ],
}  # fmt: skip


def about(metric: str, statistic: str | None = None, comparison: Any = "<", **selectors: str) -> Threshold:
    return Threshold(metric, selectors, statistic, comparison, 1.0, "")


@pytest.mark.parametrize(
    ("condition", "values"),
    [
        (about("rollout_time"), [9.0]),
        (about("pull_time", "p95"), [3.0]),
        (about("time_split", cause="nic"), [7.0]),
        (about("time_split", cause="disk"), [0.0]),
        (about("utilisation", link="wan"), [0.5]),
        (about("utilisation", link="lan"), []),
        (about("peak_flows", link="wan"), [3.0]),
        (about("failed_pulls"), [2.0]),
        (about("least_ready", workload="log"), [1.0]),
        (about("least_ready"), [3.0, 1.0]),
        (about("requests", registry="hub"), [90.0]),
        (about("refused", registry="hub", status="429"), [12.0]),
        (about("refused", registry="quay", status="429"), [0.0]),
        (about("hit_ratio"), [0.8]),
        (about("byte_hit_ratio"), [0.7]),
        (about("upstream_copies", "max"), [6.0]),
        (about("bytes_by_source", source="cache"), [44.0]),
        (about("bytes_by_source", source="peer"), [0.0]),
        (about("sent_bytes", server="near"), [44.0]),
        (about("upstream_bytes", server="near"), [22.0]),
        (about("server_requests", server="near"), [33.0]),
        (about("found_nobody", server="peers"), [5.0]),
        (about("most_served_bytes", server="peers"), [66.0]),
        (about("seeded_bytes", server="peers"), [55.0]),
        (about("copied", server="site"), [40.0]),
        (about("copied"), [40.0]),
        (about("copy_time", server="site"), [30.0]),
        (about("copied_bytes", server="site"), [99.0]),
        (about("copied", server="near"), []),
        (about("push_time", push="ci"), [3.0]),
        (about("pushed_bytes", push="app"), [77.0]),
        (about("prepull_time", prepull="night"), [5.0]),
        (about("prepulled_nodes"), [3.0]),
        (about("prepulled_bytes", prepull="night"), [88.0]),
        (about("cost_per_month", disk="ssd"), [12.5]),
        (about("bandwidth", background="shop", phase="during"), [4.0]),
        (about("latency", "p95", background="shop", phase="during"), [0.2]),
        (about("bytes_lost", background="shop"), [6.0]),
    ],
    ids=str,
)
def test_a_metric_is_a_number_of_the_case(condition: Threshold, values: list[float]) -> None:
    assert look_up(CASE, condition) == values


def test_an_unknown_number_is_not_zero() -> None:
    (found,) = look_up(CASE, about("bandwidth", background="shop", phase="after"))
    assert found != found


def test_every_metric_is_a_number_of_the_case_unless_it_stands_nowhere_in_it() -> None:
    names = {"link": "wan", "cause": "nic", "status": "429", "phase": "during", "disk": "ssd"}
    assert {name for name, what in METRICS.items() if not what.path} == {"pods_ready", "nodes_ready"}
    for metric, what in METRICS.items():
        if not what.path:
            continue
        selectors = {label: names[label] for label in what.labels if label in names}
        assert look_up(CASE, about(metric, "max" if what.needs_statistic else None, **selectors)), metric


def test_every_number_of_the_case_has_a_metric_but_for_those_the_scenario_gives() -> None:
    def leaves(value: Any, path: tuple[str, ...]) -> set[tuple[str, ...]]:
        if isinstance(value, dict):
            return {leaf for key, item in value.items() for leaf in leaves(item, (*path, key))}
        if isinstance(value, list):
            return {leaf for item in value for leaf in leaves(item, path)}
        return {path} if isinstance(value, (int, float)) else set()

    steps_of = {tuple(s for s in what.path if not s.startswith("{")): what for what in METRICS.values()}
    given = {("links", "capacity_bytes_per_s"), ("background", "bytes")}
    for leaf in leaves(CASE, ()) - given:
        assert any(leaf[: len(known)] == known for known in steps_of), leaf


@pytest.mark.parametrize(
    ("metric", "value", "shown"),
    [
        ("rollout_time", 3.0, "3.00 s"), ("bytes_again", 5e6, "5 MB"), ("bandwidth", 1.25e8, "1 Gbit/s"),
        ("peak_utilisation", 0.5, "50.0 %"), ("requests", 12345.0, "12,345"), ("requests_per_pull", 2.5, "2.50"),
        ("slowdown", 3.0, "3.00×"),
    ],
)  # fmt: skip
def test_a_value_is_shown_in_its_unit(metric: str, value: float, shown: str) -> None:
    assert format_value(metric, value) == shown


def test_labels_with_fixed_values_name_them() -> None:
    assert set(VALUES) == {"phase", "status", "disk", "source"}
