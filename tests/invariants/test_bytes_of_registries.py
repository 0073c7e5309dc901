"""What registries send: at least one copy of all that nodes have, and all that lazy pulls read."""

from __future__ import annotations

import pytest

import rolloutsim as rs
from rolloutsim.results.shown.tables import footnotes

SWARM = """
rolloutsim: 1
nodes: {n: {count: 10, nic: 10 Gbit/s, disk: 2 GB/s, hosts: [sw]%s}}
registries: {hub: {uplink: 1 Gbit/s}}
peers: {sw: {profile: %s}}
images: {m: {layers: [1 GB], ratio: 1}}
"""
LAZY = """
rolloutsim: 1
nodes: {n: {count: 4, nic: 10 Gbit/s, disk: 2 GB/s%s}}
registries: {hub: {uplink: 5 Gbit/s}}
caches: {near: {in: core, profile: varnish, upstream: hub, uplink: 10 Gbit/s}}
images: {m: {layers: [2 GB, 500 MB], ratio: 1, needed: 10%%}}
thresholds: {'sent_bytes{server=hub}': max < 100 MB}
"""


@pytest.mark.parametrize("profile", ["kraken", "dragonfly"])
def test_a_swarm_hands_over_whole_layers_whatever_ranges_the_runtime_would_ask_for(profile: str) -> None:
    whole, ranges = (rs.loads(SWARM % (more, profile)).run() for more in ("", ", layer_fetch_buffer: 8 MiB"))
    (case,) = ranges.summary.cases.values()
    (hub, _) = case.supply.servers
    assert hub.sent_bytes >= 1e9
    assert case.rollout_time_s == whole.summary.cases["m"].rollout_time_s
    assert any("layer_fetch_buffer plays no part: agents of a swarm" in note for note in ranges.scenario.notes)


@pytest.mark.parametrize("lazy", [", snapshotter: soci", ", snapshotter: {kind: stargz, background: false}"])
@pytest.mark.parametrize("hosts", ["", ", hosts: [near]"])
def test_what_is_read_lazily_comes_from_a_registry(lazy: str, hosts: str) -> None:
    result = rs.loads(LAZY % (lazy + hosts)).run()
    (case,) = result.summary.cases.values()
    assert case.bytes_on_wire > 4 * 250e6
    if case.supply is not None:
        hub = next(one for one in case.supply.servers if one.server == "hub")
        assert hub.sent_bytes == pytest.approx(case.bytes_on_wire)
        assert sum(case.supply.bytes_by_source.values()) == pytest.approx(case.bytes_on_wire)
    told = [note for note in footnotes(result.outcome) if note.startswith("What is read of mounted layers comes from")]
    assert len(told) == bool(hosts)
    (judged,) = result.thresholds
    assert judged.value == (pytest.approx(case.bytes_on_wire) if hosts else None)  # it is not counted without others
    assert not judged.passed


@pytest.mark.parametrize(
    ("layers", "said"), [("1 GB", "no further than the swarms"), ("100 MB, 3 GB", "by more, since members")]
)
def test_how_far_a_rollout_may_be_off_is_not_claimed_where_members_ran_out_of_time(layers: str, said: str) -> None:
    """An agent of Kraken answers when it has the whole layer, and containerd waits for 30 s: 3 GB take longer."""
    result = rs.loads((SWARM % ("", "kraken")).replace("1 GB", layers)).run()
    (note,) = [note for note in footnotes(result.outcome) if note.startswith("Pieces of swarms")]
    assert f"one of ten by more, and the rollout time {said}" in note
