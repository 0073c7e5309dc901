"""Variants side by side, and the parts of a case: closed forms of the ideal model, and what is told of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

import rolloutsim as rs
from rolloutsim.api.comparison import of_variants, save
from rolloutsim.errors import UsageError
from rolloutsim.planning import compare_tables as shown
from rolloutsim.planning.compare import Comparison, Part, Side, compare
from rolloutsim.planning.differences import parse_fail_if
from rolloutsim.planning.replicate import replicate
from rolloutsim.results.store import from_bytes, to_bytes
from rolloutsim.scenario import loads
from rolloutsim.scenario.loading import draft

# Ideal: 100 MB over 1 Gbit/s are 0.8 s, over 100 Mbit/s 8 s; the registry's uplink is never the limit.
GROUPS = """\
rolloutsim: 1
name: two groups
model: ideal
nodes: {fast: {count: 2, nic: 1 Gbit/s}, slow: {count: 3, nic: 100 Mbit/s}}
registry: {uplink: 100 Gbit/s}
images: {a: 100 MB}
thresholds: {rollout_time: max < 5 s}
variants:
  today: {}
  quicker: {nodes.slow.nic: 200 Mbit/s}
  same: {nodes.slow.nic: 100 Mbit/s}
"""
# Ideal, all pods at once on three nodes: the images are of 100 and 50 MB, and each node's NIC has 1 Gbit/s.
WORKLOADS = """\
rolloutsim: 1
name: two workloads
model: ideal
nodes: {web: {count: 3, nic: 1 Gbit/s}}
registry: {uplink: 100 Gbit/s}
images: {a: 100 MB, b: 50 MB}
workloads:
  one: {images: a, daemonset: true, create: true}
  two: {images: b, daemonset: true, create: true, start: 20 s}
rollout: all_at_once
prices: {ssd: 0.1}
variants:
  today: {}
  small: {images.b: 25 MB}
"""
RANDOM = GROUPS.replace("nic: 100 Mbit/s}}", "nic: 100 Mbit/s, start: {min: 0 s, max: 3 s}}}", 1)


def variants(text: str, replications: int | None = None, **more: object) -> Comparison:
    return of_variants(draft(text).side_by_side(), replications=replications, **more)  # type: ignore[arg-type]


def times(found: Comparison) -> dict[tuple[str, str, str], float | None]:
    return {(row.part.kind, row.part.name, row.side): row.time for row in found.rows}


def test_each_node_group_is_compared_with_itself() -> None:
    found = variants(GROUPS)
    assert times(found) == pytest.approx({
        ("case", "a", "today"): 8.0, ("case", "a", "quicker"): 4.0, ("case", "a", "same"): 8.0,
        ("group", "fast", "today"): 0.8, ("group", "fast", "quicker"): 0.8, ("group", "fast", "same"): 0.8,
        ("group", "slow", "today"): 8.0, ("group", "slow", "quicker"): 4.0, ("group", "slow", "same"): 8.0,
    })  # fmt: skip
    verdicts = {(one.part.name, one.verdict) for one in found.differences[0].parts}
    assert verdicts == {("fast", "no difference seen"), ("slow", "faster")}


def test_each_workload_is_compared_from_its_own_start() -> None:
    found = times(variants(WORKLOADS))
    assert found["workload", "one", "today"] == found["workload", "one", "small"] == pytest.approx(0.8)
    assert found["workload", "two", "today"] == pytest.approx(0.4)
    assert found["workload", "two", "small"] == pytest.approx(0.2)
    assert found["case", "all", "today"] == pytest.approx(20.4)


def test_thresholds_count_a_workload_from_its_own_start_as_the_tables_do() -> None:
    """0.4 s for 50 MB, begun at 20 s; with replications alike."""
    conditions = "{'rollout_time{workload=two}': < 9 s, 'pods_ready{share=100%,workload=two}': < 9 s, "
    conditions += "'nodes_ready{share=50%,workload=two}': < 9 s, 'ready{workload=two}': < 9 s, rollout_time: < 9 s}"
    for often in (1, 2):
        found = variants(WORKLOADS + f"thresholds: {conditions}\n", often)
        results = {one.metric: one.value for one in found.sides[0].outcome.thresholds}
        assert [*results.values()] == pytest.approx([0.4, 0.4, 0.4, 20.4, 20.4])
        assert times(found)["workload", "two", "today"] == pytest.approx(0.4)
        met = compare(found.sides, ["rollout_time{workload=two} < 0.3 s"]).met
        assert [(one.side, one.found.before) for one in met] == [("small", pytest.approx(0.4))]


def test_one_group_and_one_workload_have_no_rows_of_their_own() -> None:
    found = variants(GROUPS.replace("fast: {count: 2, nic: 1 Gbit/s}, ", ""))
    assert {row.part for row in found.rows} == {Part("case", "a")}


def test_variants_see_the_same_random_numbers() -> None:
    """What differs by chance alone differs in no replication; and the verdict needs no luck."""
    found = variants(RANDOM)
    seeds = [tuple(one.seed for one in side.outcome.each) for side in found.sides]
    assert len(seeds[0]) == 10
    assert seeds[0] == seeds[1] == seeds[2]
    changes = {row.side: row.found for row in found.rows if row.part.kind == "case"}
    assert changes["same"].ci == (0.0, 0.0)
    assert changes["quicker"].change == pytest.approx(-4.0, abs=1e-9)
    assert changes["quicker"].ci.half == pytest.approx(0.0, abs=1e-9)


def test_variants_that_are_one_scenario_are_said_to_be() -> None:
    notes = variants(GROUPS).notes
    assert "today and same are the same scenario: nothing that is simulated differs." in notes
    assert not any("quicker are the same" in note or "quicker and" in note for note in notes)


def test_of_what_one_variant_changes_a_part_and_another_takes_all_each_says_its_own() -> None:
    limit = "{rate: 100/6h, burst: 100, per: address, counts: pulls}"
    table = shown.changes_table(
        variants(f"""
rolloutsim: 1
nodes: 2
network: 1 Gbit/s
registry: {{rate_limits: {{free: {limit}}}}}
images: {{a: 1 MB}}
variants:
  today: {{}}
  more: {{registry.rate_limits.free.burst: 200}}
  none: {{registry.rate_limits: null}}
""")
    )
    assert table is not None
    assert table.cells() == (
        ("registry.rate_limits.free.burst", "100", "200", "–"),
        ("registry.rate_limits.free", limit, "…", "–"),
    )


def test_each_variant_is_judged_by_the_thresholds() -> None:
    found = variants(GROUPS)
    assert found.missed
    table = shown.thresholds_table(found)
    assert table is not None
    assert [row[:2] for row in table.cells()] == [("✗", "today"), ("✓", "quicker"), ("✗", "same")]
    relaxed = variants(GROUPS.replace("max < 5 s", "max < 9 s"))
    assert not relaxed.missed
    assert shown.thresholds_table(variants(GROUPS.replace("thresholds: {rollout_time: max < 5 s}\n", ""))) is None


def test_the_answer_is_true_of_the_numbers_in_it() -> None:
    assert shown.answer(variants(GROUPS)) == (
        "quicker is the quickest: its rollout takes 4.00 s, 4.00 s or 50.0 % less than today (8.00 s); same takes "
        "8.00 s (no difference seen). Thresholds: today misses rollout_time max < 5 s (8.00 s); same misses "
        "rollout_time max < 5 s (8.00 s); quicker meets it."
    )
    slower = GROUPS.replace("quicker: {nodes.slow.nic: 200 Mbit/s}", "slower: {nodes.slow.nic: 50 Mbit/s}")
    assert shown.answer(variants(slower)).startswith("The rollout takes 8.00 s in today; none is faster. Thresholds: ")
    assert "; it is not known whether any is faster." in shown.answer(variants(RANDOM, replications=1))


def test_a_variant_that_does_not_finish_is_no_quickest_one() -> None:
    stuck = GROUPS.replace("model: ideal", "model: real").replace(
        "quicker: {nodes.slow.nic: 200 Mbit/s}", "broken: {registry.max_connections: 0}"
    )
    found = variants(stuck)
    assert not found.finished
    assert [row.verdict for row in found.rows if row.side == "broken"] == ["does not finish"] * 3
    assert shown.answer(found).startswith("The rollout takes ")
    assert "The rollout does not finish in broken." in shown.answer(found)


def test_where_the_first_variant_does_not_finish_none_is_faster_or_slower() -> None:
    broken = "{registry.max_connections: 0}"
    both = GROUPS.replace("model: ideal", "model: real").replace("today: {}", f"today: {broken}")
    said = shown.answer(variants(both))
    assert re.match(
        r"The rollout does not finish in today; it takes [0-9.]+ s in quicker and [0-9.]+ s in same\.", said
    )
    every = both.replace("{nodes.slow.nic: 200 Mbit/s}", broken).replace("{nodes.slow.nic: 100 Mbit/s}", broken)
    assert shown.answer(variants(every)).startswith("The rollout does not finish in today, quicker and same. ")


def test_the_table_has_a_row_for_each_variant_of_each_part() -> None:
    table = shown.comparison_table(variants(GROUPS))
    assert table.headings() == ("rollout of", "variant", "rollout time", "difference", "in %", "verdict")
    assert table.cells()[:4] == (
        ("a", "today", "8.00 s", "", "", ""),
        ("a", "quicker", "4.00 s", "−4.00 s", "−50.0 %", "faster"),
        ("a", "same", "8.00 s", "0 s", "0 %", "no difference seen"),
        ("a, group fast", "today", "0.800 s", "", "", ""),
    )
    assert shown.comparison_table(variants(RANDOM)).cells()[0][2].partition(" ± ")[2]


def test_groups_of_which_there_are_very_many_are_in_the_csv_only() -> None:
    many = ", ".join(f"g{number}: {{count: 1, nic: 1 Gbit/s}}" for number in range(13))
    text = GROUPS.replace("fast: {count: 2, nic: 1 Gbit/s}", many)
    found = variants(text)
    assert len(shown.comparison_table(found).rows) == 3
    assert len(found.to_csv().splitlines()) == 1 + 3 * 15
    assert "Node groups have 42 more rows, which --format csv and json show." in shown.notes(found)


def test_what_differs_is_a_row_a_key_with_a_column_a_variant() -> None:
    table = shown.changes_table(variants(GROUPS))
    assert table is not None
    assert table.headings() == ("key", "today", "quicker", "same")
    assert table.cells() == (("nodes.slow.nic", "100 Mbit/s", "200 Mbit/s", "100 Mbit/s"),)


def test_costs_are_those_of_the_images_at_the_scenarios_prices() -> None:
    """containerd keeps 100 + 50 MB compressed, and in the ideal model unpacked sizes are those on the wire."""
    table = shown.cost_table(variants(WORKLOADS))
    assert table is not None
    assert table.headings()[-2:] == ("a month on SSD", "difference")
    today, small = (row[-2:] for row in table.values())
    disks = [side.outcome.means.cases["all"].disk for side in variants(WORKLOADS).sides]
    stored = [disk.fleet_bytes + disk.registry_bytes for disk in disks]
    assert today == (pytest.approx(0.1 * stored[0] / 1e9), None)
    assert small == (pytest.approx(0.1 * stored[1] / 1e9), pytest.approx(0.1 * (stored[1] - stored[0]) / 1e9))
    assert stored[1] < stored[0]
    assert shown.cost_table(variants(GROUPS)) is None


def test_the_json_says_the_variant_its_thresholds_and_what_differs() -> None:
    document = json.loads(json.dumps(variants(GROUPS).to_dict()))
    assert [one["variant"] for one in document["scenarios"]] == ["today", "quicker", "same"]
    assert [one["thresholds"][0]["passed"] for one in document["scenarios"]] == [False, True, False]
    assert document["changes"] == [
        {"scenario": "quicker", "key": "nodes.slow.nic", "change": "~", "before": "100 Mbit/s", "after": "200 Mbit/s",
         "defaults": []}
    ]  # fmt: skip
    groups = document["cases"][0]["groups"]
    assert [(one["group"], one["verdict"]) for one in groups] == [("fast", "no difference seen"), ("slow", "faster")]
    assert groups[1]["rollout_time_s"]["change"] == pytest.approx(-4.0)


def test_the_csv_has_a_line_for_each_row_with_the_variant() -> None:
    head, *lines = variants(WORKLOADS).to_csv().splitlines()
    assert head.startswith("case,workload,group,variant,rollout_time_s,")
    assert [line.split(",")[:4] for line in lines] == [
        ["all", "", "", "today"], ["all", "", "", "small"],
        ["all", "one", "", "today"], ["all", "one", "", "small"],
        ["all", "two", "", "today"], ["all", "two", "", "small"],
    ]  # fmt: skip


def test_junit_fails_what_meets_a_condition_and_what_does_not_finish() -> None:
    found = variants(GROUPS, fail_if=["rollout_time < -10%"])
    suites = ElementTree.fromstring(shown.to_junit(found))
    assert [(one.get("name"), one.get("tests"), one.get("failures")) for one in suites] == [
        ("quicker against today", "4", "1"), ("same against today", "4", "0"),
    ]  # fmt: skip
    (failure,) = suites.iter("failure")
    assert failure.attrib == {"message": "a in quicker, 8.00 s → 4.00 s (−50.0 %)", "type": "fail-if"}


def test_markdown_begins_with_the_answer_and_has_all_tables() -> None:
    text = variants(WORKLOADS).to_markdown()
    assert text.startswith("### two workloads · 2 variants · ideal model\n\n**small is the quickest: ")
    assert "What differs:\n\n| key | today | small |" in text
    assert "Disk and cost:\n\n| variant |" in text
    assert "Thresholds" not in text
    assert "Thresholds:\n\n|  | variant |" in variants(GROUPS).to_markdown()


def test_defaults_that_follow_from_a_profile_are_told_by_it_unless_a_variant_says_one() -> None:
    """The cache's `profile` decides `coalesce`, `serve` and others; `coalesce` is written in one variant."""
    text = (
        "rolloutsim: 1\nname: caches\nnodes: {web: {count: 2, hosts: [near, registry]}}\nnetwork: 1 Gbit/s\n"
        "caches: {near: {uplink: 1 Gbit/s}}\nimages: {a: 10 MB}\nvariants:\n"
        "  nexus: {caches.near.profile: nexus}\n"
        "  nginx: {caches.near.profile: nginx%s}\n"
        "  crio: {caches.near.profile: nexus, nodes.web.runtime: cri-o}\n"
    )
    for more, written in (("", []), (", caches.near.coalesce: stream", ["caches.near.coalesce"])):
        found = variants(text % more)
        table = shown.changes_table(found)
        assert table is not None
        keys = [row[0] for row in table.cells()]
        assert sorted(keys) == sorted(["caches.near.profile", "nodes.web.runtime", *written])
        every = {one.key for side in found.changes.values() for one in side}
        assert {"caches.near.serve", "caches.near.ttl.time", "nodes.web.parallel_layers"} < every
        assert shown.following(found) == f"{len(every) - len(keys)} defaults that follow from these"
        caption, _ = next(shown.tables(found))
        assert caption == f"What differs (without {shown.following(found)}; 'rolloutsim diff' has all)"


def test_when_a_group_was_ready_survives_the_file_of_a_result() -> None:
    outcome = replicate(loads(GROUPS).resolve(), count=2)
    again = from_bytes(to_bytes(outcome))
    assert again.values("a", "groups", "slow", "ready_s") == outcome.values("a", "groups", "slow", "ready_s")
    assert again.to_dict()["cases"][0]["groups"] == [
        {"group": "fast", "nodes": 2, "pods": 2, "ready_s": pytest.approx(0.8)},
        {"group": "slow", "nodes": 3, "pods": 3, "ready_s": pytest.approx(8.0)},
    ]


def test_nobody_knows_when_a_group_is_ready_where_pods_are_missing() -> None:
    """The registry is gone after 1 s: one pod is ready on `web`, and two others that may go there do not exist yet."""
    text = """\
rolloutsim: 1
model: ideal
nodes: {web: {count: 1, nic: 1 Gbit/s}, far: {count: 1, nic: 1 Gbit/s}}
registry: {uplink: 100 Gbit/s}
images: {a: 100 MB}
workloads: {one: {images: a, replicas: 4}}
rollout: {strategy: rolling, max_surge: 0, max_unavailable: 1, horizon: 1m}
failures: {gone: {registry: registry, at: 1 s}}
"""
    outcome = replicate(loads(text).resolve())
    (case,) = outcome.run.cases
    assert not case.finished
    assert case.pods.ready.tolist()[:1] == [pytest.approx(0.8)]
    assert [one["ready_s"] for one in outcome.to_dict("summary")["cases"][0]["groups"]] == [None, None]


def test_variants_are_compared_in_python() -> None:
    found = rs.compare(rs.loads(GROUPS))
    assert repr(found) == "<Comparison of today, quicker, same>"
    assert "<caption>What differs</caption>" in found._repr_html_()
    assert found.to_dict() == variants(GROUPS).to_dict()


def test_a_comparison_writes_its_report_and_its_files(tmp_path: Path) -> None:
    found = rs.compare(rs.loads(GROUPS))
    pages = found.report(tmp_path / "x.html")
    assert [page.title for page in pages] == [
        "two groups",
        *(f"two groups · {one}" for one in ("today", "quicker", "same")),
    ]
    assert "<h1>two groups</h1>" in (tmp_path / "x.html").read_text()
    assert found.report(tmp_path / "x.md")[0].title == "two groups"
    assert (tmp_path / "x.md").read_text().startswith("# two groups\n")
    with pytest.raises(UsageError, match=r"x.txt: a report is .html, .pdf or .md"):
        found.report(tmp_path / "x.txt")
    found.save(tmp_path / "out")
    assert rs.compare(tmp_path / "out").rows == found.rows


def test_variants_are_compared_by_the_path_of_their_file_or_folder(tmp_path: Path) -> None:
    (tmp_path / "v.yaml").write_text(GROUPS)
    found = rs.compare(tmp_path / "v.yaml")
    assert found.to_dict() == variants(GROUPS).to_dict()
    save(found, tmp_path / "out")
    again = rs.compare(str(tmp_path / "out"), fail_if=["rollout_time{group=slow} < -10%"])
    assert again.rows == found.rows
    assert [(one.side, one.found.change) for one in again.met] == [("quicker", pytest.approx(-4.0))]
    with pytest.raises(UsageError, match=r"holds the results of several variants; name one of them: .*/today, "):
        rs.read(tmp_path / "out")


def test_the_figures_of_parts_have_one_source() -> None:
    """A row of a comparison, the JSON contract, and the metric that one writes: three ways to the same number."""
    outcome = replicate(loads(RANDOM).resolve(), count=3)
    about = parse_fail_if("rollout_time{group=slow} > 1 s").threshold
    times = outcome.figures("a", about)
    assert times == outcome.values("a", "groups", "slow", "ready_s")
    assert times == Part("group", "slow").times(outcome, "a")


def test_results_of_one_scenario_under_two_names_are_no_variants() -> None:
    outcome = replicate(loads(GROUPS).resolve())
    found = compare([Side("a", outcome), Side("b", outcome)])
    assert not found.of_variants
    assert shown.comparison_title(found) == "b against a"
    assert found.notes == ("Nothing in these scenarios is random: differences are exact.",)
    named = replace(outcome.run.scenario, variant="x")
    assert named.title == "two groups · x"
