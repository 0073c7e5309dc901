"""`explain` of results and scenario files: why, what would help, sensitivities."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

import rolloutsim as rs
from rolloutsim.cli import reasons
from rolloutsim.cli.progress import TrialsProgress
from rolloutsim.planning import what_if
from rolloutsim.planning.trials import Tally, Trial
from rolloutsim.scenario import key_reference
from tests.cli.conftest import HELD, QUICK, ROOT, STUCK, Program

# Ideal: 2 × 100 MB over 1 Gbit/s are 1.6 s, 2 × 10 MB are 0.16 s.
PAGE = """\
two nodes · large, the slowest case · ideal model · seed 1

 Why    registry uplink 100 % busy for the whole rollout; node NICs 50 % busy (500 of 1000 Mbit/s).
        Never the limit of a transfer: the nodes' NICs.

  waited for        last pod   of its 1.60 s   mean of all pods
 ───────────────────────────────────────────────────────────────
  registry uplink     1.60 s         100.0 %             1.60 s
  together            1.60 s         100.0 %             1.60 s

  other case   rollout time   what its last pod waited for longest
 ──────────────────────────────────────────────────────────────────
  small             0.160 s   registry uplink 0.160 s
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "quick.yaml"
    path.write_text(QUICK, encoding="utf-8")
    return path


def test_a_result_says_why_cause_by_cause(program: Program, file: Path) -> None:
    assert program("run", file, "-o", "out").code == 0
    for what in ("out", "out/result.json", "out/records.npz", file):
        done = program("explain", what)
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith(PAGE)


def test_each_change_is_shown_with_the_set_that_makes_it(shell: Program, file: Path) -> None:
    out = shell("explain", file).out
    assert "What if" in out
    (line,) = [line for line in out.splitlines() if line.startswith("  registry uplink 10 Gbit/s  ")]
    change = re.search(r"--set ('[^']*'|\S+)", line)
    assert change is not None
    (override,) = shlex.split(change[1])
    times = re.findall(r"([0-9.]+) s", line)
    assert times == ["1.60", "0.800", "0.800"]  # then the NICs of 1 Gbit/s bind: 100 MB each
    done = shell("run", file, "--set", override, "--format", "json")
    (large,) = [case for case in json.loads(done.out)["cases"] if case["case"] == "large"]
    assert large["rollout_time_s"] == pytest.approx(0.8)


def test_what_has_no_effect_is_named(shell: Program, file: Path) -> None:
    (line,) = [line for line in shell("explain", file).out.splitlines() if line.startswith(" No effect: ")]
    # The NICs have one, together with the uplink in front of them.
    assert set(line.removeprefix(" No effect: ").rstrip(".").split(", ")) == {"layer slots", "waves"}


def test_json_holds_the_same(shell: Program, file: Path) -> None:
    done = shell("explain", file, "--format", "json")
    found = json.loads(done.out)
    assert list(found) == [
        "schema", "version", "scenario", "seed", "case", "rollout_time_s", "why", "what_if", "no_effect", "not_tried",
    ]  # fmt: skip
    assert (found["schema"], found["case"]) == ("rolloutsim.explain/1", "large")
    assert found["rollout_time_s"] == pytest.approx(1.6)
    assert found["not_tried"] == []
    assert set(found["no_effect"]) == {"layer slots", "waves"}
    best = found["what_if"][0]
    assert (best["case"], best["change"]) == ("large", "small instead of large")
    assert best["set"] == ['images.large={"base": "small"}']
    assert best["rollout_time_s"] == {"before": pytest.approx(1.6), "after": pytest.approx(0.16)}
    assert best["gain_s"] == pytest.approx(1.44)


def test_another_case_can_be_looked_at(shell: Program, file: Path) -> None:
    done = shell("explain", file, "--case", "small")
    assert done.out.startswith("two nodes · small · ideal model · seed 1\n")
    done = shell("explain", file, "--case", "tiny")
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: --case tiny: no case is named so; cases: small, large\n"


def test_sensitivities_are_shown_the_largest_first(shell: Program, file: Path) -> None:
    done = shell("explain", file, "--sensitivity")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    (first,) = [i for i, line in enumerate(lines) if line.startswith(" ─")]
    # One node of two less or more.
    assert re.split(r"\s{2,}", lines[first + 1].strip()) == [
        "nodes.node.count", "2", "1", "0.800 s", "3", "2.40 s", "1.60 s",
    ]  # fmt: skip
    assert [line.split()[0] for line in lines[first + 1 : first + 5]] == [
        "nodes.node.count", "registry.replicas", "registry.uplink", "images.large",
    ]  # fmt: skip


def test_sensitivities_as_json(shell: Program, file: Path) -> None:
    found = json.loads(shell("explain", file, "--sensitivity", "--format", "json").out)
    assert found["schema"] == "rolloutsim.sensitivity/1"
    assert found["rollout_time_s"] == pytest.approx(1.6)
    (row,) = [row for row in found["sensitivity"] if row["path"] == "registry.uplink"]
    assert row == {
        "case": "large", "path": "registry.uplink", "by": "10%",
        "value": "1 Gbit/s", "low_value": "0.9 Gbit/s", "high_value": "1.1 Gbit/s",
        "low_s": pytest.approx(1.6 / 0.9), "base_s": pytest.approx(1.6), "high_s": pytest.approx(1.6 / 1.1),
        "span_s": pytest.approx(1.6 / 0.9 - 1.6 / 1.1),
    }  # fmt: skip


@pytest.mark.parametrize("options", [(), ("--sensitivity",)])
def test_a_budget_without_room_names_all_that_is_not_tried(shell: Program, file: Path, options: tuple[str]) -> None:
    done = shell("explain", file, "--budget", "0 s", *options)
    (said,) = re.findall(r" Not tried: (.*); a larger --budget has room for more\.", re.sub(r"\n +", " ", done.out))
    found = json.loads(shell("explain", file, "--budget", "0 s", "--format", "json", *options).out)
    assert said.split(", ") == found["not_tried"] != []
    assert "What if" not in done.out


def test_what_was_tried_is_a_part_of_what_there_is_to_try(capsys: pytest.CaptureFixture[str]) -> None:
    result = rs.loads(QUICK).run()
    changes = what_if.what_if(result.outcome, jobs=1)
    reasons.show_reasons(result, "large", replace(changes, tried=changes.tried[:2], left_out=("a", "b")))
    out = re.sub(r"\n +", " ", capsys.readouterr().out)
    assert "\n What if 2 of 4 changes, alone, and together where that does more, simulated with the same seed.\n" in out
    assert " Not tried: a, b; a larger --budget has room for more.\n" in out


def test_a_budget_is_a_time(shell: Program, file: Path) -> None:
    done = shell("explain", file, "--budget", "20")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1] == (
        "Error: Invalid value for '--budget': '20' has no unit; a time needs one, for example 90 s"
    )


def test_a_rollout_that_did_not_finish_says_what_it_waits_for(shell: Program, tmp_path: Path) -> None:
    (tmp_path / "stuck.yaml").write_text(STUCK, encoding="utf-8")
    done = shell("explain", "stuck.yaml")
    assert done.code == 5
    assert "did not finish" in done.out
    assert "What if" not in done.out
    done = shell("explain", "stuck.yaml", "--sensitivity")
    assert (done.code, done.err) == (5, "")
    assert done.out.endswith("\n  Inputs nothing is tried, since the rollout did not finish.\n")


def tallied(budget: float, *seconds: float) -> Tally:
    """Sixteen changes, of which those that are done took so long."""
    tally = Tally("change", budget, 16, events=100, begun=0.0)
    for each in seconds:
        assert tally.add([Trial((), 1.0, 100, simulated=each)])
    return tally


@pytest.mark.parametrize(
    ("tally", "said"),
    [
        (tallied(60.0, 0.1), ""),
        (tallied(60.0, 0.4), ""),  # so soon nobody knows
        (tallied(60.0, 0.4, 0.1), "what-if: 16 changes, as many as fit into the budget of 60.0 s\n"),
        (tallied(30.0, 2.5), "what-if: 16 changes, as many as fit into the budget of 30.0 s\n"),
    ],
)
def test_trials_that_take_long_are_announced(tally: Tally, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """From two seconds of computing on, by what some of them took; how long they take nobody knows beforehand."""
    progress = TrialsProgress("what-if")
    progress(tally)
    assert capsys.readouterr() == ("", said)
    progress(tally)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("tally", "said"),
    [
        (tallied(60.0, *[2.5] * 16), "what-if: tried 16 changes in 40.0 s of computing (budget 60.0 s)\n"),
        (tallied(30.0, *[2.5] * 12), "what-if: tried 12 of 16 changes in the budget of 30.0 s\n"),
        (tallied(60.0, *[0.01] * 16), ""),
    ],
)
def test_trials_that_were_announced_say_what_they_took(
    tally: Tally, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with TrialsProgress("what-if") as progress:
        progress(tally)
        capsys.readouterr()
    assert capsys.readouterr() == ("", said)


def test_what_the_scenario_does_not_allow_does_not_count_as_tried(capsys: pytest.CaptureFixture[str]) -> None:
    tally = tallied(60.0, *[0.5] * 15)
    assert tally.add([Trial(None, prepared=0.5)])
    with TrialsProgress("what-if", always=True) as progress:
        progress(tally)
        capsys.readouterr()
    assert capsys.readouterr().err == "what-if: tried 15 changes in 8.00 s of computing (budget 60.0 s)\n"


def test_a_key_is_still_a_key(shell: Program) -> None:
    done = shell("explain", "network.latency")
    assert done.out.startswith("network.latency: one way, on every path")
    done = shell("explain", "network.latency", "--sensitivity")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1] == (
        "Error: --sensitivity is for a result or a scenario file, and 'network.latency' is a key"
    )


def test_all_keys_are_a_reference_in_markdown(shell: Program) -> None:
    done = shell("explain", "--all")
    assert (done.code, done.out) == (0, key_reference())
    done = shell("explain", "--all", "nic")
    assert (done.code, done.err.splitlines()[-1]) == (
        2, "Error: --all is about every key, and 'nic' about one; leave one of them out"
    )  # fmt: skip
    done = shell("explain", "--all", "--sensitivity")
    assert done.err.splitlines()[-1] == "Error: --sensitivity is for a result or a scenario file, and keys have none"
    done = shell("explain")
    assert done.err.splitlines()[-1] == (
        "Error: say what to explain: a key, a result or a scenario file; --all is all keys"
    )


def test_a_file_that_is_none_says_so(shell: Program) -> None:
    done = shell("explain", "missing.yaml")
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: 'missing.yaml' does not exist; give a scenario file\n"
    done = shell("explain", "missing/result.json")
    assert (done.code, done.out) == (2, "")
    assert "'missing/result.json' does not exist" in done.err


def test_run_tries_all_changes_on_demand(shell: Program) -> None:
    few = json.loads(shell("run", ROOT / "scenarios/20nodes.yaml", "--format", "json").out)["what_if"]
    done = shell("run", ROOT / "scenarios/20nodes.yaml", "--format", "json", "--what-if")
    every = json.loads(done.out)["what_if"]
    assert re.fullmatch(r"what-if: tried [0-9]+ changes in [0-9.]+ s of computing \(budget 60\.0 s\)\n", done.err)
    assert [one for one in every if one in few] == few
    assert len(every) > 12
    # What only moves bytes to another time comes after what else meets the target.
    gains = [one["gain_s"] for one in every if "pulled before the rollout" not in one["change"]]
    assert gains == sorted(gains, reverse=True)
    assert len(gains) == len(every) - 1


def test_the_table_shows_at_most_five_lines_of_changes(shell: Program) -> None:
    out = shell("run", ROOT / "scenarios/20nodes.yaml", "--what-if").out.splitlines()
    start = out.index("        What would (builder, simulated):")
    shown = out[start + 1 : out.index("", start)]
    assert len(shown) <= 5
    assert shown[0].startswith("          go-carbon instead of builder")
    assert shown[-1].startswith("          No effect: ")
    assert "node NICs" in shown[-1]


def test_what_if_goes_with_what_shows_it(shell: Program, file: Path) -> None:
    done = shell("run", file, "--what-if", "--format", "csv")
    assert done.code == 2
    assert done.err.splitlines()[-1] == "Error: --what-if is shown by --format table and json, and written with -o DIR"


def test_a_held_threshold_does_not_matter_to_a_change(shell: Program, tmp_path: Path) -> None:
    (tmp_path / "held.yaml").write_text(HELD, encoding="utf-8")
    assert "registry uplink 10 Gbit/s" in shell("explain", "held.yaml").out


def test_what_has_no_effect_is_wrapped_as_other_text(shell: Program, tmp_path: Path) -> None:
    file = tmp_path / "many.yaml"
    file.write_text(
        "rolloutsim: 1\nnodes: {n: {count: 1, hosts: [c, m, hub]}}\nnetwork: 1 Gbit/s\nregistries: {hub: {}}\n"
        "caches: {c: {upstream: hub}}\nmirrors: {m: {}}\nimages: {api: 1 MB}\n"
        "workloads: {api: {images: api, replicas: 1, startup: 10 s}}\n"
    )
    lines = shell("run", file, "--what-if").out.splitlines()
    assert any(line.startswith("          No effect: ") for line in lines)
    assert max(len(line) for line in lines if "change" not in line) <= 120
