"""What goes wrong and how runtimes react, with times and bytes worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from rolloutsim.fleet.sources.registry import Registry
from rolloutsim.fleet.sources.source import FINE
from rolloutsim.results.metrics import summarise
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.time.split import path_times
from rolloutsim.scenario import loads
from rolloutsim.scenario.resolved import Case, Disk, Fault, Push, RateLimit, Redirect
from rolloutsim.scenario.runtimes import Retry
from rolloutsim.simulation import simulate
from tests.fleet.scenes import (
    CONTAINERD,
    CRIO,
    DOCKERD,
    MB,
    daemonset,
    roll,
    run,
    scene,
    with_kubelet,
    with_registry,
    with_runtime,
)

EXACT = {"rtol": 0.0, "atol": 1e-9}


def outage(at, back_after, **more):
    return Fault("outage", "registry", "registry", at=at, back_after=back_after, **more)


# ---- broken connections ------------------------------------------------------------------------------


def test_containerd_resumes_a_broken_body_where_it_broke():
    # 100 MB at 100 MB/s; the registry is away from 0.4 to 0.5 s. Attempts at 0.45 and 0.50 s: the second finds it.
    # (Both at 0.5 s: the registry's return was planned first and comes first.) 60 MB are left: 1.1 s.
    result = simulate(replace(with_runtime(scene("{a: 100 MB}"), retry=CONTAINERD), faults=(outage(0.4, 0.1),)))
    case = result.cases[0]
    assert_allclose(case.pods.ready, [1.1], **EXACT)
    assert_allclose(case.fetches.bytes_done, [100 * MB], **EXACT)
    assert_allclose(case.fetches.again, [0.0], **EXACT)
    assert len(case.pulls.node) == 1
    split = summarise(result).cases["a"].time_split_s
    assert_allclose(split["retry"], 0.1, **EXACT)
    assert_allclose(sum(split.values()), 1.1, **EXACT)


def test_a_body_that_cannot_be_resumed_is_fetched_again():
    retry = replace(CONTAINERD, resumes=False)
    case = run(replace(with_runtime(scene("{a: 100 MB}"), retry=retry), faults=(outage(0.4, 0.1),)))
    assert_allclose(case.pods.ready, [1.5], **EXACT)
    assert_allclose(case.fetches.bytes_done, [140 * MB], **EXACT)
    assert_allclose(case.fetches.again, [40 * MB], **EXACT)
    assert_allclose(case.shared_links.bytes, [140 * MB], **EXACT)


def test_dockerd_waits_five_seconds_more_with_each_attempt():
    # Away from 0.4 to 16 s: attempts at 5.4, 15.4 (5 + 10 later) and 30.4 s; 60 MB are left then.
    case = run(replace(with_runtime(scene("{a: 100 MB}"), retry=DOCKERD), faults=(outage(0.4, 15.6),)))
    assert_allclose(case.pods.ready, [31.0], **EXACT)


@pytest.mark.parametrize(("retry", "again"), [(CONTAINERD, 0.0), (replace(CONTAINERD, keeps_partial=False), 40 * MB)])
def test_what_a_failed_pull_had_fetched_is_there_for_the_next_if_the_runtime_keeps_it(retry, again):
    # Away from 0.4 to 5 s: the pull fails at 0.6 s, the next begins at 10.6 s with what is left.
    s = replace(with_runtime(scene("{a: 100 MB}"), retry=retry), faults=(outage(0.4, 4.6),))
    case = roll(s, daemonset("a", "a"))
    assert_allclose(case.pods.ready, [10.6 + (60 * MB + again) / (100 * MB)], **EXACT)
    assert_allclose(case.fetches.bytes_done.sum(), 100 * MB + again, **EXACT)
    assert_allclose(case.fetches.again.sum(), again, **EXACT)


def test_a_layer_that_another_pull_waits_for_is_fetched_for_that_one_when_its_own_pull_fails():
    # Images a (base) and b (base + top). b is asked for 0.2 s after a, waits for base. The node's disk is too small
    # for a's own second layer, so a's pull fails; b goes on with base.
    s = scene("{base: 100 MB, a: {base: base, layers: [900 MB]}, b: {base: base, layers: [50 MB]}}")
    s = with_runtime(
        replace(s, groups=tuple(replace(g, storage=Disk(500 * MB)) for g in s.groups)),
        parallel_layers=3,
    )
    s = with_kubelet(s, parallel_pulls=None)
    case = roll(s, daemonset("a", "a"), daemonset("b", "b"))
    assert not case.finished
    # base and b's top share 100 MB/s: top (50 MB) at 1 s with base half done; base goes on alone: 50 MB more, 1.5 s.
    assert_allclose(case.pods.ready, [np.nan, 1.5], **EXACT)
    assert case.reasons[0].startswith("no space left on device: 900 MB more do not fit, ")


def test_a_layer_that_two_pulls_wait_for_comes_with_the_one_that_goes_on_with_it():
    # As above, with c as well: base and both tops share 100 MB/s: the tops (50 MB) are there at 1.5 s with base half
    # done, base at 2 s. What c waits for is b's fetch of base, and no longer that of a, which has failed.
    s = scene(
        "{base: 100 MB, a: {base: base, layers: [900 MB]}, "
        "b: {base: base, layers: [50 MB]}, c: {base: base, layers: [50 MB]}}"
    )
    s = with_runtime(
        replace(s, groups=tuple(replace(g, storage=Disk(500 * MB)) for g in s.groups)),
        parallel_layers=4,
    )
    case = roll(with_kubelet(s, parallel_pulls=None), *(daemonset(name, name) for name in "abc"))
    assert_allclose(case.pods.ready, [np.nan, 2.0, 2.0], **EXACT)
    images = [case.images[number].name for number in case.pulls.image]
    b, c = images.index("b"), images.index("c")
    split = path_times(case).by_owner()
    assert_allclose(split[[b, c]].sum(axis=1), [2.0, 2.0], **EXACT)
    assert_allclose(split[c, path_times(case).causes.index("other_pull")], 2.0, **EXACT)


# ---- refused requests --------------------------------------------------------------------------------


def test_a_limit_on_pulls_is_met_by_the_kubelets_back_off():
    # 4 nodes behind one address, 2 pulls at once and one more in 25 s. Two start at 0 s, two are refused 5 times at
    # once and back off: at 10 s 0.4 tokens, at 30 s 1.2: one starts, the other waits until 70 s.
    s = scene("{a: 100 MB}", nodes=4, network="400 MB/s")
    s = replace(s, groups=tuple(replace(g, shared_address=True) for g in s.groups))
    s = with_runtime(with_registry(s, rate_limits=(RateLimit(1 / 25, 2, "address", "pulls"),)), retry=CONTAINERD)
    case = roll(s, daemonset("a", "a"))
    assert_allclose(np.sort(case.pods.ready), [0.5, 0.5, 30.25, 70.25], **EXACT)
    assert case.reasons == ("429 Too Many Requests",)
    assert (case.orchestration.refusals.status == 429).all()
    # At 0 s two pulls fail, at 10 s two, at 30 s one; 5 attempts each.
    assert case.orchestration.refusals.count.sum() == 5 * 5


def test_limits_by_address_do_not_bind_nodes_with_addresses_of_their_own():
    s = with_registry(scene("{a: 100 MB}", nodes=4), rate_limits=(RateLimit(1 / 25, 2, "address", "pulls"),))
    assert_allclose(run(s).pods.ready, [4.0] * 4, **EXACT)


# A runtime that asks again every 10 s.
PATIENT = Retry(rate_limited=(10.0,) * 20)


@pytest.mark.parametrize(
    ("limit", "ready"),
    [
        # Asked at 0, 10, 20, ... s. Two in each 25 s: those at 0 s, and at 30 s in the second window.
        (RateLimit(2 / 25, 2, counts="pulls", window=25.0), [0.5, 0.5, 30.5, 30.5]),
        # One of the first window is used up: the last one gets into the third window at the instant at which it begins.
        (RateLimit(2 / 25, 2, counts="pulls", window=25.0, used=1), [0.25, 30.5, 30.5, 50.25]),
        # The first window ends at 5 s, the next at 30 s.
        (RateLimit(2 / 25, 2, counts="pulls", window=25.0, used=1, resets_after=5.0), [0.25, 10.5, 10.5, 30.25]),
        # A bucket has what a window has not: one token in 12.5 s. 0.8 at 10 s, 1.6 at 20 s, 1.4 at 30 s, 1.2 at 40 s.
        (RateLimit(2 / 25, 2, counts="pulls", used=2), [20.25, 30.25, 40.25, 50.25]),
    ],
)
def test_what_is_used_of_a_limit_comes_back_at_once_with_a_window_and_steadily_with_a_bucket(limit, ready):
    s = with_registry(scene("{a: 100 MB}", nodes=4, network="400 MB/s"), rate_limits=(limit,))
    case = run(with_runtime(s, retry=PATIENT, resolve_requests=1))
    assert_allclose(np.sort(case.pods.ready), ready, **EXACT)
    assert not case.reasons


def test_each_address_has_a_window_of_its_own_of_which_as_much_is_used():
    limit = RateLimit(2 / 25, 2, "address", "pulls", window=25.0, used=2)
    s = with_registry(scene("{a: 100 MB}", nodes=4, network="400 MB/s"), rate_limits=(limit,))
    case = run(with_runtime(s, retry=PATIENT, resolve_requests=1))
    assert_allclose(np.sort(case.pods.ready), [31.0] * 4, **EXACT)


def test_cri_o_waits_itself_when_it_is_rate_limited():
    # As above, but the refused requests are sent again after 2, 4, 8 and 16 s: at 2, 6, 14 and 30 s. At 30 s there
    # are 1.2 tokens: one pull goes on; the other has used up its attempts, fails, backs off 10 s until 40 s; there
    # are 0.2 + 0.4 tokens then; its next attempts at 42, 46 (0.84), 54 s (1.16).
    s = with_registry(scene("{a: 100 MB}", nodes=4, network="400 MB/s"), rate_limits=(RateLimit(1 / 25, 2),))
    s = with_runtime(s, retry=CRIO, resolve_requests=1)
    # Requests count here: the manifest and the layer are two, and the limit is on all of them.
    s = with_registry(s, rate_limits=(RateLimit(1 / 25, 2, "account", "pulls"),))
    case = roll(s, daemonset("a", "a"))
    assert_allclose(np.sort(case.pods.ready), [0.5, 0.5, 30.25, 54.25], **EXACT)
    first = int(np.flatnonzero(np.abs(case.pods.ready - 30.25) < 1e-6)[0])
    assert len(case.pulls.node) == 5
    lost = case.orchestration.lost
    pull = case.pods.pull[first]
    assert_allclose(lost.seconds[(lost.activity == pull) & ~lost.is_fetch & lost.limited].sum(), 30.0, **EXACT)


def test_requests_that_fail_at_random_are_counted_and_nothing_is_lost():
    flaky = Fault("flaky", "requests", "registry", at=0.0, probability=0.2)
    s = with_runtime(scene("{a: {layers: [10 MB, 20 MB, 30 MB]}}", nodes=50), retry=CONTAINERD)
    case = roll(replace(s, faults=(flaky,)), daemonset("a", "a"))
    assert case.finished
    assert_allclose(case.fetches.bytes_done.sum() - case.fetches.again.sum(), 50 * 60 * MB, rtol=1e-12)
    refused = int(case.orchestration.refusals.count.sum())
    asked = int(case.pulls.requests.sum()) + len(case.fetches.pull)
    # A fifth of all requests, within 4 standard deviations of the binomial distribution.
    n = asked + refused
    assert abs(refused / n - 0.2) < 4 * (0.2 * 0.8 / n) ** 0.5 + 0.05


# ---- replicas, redirection, links ----------------------------------------------------------------------


def test_replicas_share_the_connections_in_turn():
    # Two nodes with NICs of 400 MB/s and two replicas of 100 MB/s each: 100 MB take 1 s, not 2.
    text = "{a: 100 MB}"
    s = scene(text, nodes=2)
    uplink = s.links["registry.uplink"]
    links = {name: replace(uplink, name=name) for name in ("registry-0.uplink", "registry-1.uplink")}
    s = replace(s, links=links, groups=tuple(replace(g, nic=400 * MB) for g in s.groups))
    s = with_registry(s, path=("registry-0.uplink",), replicas=("registry-0.uplink", "registry-1.uplink"))
    case = run(s)
    assert_allclose(case.pods.ready, [1.0, 1.0], **EXACT)
    assert_allclose(case.shared_links.bytes, [100 * MB, 100 * MB], **EXACT)


def test_redirected_bytes_do_not_cross_the_registrys_uplink():
    # 5 nodes at 100 MB/s each, connections of at most 50 MB/s: 2 s, whatever the registry's uplink of 100 MB/s.
    s = with_registry(scene("{a: 100 MB}", nodes=5), redirect=Redirect(connection_cap=50 * MB))
    case = run(s)
    assert_allclose(case.pods.ready, [2.0] * 5, **EXACT)
    assert_allclose(case.shared_links.bytes, [0.0], **EXACT)


def test_a_link_at_reduced_capacity_carries_what_it_can():
    # 200 MB over 100 MB/s: 50 MB in 0.5 s, then 1 s at 25 MB/s, the remaining 125 MB at full speed: 2.75 s.
    slow = Fault("slow", "registry", "registry", at=0.5, back_after=1.0, remaining=0.25)
    case = run(replace(scene("{a: 200 MB}"), faults=(slow,)))
    assert_allclose(case.pods.ready, [2.75], **EXACT)
    assert_allclose(case.orchestration.faults.ended, [1.5], **EXACT)


def test_overlapping_faults_last_until_the_last_is_over():
    faults = (
        Fault("one", "registry", "registry", at=0.5, back_after=2.0, remaining=0.5),
        Fault("two", "registry", "registry", at=1.0, back_after=0.5, remaining=0.25),
    )
    # 300 MB: 50 by 0.5 s, 25 by 1.0, 12.5 by 1.5, 50 by 2.5; 162.5 MB at full speed.
    case = run(replace(scene("{a: 300 MB}"), faults=faults))
    assert_allclose(case.pods.ready, [2.5 + 1.625], **EXACT)


def test_a_pull_without_a_byte_is_cancelled_after_the_progress_timeout():
    # The registry's uplink stands still from 0.5 s on for 1000 s. containerd looks every 10 s: the bytes of the
    # first half second are seen at 10 s; more than 300 s later, at 320 s, the pull is cancelled. Back-off 10 s, the
    # next attempt at 330 s finds the 50 MB, sees the last progress then, is cancelled at 640 s (310 s later, the
    # first look with more than 300 s); at 660 s (20 s) the next: cancelled at 970 s; 40 s: at 1010 s the uplink works.
    stopped = Fault("stopped", "link", "registry.uplink", at=0.5, back_after=1000.0, remaining=0.0)
    s = replace(with_runtime(scene("{a: 100 MB}"), retry=CONTAINERD), faults=(stopped,))
    case = roll(s, daemonset("a", "a"))
    assert_allclose(case.pulls.failed[:-1], [320, 640, 970], **EXACT)
    assert_allclose(case.pods.ready, [1010.5], **EXACT)
    assert case.reasons == ("no byte arrived for 300 s (pull_progress_timeout)",)


# ---- nodes that crash --------------------------------------------------------------------------------


def test_what_was_committed_survives_a_crash_and_the_rest_is_fetched_again():
    # Layers of 100 and 300 MB, both fetched at 50 MB/s: the first is committed at 2 s, the second has 100 MB then,
    # and 200 MB at 3 s, when the node crashes. Back at 10 s: 300 MB at 100 MB/s: 13 s.
    crash = Fault("crash", "node", "node-000", at=3.0, back_after=7.0)
    case = run(replace(scene("{a: {layers: [100 MB, 300 MB]}}"), faults=(crash,)))
    assert_allclose(case.pods.ready, [13.0], **EXACT)
    assert_allclose(case.fetches.bytes_done, [100 * MB, 200 * MB, 300 * MB], **EXACT)
    assert_allclose(case.fetches.again, [0.0, 200 * MB, 0.0], **EXACT)
    assert_allclose(case.shared_links.bytes, [600 * MB], **EXACT)


def test_a_node_that_stays_away_leaves_its_pull_undone():
    crash = Fault("crash", "node", "node-001", at=0.5)
    case = run(replace(scene("{a: 100 MB}", nodes=2), faults=(crash,)))
    assert not case.finished
    assert case.stuck == ("1 of 2 pulls of a by 'node' are done: 1 on a node that is down",)


# ---- disks -------------------------------------------------------------------------------------------


def test_a_full_disk_fails_the_pull_until_garbage_collection_made_room():
    # 1000 MB, of which 900 are in use, 400 of them by old images. An image of 200 MB does not fit. Garbage collection
    # at 300 s finds 90 % and removes 100 MB, down to 80 %: 200 MB are free then, just enough. Attempts fail at once:
    # at 0, 10, 30, 70, 150 s; the one at 310 s succeeds, 2 s later the image is there.
    s = scene("{a: {compressed: 200 MB, unpacked: 1 B}}")
    disk = Disk(1000 * MB, 500 * MB, 400 * MB, least_free=0.0)
    s = replace(s, groups=tuple(replace(g, storage=disk) for g in s.groups))
    case = roll(with_runtime(s, keeps_compressed=True), daemonset("a", "a"))
    disks = case.orchestration.disks
    assert_allclose(case.pulls.asked, [0, 10, 30, 70, 150, 310], **EXACT)
    assert_allclose(case.pods.ready, [312.0], **EXACT)
    assert_allclose(disks.collected, [100 * MB], **EXACT)
    assert case.reasons == ("no space left on device: 200 MB more do not fit, 100 MB of 1000 MB are free",)


# ---- pushes ------------------------------------------------------------------------------------------


def test_a_push_uploads_what_the_registry_lacks_five_layers_at_a_time():
    # CI's link is 100 MB/s; base is there. Six layers of 100 MB: five share the link for 5 s, the sixth takes 1 s.
    s = scene("{base: 50 MB, a: {base: base, layers: [100 MB, 100 MB, 100 MB, 100 MB, 100 MB, 100 MB]}}")
    up = replace(s.links["registry.uplink"], name="ci.uplink")
    push = Push("ci", "ci.uplink", ("a",), held=("base",))
    case = run(replace(s, links={**s.links, "ci.uplink": up}, pushes=(push,), cases=s.cases[1:]))
    pushes = case.orchestration.pushes
    assert_allclose(pushes.finished, [6.0], **EXACT)
    assert_allclose(pushes.bytes, [600 * MB], **EXACT)
    assert_allclose(pushes.held, [50 * MB], **EXACT)
    # The rollout begins when the push is complete, and does not see it.
    assert_allclose(case.pods.ready, [6.5], **EXACT)
    assert_allclose(case.shared_links.bytes, [650 * MB, 0.0], **EXACT)


def test_a_push_at_a_time_shares_the_links_with_the_rollout():
    # The push crosses the link `ci.uplink` only; here that is the registry's uplink itself, shared from 0.5 s on:
    # 50 MB of the pull by 0.5 s, then 50 MB/s each: 1.5 s; the push has 50 MB then, and 150 left: 3 s.
    s = scene("{a: 100 MB, b: 200 MB}")
    push = Push("ci", "registry.uplink", ("b",), at=0.5)
    s = replace(s, pushes=(push,))
    case = roll(s, daemonset("a", "a"), replace(daemonset("b", "b"), start=10.0))
    assert_allclose(case.pods.ready, [1.5, 12.0], **EXACT)
    assert_allclose(case.orchestration.pushes.finished, [3.0], **EXACT)


# ---- what was found out by trying --------------------------------------------------------------------


def test_a_pull_whose_node_crashes_before_the_runtime_is_done_with_it_is_not_pulled():
    # All layers are in place at 1 s, the runtime needs 2 s more; the node is away from 2 to 10 s. Nothing is left to
    # fetch then: 12 s.
    crash = Fault("crash", "node", "node-000", at=2.0, back_after=8.0)
    s = replace(with_runtime(scene("{a: 100 MB}"), finish_time=2.0), faults=(crash,))
    case = roll(s, daemonset("w", "a"))
    assert_allclose(case.pulls.asked, [0.0, 10.0], **EXACT)
    assert_allclose(case.pulls.pulled, [np.nan, 12.0], **EXACT)
    assert_allclose(case.pulls.failed, [2.0, np.nan], **EXACT)
    assert_allclose(case.pods.ready, [12.0], **EXACT)
    assert_allclose(case.fetches.bytes_done, [100 * MB], **EXACT)


def test_bare_pulls_ask_for_what_their_node_holds_whether_or_not_something_can_fail():
    s = scene('{"a:1": 100 MB}', nodes=2)
    s = replace(s, groups=tuple(replace(g, cached={"a:1": 1}) for g in s.groups))
    flaky = Fault("later", "requests", "registry", at=1000.0, probability=0.5)
    cases = [run(one) for one in (s, replace(s, faults=(flaky,)))]
    assert [len(case.pulls.node) for case in cases] == [2, 2]
    assert_allclose(*(np.sort(case.pods.ready) for case in cases), **EXACT)


def test_every_request_that_a_registry_gets_is_counted_once(monkeypatch):
    # The oracle counts them where they are answered. Bodies break and go on, requests are refused, pulls are given up
    # while others of their layers flow.
    sent = []
    answer = Registry.answer

    def counted(self, *rest):
        sent.append(answer(self, *rest))
        return sent[-1]

    monkeypatch.setattr(Registry, "answer", counted)
    s = with_runtime(scene("{a: {layers: [100 MB, 40 MB, 30 MB]}}", nodes=5), retry=CONTAINERD)
    faults = (
        outage(0.7, 0.06), outage(2.0, 5.0), Fault("flaky", "requests", "registry", at=0.0, probability=0.2),
        Fault("crash", "node", "node-003", at=1.2, back_after=4.0),
    )  # fmt: skip
    result = simulate(replace(s, faults=faults, seed=5))
    (found,) = summarise(result).cases["a"].rollout.registries
    refused = result.cases[0].orchestration.refusals
    bodies = sum(found.refused.values()) - sum(status != FINE for status in sent)
    assert bodies > 0
    assert found.requests == len(sent)
    assert found.retries == refused.again.sum()
    # First requests: 6 or fewer for each pull, and one for each fetch that got as far as that; the others came again.
    fetches = result.cases[0].fetches
    first = np.count_nonzero(~np.isnan(fetches.connected))
    manifests = result.cases[0].pulls.requests.sum() - refused.again[~refused.layer].sum()
    assert found.retries == len(sent) - first - manifests


def test_a_rollout_does_not_begin_before_its_push_is_complete():
    s = scene("{a: 100 MB}", more="push: {images: a, link: 100 MB/s, via: [wan]}\n", network=(
        "{rate: 100 MB/s, links: {wan: {capacity: 0 bit/s}}}"
    ))  # fmt: skip
    case = roll(s, daemonset("w", "a"))
    assert not case.finished
    assert case.stuck == ("it begins when 'ci' has uploaded a, which does not end: link 'wan' has no capacity",)
    assert len(case.pulls.node) == 0


def test_a_wait_in_line_after_a_broken_one_is_a_wait_in_line():
    # One connection, two nodes, 100 MB each at 100 MB/s. The registry is away from 0.4 to 0.5 s; both ask again after
    # 5 s (dockerd), at 5.4 s: the first has 60 MB left, until 6.0 s; the second waited in line from 0 to 0.4 s, and
    # waits from 5.4 to 6.0 s; it is ready at 7 s.
    s = with_registry(scene("{a: 100 MB}", nodes=2), max_connections=1)
    result = simulate(replace(with_runtime(s, retry=DOCKERD), faults=(outage(0.4, 0.1),)))
    case = result.cases[0]
    assert_allclose(case.pods.ready, [6.0, 7.0], **EXACT)
    split = summarise(result).cases["a"].time_split_s
    assert_allclose([split["retry"], split["registry_queue"]], [5.0 + 5.0, 0.4 + 0.6], **EXACT)
    assert_allclose(sum(split.values()), 13.0, **EXACT)


def test_a_layer_in_ranges_that_another_pull_waits_for_is_there_with_its_last_range():
    # 100 MB/s, base in ranges of 20 MB, three at a time. Pull a begins at 0 s, b at 0.1 s and finds base on its way: it
    # is there at 1 s, 0.9 s later.
    s = scene("{base: 100 MB, a: {base: base}, b: {base: base}}")
    s = with_kubelet(with_runtime(s, layer_fetch_buffer=20 * MB), parallel_pulls=None)
    s = replace(s, cases=(Case("all", {}, (daemonset("a", "a"), replace(daemonset("b", "b"), start=0.1))),))
    result = simulate(replace(s, cases=tuple(replace(c, workloads=tuple(replace(w, replicas=1) for w in c.workloads))
                                             for c in s.cases)))  # fmt: skip
    assert_allclose(result.cases[0].pods.ready, [1.0, 1.0], **EXACT)
    split = summarise(result).cases["all"].time_split_s
    assert_allclose(split["other_pull"], 0.9, **EXACT)
    assert_allclose(sum(split.values()), 1.9, **EXACT)


def test_a_rollout_that_is_given_up_is_told_until_its_horizon():
    # 1000 MB at 100 MB/s take 10 s. At 4 s 400 MB are there, though nothing happens at that time.
    gone = Fault("crash", "node", "node-001", at=1.0)
    s = replace(scene("{a: 1000 MB}", nodes=2, network="{rate: 100 MB/s}"), faults=(gone,), horizon=4.0)
    result = simulate(with_registry(s, path=()))
    (case,) = result.cases
    assert case.end == 4.0
    assert_allclose(np.sort(case.fetches.bytes_done), [100 * MB, 400 * MB], **EXACT)
    assert Outcome(result).why.startswith("the rollout is not over after 4 s (rollout.horizon): ")


def test_a_rollout_that_can_only_stand_still_says_so_before_its_horizon():
    s = scene(
        "{a: 100 MB}", network="{rate: 100 MB/s, links: {wan: {capacity: 0 bit/s}}}", more="registry: {via: [wan]}"
    )
    s = replace(s, cases=(Case("all", {}, (replace(daemonset("w", "a"), replicas=1),)),))
    result = simulate(s)
    assert result.cases[0].end == 0.0
    assert Outcome(result).why.startswith("the rollout cannot finish: ")


@pytest.mark.parametrize(
    "what", ["node: n-000", "group: n", "registry: registry", "registry: registry, flaky: 50%", "link: wan"]
)
def test_a_failure_without_a_time_or_a_rate_is_there_from_the_beginning(what: str) -> None:
    text = """
rolloutsim: 1
nodes: {n: {count: 12}}
network: {rate: 1 Gbit/s, links: {wan: {capacity: 1 Gbit/s}}}
registry: {via: [wan]}
images: {a: 100 MB}
failures: {f: {%s, back_after: 2 s}}
"""
    at_once, untold = (loads(text % f"{what}{more}").resolve() for more in (", at: 0 s", ""))
    assert at_once.faults == untold.faults
    assert_allclose(run(untold).pulls.pulled, run(at_once).pulls.pulled, **EXACT)


def test_what_rounding_leaves_of_the_rate_on_a_link_that_is_down_is_no_byte():
    # The sharing of 1000 pulls whose link is cut at 5 s leaves each of them a millionth of a byte a second. A look at
    # 10.2 s sees the last real bytes; the first look more than 30 s later is at 50.2 s.
    text = """
rolloutsim: 1
nodes: {n: {count: 1000, stagger: 0 s, pull_progress_timeout: 30 s}}
network: {rate: 1 Gbit/s, links: {wan: {capacity: 10 Gbit/s}}}
registry: {via: [wan]}
images: {a: {layers: [100 MB, 25 MB]}}
failures: {cut: {link: wan, at: 5 s}}
rollout: {horizon: 51 s}
"""
    case = run(loads(text).resolve())
    assert_allclose(case.pulls.failed, case.pulls.resolved + 50.0, **EXACT)


@pytest.mark.parametrize("more", ["", ", capacity: 50%"])
def test_a_registry_without_a_limit_on_its_uplink_can_fail(more):
    # Down until 20 s: each of two attempts takes containerd's 4 x 50 ms, and back-offs of 10 and 20 s follow them; then
    # 100 MB at 100 MB/s: 30.4 + 1 s. With half of its storage's 400 MB/s left it delivers from the beginning, 100 MB
    # to each of 2 nodes at 100 MB/s.
    case = run(
        loads(
            "rolloutsim: 1\nmodel: ideal\nnodes: 2\nnetwork: 100 MB/s\n"
            "registry: {uplink: unlimited, storage: 400 MB/s}\nimages: {a: 100 MB}\n"
            "workloads: {a: {images: a, daemonset: true, create: true}}\n"
            f"failures: {{down: {{registry: registry, at: 0 s, back_after: 20 s{more}}}}}\n"
        ).resolve()
    )
    assert_allclose(case.pods.ready, [1.0, 1.0] if more else [31.4, 31.4], **EXACT)


@pytest.mark.parametrize("key", ["cached: {}", "parallel_unpacks: 2", "layer_fetch_buffer: 10 MB"])
def test_bare_pulls_wait_for_a_link_without_capacity_whatever_their_runtime_could_do(key):
    # Nobody would ask again for a pull that is nobody's pod.
    scenario = loads(
        f"rolloutsim: 1\nnodes: {{n: {{count: 3, nic: 1 Gbit/s, {key}}}}}\nregistry: 1 Gbit/s\nimages: {{a: 100 MB}}\n"
        "background: {full: {links: [registry.uplink], rate: 1 Gbit/s}}\n"
    )
    result = simulate(scenario.resolve())
    (case,) = result.cases
    waiting = (
        f"{'9' if 'buffer' in key else '3'} fetches waiting for link 'registry.uplink', which has no capacity left"
    )
    assert case.finished is False
    assert case.stuck[0] == waiting
    assert Outcome(result).why.startswith(f"a did not finish: 3 of 3 pulls never had their image. {waiting}")


def test_a_pair_of_registry_and_group_that_nobody_asks_for_needs_no_limit():
    # m's nodes have NICs without limit, and so has registry a; but they pull from b only: 2 x 10 MB over 10 MB/s.
    scenario = loads(
        "rolloutsim: 1\nmodel: ideal\nnodes:\n  n: {count: 4, nic: 100 MB/s, pulls: [{image: one}]}\n"
        "  m: {count: 2, nic: unlimited, pulls: [{image: two}]}\nregistries: {a: unlimited, b: 10 MB/s}\n"
        "images: {one: {registry: a, layers: [100 MB]}, two: {registry: b, layers: [10 MB]}}\nrollout: schedule\n"
    )
    assert run(scenario.resolve()).pulls.pulled.tolist() == pytest.approx([1.0] * 4 + [2.0] * 2)


def test_a_layer_that_comes_into_place_while_others_are_being_unpacked_is_not_unpacked_again():
    # Layers of 100, 1 and 200 MB that unpack to nothing. As the first is in place, pod w has its first image and asks
    # for its second, whose layer is there: it comes into place in the midst of x going through its layers.
    s = scene(
        "{x: {layers: [{digest: a, compressed: 100 MB}, {digest: b, compressed: 1 MB},"
        " {digest: c, compressed: 200 MB}]},"
        " y: {layers: [{digest: a, compressed: 100 MB}]}, z: {layers: [{digest: b, compressed: 1 MB}]}}"
    )
    images = {
        name: replace(image, layers=tuple(replace(layer, unpacked=0.0) for layer in image.layers))
        for name, image in s.images.items()
    }
    s = replace(with_kubelet(s, parallel_pulls=None, pull_qps=None), images=images)
    s = replace(s, groups=tuple(replace(group, disk=1000 * MB) for group in s.groups))
    case = roll(s, daemonset("x", "x"), daemonset("w", "y", "z"))
    pulled = {
        case.images[i].name: t for i, t in zip(case.pulls.image.tolist(), case.pulls.pulled.tolist(), strict=True)
    }
    # Fair shares of 100 MB/s: b is there after 0.03 s, a after 2.01 s, c after 3.01 s.
    assert pulled == pytest.approx({"x": 3.01, "y": 2.01, "z": 2.01})


def test_a_crash_loses_what_is_not_on_the_disk_yet() -> None:
    # 100 MB are there after 1 s and on the disk after 3 s; the node crashes at 2 s, for a second: again from then on.
    text = (
        "rolloutsim: 1\nnodes: {web: {count: 1, nic: unlimited, resolve_round_trips: 0, resolve_time: 0 s, "
        "layer_round_trips: 0, layer_time: 0 s, finish_time: 0 s, "
        "disk: {rate: 50 MB/s, sync: 0 s, capacity: 1 GB}, unpack: unlimited}}\n"
        "network: {efficiency: 100%, latency: 0 s}\nregistry: {uplink: 100 MB/s, ttfb: 0 s}\nimages: {a: 100 MB}\n"
        "workloads: {a: {images: [a], daemonset: true, create: true}}\nrollout: {step_overhead: 0 s}\n"
        "failures: {f: {node: web-000, at: 2 s, back_after: 1 s}}\n"
    )
    (case,) = simulate(loads(text, "crash").resolve()).cases
    assert case.fetches.again.tolist() == [100e6, 0.0]
    first, second = case.fetches.committed.tolist()
    assert first != first
    assert second - case.fetches.granted[1] == pytest.approx(3.0)
    assert case.fetches.granted[1] >= 3.0
