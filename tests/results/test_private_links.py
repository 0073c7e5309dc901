"""How busy nodes' own links are, against what each layer takes of them by hand."""

from __future__ import annotations

import pytest

import rolloutsim as rs
from rolloutsim.results.store import from_bytes, to_bytes

# One core reads 100 MB/s of layers that compress, and 400 MB/s of others, which a ratio of 1 makes of all.
CORES = """\
rolloutsim: 1
nodes: {web: {count: 3, nic: 10 Gbit/s, disk: 10 GB/s, unpack: {rate: 100 MB/s, stored_rate: 400 MB/s}%s}}
registry: {uplink: 100 Gbit/s}
images: {model: {layers: [800 MB, 200 MB], ratio: %s}}
"""


@pytest.mark.parametrize(("ratio", "rate"), [("1", 400e6), ("2", 100e6)])
@pytest.mark.parametrize(("runtime", "times"), [("containerd", 1), ("cri-o", 2)])
def test_cores_are_busy_while_they_decompress(ratio: str, rate: float, runtime: str, times: int) -> None:
    """CRI-O decompresses what arrives, and once more what it unpacks: four cores of them by default."""
    result = rs.loads(CORES % (f", runtime: {runtime}", ratio)).run()
    case = result.summary.slowest
    (row,) = (row for row in case.links if row.link == "web.unpack")
    assert row.bytes == pytest.approx(times * 1e9)
    assert row.max is not None
    cores = row.capacity_bytes_per_s / 100e6
    time = result["model"].rollout_time
    assert time is not None
    busy = pytest.approx(times * 1e9 / rate / cores / time, rel=1e-3)
    assert row.utilisation == busy
    assert row.max.utilisation == busy
    again = from_bytes(to_bytes(result.outcome)).means.slowest
    assert [one.utilisation for one in again.links] == [one.utilisation for one in case.links]
    assert all(one.utilisation is None or one.utilisation <= 1.0 for one in case.links)


def test_layers_that_take_cores_longer_than_others_spare_less_than_nothing() -> None:
    result = rs.loads(CORES.replace("400 MB/s", "50 MB/s") % ("", "1")).run()
    spared = [links.spared for links in result.run.cases[0].private_links if links.kind == "unpack"]
    assert spared[0] is not None
    assert spared[0].max() < 0.0
    assert to_bytes(from_bytes(to_bytes(result.outcome))) == to_bytes(result.outcome)
