"""What the comments of the scenarios on herds, disks and pushes answer, against closed forms."""

from __future__ import annotations

import json

import numpy as np
import pytest

import rolloutsim
from tests.shipped import ROOT, result_of

BACK = 62.0  # when the registry of thundering-herd.yaml is back [s]


def herd(requeue: str, seed: int = 1) -> tuple[int, float, float]:
    """The most pulls at a time after the outage, when the last of them begins and when the last pod is ready [s]."""
    result = result_of("thundering-herd", f"nodes.edge.image_backoff.requeue={requeue}", f"seed={seed}")
    (case,) = result.run.cases
    after = (case.pulls.asked > BACK) & np.isfinite(case.pulls.pulled)
    asked, pulled = case.pulls.asked[after], case.pulls.pulled[after]
    assert len(asked) == 200
    ready = result["all"].rollout_time
    assert ready is not None
    return max(int(((asked <= time) & (pulled > time)).sum()) for time in asked), float(asked.max()), ready


def test_kubelets_that_looked_when_back_offs_end_would_all_come_back_at_the_same_moment() -> None:
    """Oracle: waits of 10, 20 and 40 s after pulls that break at 2 s, then 12 GB through 10 Gbit/s."""
    peak, _, ready = herd("exact")
    assert peak == 200
    least = 200 * 60e6 / (1.25e9 * 1448 / 1538)
    assert 2 + 10 + 20 + 40 + least < ready < 2 + 10 + 20 + 40 + least + 3


@pytest.mark.parametrize("seed", range(1, 6))
def test_kubelets_spread_the_herd_by_their_looks(seed: int) -> None:
    """Oracle: each of three waits ends with a look up to 15 s late, so pulls begin from 72 s on and until 72 + 45 s."""
    peak, last, ready = herd("fixed", seed)
    assert peak < 100
    assert 90.0 < last < 2 + 10 + 20 + 40 + 3 * 15
    assert last < ready < last + 10


def test_the_disk_is_what_binds_a_machine_learning_image() -> None:
    """Oracle: 125 MiB/s for what arrives, 3,000 files of 31.6 kB a second for what memory may not hold unwritten."""
    result = result_of("ml-image")
    layers = rolloutsim.load(ROOT / "scenarios/ml-image.yaml").resolve().images["ml-notebook"].layers
    compressed, unpacked = (sum(getattr(layer, size) for layer in layers) for size in ("compressed", "unpacked"))
    least = compressed / (125 * 2**20) + (unpacked - 0.2 * 16 * 2**30) / 31.6e3 / 3000
    assert sum(layer.compressed for layer in layers) == 5_943_289_554
    assert least < result["all"].rollout_time < 1.06 * least
    assert result["all"].time_split["disk"] > 0.6 * sum(result["all"].time_split.values())
    network = result_of("ml-image", "nodes.gpu.nic=25 Gbit/s")
    assert network["all"].rollout_time == pytest.approx(result["all"].rollout_time, rel=0.01)


def test_lazy_pulls_of_lazy_llm_hang_on_how_much_a_read_brings() -> None:
    """Oracle: needed bytes at 85 MB/s a connection, or at a chunk of 50 kB each 15.2 ms, then 20 s of start."""
    soci, stargz = (result_of("lazy-llm", f"nodes.gpu.snapshotter={kind}") for kind in ("soci", "stargz"))
    whole = result_of("lazy-llm")
    for image, needed in {"server": 0.064 * 12e9, "server-with-model": 0.55 * 25e9}.items():
        assert 0.0 < soci[image].rollout_time - (needed / 85e6 + 20.0) < 3.0
        assert 0.0 < stargz[image].rollout_time - (needed / (50e3 / 0.0152) + 20.0) < 3.0
        assert soci[image].rollout_time < whole[image].rollout_time
    assert stargz["server"].rollout_time < whole["server"].rollout_time
    assert stargz["server-with-model"].rollout_time > 5 * whole["server-with-model"].rollout_time
    large = ("nodes.gpu.snapshotter={kind: stargz, read_size: 4 MiB, parallel_reads: 8}",)
    assert result_of("lazy-llm", *large)["server-with-model"].rollout_time == pytest.approx(123.0, abs=0.5)


def test_each_step_of_ml_image_is_quicker_than_the_one_before() -> None:
    steps = (
        "nodes.gpu.disk.rate=1000 MiB/s", "nodes.gpu.disk.iops=16000", "nodes.gpu.parallel_unpacks=4",
        "nodes.gpu.layer_fetch_buffer=16 MiB", "nodes.gpu.parallel_layers=15",
    )  # fmt: skip
    times = [result_of("ml-image", *steps[:count])["all"].rollout_time for count in (0, 2, 3, 5)]
    assert times == sorted(times, reverse=True)


def test_only_new_layers_are_pushed_and_copies_cost_what_they_weigh() -> None:
    """Oracle: builder adds 61 and 28 MB to its base, go-carbon 12.03 MB; 346 MB are 21.6 times 16 MB."""
    cases = {case["case"]: case for case in json.loads(result_of("push-and-roll").to_json())["cases"]}
    line = 12.5e6 * 1448 / 1538
    for image, new in {"builder": 89e6, "go-carbon": 12.03e6}.items():
        (push,) = cases[image]["push"]
        assert (push["bytes"], push["before_rollout"]) == (new, True)
        assert new / line < push["push_time_s"] < new / line + 0.1
    for disk in ("ssd", "hdd"):
        costs = [cases[image]["disk"]["cost_per_month"][disk] for image in ("builder", "go-carbon")]
        assert costs[0] / costs[1] == pytest.approx(346 / 16)


def test_a_job_the_night_before_needs_its_bytes_over_its_rate_and_leaves_the_morning_without_any() -> None:
    """Oracle: 120 x 1.2 GB over 500 Mbit/s at night, over 2 Gbit/s in the morning; none is fetched twice."""
    share, total = 1448 / 1538, 120 * 1.2e9
    cases = {
        name: json.loads(result_of("prepull-night", "variants=null", *overrides).to_json())["cases"][0]
        for name, overrides in {
            "without": ["prepulls=null"], "night": [], "late": ["prepulls.night.at=-20m"],
        }.items()
    }  # fmt: skip
    without, night, late = cases["without"], cases["night"], cases["late"]
    assert total / (250e6 * share) < without["rollout_time_s"] < 1.05 * total / (250e6 * share)
    (job,) = night["prepulls"]
    least = total / (62.5e6 * share)
    assert least < job["prepull_time_s"] < 1.06 * least
    assert (job["before_rollout"], job["nodes_ready"], night["bytes_on_wire"]) == (True, 120, 0)
    assert night["rollout_time_s"] < 0.03 * without["rollout_time_s"]
    (job,) = late["prepulls"]
    assert (job["before_rollout"], job["nodes_ready"]) == (False, 50)
    assert job["bytes_before"] + late["bytes_on_wire"] == pytest.approx(total)
    assert night["rollout_time_s"] < late["rollout_time_s"] < without["rollout_time_s"]
    shop = {name: case["background"][0]["latency_s"] for name, case in cases.items()}
    assert shop["night"]["prepulled"] == shop["night"]["before"]
    assert shop["without"]["during"]["p50"] > 40 * shop["night"]["during"]["p50"]
