"""TCP windows over long paths: what bounds a connection, and how it takes up capacity, against closed forms."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import pytest

from rolloutsim.fleet import windows
from rolloutsim.fleet.latency import KEPT
from rolloutsim.fleet.windows import GAIN, growth, growth_time, window_rate
from rolloutsim.results.time.split import path_times
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords

MIB = 2.0**20
QUIET = (
    "disk: unlimited, unpack: unlimited, stagger: 0 s, resolve_round_trips: 0, resolve_time: 0 s, "
    "layer_round_trips: 0, layer_time: 0 s, finish_time: 0 s"
)


def case_of(text: str) -> CaseRecords:
    (case,) = simulate(loads("rolloutsim: 1\n" + text).resolve(), alone=False).cases
    return case


def far(layers: str, more: str = "", latency: str = "100 ms", node: str = "") -> CaseRecords:
    """One node of 1 Gbit/s that fetches layers over a long path, with the defaults of a real client."""
    return case_of(
        f"nodes: {{far: {{count: 1, nic: 1 Gbit/s, disk: unlimited, unpack: unlimited{node}}}}}\n"
        f"network: {{latency: {latency}{more}}}\nregistry: {{uplink: 10 Gbit/s}}\nimages: {{app: {layers}}}\n"
    )


# ---- the bound -----------------------------------------------------------------------------------------


def test_a_connection_moves_a_window_each_round_trip() -> None:
    """1 GB at 3 MiB / 200 ms are 63.6 s; requests and slow start come on top, less than 20 round trips."""
    case = far("1 GB")
    least = 1e9 / (3 * MIB / 0.2)
    assert least < case.end < least + 20 * 0.2
    assert path_times(case).total()["tcp_window"] == pytest.approx(least, rel=0.02)


def test_a_window_of_a_newer_kernel_leaves_the_line_as_the_limit() -> None:
    """32 MiB / 200 ms are 1.3 Gbit/s: the line needs 8.5 s."""
    case = far("1 GB", ", tcp_window: 32 MiB")
    assert 1e9 / (125e6 * 1448 / 1538) < case.end < 14.0
    assert "tcp_window" not in path_times(case).total()


def test_a_cache_has_a_window_each_round_trip_of_the_whole_way_to_its_upstream() -> None:
    """1 MB over 2 × 100 ms of its site's line; slow start and requests come on top, less than 30 round trips."""
    case = case_of(
        "nodes: {shop: {count: 1, sites: 1, hosts: [near, hub]}}\n"
        "network: {rate: 1 Gbit/s, latency: 0 s, tcp_window: 1 MB, sites: {uplink: 1 Gbit/s, latency: 100 ms}}\n"
        "registries: {hub: {uplink: 1 Gbit/s}}\ncaches: {near: {in: site, upstream: hub, profile: nexus}}\n"
        "images: {app: {layers: [100 MB]}}\n"
    )
    fills = case.supply.fills
    least = 100e6 / (1e6 / 0.2)
    assert least < fills.ended[0] - fills.asked[0] < least + 30 * 0.2


def test_layers_side_by_side_have_a_window_each() -> None:
    """Three slots: at no time more than three windows a round trip."""
    case = far("{layers: [125 MB, 125 MB, 125 MB, 125 MB, 125 MB, 125 MB, 125 MB, 125 MB]}")
    least = 1e9 / (3 * 3 * MIB / 0.2)
    # Eight layers on three slots take three rounds, of which the last is not full.
    assert least < case.end < 3 * 125e6 / (3 * MIB / 0.2) + 30 * 0.2


def test_a_registry_may_have_a_window_of_its_own() -> None:
    text = (
        f"nodes: {{far: {{count: 1, nic: 1 Gbit/s, {QUIET}}}}}\nnetwork: {{latency: 50 ms, tcp_window: 1 MiB}}\n"
        "registries: {near: {uplink: 10 Gbit/s, ttfb: 0 s}, wide: {uplink: 10 Gbit/s, ttfb: 0 s, tcp_window: 4 MiB}}\n"
        "images: {a: {compressed: 100 MB, registry: near}, b: {compressed: 100 MB, registry: wide}}\n"
    )
    run = simulate(loads("rolloutsim: 1\n" + text).resolve(), alone=False)
    moved = {case.name: float(case.fetches.fetched[0] - case.fetches.started[0]) for case in run.cases}
    assert moved["a"] == pytest.approx(100e6 / (MIB / 0.1))
    assert moved["b"] == pytest.approx(100e6 / (4 * MIB / 0.1))


@pytest.mark.parametrize("more", ["", ", congestion_control: bbr"])
def test_a_window_that_is_wide_enough_changes_nothing(more: str) -> None:
    """Oracle: the same scenario without the key, to the last bit."""
    layers = "{layers: [30 MB, 20 MB, 10 MB, 5 MB]}"
    plain, wide = (far(layers, f"{more}, tcp_window: {size}", latency="1 ms") for size in ("3 MiB", "unlimited"))
    assert plain.end == wide.end
    assert plain.events == wide.events


def test_transfers_of_other_applications_have_windows_too() -> None:
    case = case_of(
        f"nodes: {{web: {{count: 1, start: 10 s, {QUIET}}}}}\n"
        "network: {latency: 50 ms, rate: 1 Gbit/s, efficiency: 100%}\n"
        "images: {app: 1 MB}\nbackground: {copy: {links: [registry.uplink], size: 100 MB}}\n"
    )
    (flow,) = case.background.name
    assert flow == "copy"
    assert float(case.background.finished[0] - case.background.started[0]) == pytest.approx(100e6 / (3 * MIB / 0.1))


def test_pushes_have_windows_too() -> None:
    case = case_of(
        "model: real\nnodes: 1\nnetwork: {latency: 50 ms, rate: 10 Gbit/s, efficiency: 100%}\n"
        "images: {app: 1 GB}\npush: {images: app}\n"
    )
    push = case.orchestration.pushes
    assert float(push.finished[0] - push.started[0]) == pytest.approx(1e9 / (3 * MIB / 0.1), rel=0.1)


def test_no_window_and_no_round_trip_are_no_bound() -> None:
    assert window_rate(None, 0.2) == inf
    assert window_rate(3 * MIB, 0.0) == inf
    assert window_rate(3 * MIB, 0.2) == 3 * MIB / 0.2


# ---- growth --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bbr", [False, True])
@pytest.mark.parametrize("window", [10.0, 300.0, 5000.0])
@pytest.mark.parametrize("more", [1.0, 40.0, 3000.0])
def test_growth_and_its_time_are_inverse(bbr: bool, window: float, more: float) -> None:
    time = growth_time(more, window, 0.08, bbr)
    assert growth(time, window, 0.08, bbr) == pytest.approx(more)


def test_a_window_of_cubic_grows_as_the_rfc_says_and_one_of_bbr_by_a_quarter_in_eight_round_trips() -> None:
    # 0.53 segments a round trip at first, 0.4 t^3 in the long run.
    assert growth(1.0, 100.0, 0.04, False) == pytest.approx(0.53 / 0.04)
    assert growth(20.0, 100.0, 0.04, False) == pytest.approx(0.4 * 20.0**3)
    assert growth(8 * 0.04, 100.0, 0.04, True) == pytest.approx(100.0 * (GAIN - 1.0))


def two(latency: str, congestion_control: str = "cubic") -> CaseRecords:
    """Two nodes share 100 Mbit/s; the one with 10 MB is done when 20 MB are over the line, the other has 90 MB."""
    return case_of(
        f"nodes:\n  few: {{count: 1, pulls: [{{image: few}}], nic: unlimited, {QUIET}}}\n"
        f"  many: {{count: 1, pulls: [{{image: many}}], nic: unlimited, {QUIET}}}\n"
        f"network: {{latency: {latency}, efficiency: 100%, congestion_control: {congestion_control}}}\n"
        "registry: {uplink: 100 Mbit/s, ttfb: 0 s}\nimages: {few: 10 MB, many: 90 MB}\nrollout: schedule\n"
    )


def left_behind(kept: float, round_trip: float, bbr: bool) -> float:
    """How long the line of `two` is not full [s]: integrated in small steps from half of it, with `kept` as a start."""
    line = 12.5e6 * round_trip / 1448
    first, time, lost, step = kept * line / 2, 0.0, 0.0, 1e-3
    while (window := first + growth(time, first, round_trip, bbr)) < line:
        lost += (1.0 - window / line) * step
        time += step
    return lost


@pytest.mark.parametrize(("congestion_control", "kept"), [("cubic", 1 / KEPT), ("bbr", GAIN)])
def test_capacity_that_becomes_free_is_taken_up_at_the_pace_of_the_window(congestion_control: str, kept: float) -> None:
    """Oracle: the congestion control's law, integrated."""
    case = two("20 ms", congestion_control)
    lost = case.end - (float(case.fetches.started.min()) + 100e6 / 12.5e6)
    assert lost == pytest.approx(left_behind(kept, 0.04, congestion_control == "bbr"), rel=0.15, abs=0.03)
    assert lost > 0.1


def test_over_a_short_path_it_is_taken_up_at_once() -> None:
    case = two("2 ms")
    assert case.end == pytest.approx(float(case.fetches.started.min()) + 100e6 / 12.5e6, abs=0.02)


def test_a_queue_keeps_the_line_busy_until_windows_have_grown() -> None:
    """With as much in the queue as on the way, a flow that has half of the line has a whole line's window."""
    text = (
        f"nodes:\n  few: {{count: 1, pulls: [{{image: few}}], nic: unlimited, {QUIET}}}\n"
        f"  many: {{count: 1, pulls: [{{image: many}}], nic: unlimited, {QUIET}}}\n"
        "network: {latency: 20 ms, efficiency: 100%, buffer: 100 ms}\n"
        "registry: {uplink: 100 Mbit/s, ttfb: 0 s}\nimages: {few: 30 MB, many: 90 MB}\nrollout: schedule\n"
    )
    case, shallow = case_of(text), case_of(text.replace(", buffer: 100 ms", ""))
    assert case.end == pytest.approx(float(case.fetches.started.min()) + 120e6 / 12.5e6, rel=0.01)
    assert shallow.end > case.end + 0.5


def test_a_connection_of_bbr_that_is_never_short_of_its_window_lasts_as_long_as_it_takes() -> None:
    """Growth over 25,000 round trips is more than a float can say, and no more than the way lets through."""
    case = case_of(
        f"nodes: {{web: {{count: 4, nic: 1 Gbit/s, {QUIET}}}}}\n"
        "network: {latency: 5 ms, congestion_control: bbr, tcp_window: 64 KiB}\n"
        "registry: {uplink: 10 Gbit/s, ttfb: 0 s}\nimages: {app: 5 GB}\n"
    )
    assert case.end == pytest.approx(5e9 / (64 * 1024 / 0.01), rel=1e-3)
    assert growth(1e6, 100.0, 0.01, True) == inf


def test_finer_rungs_change_less_than_one_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = []
    for rung in (windows.RUNG, 1.05, 1.025):
        monkeypatch.setattr(windows, "RUNG", rung)
        ends.append(two("20 ms").end)
    assert ends == pytest.approx([ends[-1]] * 3, rel=0.01)


def test_a_line_that_is_down_for_a_while_is_used_again() -> None:
    """The windows of flows that got nothing do not stay as small as that."""
    text = (
        f"nodes: {{web: {{count: 2, nic: unlimited, {QUIET}}}}}\n"
        "network: {latency: 20 ms, efficiency: 100%, links: {wan: {capacity: 100 Mbit/s}}}\n"
        "registry: {uplink: 1 Gbit/s, via: [wan], ttfb: 0 s}\nimages: {app: 50 MB}\n"
    )
    whole = case_of(text)
    cut = case_of(text + "failures: {cut: {link: wan, at: 2 s, back_after: 5 s}}\n")
    assert cut.end == pytest.approx(whole.end + 5.0, abs=0.1)


# ---- who begins at once --------------------------------------------------------------------------------

IN_STEP = (
    "nodes: {{web: {{count: 20, nic: 1 Gbit/s, {start}}}}}\nnetwork: {{latency: 20 ms}}\n"
    "registry: {{uplink: 1 Gbit/s}}\nimages: {{app: {{layers: [{layers}]}}}}\n"
)


def test_nodes_that_begin_at_once_take_as_long_as_those_that_begin_within_100_ms() -> None:
    layers = ", ".join(["1 MB"] * 24)
    at_once = case_of(IN_STEP.format(start="start: 0 s", layers=layers)).end
    apart = [
        simulate(
            loads("rolloutsim: 1\n" + IN_STEP.format(start="start: {min: 0 s, max: 100 ms}", layers=layers)).resolve(),
            seed, alone=False,
        ).cases[0].end
        for seed in range(5)
    ]  # fmt: skip
    assert sum(apart) / len(apart) == pytest.approx(at_once, rel=0.03)
    # The more each layer's connection costs, the more it costs to be in step: here of ten nodes.
    ten = IN_STEP.replace("count: 20", "count: 10")
    anew, in_step = (
        case_of(ten.format(start=f"kept_connections: 0{more}", layers=layers)).end for more in ("", ", stagger: 0 s")
    )
    assert in_step > 1.05 * anew


def test_in_the_ideal_model_all_begin_at_the_same_moment_over_no_distance() -> None:
    text = IN_STEP.format(start="start: 1 s", layers="1 MB").replace("nodes:", "model: ideal\nnodes:", 1)
    case = case_of(text)
    assert set(case.pulls.asked.tolist()) == {1.0}
    assert case.end == pytest.approx(1.0 + 20e6 / 125e6)
