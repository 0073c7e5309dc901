"""Keys that nothing uses: results name them, say why, and what would give them a part; and nothing else changes."""

from __future__ import annotations

import pytest

import rolloutsim as rs

BARE = """
rolloutsim: 1
nodes: {n: {count: 3, nic: 1 Gbit/s}}
network: 1 Gbit/s
registry: {uplink: 1 Gbit/s, rate_limit: 1000/s}
images: {a: {layers: [{compressed: 20 MB, unpacked: 50 MB}, {compressed: 10 MB, unpacked: 10 MB}]}}
"""
PODS = f"{BARE}workloads: {{w: {{images: a, replicas: 6}}}}\n"

# The scenario, what makes the key idle, the key, and what the note says of it.
IDLE = (
    (BARE, ("nodes.n.disk.rate=unlimited",), "nodes.n.disk.iops=10", "give nodes.n.disk.rate a rate."),
    (BARE, ("nodes.n.disk.rate=unlimited",), "nodes.n.disk.sync=1 s", "give nodes.n.disk.rate a rate."),
    (BARE, ("nodes.n.disk.rate=unlimited",), "nodes.n.disk.dirty_ratio=1%", "give nodes.n.disk.rate a rate."),
    (BARE, ("nodes.n.disk.rate=unlimited",), "nodes.n.layer_syncs=500", "give nodes.n.disk.rate a rate."),
    (BARE, ("nodes.n.disk.rate=unlimited",), "nodes.n.syncs_blobs=false", "give nodes.n.disk.rate a rate."),
    (BARE, ("nodes.n.unpack.rate=unlimited",), "nodes.n.unpack.cores=4", "give nodes.n.unpack.rate a rate."),
    (BARE, ("nodes.n.unpack.rate=unlimited",), "nodes.n.unpack.stored_rate=1 MB/s", "give nodes.n.unpack.rate a rate."),
    (BARE, ("nodes.n.retry.times=0",), "nodes.n.retry.after=1 s", "raise nodes.n.retry.times."),
    (BARE, ("nodes.n.retry.times=2",), "nodes.n.retry.jitter=20%", "give nodes.n.retry.after a time."),
    (BARE, ("nodes.n.retry={times: 1, after: 1 s}",), "nodes.n.retry.growth=2", "raise nodes.n.retry.times."),
    (BARE, (), "nodes.n.shared_address=true", "give one per: address."),
    (BARE, ("registry.redirect=true",), "registry.storage=1 MB/s", "see registry.redirect."),
    (BARE, ("registry.redirect=true",), "registry.connection_cap=1 MB/s", "see registry.redirect."),
    (BARE, ("network.fairness.sigma=0",), "network.fairness.memory=1 s", "a number above 0."),
    (
        BARE, ("network.congestion_control=bbr", "network.fairness=on"), "network.fairness.conquest=true",
        "it goes with network.congestion_control: cubic.",
    ),
    (PODS, ("nodes.n.registry_pull_qps=0",), "nodes.n.registry_burst=1", "give it a number."),
    (PODS, ("controller_manager.qps=unlimited",), "controller_manager.burst=1", "controller_manager.qps a number."),
    (PODS, ("workloads.w.create=true",), "workloads.w.termination=10 s", "leave out 'create' if there are some."),
    (
        PODS, ("nodes.n.disk.capacity=50 GB", "nodes.n.image_gc.high=100%"), "nodes.n.image_gc.low=10%",
        "lower nodes.n.image_gc.high.",
    ),
)  # fmt: skip


def results(text: str, overrides: tuple[str, ...]) -> list[tuple[float | None, dict[str, float]]]:
    result = rs.loads(text, overrides=overrides).run()
    return [(result[name].rollout_time, dict(result[name].time_split)) for name in result.cases]


@pytest.mark.parametrize(("text", "others", "key", "words"), IDLE, ids=[key for _, _, key, _ in IDLE])
def test_a_key_that_nothing_uses_is_named_and_changes_nothing(
    text: str, others: tuple[str, ...], key: str, words: str
) -> None:
    path = key.partition("=")[0]
    without = rs.loads(text, overrides=others).resolve().notes
    (note,) = [note for note in rs.loads(text, overrides=(*others, key)).resolve().notes if note not in without]
    assert note.startswith(f"{path} plays no part: ")
    assert note.endswith(words)
    assert results(text, (*others, key)) == results(text, others)


@pytest.mark.parametrize(
    "key",
    [
        "nodes.n.disk.iops=10", "nodes.n.unpack.cores=4", "nodes.n.retry={times: 3, after: 1 s, growth: 2}",
        "registry.storage=1 MB/s", "network.fairness={sigma: 0.5, memory: 1 s}",
    ],
)  # fmt: skip
def test_a_key_with_a_part_has_no_note(key: str) -> None:
    assert not [note for note in rs.loads(BARE, overrides=(key,)).resolve().notes if "no part" in note]


def test_the_ideal_model_has_no_disks_whose_keys_would_play_a_part() -> None:
    overrides = ("model=ideal", "nodes.n.disk={rate: unlimited, iops: 10}")
    assert rs.loads(BARE, overrides=overrides).resolve().notes == ()
