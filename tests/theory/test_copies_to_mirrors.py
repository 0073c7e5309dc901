"""How images come to mirrors, by hand: the sum of requests and bytes, so many tasks at a time, the manifest last."""

from __future__ import annotations

import json
from math import isnan
from typing import Any

import numpy as np
import pytest

from rolloutsim.fleet.latency import INITIAL_WINDOW, slow_start_delay
from rolloutsim.results.facts.records import CaseRecords, Run
from rolloutsim.results.metrics import summarise
from rolloutsim.results.shown.findings import findings
from rolloutsim.scenario import loads
from rolloutsim.scenario.answers import MISSING
from rolloutsim.simulation import simulate

MB = 1e6
TRIP = 0.04
RATE = 10 * MB  # of each site's link [B/s]
LAYERS = (30 * MB, 20 * MB)

# Set-up; then of an image: whether it is there; of each blob the same, and its upload; the manifest.
SET_UP, QUESTION, UPLOAD, MANIFEST = 1, 1, 2, 1


def copied(
    sites: int = 1,
    at: float = 1000.0,
    latency: float = 0.0,
    images: dict[str, list[float]] | None = None,
    hub: dict[str, Any] | None = None,
    mirror: dict[str, Any] | None = None,
    is_copied: bool = True,
    more: dict[str, Any] | None = None,
    **copied: Any,
) -> Run:
    """One node in each of some sites, which pulls at a time, with a mirror in each site."""
    images = images or {"app:1": list(LAYERS)}
    scenario = {
        "rolloutsim": 1,
        "nodes": {
            "n": {
                "count": sites, "sites": sites, "nic": "unlimited", "hosts": ["m", "hub"], "disk": "unlimited",
                "unpack": "unlimited", "pulls": [{"image": name, "at": f"{at} s"} for name in images],
                "resolve_requests": 1, "resolve_round_trips": 0, "resolve_time": "0 s", "layer_round_trips": 0,
                "layer_time": "0 s", "finish_time": "0 s",
            }
        },
        "network": {
            "efficiency": "100%", "latency": "0 s", "buffer": "0 s", "fairness": {"sigma": 0},
            "sites": {"uplink": f"{RATE / MB} MB/s", "latency": f"{latency / 2} s"},
        },
        "registries": {"hub": {"uplink": "unlimited", "ttfb": "0 s"} | (hub or {})},
        "mirrors": {
            "m": {"in": "site", "uplink": "unlimited", "ttfb": "0 s"}
            | (mirror or {})
            | ({"copied": copied} if is_copied else {})
        },
        "images": {
            name: {"layers": {f"{name.partition(':')[0]}-{size}": {"digest": f"{name.partition(':')[0]}-{size}",
                   "compressed": f"{size} B", "unpacked": f"{size} B"} for size in sizes}}
            for name, sizes in images.items()
        },
        "rollout": "schedule",
    }  # fmt: skip
    run = simulate(loads(json.dumps(scenario | (more or {})), "copies").resolve())
    assert run.cases[0].finished
    return run


def case_of(*args: Any, **more: Any) -> CaseRecords:
    return copied(*args, **more).cases[0]


def test_a_task_takes_the_sum_of_its_layers_one_after_another() -> None:
    case = case_of()
    assert case.supply.copied.complete.tolist() == pytest.approx([sum(LAYERS) / RATE], abs=1e-6)
    fills = case.supply.fills
    assert [case.layers[layer].compressed for layer in fills.layer.tolist()] == list(LAYERS)
    assert fills.bytes.tolist() == list(LAYERS)
    assert fills.started[1:] == pytest.approx(fills.ended[:-1], abs=1e-6)
    assert case.supply.copied.bytes.tolist() == [sum(LAYERS)]


def test_round_trips_and_slow_start_come_on_top() -> None:
    case = case_of(latency=TRIP)
    trips = SET_UP + QUESTION + (QUESTION + UPLOAD) + len(LAYERS) * (QUESTION + UPLOAD) + MANIFEST
    # The pause before each layer is shorter than a retransmission timeout: the window of the second one has grown.
    slow = slow_start_delay(LAYERS[0], RATE, TRIP) + slow_start_delay(LAYERS[1], RATE, TRIP, INITIAL_WINDOW + LAYERS[0])
    expected = trips * TRIP + slow + sum(LAYERS) / RATE
    assert case.supply.copied.complete[0] == pytest.approx(expected, rel=1e-6)


def test_a_tls_handshake_is_one_round_trip_of_each_task() -> None:
    plain, secured = (case_of(latency=TRIP, mirror={"tls": tls}) for tls in (False, True))
    assert secured.supply.copied.complete[0] - plain.supply.copied.complete[0] == pytest.approx(TRIP, abs=1e-6)


@pytest.mark.parametrize(
    ("more", "rate"),
    [({"rate": "2 MB/s"}, 2 * MB), ({"hub": {"connection_cap": "5 MB/s"}}, 5 * MB), ({"rate": "20 MB/s"}, RATE)],
)
def test_the_least_of_rate_connection_and_links_is_that_of_a_task(more: dict[str, Any], rate: float) -> None:
    assert case_of(**more).supply.copied.complete[0] == pytest.approx(sum(LAYERS) / rate, abs=1e-6)


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_sites_are_copied_to_by_so_many_workers_at_a_time(workers: int) -> None:
    sites, one = 7, sum(LAYERS) / RATE
    complete = case_of(sites, workers=workers).supply.copied.complete
    assert complete.tolist() == pytest.approx([(1 + site // workers) * one for site in range(sites)], abs=1e-5)


def test_tasks_share_the_uplink_of_the_registry() -> None:
    case = case_of(4, hub={"uplink": "10 MB/s"})
    assert case.supply.copied.complete.tolist() == pytest.approx([4 * sum(LAYERS) / RATE] * 4, abs=1e-5)


def test_images_of_one_repository_come_one_after_another_and_those_of_others_beside_them() -> None:
    case = case_of(
        images={"app:1": [30 * MB], "app:2": [30 * MB, 10 * MB], "db:1": [20 * MB]}, mirror={"uplink": "1 GB/s"}
    )
    complete = dict(zip((image.name for image in case.images), case.supply.copied.complete.tolist(), strict=True))
    # Of the site's 10 MB/s each of two tasks has half until db is there after 4 s.
    assert complete == pytest.approx({"db:1": 4.0, "app:1": 5.0, "app:2": 6.0}, abs=1e-5)
    assert case.supply.copied.bytes.sum() == 60 * MB  # what app:1 brought is not copied again


def test_layers_of_held_images_are_not_copied() -> None:
    case = case_of(images={"app:1": [30 * MB], "app:2": [30 * MB, 10 * MB]}, held=["app:1"])
    assert case.supply.copied.complete.tolist() == pytest.approx([1.0], abs=1e-6)
    assert case.supply.fills.bytes.tolist() == [10 * MB]


def test_on_push_copying_begins_when_the_push_is_complete() -> None:
    push = {"push": {"images": "app:1", "at": "7 s", "link": "25 MB/s"}}
    case = case_of(more=push)
    assert case.supply.copied.began[0] == pytest.approx(9.0, abs=1e-6)
    assert case.supply.copied.complete[0] == pytest.approx(9.0 + sum(LAYERS) / RATE, abs=1e-5)


def test_a_schedule_copies_what_is_there_at_its_times() -> None:
    push = {"push": {"images": "app:2", "at": "7 s", "link": "25 MB/s"}}
    images = {"app:1": [10 * MB], "app:2": [50 * MB]}
    case = case_of(images=images, more=push, on="schedule", at=100.0, every="20 s")
    assert case.supply.copied.began.tolist() == pytest.approx([0.0, 20.0], abs=1e-6)
    once = case_of(images=images, more=push, on="schedule")
    assert np.isnan(once.supply.copied.began).tolist() == [False, True]


def test_copied_before_is_as_if_nothing_were_said_of_it() -> None:
    before, silent = copied(on="before"), copied(is_copied=False)
    assert before.scenario.mirrors == silent.scenario.mirrors
    assert not before.cases[0].supply.copied
    assert before.cases[0].pulls.pulled.tolist() == silent.cases[0].pulls.pulled.tolist()


@pytest.mark.parametrize(("at", "mirror"), [(0.5, False), (4.9, False), (5.1, True)])
def test_a_mirror_serves_a_tag_only_when_its_manifest_is_there(at: float, mirror: bool) -> None:
    refusals = case_of(at=at).orchestration.refusals
    about_manifests = (refusals.status == MISSING) & (refusals.layer == 0)
    assert about_manifests.any() is np.bool_(not mirror)


def test_layers_that_are_there_are_served_before_the_manifest_is() -> None:
    run = copied(at=4.0)  # the first layer came after 3 s
    case = run.cases[0]
    sources = {case.layers[layer].compressed: case.sources[source] for layer, source in
               zip(case.fetches.layer.tolist(), case.fetches.source.tolist(), strict=True)}  # fmt: skip
    assert sources == {LAYERS[0]: "m-n-site-000", LAYERS[1]: "hub"}


def test_a_blob_that_breaks_is_tried_again_from_its_beginning_after_two_four_and_eight_seconds() -> None:
    outage = {"failures": {"out": {"mirror": "m", "at": "1 s", "back_after": "10 s"}}}
    case = case_of(more=outage)
    # Broken at 1 s; refused at 3 s and 7 s; at 15 s all of it begins.
    assert case.supply.copied.failures.tolist() == [3]
    assert case.supply.copied.complete[0] == pytest.approx(15.0 + sum(LAYERS) / RATE, abs=1e-5)
    assert case.supply.copied.bytes[0] == pytest.approx(RATE * 1.0 + sum(LAYERS), rel=1e-6)


def test_the_same_when_the_registry_is_down() -> None:
    outage = {"failures": {"out": {"registry": "hub", "at": "1 s", "back_after": "1 s"}}}
    case = case_of(more=outage)
    assert case.supply.copied.failures.tolist() == [1]
    assert case.supply.copied.complete[0] == pytest.approx(3.0 + sum(LAYERS) / RATE, abs=1e-5)


def test_after_five_tries_a_task_begins_anew_and_after_three_of_these_it_is_given_up() -> None:
    down = {"failures": {"out": {"mirror": "m", "at": "1 s"}}}
    run = copied(more=down)
    copies = run.cases[0].supply.copied
    # Five tries of a blob, then of two tasks the question about the manifest.
    assert copies.failures.tolist() == [5 + 1 + 1]
    assert copies.given_up.tolist() == [True]
    assert isnan(copies.complete[0])
    (text,) = (one.text for one in findings(summarise(run)) if one.topic == "Mirrors")
    assert text == "m: app:1 is not there when the rollout ends; 10 MB copied; 7 failed tries, and given up."


def test_a_task_that_failed_begins_anew_after_45_seconds() -> None:
    outage = {"failures": {"out": {"mirror": "m", "at": "1 s", "back_after": "35 s"}}}
    complete = case_of(more=outage).supply.copied.complete[0]
    assert complete == pytest.approx(1 + 2 + 4 + 8 + 16 + 45 + sum(LAYERS) / RATE, abs=1e-5)


def test_a_mirror_that_is_silent_gets_nothing_until_it_is_back() -> None:
    silent = {"failures": {"out": {"mirror": "m", "at": "1 s", "back_after": "50 s", "silent": True}}}
    case = case_of(more=silent, mirror={"uplink": "1 GB/s"})
    assert case.supply.copied.complete[0] == pytest.approx(50.0 + sum(LAYERS) / RATE, abs=1e-5)


def test_what_is_not_over_with_the_rollout_has_no_end() -> None:
    images = {"app:1": [30 * MB], "db:1": [900 * MB]}
    network = {"efficiency": "100%", "latency": "0 s", "sites": {"uplink": "1 GB/s"}}
    run = copied(at=0.0, images=images, hub={"connection_cap": "400 MB/s"}, more={"network": network}, rate="1 MB/s")
    case = run.cases[0]
    assert np.isnan(case.supply.copied.complete).all()
    assert case.supply.copied.bytes.tolist() == pytest.approx([MB * case.end] * 2, rel=1e-3)
    texts = [one.text for one in findings(summarise(run)) if one.topic == "Mirrors"]
    assert all("is not there when the rollout ends" in text for text in texts)
    assert len(texts) == 2


def test_the_terminal_says_when_an_image_is_on_all_mirrors() -> None:
    run = copied(3, workers=1)
    texts = [one.text for one in findings(summarise(run)) if one.topic == "Mirrors"]
    assert texts == ["m: app:1 is on all 3 mirrors after 15.0 s; the first after 5.00 s; 150 MB copied."]


def test_a_broken_connection_is_set_up_again() -> None:
    outage = {"failures": {"out": {"mirror": "m", "at": "1 s", "back_after": "0.1 s"}}}
    case = case_of(latency=TRIP, images={"app:1": [100 * MB]}, more=outage)
    slow = slow_start_delay(100 * MB, RATE, TRIP)
    again = 1.0 + 2.0 + (SET_UP + QUESTION + UPLOAD) * TRIP + slow + 100 * MB / RATE + MANIFEST * TRIP
    assert case.supply.copied.complete[0] == pytest.approx(again, rel=1e-6)


def test_an_outage_between_images_of_a_repository_hits_the_one_that_is_copied() -> None:
    outage = {"failures": {"out": {"mirror": "m", "at": "4 s", "back_after": "1 s"}}}
    images = {"app:1": [30 * MB], "app:2": [20 * MB], "app:3": [10 * MB]}
    case = case_of(images=images, more=outage)
    # app:1 after 3 s; app:2 breaks at 4 s, begins anew at 6 s.
    assert case.supply.copied.complete.tolist() == pytest.approx([3.0, 8.0, 9.0], abs=1e-5)
    assert case.supply.copied.failures.tolist() == [0, 1, 0]
