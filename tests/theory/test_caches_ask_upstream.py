"""What a pull-through cache's own requests cost, by hand: round trips of 40 ms to its upstream, none to its nodes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rolloutsim.fleet.queues import OCCUPANCY
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.facts.supplied import UPSTREAM
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate

TRIP = 0.04
BUFFER = 0.05


def pulled(nodes: int = 1, starts: tuple[float, ...] = (), **cache: Any) -> CaseRecords:
    """Nodes that pull one after the other, or at once, an image of two layers through a cache."""
    failures = cache.pop("failures", {})
    group = {
        "nic": "unlimited", "disk": "unlimited", "unpack": "unlimited", "stagger": "0 s", "hosts": ["cache", "hub"],
        "resolve_requests": 1, "recheck_requests": 1, "resolve_round_trips": 0, "resolve_time": "0 s",
        "layer_round_trips": 0, "layer_time": "0 s", "finish_time": "0 s",
    }  # fmt: skip
    scenario = {
        "rolloutsim": 1,
        "nodes": {
            f"g{place}": group | {"count": 1 if starts else nodes, "pulls": [{"image": "app:b", "at": f"{start} s"}]}
            for place, start in enumerate(starts or (0.0,))
        },
        "network": {
            "efficiency": "100%",
            "latency": "0 s",
            "buffer": f"{BUFFER} s",
            "links": {"wan": {"capacity": "100 Gbit/s", "latency": f"{TRIP / 2} s", "buffer": "0 s"}},
        },
        "registries": {"hub": {"uplink": "unlimited", "via": ["wan"], "ttfb": "0 s"}},
        "caches": {
            "cache": {"upstream": "hub", "uplink": "unlimited", "ttfb": "0 s", "profile": "distribution-2"} | cache
        },
        "images": {
            name: {
                "registry": "hub",
                "layers": {one: {"digest": one, "compressed": "10 MB", "unpacked": "10 MB"} for one in layers},
            }
            for name, layers in {"app:a": ["base", "old"], "app:b": ["base", "new"], "other:a": ["base", "old"]}.items()
        },
        "rollout": "schedule",
        "failures": failures,
    }
    (run,) = simulate(loads(json.dumps(scenario), "caches").resolve()).cases
    assert run.finished
    return run


def resolved(run: CaseRecords) -> list[float]:
    """How long each pull waited for its manifest [s]."""
    return sorted((run.pulls.resolved - run.pulls.asked).tolist())


def pings(run: CaseRecords) -> int:
    """How many there were."""
    return run.supply.cache_requests.what.tolist().count(UPSTREAM.index("pings"))


def test_a_manifest_that_is_not_there_costs_the_round_trips_of_the_tag_as_well() -> None:
    """Measured with distribution 2.8.2: 9 round trips for a tag that is not there, 3 for one that is."""
    assert resolved(pulled()) == pytest.approx([9 * TRIP])
    assert resolved(pulled(holds=["app:b"])) == pytest.approx([3 * TRIP])


@pytest.mark.parametrize(("held", "fills"), [("app:a", ["new"]), ("other:a", ["base", "new"]), ("app:b", [])])
def test_a_layer_is_there_that_came_with_another_tag_of_the_repository_though_nobody_pulls_it(
    held: str, fills: list[str]
) -> None:
    run = pulled(holds=[held])
    assert [run.layers[number].digest for number in run.supply.fills.layer.tolist()] == fills


def test_pings_stand_in_line_one_behind_the_other() -> None:
    """Each takes 2 round trips; a tag that is there is checked by 3 more, which do not stand in line."""
    run = pulled(nodes=4, holds=["app:b"], authenticates=False)
    assert resolved(run) == pytest.approx([(2 * place + 3) * TRIP for place in (1, 2, 3, 4)])


def test_there_is_a_ping_before_each_request() -> None:
    """HEAD and GET of the manifest, HEAD and GET of each of two layers that pass, GET of each for the store."""
    assert pings(pulled(authenticates=False)) == 2 + 2 * 2 + 2
    assert pings(pulled(nodes=4, authenticates=False, holds=["app:b"])) == 4
    assert pings(pulled(authenticates=True)) == 0


def test_a_ping_to_an_upstream_where_nobody_listens_takes_one_round_trip_and_no_request_follows() -> None:
    run = pulled(nodes=3, holds=["app:b"], authenticates=False, failures={"dead": {"registry": "hub", "at": "0 s"}})
    assert resolved(run) == pytest.approx([TRIP, 2 * TRIP, 3 * TRIP])


def test_requests_wait_behind_what_the_cache_serves() -> None:
    """Its link is full from the first node's layers on, and holds each of three round trips back by its queue."""
    run = pulled(starts=(0.0, 2.0), holds=["app:b"], uplink="10 Mbit/s")
    first, second = resolved(run)
    assert first == pytest.approx(3 * TRIP)
    assert second == pytest.approx(3 * (TRIP + OCCUPANCY * BUFFER))


def test_who_waits_for_a_manifest_behind_a_lock_looks_as_often_as_for_a_layer() -> None:
    """The first has it after 2 + 2 round trips, the others see it at their first look, 0.5 s after they asked."""
    run = pulled(nodes=3, profile="nginx-lock")
    assert resolved(run) == pytest.approx([4 * TRIP, 0.5, 0.5])
