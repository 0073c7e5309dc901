"""What a value at a path is as a number."""

from __future__ import annotations

import pytest

from rolloutsim.scenario.numbers import Measure, between, measure
from rolloutsim.scenario.overrides import parse_path


@pytest.mark.parametrize(
    ("path", "value", "number"),
    [
        ("nodes", 20, Measure(20.0, "", "whole")),
        ("nodes.web.count", 20, Measure(20.0, "", "whole")),
        ("network", "1 Gbit/s", Measure(125e6, "bytes_per_s", "rate")),
        ("network.rate", "1 Gbit/s", Measure(125e6, "bytes_per_s", "rate")),
        ("network.latency", "5 ms", Measure(0.005, "s", "time")),
        ("network.racks", "40 Gbit/s", Measure(5e9, "bytes_per_s", "rate")),
        ("network.racks.oversubscription", 2.5, Measure(2.5, "", "number")),
        ("network.efficiency", "90%", Measure(0.9, "", "share")),
        ('images["golang:1.8-alpine"]', "200 MB", Measure(2e8, "bytes", "size")),
        ("images.api.layers[0]", "30 MB", Measure(3e7, "bytes", "size")),
        ("nodes.web.start", "3 s", Measure(3.0, "s", "time")),
        ("nodes.web.cached.api", "80%", Measure(0.8, "", "share")),
        ("nodes.web.cached.api", 3, Measure(3.0, "", "whole")),
        ("registry.max_connections", 500, Measure(500.0, "", "whole")),
        ("registry.max_connections", "unlimited", None),
        ("network", "1 GB", None),
        ("network", {"rate": "1 Gbit/s"}, None),
        ("nodes", True, None),
        ("nodes", 0, None),
        ("model", "ideal", None),
        ("registry.tls", True, None),
        ("nowhere", 3, None),
    ],
)
def test_a_value_is_the_number_that_the_model_reads(path: str, value: object, number: Measure | None) -> None:
    assert measure(parse_path(path), value) == number


def test_what_lies_between_is_written_in_the_unit_of_the_lower_end() -> None:
    """By hand: half way."""
    for path, low, high, middle in (
        ("network.latency", "1 ms", "1 s", "500.5 ms"),
        ("network.latency", "2m30s", "5m", "225 s"),
        ("images.api", "100MB", "0.2 GB", "150 MB"),
        ("network.racks.oversubscription", 1, 4, 2.5),
        ("nodes.web.cached.api", "20%", "80%", "50%"),
    ):
        assert between(parse_path(path), low, high, "linear", 0.5) == middle


def test_a_log_scale_of_whole_numbers_is_rounded() -> None:
    """By hand: 10, 10^1.5, 10^2; the ends are never passed."""
    path = parse_path("nodes")
    assert [between(path, 10, 1000, "log", share) for share in (0.0, 0.25, 0.5)] == [10, 32, 100]
    assert between(path, 1, 3, "log", 0.999999) == 3


@pytest.mark.parametrize("path", ["network.fairness", "registry.redirect", "workloads.api.images", "push.held"])
@pytest.mark.parametrize("value", ["off", "on", False, True, None, 3])
def test_what_stands_for_no_number_is_none(path: str, value: object) -> None:
    assert measure(parse_path(path), value) is None
