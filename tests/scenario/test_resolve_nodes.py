"""What node groups resolve to: runtimes, kubelets, disks."""

from __future__ import annotations

import pytest

from rolloutsim.scenario import loads
from rolloutsim.scenario.orchestration import Kubelet
from rolloutsim.scenario.resolved import Disk, NodeGroup
from rolloutsim.scenario.runtimes import Retry


def group(keys: str = "", *overrides: str, strategy: str = "rolling") -> NodeGroup:
    text = (
        f"rolloutsim: 1\nnodes: {{web: {{count: 20{keys}}}}}\nnetwork: 1 Gbit/s\nimages: {{app: 30 MB}}\n"
        f"rollout: {strategy}\n"
    )
    return loads(text, "f.yaml", overrides).resolve().groups[0]


def test_the_kubelets_defaults_are_kubernetes() -> None:
    assert group().kubelet == Kubelet(
        parallel_pulls=1, pull_qps=5.0, pull_burst=10, backoff_initial=10.0, backoff_max=300.0, backoff_jitter=0.0,
        requeue="fixed", progress_timeout=300.0, gc_high=0.85, gc_low=0.8, gc_period=300.0,
    )  # fmt: skip


# kubernetes pkg/kubelet/apis/config/v1beta1/defaults.go: serial unless more than one pull at a time is asked for.
@pytest.mark.parametrize(
    ("keys", "pulls"),
    [
        ("", 1),
        (", serialize_image_pulls: true", 1),
        (", serialize_image_pulls: true, max_parallel_image_pulls: 1", 1),
        (", max_parallel_image_pulls: 1", 1),
        (", max_parallel_image_pulls: 2", 2),
        (", serialize_image_pulls: false, max_parallel_image_pulls: 2", 2),
        (", serialize_image_pulls: false, max_parallel_image_pulls: 1", 1),
        (", serialize_image_pulls: false", None),
    ],
)
def test_pulls_are_serial_unless_several_at_a_time_are_asked_for(keys: str, pulls: int | None) -> None:
    assert group(keys).kubelet.parallel_pulls == pulls


def test_a_pull_rate_of_0_is_no_limit_as_in_the_kubelet() -> None:
    assert group(", registry_pull_qps: 0").kubelet.pull_qps is None
    assert group(", registry_pull_qps: 0.5, registry_burst: 3").kubelet.pull_qps == 0.5


def test_a_back_off_may_have_jitter() -> None:
    kubelet = group(", image_backoff: {initial: 5 s, max: 1m, jitter: 50%}").kubelet
    assert (kubelet.backoff_initial, kubelet.backoff_max, kubelet.backoff_jitter) == (5, 60, 0.5)
    assert group(", image_backoff: 20 s").kubelet.backoff_initial == 20


@pytest.mark.parametrize(
    ("keys", "timeout"),
    [
        ("", 300),
        (", runtime: dockerd", None),
        (", runtime: cri-o", None),
        (", runtime: cri-o, pull_progress_timeout: 10m", 600),
        (", pull_progress_timeout: off", None),
    ],
)
def test_only_containerd_gives_up_a_pull_without_progress(keys: str, timeout: float | None) -> None:
    assert group(keys).kubelet.progress_timeout == timeout


def test_a_disk_is_a_rate_or_a_map() -> None:
    assert (group(", disk: 400 MB/s").disk, group(", disk: 400 MB/s").storage) == (400e6, None)
    web = group(", disk: {capacity: 100 GB, used: 20 GB, old_images: 30 GB}, image_gc: {high: 90%, period: 1m}")
    assert (web.disk, web.storage) == (125 * 2**20, Disk(100e9, 20e9, 30e9))
    assert (web.kubelet.gc_high, web.kubelet.gc_low, web.kubelet.gc_period) == (0.9, 0.8, 60)


def test_a_short_form_sets_the_rate_and_keeps_the_rest() -> None:
    web = group(", disk: {capacity: 100 GB}", "nodes.web.disk=1 GB/s")
    assert (web.disk, web.storage) == (1e9, Disk(100e9))


def test_the_ideal_model_has_no_disk_and_keeps_the_kubelet() -> None:
    web = group(", disk: {capacity: 100 GB}, registry_pull_qps: 1", "model=ideal")
    assert (web.disk, web.storage, web.kubelet.pull_qps) == (None, None, 1)


@pytest.mark.parametrize(
    ("runtime", "slots_per", "retry", "keeps_compressed", "requests"),
    [
        (
            "containerd", "node",
            Retry((0.0,) * 4, (0.0,), (0.05,) * 4, resumes=True, keeps_partial=True), True, 6,
        ),
        ("containerd-1", "image", Retry((0.0,) * 4, (), (), resumes=True, keeps_partial=True), True, 6),
        (
            "dockerd", "node",
            Retry((), (5.0, 10.0, 15.0, 20.0), (5.0, 10.0, 15.0, 20.0), resumes=True, keeps_partial=False), False, 6,
        ),
        (
            "cri-o", "image",
            Retry((2.0, 4.0, 8.0, 16.0), (1.0,) * 3, (1.0,) * 3, resumes=True, keeps_partial=False), False, 7,
        ),
    ],
)  # fmt: skip
def test_each_runtime_reacts_in_its_own_way(
    runtime: str, slots_per: str, retry: Retry, keeps_compressed: bool, requests: int
) -> None:
    found = group(f", runtime: {runtime}").runtime
    assert (found.name, found.slots_per, found.retry) == (runtime, slots_per, retry)
    assert (found.keeps_compressed, found.resolve_requests) == (keeps_compressed, requests)


def test_a_group_may_change_what_its_runtime_does() -> None:
    found = group(
        ", retry: {rate_limited: [1 s, 2m], resumes: false}, layer_fetch_buffer: 8 MiB, parallel_unpacks: 4, "
        "keeps_compressed: false, resolve_requests: 5"
    ).runtime
    assert found.retry == Retry((1.0, 120.0), (0.0,), (0.05,) * 4, resumes=False, keeps_partial=True)
    assert (found.layer_fetch_buffer, found.parallel_unpacks) == (8 * 2**20, 4)
    assert (found.keeps_compressed, found.resolve_requests) == (False, 5)


def test_a_group_may_be_behind_one_address() -> None:
    assert (group().shared_address, group(", shared_address: true").shared_address) == (False, True)


def test_the_start_of_nodes_is_not_for_pods_and_the_output_says_so() -> None:
    text = (
        "rolloutsim: 1\nnodes: {web: {count: 2, start: 3 s}}\nnetwork: 1 Gbit/s\n"
        "images: {app: {compressed: 1 MB, unpacked: 2 MB}}\n"
    )
    assert loads(text).resolve().notes == ()
    assert loads(text + "rollout: rolling\n").resolve().notes == (
        "nodes.web.start plays no part: controllers decide when pods are created, and workloads have a start of their "
        "own.",
    )


@pytest.mark.parametrize(
    ("keys", "pulls"),
    [
        ("", 1), (", kubelet: upstream", 1), (", kubelet: eks", None), (", kubelet: gke", None),
        (", kubelet: aks", None), (", kubelet: eks, max_parallel_image_pulls: 5", 5),
        (", kubelet: eks, max_parallel_image_pulls: 1", 1), (", kubelet: aks, serialize_image_pulls: true", 1),
    ],
)  # fmt: skip
def test_providers_kubelets_pull_in_parallel_unless_told_otherwise(keys: str, pulls: int | None) -> None:
    """Oracle: awslabs/amazon-eks-ami nodeadm/internal/kubelet/config.go, Azure/AKS#4499; upstream pulls serially."""
    assert group(keys).kubelet.parallel_pulls == pulls
