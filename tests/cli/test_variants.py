"""Variants, overlays, `diff`, `show` and sides of `compare`, as a shell sees them."""

from __future__ import annotations

import csv
import json
import shlex
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rolloutsim.planning.sweep.file import read_records
from rolloutsim.planning.sweep.head import command_of
from tests.cli.conftest import QUICK, Outcome, Program, Saved

# Ideal: 2 × 10 MB and 2 × 100 MB over 1 Gbit/s are 0.16 s and 1.6 s.
VARIANTS = QUICK + (
    "thresholds: {rollout_time: max < 1 s}\n"
    "variants:\n  today: {}\n  fast: {network: 2 Gbit/s}\n  slow: {network: 800 Mbit/s}\n"
)
OVERLAY = "network: 2 Gbit/s\nimages: {middle: 50 MB}\n"


@pytest.fixture
def shell(shell: Program, tmp_path: Path) -> Program:
    """Where the files are."""
    for name, text in {"v": VARIANTS, "a": QUICK, "over": OVERLAY}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return shell


def times(done: Outcome) -> dict[tuple[str, str], float]:
    """By case and side the rollout times of a comparison's CSV."""
    head, *lines = csv.reader(StringIO(done.out))
    place = head.index("rollout_time_s")
    return {(line[0], line[3]): round(float(line[place]), 6) for line in lines}


def test_variants_run_side_by_side_in_one_table(shell: Program) -> None:
    done = shell("run", "v.yaml")
    assert (done.code, done.err) == (3, "")
    lines = [line.rstrip() for line in done.out.splitlines()]
    assert lines[0] == "two nodes · 3 variants · ideal model"
    start = lines.index("  rollout of   variant   rollout time   difference      in %   verdict")
    assert lines[start + 2 : start + 8] == [
        "  small        today          0.160 s",
        "  small        fast          0.0800 s    −0.0800 s   −50.0 %   faster",
        "  small        slow           0.200 s    +0.0400 s   +25.0 %   slower",
        "  large        today           1.60 s",
        "  large        fast           0.800 s     −0.800 s   −50.0 %   faster",
        "  large        slow            2.00 s     +0.400 s   +25.0 %   slower",
    ]
    judged = [line.split()[:3] for line in lines if "max < 1 s" in line and line.startswith("  ")]
    assert [line[:2] for line in judged if line[2].endswith("{image=large}")] == [
        ["✗", "today"], ["✓", "fast"], ["✗", "slow"],
    ]  # fmt: skip


def test_0_and_3_and_5_of_variants(shell: Program, tmp_path: Path) -> None:
    (tmp_path / "held.yaml").write_text(VARIANTS.replace("max < 1 s", "max < 3 s"))
    assert shell("run", "held.yaml").code == 0
    assert shell("run", "v.yaml").code == 3
    assert shell("run", "v.yaml", "--variant", "fast").code == 0
    stuck = VARIANTS.replace("slow: {network: 800 Mbit/s}", "slow: {model: real, registry.max_connections: 0}")
    (tmp_path / "stuck.yaml").write_text(stuck)
    done = shell("run", "stuck.yaml")
    assert done.code == 5
    assert "does not finish" in done.out


def test_one_variant_is_a_run_of_its_own_that_says_so(shell: Program) -> None:
    done = shell("run", "v.yaml", "--variant", "slow")
    assert (done.code, done.out.splitlines()[0]) == (3, "two nodes · slow · 2 cases · ideal model")
    document = json.loads(shell("run", "v.yaml", "--variant", "slow", "--format", "json").out)
    assert document["scenario"]["variant"] == "slow"
    assert shell("run", "v.yaml", "--variant", "slow", "--format", "csv").out.splitlines()[1].startswith("slow,small,")
    assert shell("run", "v.yaml", "--variant", "slow", "--format", "md").out.startswith("# two nodes · slow\n")
    done = shell("run", "v.yaml", "--variant", "slwo")
    assert (done.code, done.err) == (
        2, "error: v.yaml has no variant 'slwo'; did you mean 'slow'? variants: today fast slow\n"
    )  # fmt: skip


def test_the_forms_for_programs_say_the_variant(shell: Program) -> None:
    document = json.loads(shell("run", "v.yaml", "--format", "json").out)
    assert document["schema"] == "rolloutsim.compare/1"
    assert [one["variant"] for one in document["scenarios"]] == ["today", "fast", "slow"]
    assert [one["scenario"]["variant"] for one in document["results"]] == ["today", "fast", "slow"]
    assert document["results"][1]["cases"][1]["rollout_time_s"] == pytest.approx(0.8)
    assert times(shell("run", "v.yaml", "--format", "csv")) == {
        ("small", "today"): 0.16, ("small", "fast"): 0.08, ("small", "slow"): 0.2,
        ("large", "today"): 1.6, ("large", "fast"): 0.8, ("large", "slow"): 2.0,
    }  # fmt: skip
    suites = ElementTree.fromstring(shell("run", "v.yaml", "--format", "junit").out)
    assert [(one.get("name"), one.get("failures")) for one in suites] == [
        ("two nodes · today", "1"), ("two nodes · fast", "0"), ("two nodes · slow", "1"),
    ]  # fmt: skip
    lines = shell("run", "v.yaml", "--format", "github").out.splitlines()
    assert [line.partition("title=")[2].partition("::")[0] for line in lines] == [
        "two nodes · today", "two nodes · slow",
    ]  # fmt: skip


def test_set_wins_over_a_variant_and_what_it_leaves_of_it_is_told(shell: Program) -> None:
    done = shell("run", "v.yaml", "--set", "network=4 Gbit/s", "--format", "csv")
    assert times(done)["large", "today"] == times(done)["large", "slow"] == 0.4
    notes = shell("run", "v.yaml", "--set", "network=4 Gbit/s").out
    assert " today and fast are the same scenario: nothing that is simulated differs.\n" in notes
    changed = shell("run", "v.yaml", "--set", "variants.slow={network: 500 Mbit/s}", "--format", "csv")
    assert times(changed)["large", "slow"] == 3.2


def test_a_folder_holds_each_variant_and_one_report_of_all(shell: Program, tmp_path: Path) -> None:
    done = shell("run", "v.yaml", "-o", "out")
    assert done.err == (
        "wrote out/comparison.json, out/comparison.csv, out/comparison.md and out/report.html, and a folder for each "
        "of today, fast, slow\n"
    )
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file())
    each = ("cases.csv", "records.npz", "result.json", "summary.md")
    assert found == sorted([
        "comparison.csv", "comparison.json", "comparison.md", "report.html",
        *(f"{name}/{file}" for name in ("today", "fast", "slow") for file in each),
    ])  # fmt: skip
    again = json.loads(shell("compare", "out", "--format", "json").out)
    assert again == json.loads((tmp_path / "out/comparison.json").read_text())
    page = (tmp_path / "out/report.html").read_text()
    assert page.index("The comparison") < page.index("two nodes · today</h1>") < page.index("two nodes · slow</h1>")
    assert shell("report", "out", "-o", "again.html").code == 0
    assert (tmp_path / "again.html").read_text() == page
    assert shell("plot", "out", "variants", "-o", "v.svg").code == 0
    assert shell("compare", "out/today", "out/slow").code == 0


def test_2_a_folder_of_variants_is_no_single_result(shell: Program, saved: Saved) -> None:
    saved("v.yaml", "out")
    for arguments in (("explain", "out"), ("trace", "out", "-o", "x.json")):
        done = shell(*arguments)
        assert (done.code, done.err) == (
            2,
            "error: 'out' holds the results of several variants; name one of them: out/today, out/fast, out/slow\n",
        )
    done = shell("plot", "out", "rollout", "-o", "x.svg")
    assert done.err == ("error: rollout is no figure of variants side by side, which 'out' is; its figures: variants\n")


def test_what_would_help_is_shown_for_each_variant(shell: Program) -> None:
    """200 MB through the registry's uplink: at 2 Gbit/s the NICs are as fast."""
    assert "What would" not in shell("run", "v.yaml").out
    done = shell("run", "v.yaml", "--what-if")
    assert done.out.count("What would (large, simulated):") == 3
    document = json.loads(shell("run", "v.yaml", "--what-if", "--format", "json").out)
    assert all(one["what_if"] for one in document["results"])
    assert not any("what_if" in one for one in json.loads(shell("run", "v.yaml", "--format", "json").out)["results"])


def test_4_an_error_in_a_variant_is_one_of_the_file(shell: Program, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(VARIANTS.replace("800 Mbit/s", "800 Mb"))
    for command in ("run", "validate", "explain", "show"):
        done = shell(command, "bad.yaml")
        assert done.code == 4
        assert "bad.yaml:11:19: error: variant slow: unknown rate unit 'Mb'" in done.out + done.err


# ---- files over each other ------------------------------------------------------------------------------


def test_files_are_merged_over_each_other(shell: Program) -> None:
    """Over 2 Gbit/s 50 MB take 0.4 s on two nodes; alone, the first -f is what the others are merged over."""
    alone = shell("run", "-f", "a.yaml", "-f", "over.yaml", "--format", "csv")
    behind = shell("run", "a.yaml", "-f", "over.yaml", "--format", "csv")
    assert alone.out == behind.out
    found = [line.split(",") for line in alone.out.splitlines()]
    place = found[0].index("rollout_time_s")
    assert {line[0]: round(float(line[place]), 6) for line in found[1:]} == {"small": 0.08, "large": 0.8, "middle": 0.4}
    assert shell("validate", "-f", "a.yaml", "-f", "over.yaml").err == "a.yaml: valid\n"
    assert json.loads(shell("solve", "a.yaml", "network", "-f", "over.yaml", "--such-that", "rollout_time < 1 s",
                            "--case", "middle", "--format", "json").out)["value"] is not None  # fmt: skip


def test_2_without_any_file_nothing_is_run(shell: Program) -> None:
    for command in ("run", "validate", "show"):
        done = shell(command)
        assert (done.code, done.err.splitlines()[-1]) == (2, "Error: Missing argument 'FILE…'.")


# ---- compare: what belongs to which side ----------------------------------------------------------------


def sides(shell: Program, *arguments: str) -> dict[str, float]:
    return {side: time for (case, side), time in times(shell("compare", *arguments, "--format", "csv")).items()
            if case == "large"}  # fmt: skip


def test_behind_the_only_file_a_set_is_compared_with_the_file_itself(shell: Program) -> None:
    assert sides(shell, "a.yaml", "--set", "network=2 Gbit/s") == {"a.yaml": 1.6, "network=2 Gbit/s": 0.8}
    assert sides(shell, "a.yaml", "--set=network=2 Gbit/s", "--set", "nodes=4") == {
        "a.yaml": 1.6, "network=2 Gbit/s, nodes=4": 1.6,
    }  # fmt: skip
    assert sides(shell, "v.yaml", "--variant", "fast") == {"v.yaml": 1.6, "fast": 0.8}
    assert sides(shell, "a.yaml", "-f", "over.yaml") == {"a.yaml": 1.6, "over.yaml": 0.8}
    assert sides(shell, "a.yaml", "-fover.yaml") == {"a.yaml": 1.6, "over.yaml": 0.8}


def test_a_set_belongs_to_the_file_before_it_and_before_all_files_to_each(shell: Program) -> None:
    assert sides(shell, "a.yaml", "--set", "network=2 Gbit/s", "v.yaml", "--set", "network=4 Gbit/s") == {
        "a.yaml, network=2 Gbit/s": 0.8, "v.yaml, network=4 Gbit/s": 0.4,
    }  # fmt: skip
    assert sides(shell, "--set", "network=2 Gbit/s", "a.yaml", "--seed", "3", "v.yaml", "--set", "nodes=4") == {
        "a.yaml": 0.8, "v.yaml, nodes=4": 1.6,
    }  # fmt: skip
    assert sides(shell, "a.yaml", "--set", "nodes=4", "a.yaml", "--set", "nodes=8") == {"nodes=4": 3.2, "nodes=8": 6.4}
    assert sides(shell, "v.yaml", "--variant", "fast", "--variant", "slow") == {"fast": 0.8, "slow": 2.0}
    assert sides(shell, "v.yaml") == {"today": 1.6, "fast": 0.8, "slow": 2.0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a.yaml", "a.yaml"), "error: a.yaml is named twice; name each scenario once\n"),
        (("a.yaml", "--set", "nodes=4", "a.yaml", "--set", "nodes=4"),
         "error: nodes=4 is named twice; name each scenario once\n"),
        (("v.yaml", "--variant", "fast", "--variant", "slow", "a.yaml"),
         "error: 'v.yaml' stands for one variant, and fast and slow are asked for; name it again\n"),
        (("a.yaml", "--variant", "fast"), "error: a.yaml has no variant 'fast'; it has no key 'variants'\n"),
        (("a.yaml", "out", "--set", "nodes=4"),
         "error: nodes=4 stands behind 'out', a result, which is there already; put it behind the scenario file that "
         "it is for\n"),
    ],
)  # fmt: skip
def test_2_sides_that_cannot_be(shell: Program, saved: Saved, arguments: tuple[str, ...], message: str) -> None:
    if "out" in arguments:
        saved("a.yaml", "out")
    done = shell("compare", *arguments)
    assert (done.code, done.out, done.err) == (2, "", message)


def test_compare_as_junit_is_for_the_gate(shell: Program) -> None:
    done = shell("compare", "v.yaml", "--format", "junit", "--fail-if", "rollout_time{image=large} > +10%")
    assert done.code == 3
    suites = ElementTree.fromstring(done.out)
    assert [(one.get("name"), one.get("tests"), one.get("failures")) for one in suites] == [
        ("fast against today", "3", "0"), ("slow against today", "3", "1"),
    ]  # fmt: skip


# ---- diff and show --------------------------------------------------------------------------------------


def test_diff_tells_what_differs_and_simulates_nothing(shell: Program) -> None:
    done = shell("diff", "a.yaml", "--set", "network=2 Gbit/s", "--set", "images.large=80 MB")
    assert (done.code, done.err) == (0, "")
    assert [line.rstrip() for line in done.out.splitlines()] == [
        "network=2 Gbit/s, images.large=80 MB against a.yaml",
        "",
        "  ~   nodes.node.nic            1 Gbit/s → 2 Gbit/s   default, as network.rate",
        "  ~   network.rate              1 Gbit/s → 2 Gbit/s",
        "  ~   images.large.compressed   100 MB → 80 MB",
        "  ~   registry.uplink           1 Gbit/s → 2 Gbit/s   default, as network.rate",
        "",
        " 4 keys: 4 changed, 2 of them by default. 'rolloutsim compare' simulates both.",
    ]


def test_diff_of_files_results_and_variants(shell: Program, saved: Saved) -> None:
    saved("a.yaml", "out")
    document = json.loads(
        shell("diff", "out", "v.yaml", "--variant", "fast", "-f", "over.yaml", "--format", "json").out
    )
    assert document["schema"] == "rolloutsim.diff/1"
    assert [one["name"] for one in document["scenarios"]] == ["out", "v.yaml, fast, over.yaml"]
    assert [(one["change"], one["key"]) for one in document["changes"]] == [
        ("~", "nodes.node.nic"), ("~", "network.rate"), ("+", "images.middle"), ("+", "thresholds.rollout_time"),
        ("~", "registry.uplink"),
    ]  # fmt: skip
    assert document["changes"][0]["defaults"] == ["before", "after"]
    assert shell("diff", "out", "a.yaml").out.endswith("\n Nothing differs.\n")
    assert shell("diff", "v.yaml", "--variant", "fast", "--format", "md").out.startswith(
        "### fast against v.yaml\n\n|  |"
    )


@pytest.mark.parametrize(
    ("arguments", "start"),
    [
        (
            ("a.yaml",),
            "error: diff takes two scenarios or results, or one with what is changed in it, and here is one: ",
        ),
        (
            ("a.yaml", "v.yaml", "over.yaml"),
            "error: diff takes two scenarios or results, or one with what is changed in",
        ),
        (
            ("a.yaml", "out", "--set", "nodes=4"),
            "error: nodes=4 stands behind 'out', a result, which is of one scenario",
        ),
    ],
)
def test_2_a_diff_that_cannot_be(shell: Program, saved: Saved, arguments: tuple[str, ...], start: str) -> None:
    if "out" in arguments:
        saved("a.yaml", "out")
    done = shell("diff", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(start)


def test_show_prints_a_scenario_that_runs_to_the_same(shell: Program, tmp_path: Path) -> None:
    done = shell("show", "v.yaml", "--variant", "fast", "-f", "over.yaml", "--set", "nodes=3")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("# Resolved, variant fast; sha256 ")
    assert "# nodes: changed by --set\n" in done.out or "# nodes.node.count: changed by --set\n" in done.out
    (tmp_path / "shown.yaml").write_text(done.out)
    assert shell(
        "diff", "shown.yaml", "v.yaml", "--variant", "fast", "-f", "over.yaml", "--set", "nodes=3"
    ).out.endswith("\n Nothing differs.\n")


def test_show_of_a_result_is_what_it_is_of(shell: Program, saved: Saved) -> None:
    saved("v.yaml", "out")
    shown = shell("show", "v.yaml", "--variant", "slow").out
    assert shell("show", "out/slow").out == shown
    done = shell("show", "out/slow", "--set", "nodes=3")
    assert (done.code, done.err) == (
        2, "error: 'out/slow' is a result, which is of one scenario: leave --set, -f and --variant out\n"
    )  # fmt: skip


# ---- sweeps ---------------------------------------------------------------------------------------------


def test_a_sweep_varies_the_variants_and_what_else_is_asked(shell: Program, tmp_path: Path) -> None:
    done = shell("sweep", "v.yaml", "-p", "variants=today,slow", "-p", "nodes=2,4", "--jobs", "1", "--format", "csv")
    assert (done.code, done.err) == (0, "")
    head, *lines = (line.split(",") for line in done.out.splitlines())
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    found = {(row["variants"], row["nodes"]): round(float(row["rollout_time_s"]), 6)
             for row in rows if row["case"] == "large"}  # fmt: skip
    assert found == {("today", "2"): 1.6, ("today", "4"): 3.2, ("slow", "2"): 2.0, ("slow", "4"): 4.0}
    (tmp_path / "own.yaml").write_text(VARIANTS + "sweep: {variants: [fast, slow]}\n")
    assert "fast" in shell("sweep", "own.yaml", "--jobs", "1").out


def test_a_sweep_without_variants_says_that_it_sweeps_the_file_itself(shell: Program) -> None:
    done = shell("sweep", "v.yaml", "-p", "nodes=2,4", "--jobs", "1")
    assert (done.code, done.err) == (0, "sweeping v.yaml itself; -p variants=today,fast,slow sweeps its variants\n")


def test_2_and_4_a_variant_that_a_sweep_does_not_find(shell: Program, tmp_path: Path) -> None:
    done = shell("sweep", "v.yaml", "-p", "variants=today,slwo")
    assert (done.code, done.err) == (
        2, "error: -p variants: v.yaml has no variant 'slwo'; did you mean 'slow'? variants: today fast slow\n"
    )  # fmt: skip
    (tmp_path / "own.yaml").write_text(VARIANTS + "sweep: {variants: [fast, slwo]}\n")
    done = shell("sweep", "own.yaml")
    assert done.code == 4
    assert done.err.startswith("own.yaml:12:9: error: own.yaml has no variant 'slwo'")


def test_the_command_of_a_sweep_over_variants_makes_it_again(shell: Program, tmp_path: Path) -> None:
    assert shell("sweep", "v.yaml", "-p", "variants=today,slow", "--jobs", "1", "-o", "s.sqlite").code == 0
    records = read_records(tmp_path / "s.sqlite")
    (tmp_path / "scenario.yaml").write_text(records.head.scenario)
    assert shell(*shlex.split(command_of(records.head, output="t.sqlite"))[1:], "--jobs", "1").code == 0
    assert read_records(tmp_path / "t.sqlite").head.points == records.head.points
