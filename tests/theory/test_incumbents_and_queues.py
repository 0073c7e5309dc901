"""Established flows and standing queues over time: bounds from TCP's own rules, and steps that converge."""

from __future__ import annotations

from statistics import fmean

import numpy as np
import pytest

from rolloutsim.fleet import fairness
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.load.background import readings_of
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate
from tests.theory import measured_cases


def case_of(text: str, seed: int = 0) -> CaseRecords:
    (case,) = simulate(loads("rolloutsim: 1\n" + text).resolve(), seed).cases
    return case


def beside_bulk(layers: str, sharing: str = '"on"') -> str:
    """A pull over its node's NIC of 50 Mbit/s, on which a bulk connection has been for 10 s."""
    return (
        "nodes: {web: {count: 1, nic: 50 Mbit/s, disk: unlimited, unpack: unlimited, parallel_layers: 1, "
        "start: 10 s}}\n"
        f"network: {{rate: 1 Gbit/s, buffer: 50 ms, fairness: {sharing}}}\nimages: {{app: {{layers: [{layers}]}}}}\n"
        "background: {bulk: {links: [web-000.nic.in], connections: 1}}\n"
    )


@pytest.mark.parametrize("kept", [0, 2])
def test_layers_one_after_another_win_no_less_from_an_established_flow_than_one_of_their_size(kept: int) -> None:
    """Oracle: the incumbent's retreat goes on from layer to layer; what is left are the layers' own fixed times.

    The incumbent comes back a little while a layer is asked for, and each connection has its own luck: both means are
    those of 40 seeds.
    """

    def times(layers: str) -> tuple[float, float]:
        text = beside_bulk(layers).replace("start: 10 s", f"start: 10 s, kept_connections: {kept}")
        runs = [case_of(text, seed) for seed in range(40)]
        asked = [float((run.fetches.started - run.fetches.granted).sum()) for run in runs]
        whole = [float(run.pulls.pulled[0] - run.pulls.resolved[0]) for run in runs]
        return fmean(whole), fmean(asked)

    one, fixed_of_one = times("32 MB")
    six, fixed = times(", ".join(["4 MB"] * 4 + ["8 MB"] * 2))
    assert fixed > fixed_of_one
    assert (six - fixed) / (one - fixed_of_one) == pytest.approx(1.0, abs=0.10)


@pytest.mark.parametrize(
    ("layers", "all_steps"),
    [
        ("32 MB", (4, 8, 16, 32)),
        ("4 MB, 4 MB, 4 MB, 4 MB, 16 MB", (4, 8, 16, 32)),
        # Pulls that end in the midst of a conquest.
        ("3 MB", (8, 16, 32)),
        ("1 MB", (16, 32)),
        ("300 kB", (16, 32)),
    ],
)
def test_results_do_not_depend_on_the_number_of_steps_of_a_conquest(
    layers: str, all_steps: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = []
    for steps in all_steps:
        monkeypatch.setattr(fairness, "STEPS", steps)
        ends.append(case_of(beside_bulk(layers, "{sigma: 0}")).end - 10.0)
    assert 1.0 < max(ends) / min(ends) < 1.01


def test_the_measured_case_does_not_depend_on_the_number_of_steps_either(monkeypatch: pytest.MonkeyPatch) -> None:
    (measured,) = (one for one in measured_cases.read_all() if one.name == "n5-bg-tcp-nodelink")
    scenario = loads(measured_cases.scenario_text(measured, queues=True, fairness=True)).resolve()
    ends = []
    for steps in (4, 8, 16, 32):
        monkeypatch.setattr(fairness, "STEPS", steps)
        ends.append(fmean(simulate(scenario, seed).cases[0].end for seed in range(20)))
    assert 1.0 < max(ends) / min(ends) < 1.01


def test_kept_connections_set_up_once_and_queue_no_more_than_they_have_on_their_way() -> None:
    """Oracle: six of them with 20 kB each are 120 kB, so 10 ms of 100 Mbit/s; each layer but the first six asks once.

    20 kB are more than an initial window, but no more than the window that a connection has after 20 kB.
    """
    case = case_of(
        "nodes: {web: {count: 1, disk: unlimited, unpack: unlimited, parallel_layers: 6, kept_connections: 6}}\n"
        "network: {rate: 100 Mbit/s, latency: 20 ms, buffer: 50 ms}\n"
        f"registry: {{uplink: 100 Mbit/s, ttfb: 0 s}}\nimages: {{app: {{layers: [{', '.join(['20 kB'] * 60)}]}}}}\n"
        "background: {ping: {links: [registry.uplink], request: {size: 1 B, every: 1 ms}}}\n"
    )
    goodput = 100e6 / 8 * 1448 / 1538
    most = 6 * 20e3 / goodput
    waited = np.sort(case.fetches.started - case.fetches.connected - 0.005)  # beside the client's own 5 ms a layer
    first, others = waited[-6:], waited[:-6]
    assert 0.040 - 1e-9 <= others.min() <= others.max() <= 0.040 + most
    assert 3 * 0.040 - 20e3 / goodput <= first.min() <= first.max() <= 3 * (0.040 + most)
    felt = readings_of(case.background.latency, 0)[:, 1]
    assert 0.040 < felt.max() <= 0.040 + most + 1e-6


def test_a_runtime_that_keeps_no_connection_sets_up_and_starts_slowly_for_each_layer() -> None:
    def waits(kept: int) -> list[float]:
        case = case_of(
            f"nodes: {{web: {{count: 1, disk: unlimited, unpack: unlimited, kept_connections: {kept}}}}}\n"
            "network: {rate: 10 Gbit/s, latency: 20 ms}\n"
            f"registry: {{ttfb: 0 s, tls: true}}\nimages: {{app: {{layers: [{', '.join(['14 kB'] * 9)}]}}}}\n"
        )
        return [round(float(wait), 6) for wait in case.fetches.started - case.fetches.connected]

    # TCP, TLS and the request; then the request alone.
    assert waits(0) == [0.125] * 9
    assert waits(2) == [0.125] * 3 + [0.045] * 6


def test_a_kept_connection_has_the_luck_and_the_queue_that_it_had() -> None:
    """Oracle: two nodes in a race of ten layers; with a new draw for each the races even out."""

    def text(kept: int) -> str:
        return (
            "nodes: {web: {count: 2, nic: 1 Gbit/s, disk: unlimited, unpack: unlimited, parallel_layers: 1, "
            f"kept_connections: {kept}}}}}\nnetwork: {{rate: 100 Mbit/s, latency: 0 s, buffer: 100 ms, "
            f"fairness: {{sigma: 0.4}}}}\nimages: {{app: {{layers: [{', '.join(['2 MB'] * 10)}]}}}}\n"
            "background: {ping: {links: [registry.uplink], request: {size: 1 B, every: 50 ms}}}\n"
        )

    def spread(kept: int) -> float:
        return fmean(float(np.ptp(case_of(text(kept), seed).pods.ready)) for seed in range(30))

    def felt(kept: int) -> float:
        return float(np.median(readings_of(case_of(text(kept)).background.latency, 0)[:, 1]))

    assert spread(1) > 1.5 * spread(0) > 0.0
    assert felt(1) > 2 * felt(0)


def test_young_bbr_connections_fill_the_queue_and_older_ones_keep_some_of_it() -> None:
    """Oracle: measured queues of 31 to 50 ms where the idle round trip is 0.07 ms and the buffer 50 ms.

    While they are younger than BBR's min-RTT window of 10 s the queue is that of cubic, later 25 segments of each.
    """
    case = case_of(
        "nodes: {web: {count: 5, nic: 1 Gbit/s, disk: unlimited, unpack: unlimited, start: {min: 0 s, max: 1 s}}}\n"
        "network: {rate: 50 Mbit/s, congestion_control: bbr, buffer: 50 ms}\nimages: {app: 100 MB}\n"
        "background: {ping: {links: [registry.uplink], request: {size: 64 B, every: 100 ms}}}\n"
    )
    answers = readings_of(case.background.latency, 0)
    times, taken = answers[:, 0], answers[:, 1]
    assert case.end > 80.0
    assert 0.030 <= np.median(taken) <= 0.052
    # The queue needs a second to fill; in the end not all five are left.
    busy = taken[(times > 2.5) & (times < float(np.min(case.pods.ready)) - 0.5)]
    assert 0.030 <= busy.min() <= busy.max() <= 0.052
    assert taken[(times > 2.5) & (times < 9.0)].min() == pytest.approx(0.88 * 0.05, rel=0.01)


def test_a_queue_needs_time_to_fill() -> None:
    """Oracle: 4 ms that slow start leaves, then 5 % of the time: Linux' cubic before its first loss."""
    case = case_of(
        "nodes: {web: {count: 1, nic: 1 Gbit/s, disk: unlimited, unpack: unlimited}}\n"
        "network: {rate: 100 Mbit/s, latency: 0 s, buffer: 100 ms}\nimages: {app: 100 MB}\n"
        "background: {ping: {links: [registry.uplink], request: {size: 1 B, every: 10 ms}}}\n"
    )
    answers = readings_of(case.background.latency, 0)
    began = float(case.fetches.started[0])
    while_filling = answers[(answers[:, 0] > began) & (answers[:, 0] < began + 1.6)]
    expected = 0.004 + 0.05 * (while_filling[:, 0] - began)
    assert len(while_filling) > 100
    assert np.abs(while_filling[:, 1] - expected).max() < 0.0001
