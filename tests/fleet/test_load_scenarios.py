"""The shipped scenarios about latency and fairness say what their comments say."""

from __future__ import annotations

import pytest

from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.load.background import background_summaries
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate
from tests.shipped import ROOT, shipped


def cases(name: str) -> dict[str, CaseRecords]:
    return {case.name: case for case in shipped(name).cases}


def test_the_shops_requests_wait_in_the_uplinks_queue_while_anyone_pulls() -> None:
    """Oracle: 64 kB at the uplink's payload rate, and two round trips with 0.88 x 20 ms of queue."""
    transfer = 64e3 / (125e6 * 1448 / 1538)
    for case in cases("shared-link").values():
        shop, backup = background_summaries(case)
        assert shop.latency_before is not None
        assert shop.latency_during is not None
        assert shop.latency_before.p50 == pytest.approx(transfer + 2 * 0.0002, rel=0.5)
        assert shop.latency_during.p50 == pytest.approx(shop.latency_before.p50 + 2 * 0.88 * 0.020)
        assert backup.before is not None
        assert backup.during is not None
        assert 0.9 < backup.during / backup.before < 1.0
        assert backup.recovered is not None
        assert backup.recovered < case.end


def test_distance_costs_many_small_layers_more_than_one_large_one_unless_connections_are_kept() -> None:
    """Oracle: the bytes of all four images are the same; each kept connection still asks for eight layers in turn."""
    kept = {name: case.end for name, case in cases("slow-wan").items()}
    text = (ROOT / "scenarios/slow-wan.yaml").read_text(encoding="utf-8")
    new = text.replace("nic: 1 Gbit/s}", "nic: 1 Gbit/s, kept_connections: 0}")
    anew = {case.name: case.end for case in simulate(loads(new).resolve()).cases}
    one = kept["one-layer-far"] - kept["one-layer-near"]
    assert one == anew["one-layer-far"] - anew["one-layer-near"] > 0
    assert anew["24-layers-far"] - anew["24-layers-near"] > 3 * one
    more = kept["24-layers-far"] - kept["24-layers-near"]
    assert one < more < (anew["24-layers-far"] - anew["24-layers-near"]) / 2


def test_a_large_layer_fills_a_deep_buffer_and_small_ones_do_not() -> None:
    """Oracle: 20 ms of round trip; 0.88 x 250 ms of queue, or CoDel's 5 ms.

    Of 15 connections with 500 kB each no one comes to more in the queue than what slow start leaves and 5 % of a layer:
    an initial window and 25 kB at 11.8 MB/s, or 4 ms and 25 kB, so 100 ms for all.
    """
    found = cases("bufferbloat")
    assert found["large-deep"].end == pytest.approx(found["large-managed"].end, rel=0.02)
    assert found["small-managed"].end < found["small-deep"].end < 1.05 * found["small-managed"].end
    small = background_summaries(found["small-deep"])[0].latency_during
    assert small is not None
    assert 0.025 < small.p50 < small.max < 0.020 + 0.100
    deep = background_summaries(found["large-deep"])[0].latency_during
    managed = background_summaries(found["large-managed"])[1].latency_during
    assert deep is not None
    assert managed is not None
    assert deep.p50 == pytest.approx(0.240, abs=0.001)
    assert managed.p50 == pytest.approx(0.025, abs=0.001)
