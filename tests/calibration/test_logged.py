"""Pulls of which a registry's log alone tells: what their network part says, and what is no pull."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rolloutsim.calibration import calibrated
from rolloutsim.calibration.logged import logged
from rolloutsim.calibration.match import matches
from rolloutsim.calibration.replay import Replay
from rolloutsim.calibration.requests import fetches
from rolloutsim.errors import UnreadableError, UsageError
from rolloutsim.imports.observed import Observed, ObservedPull, ObservedRequest, observed
from rolloutsim.scenario import loads
from rolloutsim.scenario.loading import draft
from tests.calibration.eight import API, LARGE, ONLY, SMALL, TOOLS, eight
from tests.imports import writers

SCENARIO = eight(140_000_000)
START = 1_795_000_000.0
PLAN = [
    *((API, node, 1000.0 + node) for node in range(8)),
    *((TOOLS, node, 10_000.0 + 1000.0 * node) for node in range(4)),
]


def _requests(plan: Sequence[tuple[str, int, float]], true: dict[str, str]) -> list[ObservedRequest]:
    """What a registry logs of pulls (image, node, start [s]) where numbers are these."""
    known = draft(SCENARIO, overrides=[f"{key}={value}" for key, value in true.items()])
    asked = [
        ObservedPull(
            image, f"web-{node:03d}", None, START + at, START + at + 900.0, 0.0, 900.0, 0.0, None, None, "event", "x"
        )
        for image, node, at in plan
    ]
    found = matches(known.scenario().resolve(), asked)
    return [
        ObservedRequest(
            one.ended, one.time, f"10.0.0.{int(one.node[-3:])}", "GET", f"/v2/team/x/blobs/{one.layer}", 200,
            int(one.size), f"r.log:{number}",
        )
        for number, one in enumerate(fetches(Replay(known, found.pulls, found.images), {}))
    ]  # fmt: skip


@pytest.fixture(scope="module")
def requests() -> list[ObservedRequest]:
    # Unpacking and the fixed time are far from what the scenario has: a registry does not see them.
    return _requests(PLAN, {
        "registry.uplink": "200 Mbit/s", "nodes.web.resolve_time": "9 s", "nodes.web.unpack.rate": "20 MB/s"
    })  # fmt: skip


def test_a_registrys_log_tells_its_uplink_however_long_unpacking_takes(
    requests: list[ObservedRequest], tmp_path: Path
) -> None:
    (tmp_path / "r.log").write_text("\n".join(writers.response_completed(requests)))
    made = calibrated(draft(SCENARIO), observed([str(tmp_path / "r.log")]))
    (uplink,) = made.fitted
    assert (uplink.parameter.key, uplink.is_told) == ("registry.uplink", True)
    assert uplink.value == pytest.approx(25e6, rel=0.02)
    assert uplink.low <= 25e6 <= uplink.high
    assert (made.used, made.images) == (12, 2)
    assert any("unpacking and fixed times are not in it, and not fitted" in text for text in made.notes)
    assert made.beside.comparisons == ()


def test_a_registrys_log_tells_the_cap_of_a_connection() -> None:
    found = calibrated(draft(SCENARIO), Observed([], _requests(PLAN, {"registry.connection_cap": "10 MB/s"})))
    cap = next(one for one in found.fitted if one.parameter.key == "registry.connection_cap")
    assert cap.value == pytest.approx(10e6, rel=0.03)
    assert cap.low <= 10e6 <= cap.high


def test_events_are_fitted_to_in_place_of_the_log_where_there_are_some(requests: list[ObservedRequest]) -> None:
    asked = ObservedPull(API, "web-000", None, START, START + 9.0, 0.0, 9.0, 0.0, None, None, "kubelet event", "e")
    made = calibrated(draft(SCENARIO), Observed([asked], requests[:2]))
    assert [one.pull.seen.source for one in made.pulls] == ["kubelet event"]


def test_a_pull_is_all_layers_of_one_image_each_once_by_a_client_for_the_first_time(
    requests: list[ObservedRequest],
) -> None:
    scenario = loads(SCENARIO).resolve()
    first = [one for one in requests if one.client == "10.0.0.1" and (one.ended or 0.0) < START + 5000.0]
    (pull,) = logged(first, scenario).pulls
    assert (pull.image, pull.node, pull.source, pull.place) == (API, "10.0.0.1", "registry log", first[0].place)
    assert pull.ended == max(one.ended or 0.0 for one in first)
    assert pull.duration == pytest.approx(max(one.duration or 0.0 for one in first), rel=0.2)
    later = [replace(one, ended=(one.ended or 0.0) + 900.0) for one in first]
    proxy = [replace(one, client="10.0.0.250") for one in requests]
    for bad, none in (
        (first[:1], 1),  # the rest was held
        ([*first, *first], 4),  # two at once
        ([*first, *later], 2),  # again
        (proxy[:16], 16),
    ):
        told = logged(bad, scenario)
        assert sum(told.left_out.values()) == none
        assert [one.image for one in told.pulls] == ([API] if bad[2:4] == later else [])
    other = [replace(one, path=f"/v2/x/blobs/sha256:{'9' * 64}") for one in first]
    assert list(logged(other, scenario).left_out.values()) == [2]
    assert list(logged([replace(first[0], duration=None)], scenario).left_out.values()) == [1]


def test_images_that_fit_into_a_sockets_buffer_are_left_out(requests: list[ObservedRequest]) -> None:
    small = SCENARIO.replace("140000000 B", "70000000 B")
    (one,) = [one for one in requests if one.path.endswith(ONLY)][:1]
    told = logged([replace(one, sent=70_000_000)], loads(small).resolve())
    assert (told.pulls, list(told.left_out.values())) == ([], [1])


def test_histograms_and_numbers_that_a_log_does_not_tell_are_not_taken(requests: list[ObservedRequest]) -> None:
    seen = Observed([], requests[:16], histograms={"containerd_cri_image_pulling_throughput": {1.0: 3.0}})
    made = calibrated(draft(SCENARIO), seen)
    assert "histograms of metrics, which count unpacking as well" in made.left_out
    assert made.beside.comparisons == ()
    said = r"--fit nodes\.web\.unpack\.rate: a registry's log does not tell unpacking; give events beside it"
    with pytest.raises(UsageError, match=said):
        calibrated(draft(SCENARIO), seen, fit=["nodes.web.unpack.rate"])


def test_requests_that_are_no_pull_are_refused_with_the_reason(requests: list[ObservedRequest]) -> None:
    with pytest.raises(UnreadableError, match=r"1 requests that are not of all layers .*kubectl get events -A -o json"):
        calibrated(draft(SCENARIO), Observed([], requests[:1]))


def test_layers_that_a_scenario_says_are_there_are_no_error(requests: list[ObservedRequest]) -> None:
    twin = f'  registry.example/team/twin:1: {{layers: [{{digest: "{ONLY}", compressed: 140000000 B}}]}}\n'
    held = SCENARIO.replace("count: 8,", "count: 8, cached: {registry.example/team/base:1: 100%},")
    held += f'  registry.example/team/base:1: {{layers: [{{digest: "{LARGE}", compressed: 200000000 B}}, '
    held += f'{{digest: "{SMALL}", compressed: 100000000 B}}, {{digest: "{ONLY}", compressed: 140000000 B}}]}}\n'
    made = calibrated(draft(held), Observed([], requests))
    assert made.used > 0
    told = logged(requests, loads(SCENARIO + twin).resolve())
    assert {one.image for one in told.pulls} == {API}  # which of two equal images it was is not known


@pytest.mark.long
def test_uplinks_of_noisy_logs_are_in_their_intervals() -> None:
    within, off = 0, []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        true, noise = float(np.exp(rng.uniform(np.log(5e6), np.log(60e6)))), rng.uniform(0.02, 0.1)
        factors: dict[tuple[str, int], float] = {}
        noisy = []
        for one in _requests(PLAN, {"registry.uplink": f"{true!r} B/s", "nodes.web.resolve_time": "1 s"}):
            assert one.ended is not None
            assert one.duration is not None
            factor = factors.setdefault((one.client, int(one.ended // 3000)), float(np.exp(rng.normal(0.0, noise))))
            noisy.append(replace(one, duration=one.duration * factor, ended=one.ended + (factor - 1.0) * one.duration))
        fitted = calibrated(draft(SCENARIO), Observed([], noisy), seed=seed).fitted
        uplink = next(one for one in fitted if one.parameter.key == "registry.uplink")
        within += uplink.low <= true <= uplink.high
        off.append(abs(uplink.value / true - 1.0))
    assert within >= 25  # of 30, of which 27 are to be: fewer than 25 have a chance of 7 %
    assert np.median(off) < 0.02
