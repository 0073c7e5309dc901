"""What kubelets do, event by event: every time is worked out in the comments, by the rules of the sources.

Kubernetes `pkg/kubelet/images/{image_manager,puller,helpers}.go`: pulls queue, starts need a token, a refusal or a
failure is followed by a back-off of 10 s, doubled each time up to 300 s, by pod and image.
"""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from rolloutsim.scenario.causes import STEPS
from rolloutsim.scenario.resolved import Fault
from tests.fleet.scenes import CONTAINERD, daemonset, roll, scene, with_kubelet, with_runtime

EXACT = {"rtol": 0.0, "atol": 1e-9}


def steps(case, pod):
    """What a pod waited for: (cause, from, to)."""
    s = case.orchestration.steps
    rows = np.flatnonzero(s.pod == pod)
    return [(STEPS[s.cause[i]].name, round(s.started[i], 9), round(s.ended[i], 9)) for i in rows]


def test_serial_pulls_come_one_after_another():
    # Three pods on one node, images of 100, 200 and 300 MB, 100 MB/s: 1 s, then 2 s, then 3 s.
    s = scene("{a: 100 MB, b: 200 MB, c: 300 MB}")
    case = roll(s, daemonset("a", "a"), daemonset("b", "b"), daemonset("c", "c"))
    assert_allclose(case.pulls.asked, [0, 1, 3], **EXACT)
    assert_allclose(case.pods.ready, [1, 3, 6], **EXACT)
    assert steps(case, 2) == [("kubelet_queue", 0, 3), ("pull", 3, 6)]


def test_three_images_of_5_gb_with_two_parallel_pulls_two_finish_together_then_the_third():
    # The test of KEP-3673: two pulls share the NIC of 100 MB/s, 50 MB/s each: 5 GB take 100 s. The third begins
    # then and has the NIC to itself: 50 s more.
    s = with_kubelet(scene("{a: 5 GB, b: 5 GB, c: 5 GB}"), parallel_pulls=2)
    case = roll(s, daemonset("a", "a"), daemonset("b", "b"), daemonset("c", "c"))
    assert_allclose(case.pods.ready, [100, 100, 150], **EXACT)
    assert_allclose(case.pulls.asked, [0, 0, 100], **EXACT)


@pytest.mark.parametrize(("shares", "pulls", "last"), [(False, 3, "pull"), (True, 2, "other_pull")])
def test_images_of_one_pod_are_pulled_one_after_another_and_their_layers_shared_with_other_pods(shares, pulls, last):
    # Pod x wants a and b; pod y wants b. Unlimited pulls: a for x and b for y share the NIC, 50 MB/s each: a
    # (100 MB) and b (200 MB): a at 2 s with b half done; b goes on alone with 100 MB left: 3 s. x asks for b at 2 s, in
    # a pull of its own, which waits for the layer that y's brings, or is y's where the runtime (CRI-O) shares pulls.
    s = with_runtime(with_kubelet(scene("{a: 100 MB, b: 200 MB}"), parallel_pulls=None), shares_pulls=shares)
    case = roll(s, daemonset("x", "a", "b"), daemonset("y", "b"))
    assert_allclose(case.pods.ready, [3, 3], **EXACT)
    assert len(case.pulls.node) == pulls
    assert steps(case, 0) == [("pull", 0, 2), (last, 2, 3)]
    assert_allclose(case.fetches.bytes_done.sum(), 300e6, **EXACT)


def test_a_start_without_a_token_goes_to_back_off():
    # Burst 2, 1 token in 10 s, unlimited parallel pulls: of four pods of four images two start at 0 s; the others
    # find no token and back off for 10 s. At 10 s there is one token: the third starts, the fourth is refused again
    # and waits 20 s until 30 s, when the bucket has two again. Pulls: two share 100 MB/s: 100 MB each at 2 s;
    # the third alone 10 → 11 s, the fourth 30 → 31 s.
    s = with_kubelet(
        scene("{a: 100 MB, b: 100 MB, c: 100 MB, d: 100 MB}"), parallel_pulls=None, pull_qps=0.1, pull_burst=2
    )
    case = roll(s, *(daemonset(name, name) for name in "abcd"))
    assert_allclose(case.pods.ready, [2, 2, 11, 31], **EXACT)
    assert steps(case, 3) == [("qps", 0, 10), ("qps", 10, 30), ("pull", 30, 31)]
    assert case.reasons == ("pull QPS exceeded",)
    assert case.pods.reason.tolist() == [-1, -1, 0, 0]


def test_back_off_doubles_up_to_its_maximum():
    # The registry is down from 0 s to 900 s. The runtime makes 5 attempts, 50 ms apart: each pull fails 0.2 s after
    # it began. Back-offs of 10, 20, 40, 80, 160, 300 and 300 s follow one another, so attempts begin at 0, 10.2,
    # 30.4, 70.6, 150.8, 311, 611.2 and 911.4 s; the last finds the registry up: 1 s later the image is there.
    outage = Fault("outage", "registry", "registry", at=0.0, back_after=900.0)
    s = with_runtime(scene("{a: 100 MB}"), retry=CONTAINERD)
    case = roll(replace(s, faults=(outage,)), daemonset("a", "a"))
    assert_allclose(case.pulls.asked, [0, 10.2, 30.4, 70.6, 150.8, 311, 611.2, 911.4], **EXACT)
    assert_allclose(case.pulls.failed[:-1] - case.pulls.asked[:-1], 0.2, **EXACT)
    assert_allclose(case.pods.ready, [912.4], **EXACT)
    assert case.reasons == ("connection refused or broken",)
    causes = [cause for cause, _, _ in steps(case, 0)]
    assert causes == ["failed_pull", "backoff"] * 7 + ["pull"]


@pytest.mark.parametrize(("policy", "pulls"), [("always", 1), ("if_not_present", 0), (None, 0)])
def test_the_pull_policy_decides_whether_a_held_image_is_asked_for(policy, pulls):
    s = scene("{a: 100 MB}")
    s = replace(s, groups=tuple(replace(g, cached={"a": 1}) for g in s.groups))
    case = roll(s, replace(daemonset("w", "a"), pull_policy=policy))
    assert len(case.pulls.node) == pulls
    assert case.fetches.bytes_done.sum() == 0.0
    assert_allclose(case.pods.ready, [0.0], **EXACT)


def test_an_image_that_may_never_be_pulled_leaves_its_pod_unready_with_a_reason():
    case = roll(scene("{a: 100 MB}"), replace(daemonset("w", "a"), pull_policy="never"))
    assert not case.finished
    assert case.reasons == ("ErrImageNeverPull: the image is not on the node and pull_policy is never",)
    assert case.stuck == ("workload 'w': 0 of 1 pods of the new version are available: 1 in image back-off",)


def test_back_off_begins_anew_when_twice_its_maximum_lies_between_two_failures():
    # client-go flowcontrol/backoff.go, hasExpired. The uplink is down; a pull that gets no byte is given up at the
    # first look (every 10 s) after more than 50 s: 60 s after it began. Maximum 40 s. Fails at 60: waits 10 s. Fails at
    # 130, 70 s after the failure before: 20 s. Fails at 210, 80 s after: 40 s. Fails at 310, 100 s after: 10 s again.
    s = with_kubelet(scene("{a: 100 MB}"), backoff_max=40.0, progress_timeout=50.0)
    cut = Fault("cut", "link", "registry.uplink", at=0.0)
    case = roll(replace(s, faults=(cut,), horizon=330.0), daemonset("w", "a"))
    assert_allclose(case.pulls.asked, [0, 70, 150, 250, 320], **EXACT)
    assert_allclose(case.pulls.failed[:-1], [60, 130, 210, 310], **EXACT)


def test_a_back_off_from_before_a_crash_does_not_wake_a_pod_in_its_next_one():
    # The registry is down until 14 s; each pull fails 0.2 s after it began. 0.2 → back-off until 10.2. The node is
    # away from 2 to 3 s and knows nothing any more: asks at 3, fails at 3.2, waits until 13.2, fails at 13.4, and
    # waits 20 s.
    outage = Fault("outage", "registry", "registry", at=0.0, back_after=14.0)
    crash = Fault("crash", "node", "node-000", at=2.0, back_after=1.0)
    s = replace(with_runtime(scene("{a: 100 MB}"), retry=CONTAINERD), faults=(outage, crash))
    case = roll(s, daemonset("w", "a"))
    assert_allclose(case.pulls.asked, [0, 3, 13.2, 33.4], **EXACT)
    assert_allclose(case.pods.ready, [34.4], **EXACT)


@pytest.mark.parametrize(("policy", "ready"), [("if_not_present", 41.0), ("always", 70.6)])
def test_a_pod_in_back_off_finds_the_image_that_another_pod_has_brought(policy, ready):
    # image_manager.go asks whether an image is there before it looks at the back-off. The registry is down until 35 s:
    # x fails at 0.2, 10.4 and 30.6 s and backs off until 70.6 s. y comes at 40 s and has the image at 41 s.
    outage = Fault("outage", "registry", "registry", at=0.0, back_after=35.0)
    s = replace(with_runtime(scene("{a: 100 MB}"), retry=CONTAINERD), faults=(outage,))
    x, y = daemonset("x", "a"), replace(daemonset("y", "a"), start=40.0)
    case = roll(s, replace(x, pull_policy=policy), y)
    assert_allclose(case.pods.ready, [ready, 41.0], **EXACT)
    backoffs = [step for step in steps(case, 0) if step[0] == "backoff"]
    assert backoffs == [("backoff", 0.2, 10.2), ("backoff", 10.4, 30.4), ("backoff", 30.6, min(ready, 70.6))]


@pytest.mark.parametrize(("policy", "ready"), [("if_not_present", 1.0), ("never", np.nan)])
def test_an_image_whose_layers_another_image_brought_is_not_there_until_it_is_pulled(policy, ready):
    # The kubelet asks the runtime for an image by its name. All of base's layers come with app, at 1 s; base's own pull
    # has nothing to fetch.
    s = scene("{base: 40 MB, app: {base: base, layers: [60 MB]}}")
    case = roll(s, daemonset("app", "app"), replace(daemonset("base", "base"), start=1.0, pull_policy=policy))
    assert_allclose(case.pods.ready, [1.0, ready], **EXACT)
    assert len(case.pulls.node) == (2 if policy == "if_not_present" else 1)
    assert_allclose(case.fetches.bytes_done.sum(), 100e6, **EXACT)


@pytest.mark.parametrize("more", [{}, {"backoff_max": 10.0}])
def test_back_off_goes_on_for_days(more):
    # The registry is down for 4 days; a pod asks every 10 s, or 300 s at the most, and has its image with the first
    # attempt afterwards: at 10 + 20 + ... + 160 = 310 s, then every 300 s: 345,600 - 310 is no multiple of it.
    s = with_kubelet(with_runtime(scene("{a: 100 MB}"), retry=CONTAINERD), **more)
    s = replace(s, faults=(Fault("down", "registry", "registry", at=0.0, back_after=345_600.0),), horizon=400_000.0)
    case = roll(s, daemonset("a", "a"))
    asked = case.pulls.asked.tolist()
    longest = more.get("backoff_max", 300.0)
    assert_allclose(np.diff(asked)[-1000:], longest, rtol=0.0, atol=1.0)
    assert len(asked) > 1000
    assert 345_600.0 <= asked[-1] <= 345_600.0 + longest + 1.0
    assert case.finished
