"""Requests whose answers take longer than clients wait, against times worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from rolloutsim.fleet.sources.source import Connections
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.metrics import summarise
from rolloutsim.scenario import loads
from rolloutsim.scenario.answers import ANSWERS
from rolloutsim.scenario.resolved import Fault, FirstFetch, Redirect, ResolvedScenario
from rolloutsim.scenario.runtimes import Retry, Timeouts
from rolloutsim.simulation import simulate
from tests.fleet.scenes import CONTAINERD, CRIO, daemonset, roll, run, scene, with_kubelet, with_registry, with_runtime

EXACT = {"rtol": 0.0, "atol": 1e-9}
GO = Timeouts(dial=30.0, tls=10.0, header=30.0)


def clients(s: ResolvedScenario, timeouts: Timeouts, retry: Retry = CONTAINERD, **more: object) -> ResolvedScenario:
    """The same with clients that wait so long."""
    return with_runtime(s, timeouts=timeouts, retry=retry, **more)


def line(sizes: str, nodes: int, **registry: object) -> ResolvedScenario:
    """Nodes at 10 MB/s that a registry serves one after another."""
    return with_registry(scene(f"{{a: {sizes}}}", nodes, "10 MB/s"), max_connections=1, **registry)


def refusals(case: CaseRecords) -> list[tuple[float, str, int, int]]:
    """When requests failed, how, how many, and how many of them were sent again."""
    r = case.orchestration.refusals
    names = [ANSWERS[status].name for status in r.status.tolist()]
    rows = zip(r.time.tolist(), names, r.count.tolist(), r.again.tolist(), strict=True)
    return [(round(time, 9), *row) for time, *row in rows]


# ---- in line ----------------------------------------------------------------------------------------


def test_without_tls_the_request_waits_in_line_as_long_as_for_any_header() -> None:
    # 10 s each. At 25 s three of the six are served or at it, the others have waited 25 s and ask again 50 ms later, at
    # the end of the line, that is in their places: at 50.05 s the last one has waited 25 s, and is at it since 50 s.
    s = clients(line("100 MB", 6), replace(GO, header=25.0))
    case = roll(s, daemonset("w", "a"))
    assert_allclose(case.pods.ready, [10, 20, 30, 40, 50, 60], **EXACT)
    assert refusals(case) == [(25.0, "header_timeout", 3, 3)]
    assert not case.reasons


def test_who_gave_up_stands_at_the_end_of_the_line() -> None:
    # Three ask at 0 s, one at 6 s; 10 s each. The third has waited 15 s at 15 s and asks again at 15.05 s, behind the
    # fourth, which is served from 20 s on; the third from 30 s on, before it has waited 15 s again.
    text = (
        "rolloutsim: 1\nname: line\nmodel: ideal\nnetwork: 10 MB/s\nimages: {a: 100 MB}\n"
        "nodes: {early: {count: 3}, late: {count: 1, start: 6 s}}\n"
    )
    s = with_registry(loads(text).resolve(), max_connections=1)
    assert_allclose(run(s).pods.ready, [10, 20, 30, 40], **EXACT)
    case = run(clients(s, replace(GO, header=15.0)))
    assert_allclose(case.pods.ready, [10, 20, 40, 30], **EXACT)
    assert refusals(case) == [(15.0, "header_timeout", 1, 1)]


def test_with_tls_the_handshake_waits_in_line() -> None:
    # 7 s each: at 10 s two wait, at 20.05 s one does, which is next at 21 s.
    s = clients(line("70 MB", 4, tls=True), GO)
    case = roll(s, daemonset("w", "a"))
    assert_allclose(case.pods.ready, [7, 14, 21, 28], **EXACT)
    assert refusals(case) == [(10.0, "tls_timeout", 2, 2), (20.05, "tls_timeout", 1, 1)]


def test_a_handshake_is_over_before_the_request_waits() -> None:
    # 8 s to the first byte, 10 s for all: the second waits 18 s in line, and then 8 s for an answer.
    s = line("100 MB", 2, tls=True, ttfb=8.0)
    case = run(clients(s, replace(GO, tls=20.0, header=9.0)))
    assert_allclose(case.pods.ready, [18, 36], **EXACT)
    assert not refusals(case)


def test_without_tls_line_and_answer_are_one_wait() -> None:
    # The same, but the second waits 26 s for an answer. It gives up at 25 s, though its turn came at 18 s, and asks
    # again 50 ms later, when nobody is in line: first byte at 33.05 s.
    s = line("100 MB", 2, ttfb=8.0)
    case = run(clients(s, replace(GO, header=25.0)))
    assert refusals(case) == [(25.0, "header_timeout", 1, 1)]
    assert_allclose(case.pods.ready, [18, 43.05], **EXACT)
    split = summarise(simulate(clients(s, replace(GO, header=25.0)))).cases["a"].time_split_s
    assert_allclose([split[cause] for cause in ("registry_queue", "retry", "requests")], [18.0, 7.05, 16.0], **EXACT)
    assert not refusals(run(clients(s, replace(GO, header=26.5))))
    # Where a registry redirects, its own answer ends the wait in line, and the storage's is a wait of its own.
    s = line("100 MB", 2, redirect=Redirect(("registry.uplink",), None, 8.0))
    case = run(clients(s, replace(GO, header=25.0)))
    assert_allclose(case.pods.ready, [18, 36], **EXACT)
    assert not refusals(case)


@pytest.mark.parametrize(("kept", "failures"), [(2, set()), (0, {"tls_timeout"})])
def test_the_request_over_a_kept_connection_needs_no_handshake(kept: int, failures: set[str]) -> None:
    # Layers in turn: a's first takes 7 s, b's first 9 s, for which a's second one waits: with its connection kept as
    # long as for a header, with a new one 8 s at most.
    text = (
        "rolloutsim: 1\nname: turns\nnetwork: {rate: 10 MB/s, efficiency: 100%, latency: 0.5 ms}\n"
        "nodes: {one: {count: 1, pulls: [{image: a}], KEYS}, other: {count: 1, pulls: [{image: b}], KEYS}}\n"
        "images: {a: {layers: [70 MB, 71 MB]}, b: {layers: [90 MB]}}\nrollout: {strategy: schedule}\n"
        "registry: {tls: true, max_connections: 1}\n"
    )
    keys = "disk: unlimited, unpack: unlimited, parallel_layers: 1, timeouts: {tls: 8 s}, stagger: 0 s"
    text = text.replace("KEYS", f"{keys}, kept_connections: {kept}")
    case = run(loads(text).resolve())
    assert {name for _, name, _, _ in refusals(case)} == failures
    assert case.finished


@pytest.mark.parametrize(
    ("retry", "timeouts", "failed", "reason"),
    [
        # Five attempts of 30 s, 50 ms apart; back-off 10 s, then 20 s.
        (CONTAINERD, GO, [150.2, 310.4], "timeout awaiting response headers (timeouts.header)"),
        # Four, 1 s apart.
        (CRIO, GO, [123, 256], "timeout awaiting response headers (timeouts.header)"),
        (CRIO, replace(GO, header=None), [], ""),
    ],
)
def test_a_pull_that_is_not_served_is_given_up_and_asked_for_again(
    retry: Retry, timeouts: Timeouts, failed: list[float], reason: str
) -> None:
    # The first takes 370 s; the second is in line then, or comes to it at 380.4 s or later.
    s = with_kubelet(line("3700 MB", 2), progress_timeout=None)
    case = roll(clients(s, timeouts, retry), daemonset("w", "a"))
    again = {0: 370.0, 2: 370.0}[len(failed)]
    assert_allclose(case.pods.ready, [370.0, again + 370.0], **EXACT)
    assert_allclose(case.pulls.failed[~np.isnan(case.pulls.failed)], failed, **EXACT)
    assert case.reasons == ((reason,) if reason else ())


def test_a_client_outside_kubernetes_gives_up_for_good() -> None:
    case = run(clients(line("3700 MB", 2), GO))
    assert_allclose(case.pulls.failed, [np.nan, 150.2], **EXACT)
    assert_allclose(case.pods.ready, [370.0, np.nan], **EXACT)
    assert not case.finished


def test_the_wait_in_line_is_one_whether_or_not_it_was_in_vain() -> None:
    # As above: 10 + 20 + 30 + 40 + 50 s in line but for three pauses of 50 ms.
    s = clients(line("100 MB", 6), replace(GO, header=25.0))
    split = summarise(simulate(s)).cases["a"].time_split_s
    assert_allclose([split["registry_queue"], split["retry"]], [150.0 - 0.15, 0.15], **EXACT)
    assert_allclose(sum(split.values()), 10 + 20 + 30 + 40 + 50 + 60, **EXACT)


def test_those_in_line_keep_their_places_when_others_give_up() -> None:
    connections, granted = Connections(1), list[int]()
    assert connections.ask(granted.append, 0) is None
    tickets = [connections.ask(granted.append, number) for number in range(1, 1001)]
    for ticket in tickets[:999]:
        assert ticket is not None
        connections.give_up(ticket)
    assert connections.waiting == 1
    assert len(connections.queue) <= 2  # those who have gone are not kept
    connections.release()
    assert (granted, connections.in_use, connections.waiting) == ([0, 1000], 1, 0)
    connections.release()
    assert connections.in_use == 0


# ---- slow answers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("registry", "first"),
    [
        ({"ttfb": 30.5}, [0.0, 30.05]),  # the request for the manifest: 30 s and 50 ms each
        ({"first_fetch": FirstFetch(None, 30.5)}, [30.0, 60.05]),  # that for the layer
        ({"redirect": Redirect(("registry.uplink",), None, 30.5)}, [30.0, 60.05]),
    ],
)
def test_an_answer_that_takes_too_long_never_comes(registry: dict[str, object], first: list[float]) -> None:
    s = clients(with_registry(scene("{a: 100 MB}"), **registry), GO)
    case = roll(replace(s, horizon=155.0), daemonset("w", "a"))
    found = refusals(case)
    assert_allclose([time for time, *_ in found][:2], first, **EXACT)
    assert [(name, again) for _, name, _, again in found] == [("header_timeout", 1)] * 4 + [("header_timeout", 0)]
    assert_allclose(case.pulls.failed, [150.2], **EXACT)
    in_time = {key: replace(value, **{"time" if key == "first_fetch" else "ttfb": 29.5}) if key != "ttfb" else 4.9
               for key, value in registry.items()}  # fmt: skip
    assert not refusals(run(clients(with_registry(scene("{a: 100 MB}"), **in_time), GO)))


def test_slow_manifests_are_found_out_when_they_are_asked_for() -> None:
    # Six requests: the third is the HEAD of the tag. Those before it are answered at once.
    s = with_registry(scene("{a: 100 MB}"), manifest_ttfb=31.0)
    case = roll(replace(clients(s, GO), horizon=151.0), daemonset("w", "a"))
    assert_allclose(case.pulls.failed, [150.2], **EXACT)
    assert case.pulls.requests.tolist() == [2 + 5]


def test_the_wait_for_a_header_begins_when_the_request_is_sent() -> None:
    # A round trip of 2 s: TCP is set up at 2 s, the answer is due 2 + 4 s later and given up after 5 s, at 7 s; again
    # at 7.05 s, and so on.
    s = replace(with_registry(scene("{a: 100 MB}"), first_fetch=FirstFetch(None, 4.0)), path_latency=1.0)
    case = run(clients(s, replace(GO, header=5.0), layer_round_trips=2.0))
    assert_allclose([time for time, *_ in refusals(case)], [7.05 * n + 7.0 for n in range(5)], **EXACT)


# ---- links that are down ----------------------------------------------------------------------------


def down(at: float, back_after: float | None) -> tuple[Fault, ...]:
    return (Fault("cut", "link", "registry.uplink", at=at, back_after=back_after, remaining=0.0),)


@pytest.mark.parametrize(
    ("back", "found"), [(0.5, 1.0), (4.5, 5.0), (5.5, 7.0), (7.5, 11.0), (12.0, 19.0), (20.0, 30.05)]
)
def test_a_link_that_is_back_is_found_by_the_next_syn(back: float, found: float) -> None:
    # SYNs after 1, 2, 3, 4, 5, 7, 11, 19 s; the client gives up at 30 s, and tries again at 30.05 s.
    case = run(replace(clients(scene("{a: 100 MB}"), GO), faults=down(0.0, back)))
    assert_allclose(case.pods.ready, [found + 1.0], **EXACT)
    assert refusals(case) == ([(30.0, "dial_timeout", 1, 1)] if found > 30.0 else [])


def test_what_no_syn_comes_through_to_is_given_up() -> None:
    case = run(replace(clients(scene("{a: 100 MB}"), GO), faults=down(0.0, None)))
    assert_allclose(case.pulls.failed, [150.2], **EXACT)
    assert case.reasons == ("dial: i/o timeout (timeouts.dial)",)
    assert case.pulls.requests.tolist() == [5]


def test_a_request_over_a_kept_connection_is_sent_again_as_data_is() -> None:
    # Six requests within 1 s; the fourth at 0.5 s meets the link that is down from then on to 3.2 s. It is sent again
    # 0.2, 0.6, 1.4 and 3 s later, at 3.5 s; two more follow, the layer is asked for at 4 s.
    s = clients(scene("{a: 100 MB}"), GO, resolve_time=1.0)
    case = run(replace(s, faults=down(0.5, 2.7)))
    assert_allclose([case.pulls.resolved[0], case.pods.ready[0]], [4.0, 5.0], **EXACT)
    # As long as for a header: at 30.5 s it is given up, and a new connection is tried.
    case = run(replace(s, faults=down(0.5, None)))
    assert refusals(case)[:2] == [(30.5, "header_timeout", 1, 1), (60.55, "dial_timeout", 1, 1)]


def test_the_wait_for_a_link_counts_as_a_retry() -> None:
    s = replace(clients(scene("{a: 100 MB}"), GO), faults=down(0.0, 12.0))
    split = summarise(simulate(s)).cases["a"].time_split_s
    assert_allclose([split["retry"], sum(split.values())], [19.0, 20.0], **EXACT)


def test_bytes_that_stand_still_are_none_that_never_came() -> None:
    # The link is down from 0.5 s on: half of the layer is there, and the other half comes when it is back.
    case = run(replace(clients(scene("{a: 100 MB}"), GO), faults=down(0.5, 200.0)))
    assert_allclose(case.pods.ready, [201.0], **EXACT)
    assert not refusals(case)


# ---- whom it concerns -------------------------------------------------------------------------------

REAL = """\
rolloutsim: 1
name: real
nodes: {{web: {{count: 4, stagger: 0 s{keys}}}}}
network: 100 MB/s
registry: {{max_connections: {connections}}}
images: {{a: 100 MB}}
"""


def real(connections: int, keys: str = "", model: str = "real") -> CaseRecords:
    return run(loads(REAL.format(connections=connections, keys=keys) + f"model: {model}\n").resolve())


def test_nobody_is_watched_whom_nothing_keeps_waiting() -> None:
    # Four nodes fetch three layers at a time each at most.
    enough, unlimited = real(12), real(12, ", timeouts: unlimited")
    assert enough.events == unlimited.events
    assert_allclose(enough.pods.ready, unlimited.pods.ready, rtol=0.0, atol=0.0)


def test_in_the_ideal_model_nobody_gives_up() -> None:
    assert_allclose(real(1, ", timeouts: {header: 1 s}", "ideal").pods.ready, [4.0] * 4, **EXACT)


@pytest.mark.parametrize(
    ("keys", "failures"),
    [
        ("", {}),
        (", timeouts: {header: 2 s}", {"header_timeout"}),
        (", timeouts: {tls: 2 s}", {}),  # there is no TLS
        (", runtime: cri-o, timeouts: {dial: 2 s}", {}),
    ],
)
def test_a_key_changes_its_own_limit(keys: str, failures: set[str]) -> None:
    assert {name for _, name, _, _ in refusals(real(1, keys))} == set(failures)
