"""Refused requests: counted whole, remembered by moment, and in step without a look at each of them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from simpy import Environment

from rolloutsim import simulation
from rolloutsim.fleet import incidents
from rolloutsim.fleet.buckets import TokenBucket
from rolloutsim.fleet.incidents import Incidents, LostColumns, RefusalColumns
from rolloutsim.fleet.instants import Together
from rolloutsim.fleet.kubelet import Kubelet
from rolloutsim.fleet.node import Node
from rolloutsim.fleet.pulls import Pull
from rolloutsim.fleet.retries import Crowd
from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.results.caveats import caveats
from rolloutsim.results.facts.records import CaseRecords, Refusals, Run
from rolloutsim.results.metrics import summarise
from rolloutsim.results.numerals import show_time
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate

STORM = """\
rolloutsim: 1
nodes: {{node: {{count: {nodes}, nic: 1 Gbit/s, stagger: 0 s{start}}}}}
registry: {{uplink: 10 Gbit/s, rate_limit: {{rate: 2/s, burst: 30, per: {per}}}}}
{what}
rollout: {{horizon: {horizon}}}
{more}
"""

ONE = """\
images: {app: {layers: [10 MB, 5 MB]}}
workloads: {app: {images: app, daemonset: true, create: true}}
controller_manager: unlimited
"""
SEVERAL = """\
images: {app: {layers: [10 MB, 5 MB]}, "side:1": {layers: [3 MB]}}
workloads: {app: {images: [app, "side:1"], daemonset: true, create: true}, side: {images: "side:1", replicas: 50}}
controller_manager: unlimited
"""


IN_STEP = ", image_backoff: {requeue: exact}"


def storm(
    nodes: int = 40,
    horizon: str = "10m",
    per: str = "account",
    start: str = IN_STEP,
    more: str = "",
    what: str = ONE,
) -> Run:
    text = STORM.format(nodes=nodes, horizon=horizon, per=per, start=start, more=more, what=what)
    return simulate(loads(text).resolve())


def only(run: Run) -> CaseRecords:
    (case,) = run.cases
    return case


FAILURES = (
    'failures: {crash: {group: node, rate: "1/20s", back_after: 7 s}, '
    'flaky: {registry: registry, flaky: "30%", at: 50 s, back_after: 40 s}}'
)


@pytest.mark.parametrize("more", ["", FAILURES])
@pytest.mark.parametrize("horizon", ["3m", "10m"])  # some wait to ask again at either
def test_a_crowd_asks_and_is_refused_as_each_of_its_members_would_be(
    monkeypatch: pytest.MonkeyPatch, horizon: str, more: str
) -> None:
    together = storm(horizon=horizon, more=more)
    monkeypatch.setattr(Crowd, "takes", lambda *_: False)
    apart = storm(horizon=horizon, more=more)
    for name in ("requests", "failed", "reason", "resolved", "pulled"):
        np.testing.assert_array_equal(getattr(only(together).pulls, name), getattr(only(apart).pulls, name))
    ours, theirs = only(together).orchestration.refusals, only(apart).orchestration.refusals
    assert by_moment(ours) == by_moment(theirs)
    np.testing.assert_array_equal(ours.unanswered, theirs.unanswered)
    for name in ("is_fetch", "activity", "limited", "seconds"):
        np.testing.assert_array_equal(
            getattr(only(together).orchestration.lost, name), getattr(only(apart).orchestration.lost, name)
        )
    assert together.cases[0].orchestration.refusals.count.sum() > 500


def by_moment(refusals: Refusals) -> dict[tuple[float, ...], list[int]]:
    """Requests that were refused, and those of them that were sent again, by source, time, status and kind."""
    found: dict[tuple[float, ...], list[int]] = {}
    columns = (refusals.source, refusals.time, refusals.status, refusals.layer, refusals.count, refusals.again)
    for source, time, status, layer, count, again in zip(*(column.tolist() for column in columns), strict=True):
        numbers = found.setdefault((source, time, status, layer), [0, 0])
        numbers[0] += count
        numbers[1] += again
    return found


def every_column(case: CaseRecords) -> dict[str, Any]:
    """All arrays of a case's records, by record and name."""
    records = (case.pulls, case.fetches, case.pods, case.orchestration.steps)
    return {
        f"{type(record).__name__}.{one.name}": getattr(record, one.name)
        for record in (*records, case.orchestration.lost)
        for one in fields(record)
    }


@pytest.mark.parametrize("what", [ONE, SEVERAL])
@pytest.mark.parametrize("more", ["", FAILURES])
@pytest.mark.parametrize(
    "node",
    [
        IN_STEP, IN_STEP + ", registry_pull_qps: 0.03", "", ", image_backoff: {requeue: expiry}",
        ", image_backoff: {requeue: exact, jitter: 20%}",
    ],
)  # fmt: skip
def test_kubelets_that_ask_again_together_do_what_each_would_do_by_itself(
    monkeypatch: pytest.MonkeyPatch, node: str, more: str, what: str
) -> None:
    together = storm(start=node, more=more, what=what)
    monkeypatch.setattr(Kubelet, "can_start", lambda *_: False)
    apart = storm(start=node, more=more, what=what)
    theirs = every_column(only(apart))
    for name, ours in every_column(only(together)).items():
        np.testing.assert_array_equal(ours, theirs[name], name)
    ours, others = only(together).orchestration.refusals, only(apart).orchestration.refusals
    assert by_moment(ours) == by_moment(others)
    # Requests that are sure to be refused are settled before their time where a pull asks alone.
    assert only(together).events <= only(apart).events


def test_of_pulls_in_step_that_ask_again_few_send_a_request_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    request = Node.request

    def counted(node: Node, pull: Pull) -> None:
        sent.append(pull.row)
        request(node, pull)

    monkeypatch.setattr(Node, "request", counted)
    seen = {}
    for nodes in (40, 160):
        sent.clear()
        seen[nodes] = (len(only(storm(nodes)).pulls.node), len(sent))
    (pulls, requests), (more_pulls, more_requests) = seen.values()
    assert more_pulls >= 4 * pulls
    # Each of the 120 nodes more asks once by itself, and those that are served, as many as before, six times.
    assert more_requests - requests < 2 * 120


def test_a_storm_in_step_looks_at_few_of_its_requests_and_has_few_events(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    accept = TokenBucket.accept

    def counted(bucket: Any, now: float) -> bool:
        asked.append(now)
        return bool(accept(bucket, now))

    monkeypatch.setattr(TokenBucket, "accept", counted)
    seen = {}
    for nodes in (40, 160):
        asked.clear()
        case = only(storm(nodes))
        refused = int(case.orchestration.refusals.count.sum())
        seen[nodes] = (refused, len(asked) - len(case.pulls.node), case.events, len(case.orchestration.refusals.time))
    # Four times the nodes are refused four times as often or more, and that takes hardly more than with those.
    (refused, looks, events, moments), (more_refused, more_looks, more_events, more_moments) = seen.values()
    assert more_refused >= 4 * refused
    assert more_looks < 2.5 * looks
    assert more_events < 2 * events
    assert more_moments < 2 * moments


def test_what_is_asked_for_at_one_instant_for_one_time_is_one_event_in_the_order_of_asking() -> None:
    network = FluidNetwork(Environment())
    together, happened = Together(network), []
    for name in "abc":
        together.call_at(1.0, happened.append, name)
    together.call_at(2.0, happened.append, "later")
    assert (together.last(1.0), together.last(2.0), together.last(3.0)) == ("c", "later", None)

    def again(_: Any) -> None:
        happened.append("again")
        together.call_at(1.0, happened.append, "after those that were there")

    together.call_at(1.0, again, None)
    together.call_at(1.0, happened.append, "d")
    assert network.run() == 3
    assert happened == ["a", "b", "c", "again", "d", "after those that were there", "later"]


def test_moments_beyond_the_bound_are_put_together_and_the_numbers_stay_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incidents, "MOST", 8)
    refusals = RefusalColumns()
    rows = [refusals.add(0, 0.001 * i, 429, -1) for i in range(8)]
    assert [*refusals.width] == [0.0] * 8
    rows += [refusals.add(0, 1.0 + 0.0001 * i, 429, -1) for i in range(1000)]
    assert sum(refusals.count) == 1008
    assert len(refusals.time) < 8 * 5
    width = 2.0**-10
    assert refusals.width[8] == width
    assert max(refusals.width) > width
    for row in range(8, len(refusals.time)):
        assert refusals.time[row] % refusals.width[row] == 0.0
    for number, row in enumerate(rows[8:]):
        assert refusals.time[row] <= 1.0 + 0.0001 * number < refusals.time[row] + refusals.width[row]
    # Requests that are sent again are counted where they were refused.
    for row in rows:
        refusals.repeat(row, -1)
    assert refusals.again == refusals.count


def test_a_result_says_that_moments_were_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    jitter = ", image_backoff: {requeue: exact, jitter: 100%}"
    exact = storm(start=jitter)
    assert [*caveats(exact)] == []
    monkeypatch.setattr(incidents, "MOST", 100)
    coarse = storm(start=jitter)
    ours, theirs = (summarise(run).cases[only(run).name].rollout for run in (coarse, exact))
    assert ours is not None
    assert theirs is not None
    assert ours.registries[0].refused == theirs.registries[0].refused
    assert ours.registries[0].retries == theirs.registries[0].retries
    width = only(coarse).orchestration.refusals.width.max()
    assert [*caveats(coarse)] == [
        "Requests were refused at more moments than are told apart: the later ones are known to "
        f"{show_time(width)}, and with them the peak of requests; their numbers are exact."
    ]


def test_seconds_lost_to_a_fetch_are_one_row_for_each_cause() -> None:
    lost = LostColumns()
    for seconds in (0.25, 0.5, 0.0):
        lost.add(True, 3, True, seconds)
    lost.add(True, 3, False, 1.0)
    lost.add(False, 3, False, 2.0)
    assert [*zip(lost.is_fetch, lost.activity, lost.limited, lost.seconds, strict=True)] == [
        (1, 3, 1, 0.75), (1, 3, 0, 1.0), (0, 3, 0, 2.0),
    ]  # fmt: skip


def test_no_crowd_is_left_when_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Incidents] = []
    begin = Incidents.__init__

    class Kept(Incidents):
        def __init__(self) -> None:
            begin(self)
            kept.append(self)

    monkeypatch.setattr(simulation, "Incidents", Kept)
    case = only(storm(4, "2h"))
    assert case.finished
    assert case.orchestration.refusals.count.sum() > 0
    assert kept[0].crowds == {}
