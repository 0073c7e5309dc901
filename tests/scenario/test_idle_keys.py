"""Keys that nothing uses: results name them, say why, and what would give them a part; and nothing else changes."""

from __future__ import annotations

import pytest

import rolloutsim as rs
from rolloutsim.errors import UsageError

BARE = """
rolloutsim: 1
nodes: {n: {count: 3, nic: 1 Gbit/s}}
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
    (BARE, (), "images.a.needed=20%", "give nodes.<group> a snapshotter."),
    (BARE, (), "images.a.reuse=20%", "give nodes.<group> partial_images: true, with runtime: cri-o."),
    (BARE, ("nodes.n.runtime=cri-o",), "nodes.n.partial_images=true", "give images.<image> a reuse."),
    (
        BARE, ("nodes.n.snapshotter={kind: soci, background: false}",), "nodes.n.snapshotter.background_after=1 s",
        "leave out nodes.n.snapshotter.background.",
    ),
    (BARE, (), "nodes.n.volume_snapshot=5 MiB/s", "name the images that it holds in nodes.n.cached."),
    (
        BARE, ("nodes.n.cached={a: 100%}", "nodes.n.volume_snapshot=unlimited"), "nodes.n.volume_snapshot.needed=50%",
        "give nodes.n.volume_snapshot.rate a rate.",
    ),
    (PODS, ("nodes.n.registry_pull_qps=0",), "nodes.n.registry_burst=1", "give it a number."),
    (PODS, ("controller_manager.qps=unlimited",), "controller_manager.burst=1", "controller_manager.qps a number."),
    (PODS, ("workloads.w.create=true",), "workloads.w.termination=10 s", "leave out 'create' if there are some."),
    (
        PODS, ("nodes.n.disk.capacity=50 GB", "nodes.n.image_gc.high=100%"), "nodes.n.image_gc.low=10%",
        "lower nodes.n.image_gc.high.",
    ),
)  # fmt: skip

# The scenario, the key that is idle in it, another value of it, and what is said of it.
OTHERS_DECIDE = (
    (f"{BARE}network: 1 Gbit/s\n", "network", "10 Gbit/s",
     "every registry and every node has a rate of its own; change nodes.n.nic, registry.uplink"),
    (f"{BARE}network: {{links: {{wan: 1 Gbit/s}}}}\n", "network.links.wan.latency", "1 s",
     "nothing crosses it; name it in 'via' of nodes.n, registry"),
    (f"{PODS}rollout: {{termination: 1 s}}\n".replace("replicas: 6", "replicas: 6, termination: 2 s"),
     "rollout.termination", "9 s", "every workload has one of its own; change workloads.w.termination"),
    (f"{PODS}rollout: {{startup: 1 s}}\n".replace("replicas: 6", "replicas: 6, startup: 2 s"),
     "rollout.startup", "9 s", "every workload has one of its own; change workloads.w.startup"),
    (f"{PODS}rollout: {{max_surge: 1}}\n".replace("replicas: 6", "replicas: 6, rollout: {max_surge: 2}"),
     "rollout.max_surge", "3", "every workload has one of its own; change workloads.w.rollout.max_surge"),
    (PODS.replace("images: {a:", "images: {spare: 20 MB, a:"), "images.spare", "90 MB",
     "no workload has it; name it in workloads.<workload>.images"),
    (PODS.replace("images: {a:", "images: {new: 20 MB, a:") + "pushes: {ci: {link: 1 Gbit/s, images: [new, a]}}\n",
     "images.new", "90 MB", "only images that are pulled are pushed, and no workload has it; name it in "
     "workloads.<workload>.images"),
    (f"model: ideal{BARE}", "network.latency", "1 s", "the ideal model leaves it out; leave out model: ideal"),
    (f"model: ideal{BARE}", "nodes.n.disk", "1 MB/s", "the ideal model leaves it out; leave out model: ideal"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "key", "value", "why"), OTHERS_DECIDE, ids=[key for _, key, _, _ in OTHERS_DECIDE])
def test_a_key_that_others_leave_nothing_to_is_noted_or_refused_alike_everywhere(
    text: str, key: str, value: str, why: str
) -> None:
    scenario = rs.loads(text)
    changed = scenario.with_({key: value})
    (note,) = [note for note in changed.resolve().notes if why in note]
    assert note.startswith(key.removesuffix(".latency"))
    assert results(text, (f"{key}={value}",)) == results(text, ())
    with pytest.raises(UsageError) as of_sweep:
        scenario.sweep({key: [value]})
    assert str(of_sweep.value) == f"sweep {key}: {key} plays no part here: {why}"
    with pytest.raises(UsageError) as of_solve:
        scenario.solve(
            key, "rollout_time < 5 s", between=(value, value.replace("9", "99").replace("1", "11").replace("3", "33"))
        )
    assert str(of_solve.value) == f"--find {key}: {key} plays no part here: {why}"
    assert f"changed: {note}" in rs.compare(scenario, changed, names=("before", "changed")).notes


def test_a_key_that_plays_a_part_at_some_points_of_a_sweep_may_be_varied() -> None:
    found = rs.loads(BARE).sweep({"nodes.n.nic": ["1 Gbit/s"], "registry.redirect": [False, True],
                                  "registry.storage": ["5 MB/s", "9 MB/s"]})  # fmt: skip
    assert len(set(found.records.results["rollout_time_s"])) == 3


def test_a_limit_that_is_not_reached_is_said_to_change_nothing() -> None:
    scenario = rs.loads(BARE)
    told = "network.tcp_window changes nothing here: "
    sweep = scenario.sweep({"network.tcp_window": ["1 GB", "2 GB"], "registry.uplink": ["1 Gbit/s", "2 Gbit/s"]})
    assert f"- {told}all numbers are the same at each of its values.\n" in sweep.to_markdown()
    solution = scenario.solve("network.tcp_window", "rollout_time < 60 s", between=("1 GB", "2 GB"))
    assert solution.changes_nothing
    assert told in solution._repr_html_()
    assert "Try it" not in solution._repr_html_()


def test_a_key_that_changes_something_is_not_said_to_change_nothing() -> None:
    scenario = rs.loads(BARE)
    assert "changes nothing" not in scenario.sweep({"registry.uplink": ["1 Gbit/s", "2 Gbit/s"]}).to_markdown()
    assert not scenario.solve(
        "registry.uplink", "rollout_time < 60 s", between=("1 Gbit/s", "9 Gbit/s")
    ).changes_nothing


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
