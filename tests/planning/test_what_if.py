"""What would have been faster: real simulations, expected times from textbook sharing, and the same by `--set`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

import rolloutsim as rs
from rolloutsim.cli.view import render
from rolloutsim.errors import RolloutsimError
from rolloutsim.planning import trials, what_if
from rolloutsim.planning.changes.situation import Candidate
from rolloutsim.planning.tried import WhatIf, WhatIfs, what_if_table
from rolloutsim.planning.what_if import Plan, quick_what_if
from rolloutsim.results.metrics import rollout_time
from rolloutsim.results.outcome import Outcome
from rolloutsim.simulation import simulate
from tests.long import one_in
from tests.planning.some import tried

ROOT = Path(__file__).parent.parent.parent
SHIPPED = ("20nodes", "20nodes-10g", "mixed-nics", "multi-stage", "racks", "real-images", "two-registries")
PLANTED = sorted((ROOT / "tests" / "data" / "planted").glob("*.yaml"))
FILES = [*(ROOT / "scenarios" / f"{name}.yaml" for name in SHIPPED), *PLANTED]

# Nodes and a registry that add nothing of their own to what the bytes take.
BARE = (
    "stagger: 0 s, resolve_round_trips: 0, resolve_time: 0 s, layer_round_trips: 0, layer_time: 0 s, finish_time: 0 s, "
    "unpack: {unpack}, disk: {disk}, nic: {nic}"
)


DEFLATED = "a: {compressed: 100 MB, ratio: 2}"  # what does not compress unpacks faster


def star(
    images: str, nodes: int = 20, uplink: str = "1 Gbit/s", unpack: str = "unlimited", disk: str = "unlimited",
    nic: str = "unlimited", node: str = "", registry: str = "", network: str = "",
) -> rs.Scenario:  # fmt: skip
    """Equal nodes behind one registry; sizes unpack to themselves."""
    group = BARE.format(unpack=unpack, disk=disk, nic=nic)
    return rs.loads(
        f"rolloutsim: 1\n"
        f"nodes: {{node: {{count: {nodes}, {group}{node}}}}}\n"
        f"network: {{efficiency: 100%, latency: 0 s{network}}}\n"
        f"registry: {{uplink: {uplink}, ttfb: 0 s{registry}}}\n"
        f"images: {{{images}}}\n"
    )


def quickly(scenario: rs.Scenario) -> list[tuple[str, float, float]]:
    result = scenario.run()
    found = quick_what_if(result.outcome)
    return [(one.change, pytest.approx(one.before), pytest.approx(one.after)) for one in found.tried]


def image(name: str, size: str) -> str:
    return f"{name}: {{compressed: {size}, ratio: 1}}"


# ---- the few changes that go with a run -----------------------------------------------------------------


def test_a_smaller_image_and_the_next_interface() -> None:
    # 20 × 346 MB / 125 MB/s = 55.36 s; a tenth with 10 Gbit/s; 20 × 16 MB take 2.56 s.
    images = ", ".join(image(f"i{size}", f"{size} MB") for size in (4, 16, 257, 346))
    assert quickly(star(images, nic="1 Gbit/s")) == [
        ("i16 instead of i346", 55.36, 2.56),
        ("registry uplink 10 Gbit/s", 55.36, 5.536),
    ]


def test_if_no_image_is_half_as_large_the_next_smaller_one_counts() -> None:
    found = quickly(star(f"{image('large', '300 MB')}, {image('larger', '346 MB')}"))
    assert ("large instead of larger", 55.36, 48.0) in found


def test_nics_get_a_faster_interface() -> None:
    # 1 Gbit/s NICs: 125 MB in 1 s; with 10 Gbit/s the NIC takes 0.1 s, the uplink of 100 Gbit/s 0.2 s for 20 nodes.
    scenario = star(image("a", "125 MB"), uplink="100 Gbit/s", nic="1 Gbit/s")
    assert quickly(scenario) == [("node NICs 10 Gbit/s", 1.0, 0.2)]


def test_of_links_that_are_full_alike_all_get_a_faster_interface() -> None:
    # One node: NIC and uplink of 1 Gbit/s carry 125 MB in 1 s, and neither alone would change that.
    scenario = star(image("a", "125 MB"), nodes=1, nic="1 Gbit/s")
    assert quickly(scenario) == [("registry uplink 10 Gbit/s and node NICs 10 Gbit/s", 1.0, 0.1)]


def test_a_small_image_behind_a_large_one_is_let_past_it() -> None:
    # One node pulls a (1000 MB, 8 s at 1 Gbit/s) and then b (1 MB), whose container takes 20 s: b needs not wait for a.
    scenario = rs.loads(
        "rolloutsim: 1\nnodes: {n: {count: 1, nic: 1 Gbit/s, disk: unlimited, serialize_image_pulls: true}}\n"
        "network: {efficiency: 100%, latency: 0 s}\nregistry: 10 Gbit/s\n"
        "images: {a: {compressed: 1000 MB, ratio: 1}, b: {compressed: 1 MB, ratio: 1}}\n"
        "workloads: {a: {images: a, replicas: 1}, b: {images: b, replicas: 1, startup: 20 s}}\n"
        "rollout: {strategy: all_at_once}\n"
    )
    ((before, after),) = [times for change, *times in quickly(scenario) if change == "serialize_image_pulls: false"]
    assert before.expected > after.expected + 8.0


def test_disks_get_twice_the_speed() -> None:
    # Fetched in 8 ms, synced at 100 MB/s; 19 syncs of 2 ms are as slow as before.
    scenario = star(image("a", "100 MB"), nodes=1, uplink="100 Gbit/s", disk="100 MB/s")
    assert quickly(scenario) == [("node disks 200 MB/s", 1.046, 0.546)]


def test_decompression_gets_twice_the_speed() -> None:
    # Fetched in 0.1 s, unpacked at 100 MB/s.
    scenario = star(DEFLATED, nodes=1, uplink="8 Gbit/s", unpack="100 MB/s")
    assert quickly(scenario) == [("decompression 200 MB/s", 1.1, 0.6)]


def test_connections_get_twice_the_speed() -> None:
    # 50 of 125 MB/s: 2 s for 100 MB, then 1 s.
    scenario = star(image("a", "100 MB"), nodes=1, node=", connection_cap: 50 MB/s")
    assert quickly(scenario) == [("800 Mbit/s for each connection of a node", 2.0, 1.0)]


def test_a_queue_for_connections_loses_its_limit() -> None:
    # One connection at a time, 25 MB/s each: 1, 2, 3, 4 s; at once they share 125 MB/s at their caps of 25 MB/s.
    scenario = star(image("a", "25 MB"), nodes=4, registry=", max_connections: 1, connection_cap: 25 MB/s")
    # At 50 MB/s, in turn: 4 × 0.5 s.
    assert quickly(scenario) == [
        ("no limit on connections to registry", 4.0, 1.0),
        ("50 MB/s for each connection to registry", 4.0, 2.0),
    ]


def test_a_window_has_room_for_all_in_the_same_time() -> None:
    # One pull a minute, of which that of this minute is used up; CRI-O asks again after 2, 4, 8 and 16 s.
    limit = ", rate_limit: {rate: 1/min, kind: fixed_window, counts: pulls, used: 1, resets_after: 5 s}"
    scenario = star(image("a", "25 MB"), nodes=1, node=", runtime: cri-o", registry=limit)
    found = {one.change: one for one in what_if.what_if(scenario.run().outcome, jobs=1).tried}
    none = found["no rate limit at registry"]
    assert none.overrides == ("registry.rate_limit.rate=1000000000/min",)
    # At 0 and 2 s there is no room, at 6 s there is.
    assert (none.before, none.after) == pytest.approx((6.2, 0.2))


def test_storage_gets_twice_the_speed() -> None:
    scenario = star(image("a", "2000 MB"), nodes=1, uplink="100 Gbit/s", registry=", storage: 2 GB/s")
    assert quickly(scenario) == [("registry storage 4 GB/s", 1.0, 0.5)]


def test_disks_in_mebibytes_stay_in_mebibytes() -> None:
    scenario = star(image("a", "125 MiB"), nodes=1, uplink="100 Gbit/s", disk="{rate: 125 MiB/s, sync: 0 s}")
    fetched = 125 * 2**20 / 12.5e9
    assert quickly(scenario) == [("node disks 250 MiB/s", fetched + 1.0, fetched + 0.5)]


# 10,000 files are 10 s at 1,000 operations a second, and memory holds nothing that is not written.
MANY_FILES = "a: {compressed: 100 MB, ratio: 2, files: 10000}"
FEW_OPERATIONS = "{rate: 1 GB/s, iops: 1000, sync: 0 s, dirty_ratio: 0%}"


def test_disks_that_are_short_of_operations_get_more_of_them() -> None:
    # Written while it arrives and synced after 0.1 s, then 10 s for the files; 5 s at 2,000 a second.
    scenario = star(MANY_FILES, nodes=1, uplink="100 Gbit/s", disk=FEW_OPERATIONS)
    assert quickly(scenario) == [("node disks 2,000 operations/s", 10.1, 5.1)]


def test_disks_that_are_short_of_operations_gain_nothing_but_a_sync_from_their_rate() -> None:
    scenario = star(MANY_FILES, nodes=1, uplink="100 Gbit/s", disk=FEW_OPERATIONS)
    found = {one.change: one for one in what_if.what_if(scenario.run().outcome, jobs=1).tried}
    rate = found["node disks 2 GB/s"]
    assert (rate.before, rate.after) == pytest.approx((10.1, 10.05))


def test_operations_that_the_default_rate_brings_along_stay_with_a_faster_one() -> None:
    # 6,000 files at the 3,000 a second of gp3 are 2 s, whatever its rate.
    images = "a: {compressed: 1310720 B, ratio: 2, files: 6000}"
    scenario = star(images, nodes=1, uplink="100 Gbit/s", disk="{sync: 0 s, dirty_ratio: 0%}")
    found = {one.change: one for one in what_if.what_if(scenario.run().outcome, jobs=1).tried}
    assert found["node disks 250 MiB/s"].overrides == ("nodes.node.disk.rate=250 MiB/s", "nodes.node.disk.iops=3000")
    assert found["node disks 250 MiB/s"].gain == pytest.approx(0.005)
    assert found["node disks 6,000 operations/s"].gain == pytest.approx(1.0)


def test_disks_that_wait_for_syncs_get_faster_ones() -> None:
    # 19 syncs of 0.1 s beside the 10 ms of the blob.
    scenario = star(image("a", "1 MB"), nodes=1, uplink="100 Gbit/s", disk="{rate: 100 MB/s, sync: 100 ms}")
    assert quickly(scenario) == [("node disks 0.0500 s a synchronous write", 1.91008, 0.96008)]


def test_disks_that_are_short_of_two_things_get_both() -> None:
    # 2 s for the blob and 4 s for 4,000 files: neither alone halves the 6 s, and both together do.
    images = "a: {compressed: 200 MB, ratio: 1.5, files: 4000}"
    scenario = star(
        images, nodes=1, uplink="1000 Gbit/s", disk="{rate: 100 MB/s, iops: 1000, sync: 0 s, dirty_ratio: 0%}"
    )
    assert quickly(scenario) == [("node disks 200 MB/s, 2,000 operations/s", 6.0, 3.0)]
    every = {one.change: one for one in what_if.what_if(scenario.run().outcome, jobs=1).tried}
    assert every["node disks 200 MB/s"].gain == pytest.approx(1.0)
    # Then its 300 MB take 3 s.
    assert every["node disks 2,000 operations/s"].gain == pytest.approx(1.0)


def test_disks_of_which_nothing_waits_are_tried_with_all_that_they_have() -> None:
    scenario = star(image("a", "100 MB"), disk="{rate: 10 GB/s, iops: 100000, sync: 0.1 us}")
    tried = [one for one in what_if.what_if(scenario.run().outcome, jobs=1).tried if one.subject == "node disks"]
    wanted = ("nodes.node.disk.rate=20 GB/s", "nodes.node.disk.iops=200000", "nodes.node.disk.sync=0.00005 ms")
    assert [one.overrides for one in tried] == [wanted]


def test_all_racks_get_a_faster_interface() -> None:
    # Two racks of 10 nodes behind 1 Gbit/s each: 10 × 125 MB / 125 MB/s.
    scenario = star(
        image("a", "125 MB"), uplink="100 Gbit/s", node=", racks: [r1, r2]", network=", racks: {uplink: 1 Gbit/s}"
    )
    assert quickly(scenario) == [("rack uplinks 10 Gbit/s", 10.0, 1.0)]


def test_large_runs_are_not_simulated_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(what_if, "_SOON", 0)
    scenario = star(f"{image('small', '16 MB')}, {image('large', '346 MB')}")
    assert quickly(scenario) == [("small instead of large", 55.36, 2.56)]


def test_nothing_is_tried_if_a_rollout_did_not_finish() -> None:
    run = star(image("a", "16 MB"), registry=", max_connections: 0").run().run
    assert quick_what_if(Outcome(run)) == what_if.what_if(Outcome(run)) == WhatIfs()


# ---- all changes ------------------------------------------------------------------------------------------


@cache
def result_of(path: Path) -> rs.Result:
    """A file's result; of the racks with fewer nodes, which takes as many seconds less."""
    return rs.load(path, overrides_of(path)).run()


def overrides_of(path: Path) -> list[str]:
    return ["nodes.node.count=40"] if path.stem == "racks" else []


@pytest.mark.parametrize("path", one_in(8, FILES), ids=lambda path: path.stem)
def test_each_gain_is_that_of_a_run_with_the_same_set(path: Path) -> None:
    result = result_of(path)
    found = what_if.what_if(result.outcome, jobs=1)
    assert found.tried
    before = result[found.case].rollout_time
    for one in found.tried:
        scenario = rs.load(path, [*overrides_of(path), *one.overrides]).resolve()
        (case,) = simulate(replace(scenario, cases=tuple(c for c in scenario.cases if c.name == found.case))).cases
        after = rollout_time(case)
        assert one.after == pytest.approx(after, rel=1e-9)
        assert one.before == pytest.approx(before, rel=1e-9)
        assert one.gain == pytest.approx(before - after, rel=1e-9, abs=1e-9)


def test_the_other_cases_of_a_run_do_not_matter() -> None:
    path = ROOT / "scenarios" / "20nodes.yaml"
    found = what_if.what_if(Outcome(result_of(path).run), jobs=1)
    for one in found.tried:
        assert one.after == rs.load(path, one.overrides).run()[found.case].rollout_time


def test_every_kind_of_change_is_tried_somewhere() -> None:
    plans = [Plan.of(Outcome(result_of(path).run)) for path in FILES]
    subjects = {one.subject for plan in plans for one in plan.candidates if is_allowed(plan, one)}
    assert {
        "a smaller image", "a base held beforehand", "registry uplink", "registry storage", "wan link", "rack uplinks",
        "node NICs", "node disks", "decompression", "parallel unpacking", "layer slots", "connection caps of nodes",
        "ranged requests", "latency", "replicas of registry",  "connections to registry",
        "connection cap of registry", "answers of registry", "rate limits of registry", "serialize_image_pulls",
        "registry_pull_qps", "image back-off", "staggered starts", "waves", "max_unavailable", "max_surge", "pauses",
        "start-up", "termination", "controller_manager",
    } <= subjects  # fmt: skip


def is_allowed(plan: Plan, one: Candidate) -> bool:
    with suppress(RolloutsimError):
        return bool(trials.changed(plan.trials.document, one.overrides))
    return False


@pytest.mark.parametrize("seed", [7, 8])
def test_the_seed_is_the_runs(seed: int) -> None:
    path = ROOT / "scenarios" / "racks.yaml"
    result = rs.load(path, ["nodes.node.count=20"]).run(seed)
    best = what_if.what_if(result.outcome, jobs=1).faster[0]
    again = rs.load(path, ["nodes.node.count=20", *best.overrides]).run(seed)
    assert best.after == again[best.case].rollout_time


def test_several_processes_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    run = rs.load(ROOT / "scenarios" / "20nodes.yaml").run().run
    alone = what_if.what_if(Outcome(run), jobs=1)
    monkeypatch.setattr(trials, "_WORTH_WORKERS", 0.0)
    assert what_if.what_if(Outcome(run), jobs=2) == alone


def test_the_20_nodes_want_a_smaller_image_or_a_wider_uplink_and_nothing_of_the_nics() -> None:
    found = what_if.what_if(rs.load(ROOT / "scenarios" / "20nodes.yaml", ["model=ideal"]).run().outcome, jobs=1)
    times = {one.change: one.after for one in found.tried}
    # 20 × 346 MB over 1 Gbit/s are 55.36 s.
    assert times["registry uplink 10 Gbit/s"] == pytest.approx(5.536)
    assert times["registry uplink 2.5 Gbit/s"] == pytest.approx(22.144)
    assert "registry uplink 2 Gbit/s" not in times
    assert times["go-carbon instead of builder"] == pytest.approx(2.56)
    assert times["golang:1.8-alpine instead of builder"] == pytest.approx(41.12)
    assert times["node NICs 10 Gbit/s"] == pytest.approx(55.36)
    assert found.faster[0].change == "go-carbon instead of builder"
    assert {"node NICs", "layer slots"} <= set(found.useless)
    *others, before = found.tried
    assert [one.after for one in others] == sorted(one.after for one in others)
    # What only moves the bytes to another time stands behind all others.
    assert (before.change, before.after) == (
        "builder pulled before the rollout by all its nodes (6.92 GB at most)",
        0.0,
    )
    assert before.overrides == ('prepulls.before={"images": ["builder"], "by": "daemonset"}',)


def test_a_pre_pull_that_begins_too_late_is_tried_in_time() -> None:
    late = ["variants=null", "prepulls.night.at=-20m"]
    scenario = rs.load(ROOT / "scenarios" / "prepull-night.yaml", late)
    (in_time,) = tried(scenario.run().outcome, lambda one: one.shifts).values()
    assert (in_time.change, in_time.overrides) == ("night over before the rollout", ("prepulls.night.at=null",))
    # 120 pods whose image is there.
    assert in_time.after is not None
    assert in_time.after < 0.1 * in_time.before


def test_two_links_that_are_full_alike_are_tried_together() -> None:
    # One node, NIC and uplink of 1 Gbit/s: neither alone helps, both together do.
    scenario = star(image("a", "125 MB"), nodes=1, nic="1 Gbit/s")
    found = what_if.what_if(scenario.run().outcome, jobs=1)
    times = {one.change: one.after for one in found.tried}
    assert times["registry uplink 10 Gbit/s"] == pytest.approx(1.0)
    assert times["node NICs 10 Gbit/s"] == pytest.approx(1.0)
    assert times["registry uplink 10 Gbit/s and node NICs 10 Gbit/s"] == pytest.approx(0.1)
    assert found.best[0].change == "registry uplink 10 Gbit/s and node NICs 10 Gbit/s"


def test_links_at_the_fastest_standard_speed_are_doubled() -> None:
    found = what_if.what_if(star(image("a", "125 MB"), uplink="400 Gbit/s").run().outcome, jobs=1)
    assert [one.change for one in found.faster if one.subject == "registry uplink"] == ["registry uplink 800 Gbit/s"]


def test_a_port_gets_a_speed_that_there_is_and_a_line_also_twice_its_own() -> None:
    found = what_if.what_if(star(image("a", "125 MB"), uplink="100 Mbit/s").run().outcome, jobs=1)
    assert [one.change for one in found.faster if one.subject == "registry uplink"] == ["registry uplink 1 Gbit/s"]
    links = ", links: {wan: {capacity: 100 Mbit/s}}"
    scenario = star(image("a", "125 MB"), uplink="400 Gbit/s", registry=", via: [wan]", network=links)
    found = what_if.what_if(scenario.run().outcome, jobs=1)
    assert [one.change for one in found.faster if one.subject == "wan link"] == [
        "wan link 1 Gbit/s", "wan link 200 Mbit/s",
    ]  # fmt: skip


def test_zstd_decompresses_at_two_and_a_half_times_the_speed_of_gzip() -> None:
    scenario = star(DEFLATED, nodes=1, uplink="8 Gbit/s", unpack="100 MB/s")
    times = {one.change: one.after for one in what_if.what_if(scenario.run().outcome, jobs=1).tried}
    # Fetched in 0.1 s, unpacked at 250 MB/s.
    assert times["zstd instead of gzip (2.50× as fast to decompress)"] == pytest.approx(0.1 + 0.4)


def test_a_base_that_every_node_holds_is_not_fetched() -> None:
    images = f"{image('base', '100 MB')}, app: {{base: base, layers: [25 MB], ratio: 1}}"
    found = what_if.what_if(star(images).run().outcome, jobs=1)
    times = {one.change: one.after for one in found.tried}
    # 20 × 25 MB over 125 MB/s.
    assert times["base on every node beforehand"] == pytest.approx(4.0)


def test_the_lowest_layer_of_an_image_without_a_base_can_be_held_too() -> None:
    images = "app: {ratio: 1, layers: [100 MB, 25 MB]}"
    found = what_if.what_if(star(images).run().outcome, jobs=1)
    times = {one.change: one.after for one in found.tried}
    assert times["the base layer of app on every node beforehand"] == pytest.approx(4.0)


def test_more_slots_help_where_each_connection_is_capped() -> None:
    # Twelve layers of 25 MB at 25 MB/s each: 3, 6 and 10 at a time take 4, 2 and 2 rounds of 1 s.
    images = f"app: {{ratio: 1, layers: [{', '.join(['25 MB'] * 12)}]}}"
    scenario = star(images, nodes=1, uplink="100 Gbit/s", registry=", connection_cap: 25 MB/s")
    times = {one.change: one.after for one in what_if.what_if(scenario.run().outcome, jobs=1).tried}
    assert times["6 layers at a time"] == pytest.approx(2.0)
    assert times["10 layers at a time"] == pytest.approx(2.0)


def changed(subject: str, after: float | None) -> WhatIf:
    return WhatIf("a", subject, f"{subject} {after}", (), 100.0, after)


def test_what_three_digits_do_not_show_has_no_effect() -> None:
    found = WhatIfs(
        "a",
        (
            changed("disks", 50.0), changed("NICs", 99.96), changed("slots", 100.04), changed("disks", 100.0),
            changed("x", None),
        ),
    )  # fmt: skip
    assert [each.after for each in found.faster] == [50.0]
    assert [each.after for each in found.slower] == [None]
    assert found.idle == ("NICs", "slots")
    # Of a subject with changes for which there was no time nobody knows.
    assert replace(found, left_out=("slots changed twice",), unknown=("slots",)).idle == ("NICs",)


def test_small_gains_are_no_help_and_small_losses_are_losses() -> None:
    found = WhatIfs("a", (changed("NICs", 99.6), changed("slots", 100.4), changed("cores", 100.0)))
    assert (found.faster, found.best) == ((), ())
    assert [each.subject for each in found.slower] == ["slots"]
    assert [each.subject for each in found.seen] == ["NICs", "slots"]
    assert found.idle == ("cores",)


def test_a_loss_is_told_as_one() -> None:
    one = changed("slots", 116.4)
    assert one.shown_after == "116 s, slower by 16.4 s"
    assert what_if_table([one]).cells()[0][3] == "slower by 16.4 s"
    assert changed("slots", 50.0).shown_after == "50.0 s"
    assert changed("slots", None).shown_after == "does not finish"


def test_what_makes_it_slower_is_counted_and_not_advised() -> None:
    result = star(image("a", "125 MB"), nodes=4).run()
    tried = (changed("uplink", 10.0), changed("slots", 116.4), changed("waves", None))
    assert WhatIfs("a", tried).made_slower == "2 changes make it slower"
    assert WhatIfs("a", tried[:2]).made_slower == "1 change makes it slower"
    assert WhatIfs("a", tried[:1]).made_slower == ""
    shown = render(result, WhatIfs("a", tried))
    advised = shown[shown.index("What would (a, simulated):") :].splitlines()[1:3]
    assert advised == ["          uplink 10.0   100 s → 10.0 s", "          2 changes make it slower"]
    assert "slots" not in shown
    shown = render(result, WhatIfs("a", tried[1:]))
    assert "          2 changes make it slower; rolloutsim explain tries more\n" in shown


def test_the_best_change_of_each_subject_is_shown() -> None:
    every = (changed("uplink", 10.0), changed("disk", 20.0), changed("uplink", 50.0), changed("disk", 70.0))
    found = WhatIfs("a", every)
    assert [each.change for each in found.best] == ["uplink 10.0", "disk 20.0"]
