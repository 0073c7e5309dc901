"""compare, solve, replications and the formats for CI, as a shell sees them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rolloutsim.planning.solve import solve
from tests.cli.conftest import HELD, INVALID, MISSED, QUICK, ROOT, STUCK, WARNED, Program, Saved

FAST = QUICK.replace("1 Gbit/s", "2 Gbit/s")
SLOW = QUICK.replace("1 Gbit/s", "800 Mbit/s")
RANDOM = QUICK.replace("nodes: 2", "nodes: {node: {count: 2, start: {min: 0 s, max: 3 s}}}")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    texts = {"a": QUICK, "fast": FAST, "slow": SLOW, "stuck": STUCK, "bad": INVALID, "held": HELD, "missed": MISSED,
             "random": RANDOM, "warned": WARNED}  # fmt: skip
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def test_compare_shows_both_and_a_verdict(shell: Program, files: Path) -> None:
    done = shell("compare", "a.yaml", "fast.yaml")
    assert (done.code, done.err) == (0, "")
    assert [line.rstrip() for line in done.out.splitlines()] == [
        "fast.yaml against a.yaml",
        "",
        " What differs",
        "  key               a.yaml               fast.yaml",
        " ───────────────────────────────────────────────────────────",
        "  nodes.node.nic    1 Gbit/s (default)   2 Gbit/s (default)",
        "  network.rate      1 Gbit/s             2 Gbit/s",
        "  registry.uplink   1 Gbit/s (default)   2 Gbit/s (default)",
        "",
        "  rollout of   scenario    rollout time   difference      in %   verdict",
        " ────────────────────────────────────────────────────────────────────────",
        "  small        a.yaml           0.160 s",
        "  small        fast.yaml       0.0800 s    −0.0800 s   −50.0 %   faster",
        "  large        a.yaml            1.60 s",
        "  large        fast.yaml        0.800 s     −0.800 s   −50.0 %   faster",
        "",
        " Nothing in these scenarios is random: differences are exact.",
    ]


def test_compare_of_more_than_two_says_which(shell: Program, files: Path) -> None:
    done = shell("compare", "a.yaml", "fast.yaml", "slow.yaml")
    rows = [line.split() for line in done.out.splitlines() if line.startswith(("  small", "  large"))]
    assert [(row[0], row[1], row[-1]) for row in rows] == [
        ("small", "a.yaml", "s"), ("small", "fast.yaml", "faster"), ("small", "slow.yaml", "slower"),
        ("large", "a.yaml", "s"), ("large", "fast.yaml", "faster"), ("large", "slow.yaml", "slower"),
    ]  # fmt: skip


def test_3_a_fail_if_that_is_met_is_shown_first(shell: Program, files: Path) -> None:
    done = shell(
        "compare", "a.yaml", "slow.yaml", "--fail-if", "rollout_time > +10%", "--fail-if", "rollout_time > 9 s"
    )
    assert done.code == 3
    assert " ✗ rollout_time > +10%: small, 0.160 s → 0.200 s (+25.0 %)\n" in done.out
    assert " ✓ rollout_time > 9 s: not met\n" in done.out
    assert shell("compare", "a.yaml", "slow.yaml", "--fail-if", "rollout_time > +26%").code == 0


def test_a_result_is_compared_without_being_simulated_again(shell: Program, saved: Saved, files: Path) -> None:
    saved("a.yaml", "base")
    (files / "a.yaml").unlink()
    for name in ("base", "base/result.json", "base/records.npz"):
        done = shell("compare", name, "fast.yaml", "--format", "json")
        document = json.loads(done.out)
        assert [one["rollout_time_s"]["relative"] for one in document["cases"]] == pytest.approx([-0.5, -0.5])


def test_random_scenarios_are_paired_by_seed_and_have_intervals(shell: Program, files: Path) -> None:
    (files / "faster.yaml").write_text(RANDOM.replace("1 Gbit/s", "1.2 Gbit/s"))
    done = shell("compare", "random.yaml", "faster.yaml")
    assert " ± " in done.out
    assert (
        done.out.splitlines()[-1]
        == " 10 replications, paired by the same seeds; ± is half a 95 % interval, Student's t."
    )


def test_compare_writes_markdown_and_annotations(shell: Program, files: Path) -> None:
    assert shell("compare", "a.yaml", "slow.yaml", "--format", "md").out.startswith(
        "### Rollout time: slow.yaml against a.yaml\n\n| rollout of | scenario | rollout time |"
    )
    done = shell(
        "compare", "a.yaml", "slow.yaml", "--format", "github", "--fail-if", "rollout_time{image=large} > +10%"
    )
    assert done.out.splitlines() == [
        "::error title=rollout comparison::rollout_time{image=large} > +10%25: large, 1.60 s → 2.00 s (+25.0 %25)",
        "::warning title=rollout comparison::small in slow.yaml: 0.160 s → 0.200 s (+25.0 %25), slower",
    ]


def test_compare_writes_junit_and_takes_a_saved_result(shell: Program, saved: Saved, files: Path) -> None:
    saved("a.yaml", "out")
    conditions = ("--fail-if", "pull_time{group=node} max > +10%", "--fail-if", "pods_ready{share=50%} > +10%")
    done = shell("compare", "out", "slow.yaml", "--format", "junit", *conditions)
    assert done.code == 3
    assert '<testsuite name="slow.yaml against out" tests="6" failures="4" errors="0" skipped="0">' in done.out
    assert '<testcase classname="slow.yaml" name="large: pods_ready{share=50%} &gt; +10%">' in done.out


@pytest.mark.parametrize("command", ["run", "validate", "sweep", "solve"])
def test_2_a_result_where_a_scenario_is_expected(shell: Program, saved: Saved, files: Path, command: str) -> None:
    saved("a.yaml", "out")
    more = {"sweep": ("-p", "nodes=1"), "solve": ("nodes", "--such-that", "rollout_time < 1 s")}.get(command, ())
    done = shell(command, "out", *more)
    assert (done.code, done.out) == (2, "")
    assert re.match(
        r"error: 'out' is the result of '.*' \(cases small, large; rolloutsim .*\), and no scenario; ", done.err
    )


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["a.yaml"],
            2,
            "error: compare takes two or more scenarios or results, or one and what is changed in it: rolloutsim "
            "compare A B, or rolloutsim compare A --set 'network=10 Gbit/s'\n",
        ),
        (["a.yaml", "zzz"], 2, "error: 'zzz' does not exist; give a scenario file\n"),
        (["a.yaml", "a.yaml"], 2, "error: a.yaml is named twice; name each scenario once\n"),
        (
            ["a.yaml", "fast.yaml", "--fail-if", "rollout_time"],
            2,
            "error: --fail-if 'rollout_time': cannot read it; write a metric and a condition, for example "
            "'rollout_time < 30 s' or 'pull_time{image=app} p95 < 5 s'\n",
        ),
    ],
)
def test_2_a_comparison_that_cannot_be(shell: Program, files: Path, arguments, code: int, message: str) -> None:
    done = shell("compare", *arguments)
    assert (done.code, done.out, done.err) == (code, "", message)


def test_4_and_5_of_compare(shell: Program, files: Path) -> None:
    assert shell("compare", "a.yaml", "bad.yaml").code == 4
    done = shell("compare", "a.yaml", "stuck.yaml")
    assert done.code == 5
    assert "does not finish" in done.out


def test_solve_finds_what_the_closed_form_knows(shell: Program) -> None:
    scenario = ROOT / "scenarios/20nodes.yaml"
    condition = ("--such-that", "rollout_time < 30 s", "--set", "model=ideal", "--case", "builder")
    done = shell("solve", scenario, "network", *condition)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0] == "rollout_time < 30 s: the smallest network is 1.8454 Gbit/s"
    assert done.out.splitlines()[-1] == " Try it: --set 'network=1.8454 Gbit/s'"
    assert shell("solve", scenario, "--find", "network", *condition).out == done.out
    document = json.loads(shell("solve", scenario, "network", *condition, "--format", "json").out)
    assert document["number_bytes_per_s"] * 8 == pytest.approx(1.8453e9, rel=1e-3)
    assert "| ✓ | 1.8454 Gbit/s | 30.0 s |" in shell("solve", scenario, "network", *condition, "--format", "md").out


def test_solve_keeps_to_what_can_be_bought(shell: Program) -> None:
    scenario = ROOT / "scenarios/20nodes.yaml"
    condition = ("--such-that", "rollout_time < 30 s", "--set", "model=ideal")
    done = shell("solve", scenario, "network", *condition, "--standard")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0] == "rollout_time < 30 s: the smallest network is 2.5 Gbit/s"
    assert "  ✗     1 Gbit/s" in done.out
    assert "Tried all that can be bought: 1 Gbit/s, 2.5 Gbit/s, 10 Gbit/s, 25 Gbit/s," in done.out
    none = shell("solve", scenario, "images.builder", *condition, "--standard")
    assert none.code == 2
    assert "--standard: nobody sells images.builder in standard steps" in none.err
    few = shell("solve", scenario, "network", *condition, "--standard", "--between", "3 Gbit/s", "9 Gbit/s")
    assert "--standard: no standard speed lies in that range; there are 1 Gbit/s, 2.5 Gbit/s," in few.err


def test_solve_finds_the_cheapest_of_several_keys(shell: Program, files: Path) -> None:
    """2 × 100 MB through 1 Gbit/s are 1.6 s; either faster link alone leaves the other."""
    prices = ("--price", "network=2 Gbit/s=700", "--price", "network=10 Gbit/s=2000")
    done = shell("solve", "a.yaml", *prices, "--such-that", "rollout_time < 1 s")
    assert (done.code, done.err) == (0, "")
    assert [line.rstrip() for line in done.out.splitlines()] == [
        "rollout_time < 1 s: the cheapest that will do is network 2 Gbit/s, for 700",
        "",
        "      price   network    rollout_time < 1 s",
        " ───────────────────────────────────────────",
        "  ✗       0   1 Gbit/s               1.60 s",
        "  ✓     700   2 Gbit/s              0.800 s",
        "",
        " Tried 2 of 3 combinations, cheapest first, each with a simulation; the other one costs more.",
        " Try it: --set 'network=2 Gbit/s'",
        " What the scenario has costs nothing unless it has a price.",
    ]
    document = json.loads(
        shell("solve", "a.yaml", *prices, "--such-that", "rollout_time < 1 s", "--format", "json").out
    )
    assert (document["status"], document["best"]["buy"], document["best"]["price"]) == (
        "found", {"network": "2 Gbit/s"}, 700,
    )  # fmt: skip
    assert shell("solve", "a.yaml", *prices, "--such-that", "rollout_time < 1 ms").code == 3
    twice = shell("solve", "a.yaml", "network", *prices, "--such-that", "rollout_time < 1 s")
    assert (twice.code, "--find: --price says what comes into question; leave it out" in twice.err) == (2, True)
    assert "--such-that CONDITION" in shell("solve", "a.yaml", "network").err


def test_3_nothing_that_was_tried_will_do(shell: Program, files: Path) -> None:
    done = shell("solve", "a.yaml", "nodes", "--such-that", "rollout_time < 1 s", "--between", "2", "9")
    assert done.code == 3
    assert done.out.startswith("rollout_time < 1 s: no value of nodes that was tried will do\n")


def test_an_outcome_the_other_way_round_is_reported(shell: Program, files: Path) -> None:
    """One node alone passes and more do not: that is no lower bound."""
    done = shell("solve", "a.yaml", "nodes", "--such-that", "rollout_time < 1 s", "--between", "1", "9")
    assert (done.code, done.err) == (0, "")
    assert [line.rstrip() for line in done.out.splitlines()] == [
        "rollout_time < 1 s: the smallest nodes that was tried, 1, will do already, and none from 3 on",
        "",
        "      nodes   rollout_time   of",
        " ────────────────────────────────────────",
        "  ✓       1        0.800 s   image=large",
        "  ✗       3         2.40 s   image=large",
        "  ✗       5         4.00 s   image=large",
        "  ✗       7         5.60 s   image=large",
        "  ✗       9         7.20 s   image=large",
        "",
        " Try it: --set nodes=1",
        " The condition gets worse with more of nodes: look for the largest, with --largest.",
    ]


def test_solve_and_its_help_say_the_same_of_its_precision(shell: Program) -> None:
    text = " ".join(shell("solve", "--help").out.split())
    assert "with which a condition holds, to 0.02 %; a count exactly." in text
    assert "with which a condition holds, to 0.02 %; a count exactly." in (solve.__doc__ or "")


JOBS = "error: {} jobs are not possible; allowed: a whole number from 1 on, or -1 for one on each core\n"


@pytest.mark.parametrize("jobs", ["0", "-2"])
@pytest.mark.parametrize("replications", ["1", "3"])
@pytest.mark.parametrize(
    "command",
    [
        ("run", "random.yaml"),
        ("compare", "a.yaml", "random.yaml"),
        ("solve", "random.yaml", "network", "--such-that", "rollout_time < 4 s"),
        ("sweep", "random.yaml", "-p", "network=1 Gbit/s"),
    ],
)
def test_2_no_such_number_of_jobs(shell: Program, files: Path, command, replications: str, jobs: str) -> None:
    done = shell(*command, "--replications", replications, "--jobs", jobs)
    assert (done.code, done.out, done.err) == (2, "", JOBS.format(jobs))


@pytest.mark.parametrize("jobs", ["0", "-2"])
@pytest.mark.parametrize("options", [(), ("--sensitivity",)])
def test_2_no_such_number_of_jobs_for_explain(shell: Program, files: Path, options, jobs: str) -> None:
    done = shell("explain", "a.yaml", *options, "--jobs", jobs)
    assert (done.code, done.out, done.err) == (2, "", JOBS.format(jobs))


def test_results_are_compared_as_they_are(shell: Program, files: Path) -> None:
    for name, options in (("one", ()), ("five", ("--replications", "5"))):
        assert shell("run", "random.yaml", *options, "-o", name).code == 0
    rest = "how scenarios are simulated, and all that is compared are results, which are there already; leave"
    for options, message in (
        (("--seed", "3"), f"error: --seed says {rest} it out, or name a scenario file\n"),
        (
            ("--seed", "3", "--replications", "8", "--set", "nodes.node.count=4"),
            f"error: --set, --seed, --replications say {rest} them out, or name a scenario file\n",
        ),
    ):
        for names in (("five", "five"), ("one", "five/records.npz")):
            done = shell("compare", *names, *options)
            assert (done.code, done.out, done.err) == (2, "", message)
    assert shell("compare", "five", "random.yaml", "--set", "nodes.node.count=4").code == 0
    done = shell("compare", "one", "five")
    assert " ".join(line.strip() for line in done.out.splitlines()[9:]) == (
        "One replication says nothing about chance (one has one): compare scenario files, or results with more "
        "replications. Of five only the first of 5 replications is used, paired by seed."
    )


@pytest.mark.parametrize("command", ["run", "validate", "explain", "compare", "sweep"])
def test_2_a_file_that_rolloutsim_wrote_is_no_scenario(shell: Program, saved: Saved, files: Path, command: str) -> None:
    assert shell("sweep", "a.yaml", "-p", "nodes=1", "-o", "s.sqlite").code == 0
    saved("a.yaml", "out")
    (files / "records").write_bytes((files / "out/records.npz").read_bytes())
    more = {"compare": ("a.yaml",), "sweep": ("-p", "nodes=1")}.get(command, ())
    for name, message in (
        (
            "s.sqlite",
            "error: 's.sqlite' is a SQLite file, as 'rolloutsim sweep' writes it, and no scenario; 'rolloutsim report "
            "s.sqlite -o report.html' shows a sweep, and 'rolloutsim plot s.sqlite sweep_lines -o x.svg' draws it\n",
        ),
        (
            "records",
            "error: 'records' is a zip archive, as the records.npz of a result is, and no scenario; 'rolloutsim "
            "explain records' says why it took as long and what would help, 'rolloutsim report records -o report.html' "
            "is its page; 'compare', 'plot' and 'trace' take it, too, and so does rolloutsim.read in Python\n",
        ),
    ):
        done = shell(command, name, *more)
        assert (done.code, done.out, done.err.removeprefix("a.yaml: valid\n")) == (2, "", message)


def test_2_an_empty_name_is_no_folder(shell: Program, files: Path) -> None:
    done = shell("run", "a.yaml", "-o", "")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1] == "Error: -o is empty: name a folder, for example results, or . for this one"
    assert not (files / "result.json").exists()


NOTHING_TO_FIND = (
    "Error: say once what to find: --find K, or K behind the file, for example 'network'; or several with --price"
)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], NOTHING_TO_FIND),
        (["nodes", "--find", "nodes"], NOTHING_TO_FIND),
        (["nodes", "--between", "9", "2"], "error: --between: '9' is not below '2'"),
    ],
)
def test_2_a_question_that_cannot_be_asked(shell: Program, files: Path, arguments, message: str) -> None:
    done = shell("solve", "a.yaml", *arguments, "--such-that", "rollout_time < 1 s")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1] == message


def test_run_with_replications_shows_intervals_and_keeps_them(shell: Program, files: Path) -> None:
    done = shell("run", "random.yaml", "--replications", "8", "-o", "out")
    assert done.out.splitlines()[0] == "two nodes · 2 cases · ideal model · 8 replications"
    assert " ± " in done.out
    document = json.loads((files / "out/result.json").read_text())
    assert document["replications"] == 8
    low, high = document["cases"][0]["rollout_time_ci_s"]
    assert low < document["cases"][0]["rollout_time_s"] < high
    assert (
        (files / "out/cases.csv").read_text().splitlines()[0].endswith("rollout_time_ci_low_s,rollout_time_ci_high_s")
    )
    compared = json.loads(shell("compare", "out", "random.yaml", "--format", "json").out)
    assert [one["replications"] for one in compared["scenarios"]] == [8, 8]
    assert [one["verdict"] for one in compared["cases"]] == ["no difference seen"] * 2


def test_one_replication_is_the_run_itself(shell: Program, files: Path) -> None:
    one = shell("run", "random.yaml", "--replications", "1", "--format", "json")
    whole = json.loads(shell("run", "random.yaml", "--format", "json").out)
    assert all(case.pop("draws")["number"] == 10 for case in whole["cases"])
    assert whole | {"notes": []} == json.loads(one.out) | {"notes": []}


def test_replications_of_something_that_is_not_random_say_so(shell: Program, files: Path) -> None:
    done = shell("run", "a.yaml", "--replications", "3")
    assert " All replications took equally long: nothing in this scenario that matters for it is random.\n" in done.out


def test_thresholds_gate_a_ci_job(shell: Program, files: Path) -> None:
    done = shell("run", "held.yaml", "missed.yaml", "--format", "junit")
    assert done.code == 3
    suites = ElementTree.fromstring(done.out)
    assert [(suite.get("tests"), suite.get("failures")) for suite in suites] == [("2", "0"), ("2", "1")]
    done = shell("run", "missed.yaml", "warned.yaml", "stuck.yaml", "--format", "github")
    assert done.code == 5
    line = len(MISSED.splitlines())
    assert done.out.splitlines()[:2] == [
        f"::error file=missed.yaml,line={line},title=two nodes::rollout_time{{image=large}} is 1.60 s, "
        "wanted: max < 1 s (60 %25 over)",
        f"::warning file=warned.yaml,line={line},title=two nodes::rollout_time{{image=large}} is 1.60 s, "
        "wanted: max < 1 s (60 %25 over)",
    ]
    assert "::error file=stuck.yaml,title=two nodes::small: the rollout did not finish" in done.out
    assert done.err.splitlines()[0] == "missed.yaml: 1 of 2 thresholds held"


def test_the_program_itself_ends_with_3_and_the_whole_output(program: Program, files: Path) -> None:
    for arguments in (
        ("compare", "a.yaml", "slow.yaml", "--fail-if", "rollout_time > +10%"),
        ("solve", "a.yaml", "nodes", "--such-that", "rollout_time < 1 s", "--between", "2", "9"),
        ("run", "missed.yaml", "--format", "junit"),
    ):
        done = program(*arguments)
        assert (done.code, done.err) == (3, "")
        assert done.out.count("\n") > 5
