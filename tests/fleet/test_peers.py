"""Peers that hand over whole layers, worked out by hand: what they remember, whom they ask second, what they removed.

Links carry 100 MB/s or more; nothing but requests and bytes takes time.
"""

from __future__ import annotations

import json
from math import ceil
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rolloutsim as rs
from rolloutsim.fleet.sources.peers import HEDGES, Headers, Holders, PeerToPeer
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.load.supply import supply_summary
from rolloutsim.scenario.resolved import Peers
from rolloutsim.simulation import simulate

MB = 1e6
LOOK_UP = 0.002  # [s]
CALM = {"resolve_time": "0 s", "layer_time": "0 s", "finish_time": "0 s", "disk": "unlimited", "unpack": "unlimited"}


def scene(
    starts: list[float],
    peers: dict[str, Any] | None = None,
    node: dict[str, Any] | None = None,
    **more: Any,
) -> CaseRecords:
    """A node for each start, which pulls one image of one layer; look-ups find holders in the order of their starts."""
    document = {
        "rolloutsim": 1,
        "nodes": {
            f"n{number}": {
                "count": 1, "nic": "8 Gbit/s", "hosts": ["spegel", "hub"], **CALM,
                "pulls": [{"image": "api", "at": f"{at} s"}], **(node or {}),
            }
            for number, at in enumerate(starts)
        },
        "network": {"latency": "0 s", "efficiency": "100%"},
        "registries": {"hub": {"uplink": "8 Gbit/s", "ttfb": "0 s"}},
        "peers": {"spegel": {"finds": "first", "announce": "0 s", **(peers or {})}},
        "images": {"api": {"layers": ["100 MB"]}},
        "rollout": {"strategy": "schedule"},
        **more,
    }  # fmt: skip
    run = simulate(rs.loads(json.dumps(document)).resolve())
    found = supply_summary(run, run.cases[0])
    assert found is not None
    return run.cases[0]


def waits(case: CaseRecords, node: int) -> list[float]:
    """For how long the layers of a node waited for look-ups [s]."""
    waited, fetches = case.supply.waited, case.fetches
    rows = np.flatnonzero(waited.is_fetch)
    own = [row for row in rows if case.pulls.node[fetches.pull[waited.activity[row]]] == node]
    return [float(waited.seconds[row]) for row in own]


def served_by(case: CaseRecords, node: int) -> list[int]:
    """The nodes that served the layers of a node."""
    uploads, fetches = case.supply.uploads, case.fetches
    return [
        int(holder)
        for fetch, holder, size in zip(uploads.fetch, uploads.node, uploads.bytes, strict=True)
        if case.pulls.node[fetches.pull[fetch]] == node and size > 0.0
    ]


CRASH = {"failures": {"crash": {"node": "n0-000", "at": "5 s"}}}
REFUSED = {"retry": {"times": 9, "after": "1 s"}}


# ---- hedging ---------------------------------------------------------------------------------------------


def test_the_next_holder_is_asked_when_the_first_does_not_answer() -> None:
    """Oracle: the first holder is down; the second is asked 50 ms later, and serves all."""
    case = scene([0.0, 1.0, 10.0], node=REFUSED, **CRASH)
    assert served_by(case, 1) == [0]
    assert waits(case, 1) == pytest.approx([LOOK_UP])
    assert served_by(case, 2) == [1]
    assert waits(case, 2) == pytest.approx([LOOK_UP + 0.05])


@pytest.mark.parametrize(("hedge", "race"), [("50 ms", 0.1), ("20 ms", 0.1), ("200 ms", 0.4)])
def test_the_next_host_is_asked_when_nobody_answers_in_time(hedge: str, race: float) -> None:
    """Oracle: twice the delay of the last one that would be asked, and 100 ms at least."""
    case = scene([0.0, 10.0], {"hedge": hedge}, REFUSED, **CRASH)
    assert served_by(case, 1) == []
    lost = case.orchestration.lost
    (row,) = np.flatnonzero(lost.is_fetch & (case.pulls.node[case.fetches.pull[lost.activity]] == 1))
    assert lost.seconds[row] == pytest.approx(LOOK_UP + race)
    assert case.supply.nobody["spegel"] == 2


def test_nodes_that_are_down_are_not_found_without_hedges() -> None:
    case = scene([0.0, 1.0, 10.0], {"hedge": "off"}, REFUSED, **CRASH)
    assert served_by(case, 2) == [1]
    assert waits(case, 2) == pytest.approx([LOOK_UP])


@pytest.mark.parametrize(("at", "spent"), [(1000.0, LOOK_UP + 0.1), (1139.0, LOOK_UP + 0.1), (1142.0, 0.02)])
def test_nodes_that_are_down_are_found_as_long_as_others_believe_them(at: float, spent: float) -> None:
    """Oracle: what the node told at 0.1 s is valid for 15 + 4 min, after which nobody is found, for 20 ms."""
    case = scene([0.0, at], node=REFUSED, **CRASH)
    lost = case.orchestration.lost
    (row,) = np.flatnonzero(lost.is_fetch & (case.pulls.node[case.fetches.pull[lost.activity]] == 1))
    assert lost.seconds[row] == pytest.approx(spent)


def test_what_a_node_has_told_again_is_valid_from_then_on() -> None:
    """Oracle: a node that goes away 16 min after it had the layer has told it again after 15."""
    crash = {"failures": {"crash": {"node": "n0-000", "at": "960 s"}}}
    for at, spent in ((2039.0, LOOK_UP + 0.1), (2042.0, 0.02)):
        lost = scene([0.0, at], node=REFUSED, **crash).orchestration.lost
        assert lost.seconds[np.flatnonzero(lost.is_fetch)[-1]] == pytest.approx(spent)


@pytest.mark.parametrize(("latency", "peers"), [(24, 1), (26, 0)])
def test_peers_that_answer_later_than_the_race_lasts_serve_nothing(latency: int, peers: int) -> None:
    """Oracle: two round trips of twice the latency, against 100 ms."""
    case = scene([0.0, 10.0], network={"latency": f"{latency} ms", "efficiency": "100%"})
    assert len(served_by(case, 1)) == peers


def test_a_second_holder_that_is_nearer_wins() -> None:
    """Oracle: the first answers after two round trips of 80 ms, the second after 50 ms and two of none."""
    document = {
        "nodes": {
            name: {
                "count": 1, "nic": "8 Gbit/s", "hosts": ["spegel", "hub"], "via": via, **CALM,
                "pulls": [{"image": "api", "at": f"{at} s"}],
            }
            for name, via, at in (("far", ["wan"], 0.0), ("near", [], 100.0), ("asks", [], 200.0))
        },
        "network": {
            "latency": "0 s", "efficiency": "100%", "links": {"wan": {"capacity": "8 Gbit/s", "latency": "20 ms"}},
        },
    }  # fmt: skip
    case = scene([0.0], {"hedge": "10 ms"}, **document)
    assert served_by(case, 1) == [0]
    assert waits(case, 1) == pytest.approx([LOOK_UP])
    assert served_by(case, 2) == [1]
    assert waits(case, 2) == pytest.approx([LOOK_UP + 0.01])


@given(st.lists(st.floats(0.0, 0.6), max_size=40), st.sampled_from(HEDGES))
def test_delays_are_the_percentiles_of_what_was_seen_in_whole_milliseconds(times: list[float], percent: float) -> None:
    """Oracle: the nearest rank of the sorted times, of which none is longer than 500 ms."""
    seen = Headers()
    for time in times:
        seen.observe(time)
    known = sorted(int(min(time, 0.5) * 1e3) for time in times)
    rank = max(int(percent * len(known) / 100 + 0.5), 1)
    assert seen.percentile(percent) == (known[rank - 1] / 1e3 if known else 0.0)
    assert not known or rank <= ceil(percent * len(known) / 100 + 0.5)


def test_delays_follow_what_a_node_has_seen_and_what_takes_under_a_millisecond_does_not_count() -> None:
    """Oracle: 50 ms at first; the percentiles of answers after 40 ms are 40 ms, those of quicker ones count as none."""
    for answer, after in ((0.04, 0.04), (0.0004, 0.05)):
        play: Any = Play(hedge=0.05).peers
        play.answer_time = lambda way, holder, answer=answer: answer
        play.away = {0: 0.0}
        assert play._race(9, None, [0, 1, 2]) == (1, 0.05)
        assert play._race(9, None, [0, 1, 2]) == (1, after)
        assert play._race(8, None, [0, 1, 2]) == (1, 0.05)  # who has seen nothing
        play.away = {0: 0.0, 1: 0.0}
        assert play._race(9, None, [0, 1, 2]) == (2, after)
        play.away = {}
        assert play._race(9, None, [0, 1, 2]) == (0, 0.0)


def test_peers_that_serve_as_many_as_they_may_are_not_found() -> None:
    """Oracle: 100 MB at 1 GB/s are served from 10 s on, and whoever asks 50 ms later is told nothing for 20 ms."""
    case = scene([0.0, 10.0, 10.05], {"connections": 1})
    assert (served_by(case, 1), served_by(case, 2)) == ([0], [])
    assert case.supply.nobody["spegel"] == 2
    assert case.fetches.started[-1] - case.fetches.granted[-1] == pytest.approx(0.02, abs=1e-6)


def test_nothing_has_come_of_what_a_peer_has_not_begun_to_serve_at_the_end() -> None:
    """Oracle: the second node asks a peer for the layer at 10.15 s; its first byte would come at 10.33 s."""
    network = {"network": {"latency": "10 ms", "efficiency": "100%"}}
    later = {"failures": {"crash": {"node": "n0-000", "at": "1h"}}}  # bare pulls without failures have no horizon
    case = scene([0.0, 10.0], **network, **later, rollout={"strategy": "schedule", "horizon": "10.2 s"})
    assert (case.finished, case.end) == (False, 10.2)
    assert case.fetches.connected[1] < case.end
    assert case.supply.uploads.node.tolist() == [0]
    assert case.supply.uploads.bytes.tolist() == [0.0]


# ---- what is remembered ----------------------------------------------------------------------------------


class Play:
    """Peers of which only look-ups are asked for, and a clock."""

    def __init__(self, **more: Any) -> None:
        self.network = SimpleNamespace(now=0.0, call_later=lambda wait, done, what: done(what))
        spec = Peers(
            "p", finds="first", look_up=0.25, timeout=0.5, **{"remembers": 5.0, "remembers_nobody": 2.5, **more}
        )
        fleet: Any = SimpleNamespace(network=self.network)
        self.peers = PeerToPeer(0, spec, fleet, lambda: 0.5, [None] * 10)
        for node in range(10):
            self.peers.join(node, [], [])

    def ask(self, at: float, node: int = 9, layer: int = 7) -> tuple[list[int], float]:
        self.network.now = at
        found, wait = self.peers._look_up(self.peers.holders, layer, node, -1)
        return found, round(wait, 9)

    def has(self, at: float, *nodes: int) -> None:
        self.network.now = at
        for node in nodes:
            self.peers.has(node, 7)


def test_as_many_as_are_looked_for_are_remembered() -> None:
    play = Play()
    play.has(0.0, 0, 1, 2)
    assert play.ask(1.0) == ([0, 1, 2], 0.25)
    assert play.ask(1.1) == ([0, 1, 2], 0.15)  # the look-up of before is not over
    assert play.ask(5.9) == ([0, 1, 2], 0.0)
    assert play.ask(5.9, node=8) == ([0, 1, 2], 0.25)  # nobody else remembers it
    assert play.ask(6.0) == ([0, 1, 2], 0.25)


def test_that_nobody_was_found_is_remembered_for_half_as_long() -> None:
    """Whoever has come in between is not found, and nobody waits for him."""
    play = Play()
    assert play.ask(1.0) == ([], 0.5)
    play.has(2.0, 0, 1, 2)
    assert play.ask(3.4) == ([], 0.0)
    assert play.ask(3.5) == ([0, 1, 2], 0.25)


def test_those_who_were_found_stay_when_others_are_looked_up() -> None:
    """Fewer than three are looked up again after 2.5 s; what is known of them is forgotten 5 s after the first time."""
    play = Play(found=2)
    play.has(0.0, 0)
    assert play.ask(0.0) == ([0], 0.25)
    play.has(1.0, 1)
    assert play.ask(2.4) == ([0], 0.0)
    assert play.ask(2.5) == ([0, 1], 0.25)
    assert play.ask(4.9) == ([0, 1], 0.0)
    assert play.ask(5.0) == ([0, 1], 0.25)


def test_who_does_not_have_it_any_more_is_not_asked() -> None:
    play = Play()
    play.has(0.0, 0, 1, 2)
    assert play.ask(1.0) == ([0, 1, 2], 0.25)
    play.peers.lacks(1, [7], [])
    assert play.ask(2.0) == ([0, 2], 0.0)
    assert play.ask(2.0, node=8) == ([0, 2], 0.25)


def test_nothing_is_remembered_for_ever() -> None:
    play = Play()
    for number in range(1000):
        play.ask(float(number), layer=number)
    assert len(play.peers.answers) <= 7


def test_without_a_memory_each_request_is_a_look_up() -> None:
    play = Play(remembers=0.0, remembers_nobody=0.0)
    play.has(0.0, 0, 1, 2)
    assert play.ask(1.0) == play.ask(1.0) == ([0, 1, 2], 0.25)
    assert not play.peers.answers


@pytest.mark.parametrize(("remembers", "look_ups"), [("5 s", 1), ("0 s", 4)])
def test_ranges_of_a_layer_are_looked_up_once(remembers: str, look_ups: int) -> None:
    """Oracle: four ranges of 25 MB one after another, of a layer that one node has: within 2.5 s one look-up."""
    few = {"remembers": remembers, "remembers_nobody": "2.5 s" if look_ups == 1 else "0 s", "look_up": "100 ms"}
    case = scene([0.0, 10.0], few, {"layer_fetch_buffer": "25 MB", "parallel_layers": 1})
    assert sum(waits(case, 1)) == pytest.approx(0.1 * look_ups)
    assert set(served_by(case, 1)) == {0}


@pytest.mark.parametrize(("remembers", "asked"), [("2.5 s", [0.0, 1.1, 2.1, 3.1]), ("0 s", [0.0, 1.1, 2.2, 3.3])])
def test_a_pull_that_is_tried_again_does_not_wait_for_peers_again(remembers: str, asked: list[float]) -> None:
    """Oracle: nobody is found in 100 ms, the registry refuses, and a second later all begins anew, until it is back."""
    case = scene(
        [0.0], {"timeout": "100 ms", "remembers_nobody": remembers},
        {"retry": {"broken": [], "times": 9, "after": "1 s"}},
        failures={"down": {"registry": "hub", "at": "10 ms", "back_after": "3 s"}},
    )  # fmt: skip
    assert case.pulls.asked == pytest.approx(asked)
    assert not np.isnan(case.pulls.pulled[-1])


def test_what_was_removed_before_others_knew_of_it_is_not_found() -> None:
    """What a node committed at 0 s and removed at 5 s is told at 10 s; what it committed after that counts."""
    holders = Holders()
    holders.remove(1, 5.0)
    holders.add(1, since=0.0, now=10.0)
    assert holders.order == [*holders.nodes] == []
    holders.add(1, since=6.0, now=16.0)
    assert holders.order == [*holders.nodes] == [1]


# ---- image garbage collection --------------------------------------------------------------------------------

COLLECTED = """
rolloutsim: 1
nodes:
  old: {{count: 1, hosts: [spegel, hub], cached: {{api: 100%}}, unpack: unlimited,
         disk: {{rate: unlimited, capacity: 40 GB, used: {used}}}}}
  new: {{count: 1, hosts: [spegel, hub], disk: unlimited, unpack: unlimited}}
network: 8 Gbit/s
registries: {{hub: 8 Gbit/s}}
peers: {{spegel: {{}}}}
images: {{api: {{layers: [{{compressed: 1 GB, unpacked: 3 GB}}]}}, other: {{layers: [{{compressed: 1 GB, unpacked: 3 GB}}]}}}}
workloads:
  fills: {{images: other, groups: old, daemonset: true, create: true, startup: 60 s}}
  asks: {{images: api, groups: new, daemonset: true, create: true, after: fills}}
"""  # noqa: E501


@pytest.mark.parametrize(("used", "served"), [("20 GB", 1), ("27 GB", 0)])
def test_what_a_node_has_removed_it_does_not_serve(used: str, served: int) -> None:
    """Oracle: 8 GB of images are on the disk; with 27 GB beside them less than 15 % of 40 are free, with 20 more."""
    (case,) = rs.loads(COLLECTED.format(used=used)).run().run.cases
    assert case.finished
    assert len(case.supply.uploads.fetch) == served
    assert case.orchestration.disks.collected[0] == pytest.approx(0.0 if served else 4e9)


# ---- profiles ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "values"),
    [
        ("spegel", (5.0, 2.5, 0.05)), ("k3s", (5.0, 2.5, 0.05)), ("spegel-0.4", (0.0, 0.0, None)),
        ("peerd", (0.0, 0.0, None)), ("kraken", (0.0, 0.0, None)),
    ],
)  # fmt: skip
def test_profiles_remember_and_hedge_as_their_sources_say(profile: str, values: tuple[float, float, float]) -> None:
    text = "rolloutsim: 1\nnodes: {n: {count: 2, hosts: [p]}}\nnetwork: 1 Gbit/s\nimages: {a: 1 MB}\n"
    one = rs.loads(f"{text}peers: {{p: {{profile: {profile}}}}}\n").resolve().peers["p"]
    assert (one.remembers, one.remembers_nobody, one.hedge) == values


def test_a_thousand_requests_that_are_answered_at_once_are_no_thousand_calls_within_each_other() -> None:
    scenario = (
        "rolloutsim: 1\nmodel: ideal\nnodes: {n: {count: 2, resolve_requests: 1000, hosts: [p]}}\n"
        "network: 1 Gbit/s\nimages: {a: 1 MB}\npeers: {p: {}}\n"
    )
    (case,) = simulate(rs.loads(scenario).resolve()).cases
    assert case.finished
    assert case.pulls.requests.tolist() == [1004, 1004]  # four of them, for the second time, to the registry
