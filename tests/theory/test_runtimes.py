"""What runtimes and disks make of a pull, against bounds and closed forms worked out by hand.

Published figures are those of spegel-org/benchmark-results (`results/spegel-v030.json`, the updates, which come from
neighbours): medians of 10 AKS nodes, Standard_D8ds_v5 with a NIC of 12.5 Gbit/s and a local disk of 500 MB/s (Azure's
documentation of the size), images of random bytes that do not compress, the kubelet's own times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords

MIB, GIB = 2.0**20, 2.0**30


def pull(group: str, image: str, latency: str = "0.25 ms") -> CaseRecords:
    """The pull of an image by one node of a registry that never binds."""
    text = (
        f"rolloutsim: 1\nnodes: {{node: {{count: 1, {group}}}}}\nnetwork: {{latency: {latency}}}\n"
        f"registry: 400 Gbit/s\nimages: {{a: {image}}}\n"
    )
    (case,) = simulate(loads(text, "pull").resolve()).cases
    assert case.finished
    return case


def test_a_pull_of_10_mib_over_a_fast_lan_takes_less_than_an_eighth_of_a_second() -> None:
    assert 0.05 <= pull("nic: 12.5 Gbit/s, disk: unlimited, unpack: unlimited", "10 MiB").end <= 0.13


@pytest.mark.parametrize(
    ("layers", "size", "published"),
    [(1, 10 * MIB, 0.077), (4, 10 * MIB, 0.079), (1, 100 * MIB, 0.402), (4, 100 * MIB, 0.330), (1, GIB, 4.669),
     (4, GIB, 3.290)],
)  # fmt: skip
def test_pulls_from_neighbours_take_the_times_that_are_published(layers: int, size: float, published: float) -> None:
    """Within 40 %, or 30 ms: Azure's disks burst, and what serves them is not known."""
    one = f"{{compressed: {size / layers:.0f} B, unpacked: {size / layers:.0f} B}}"
    node = "nic: 12.5 Gbit/s, disk: {rate: 500 MB/s, sync: 0.2 ms}, memory: 32 GB"
    ours = pull(node, f"{{layers: [{', '.join([one] * layers)}]}}").end
    assert ours == pytest.approx(published, rel=0.4, abs=0.03)


def test_each_layer_costs_so_many_syncs_one_after_another() -> None:
    """A hundred layers of 1 kB cost 19 x 2 ms each: no time of network or cores comes near that."""
    times = [pull("nic: 10 Gbit/s", f"{{layers: [{', '.join(['1 kB'] * number)}]}}").end for number in (1, 101)]
    assert times[1] - times[0] == pytest.approx(100 * 19 * 0.002, rel=0.01)
    quick = pull("nic: 10 Gbit/s, disk: {sync: 0 s}", f"{{layers: [{', '.join(['1 kB'] * 101)}]}}").end
    assert quick < 1.0


def test_cri_o_reads_a_layer_no_faster_than_a_core_decompresses_it_and_then_does_it_again() -> None:
    node = "nic: 10 Gbit/s, disk: unlimited, unpack: 135 MB/s, runtime: cri-o"
    case = pull(node, "{compressed: 1 GB}")
    assert case.end >= 2 * 1e9 / 135e6
    assert case.end == pytest.approx(2 * 1e9 / 135e6, abs=0.1)
    assert case.causes[case.fetches.cause[0]] == "unpack"
    containerd = pull(node.replace("cri-o", "containerd"), "{compressed: 1 GB}")
    assert containerd.end == pytest.approx(1e9 / 135e6 + 8e9 / (10e9 * 1448 / 1538), abs=0.1)


def test_layers_that_cri_o_fetches_share_the_cores() -> None:
    """Four layers on four cores, or on one; the second time one core does them one after another."""
    layers, node = "{layers: [200 MB, 200 MB, 200 MB, 200 MB]}", "nic: 25 Gbit/s, disk: unlimited, runtime: cri-o"
    once = 200e6 / 135e6
    four, one = pull(node, layers), pull(f"{node}, unpack: {{cores: 1}}", layers)
    assert max(four.fetches.fetched) == pytest.approx(once, abs=0.1)
    assert four.end == pytest.approx(once + 4 * once, abs=0.1)
    assert max(one.fetches.fetched) >= 4 * once
    assert one.end == pytest.approx(8 * once, abs=0.1)


def test_a_slow_network_hides_what_cri_o_decompresses_on_the_way() -> None:
    node = "nic: 100 Mbit/s, disk: unlimited, unpack: unlimited"
    assert pull(f"{node}, decompresses_on_arrival: true", "100 MB").end == pull(node, "100 MB").end
    core = "nic: 100 Mbit/s, disk: unlimited, decompresses_on_arrival: true"
    assert pull(core, "100 MB").fetches.fetched[0] == pull(node, "100 MB").fetches.fetched[0]


def test_a_blob_crosses_the_disk_before_it_is_unpacked_and_its_files_do_not() -> None:
    """1 GiB at 250 MB/s are 4.3 s; the unpacked GiB fits under the limit of 3.2 GiB."""
    case = pull("nic: 12.5 Gbit/s, disk: 250 MB/s, memory: 16 GiB", "{compressed: 1 GiB, unpacked: 1 GiB}")
    assert case.unpacks.started[0] >= GIB / 250e6
    assert 4.3 <= case.end <= 7.5


def test_files_beyond_the_dirty_limit_go_at_the_rate_of_the_disk() -> None:
    bound = (1 + 20 - 3.2) * GIB / 250e6
    node, image = "nic: 12.5 Gbit/s, disk: 250 MB/s, memory: 16 GiB", "{compressed: 1 GiB, unpacked: 20 GiB}"
    case = pull(node, image)
    # Beside the bound: the network's 0.74 s and the syncs, before which the disk has nothing to do.
    assert bound <= case.end <= bound + 1.0
    more = pull(node.replace("16 GiB", "160 GiB"), image)
    assert more.end < 0.25 * bound


@pytest.mark.parametrize("layers", [1, 2, 5, 10])
def test_all_bytes_but_the_limit_cross_the_disk_however_many_layers_there_are(layers: int) -> None:
    one = f"{{compressed: {1000 // layers} MB, unpacked: {8000 // layers} MB}}"
    case = pull("nic: 25 Gbit/s, disk: 200 MB/s, memory: 5 GB", f"{{layers: [{', '.join([one] * layers)}]}}")
    bound = (1e9 + 8e9 - 1e9) / 200e6
    assert bound <= case.end <= 1.05 * bound + 0.2 + layers * 19 * 0.002


def test_a_blob_that_is_older_than_half_a_minute_is_written_while_it_arrives() -> None:
    """At 10 MB/s (1448 / 1538 of it payload) that of the last 30 s is left; at 100 MB/s all of the 1000 MB."""
    for nic, left in (("10 MB/s", 300e6 * 1448 / 1538), ("100 MB/s", 1000e6)):
        case = pull(f"nic: {nic}, disk: {{rate: 200 MB/s, sync: 0 s}}", "1000 MB")
        seconds = case.fetches.committed[0] - case.fetches.fetched[0]
        assert seconds == pytest.approx(left / 200e6, rel=0.05)


def test_a_blob_beyond_the_background_limit_is_written_while_it_arrives() -> None:
    """Of 4 GB at 100 MB/s no more than the 800 MB of the background limit, 8 s, wait to be written at the end."""
    node = "nic: 100 MB/s, disk: {rate: 200 MB/s, sync: 0 s}, memory: 8 GB"
    case = pull(node, "{compressed: 4 GB, unpacked: 0 B}")
    assert case.fetches.committed[0] - case.fetches.fetched[0] == pytest.approx(800e6 / 200e6, rel=0.1)
    # A network that is faster than the disk: all of it, from when the kernel begins to write on.
    fast = pull(node.replace("nic: 100 MB/s", "nic: 1 GB/s"), "{compressed: 4 GB, unpacked: 0 B}")
    assert 4e9 / 200e6 <= fast.end <= 4e9 / 200e6 + 800e6 / (1e9 * 1448 / 1538) + 0.2


@pytest.mark.parametrize("memory", ["1 GB", "4 GB", "16 GB", "64 GB"])
@pytest.mark.parametrize("nic", ["100 MB/s", "300 MB/s"])
def test_no_disk_writes_more_than_it_can_where_a_blob_comes_while_files_are_unpacked(memory: str, nic: str) -> None:
    """Beside the blob of 6 GB the kernel cannot write the files as well."""
    small = "{compressed: 1 GB, unpacked: 3 GB}"
    node = f"nic: {nic}, disk: {{rate: 100 MB/s, sync: 0 s}}, memory: {memory}"
    case = pull(node, f"{{layers: [{small}, {small}, {{compressed: 6 GB, unpacked: 6 GB}}]}}")
    (disk,) = [links for links in case.private_links if links.kind == "disk"]
    assert disk.bytes[0] <= 100e6 * case.end * (1.0 + 1e-9)


def test_small_files_take_an_operation_each() -> None:
    """4 GB in files of 4 kB at 2,000 operations a second are 500 s, less what may stay in memory."""
    node = "nic: 10 Gbit/s, disk: {rate: 500 MB/s, iops: 2000}, memory: 500 MB"
    small = "{layers: [{compressed: 1 GB, unpacked: 4 GB, files: 1000000}]}"
    case = pull(node, small)
    # 100 MB of memory hold 25,000 of the files; the blob is synced before, in 2 s.
    assert case.end == pytest.approx((1e6 - 25e3) / 2000 + 2.0, abs=0.2)
    large = pull(node, small.replace("files: 1000000", "files: 1000"))
    assert large.end < 20.0
    assert pull(node.replace(", iops: 2000", ""), small).end == large.end


def test_a_disk_of_a_higher_rate_is_never_slower() -> None:
    """Operations bind, so that memory holds as many files whatever the rate: only the sync of the blob is quicker."""
    small = "{layers: [{compressed: 1 GB, unpacked: 4 GB, files: 1000000}]}"
    ends = [
        pull(f"nic: 10 Gbit/s, disk: {{rate: {rate} MB/s, iops: 2000}}, memory: 5 GB", small).end
        for rate in (250, 500, 1000, 4000)
    ]
    assert ends == sorted(ends, reverse=True)
    assert ends[0] - ends[1] == pytest.approx(4.0 - 2.0, abs=0.1)


def test_layers_that_do_not_compress_unpack_four_times_as_fast() -> None:
    node = "nic: 10 Gbit/s, disk: unlimited, unpack: 100 MB/s"
    stored, deflated = (pull(node, f"{{compressed: 400 MB, unpacked: {size}}}") for size in ("400 MB", "440 MB"))
    for case, seconds in ((stored, 1.0), (deflated, 4.0)):
        assert case.unpacks.unpacked[0] - case.unpacks.started[0] == pytest.approx(seconds)
    own = pull(f"{node[:-8]}{{rate: 100 MB/s, stored_rate: 200 MB/s}}", "{compressed: 400 MB, unpacked: 400 MB}")
    assert own.unpacks.unpacked[0] - own.unpacks.started[0] == pytest.approx(2.0)


def test_an_image_divided_into_layers_has_the_same_bytes_over_more_connections() -> None:
    node = "nic: 10 Gbit/s, disk: unlimited, connection_cap: 50 MB/s"
    one, eight = pull(node, "5.6 GB"), pull(node, "{size: 5.6 GB, layers: 8}")
    assert one.fetches.bytes_done.sum() == eight.fetches.bytes_done.sum() == 5.6e9
    assert one.fetches.fetched[0] == pytest.approx(112.0, abs=0.2)
    # Three slots for eight layers of 14 s each: three rounds.
    assert max(eight.fetches.fetched) == pytest.approx(3 * 14.0, abs=0.2)
    listed = pull(node, f"{{layers: [{', '.join(['700 MB'] * 8)}]}}")
    assert listed.fetches.fetched.tolist() == eight.fetches.fetched.tolist()
