"""The reports of sweeps: the answer first, and how to get them again."""

from __future__ import annotations

import json
import shlex
import warnings
from pathlib import Path

import rolloutsim as rs
from rolloutsim.planning.sweep.file import read_records
from rolloutsim.report.blocks import Verdict
from rolloutsim.report.markdown import to_markdown
from rolloutsim.report.page import to_html
from rolloutsim.report.pdf import to_pdf
from rolloutsim.report.sweep_contents import report_of_sweep
from tests.report.runs import IDEAL

LARGE = IDEAL.replace("small: 10 MB, ", "")


def test_the_answer_of_one_parameter_says_that_no_point_passes() -> None:
    made = rs.loads(LARGE).sweep({"nodes": [4, 8]}, jobs=1)
    text = to_markdown((report_of_sweep(made.records),))
    assert "**✗ 0 of 2 points pass: All thresholds hold at 0 of 2 points.**" in text
    assert "\n> large: 4.00 s at 4, 8.00 s at 8; no point passes max < 3 s\n" in text


def test_the_answer_is_about_all_thresholds_and_not_only_about_those_of_the_figure() -> None:
    """4 × 125 MB through 1 Gbit/s are 4 s, 5 are 5 s and 6 are 6 s; each pull is as long."""
    text = LARGE.replace("max < 3 s", "< 5.5 s, 'pull_time{group=node}': p50 < 4.5 s")
    made = rs.loads(text).sweep({"nodes": [4, 5, 6]}, jobs=1, show=["pull_time{group=node} p50"])
    report = report_of_sweep(made.records)
    (verdict,) = (block for block in report.sections[0].blocks if isinstance(block, Verdict))
    assert (verdict.state, verdict.word) == ("warn", "1 of 3 points passes")
    assert verdict.text == "All thresholds hold at 1 of 3 points: nodes 4."
    assert "pull_time{group=node} p50: large: 4.00 s at 4, 6.00 s at 6" in to_markdown((report,))
    judged = [point["cases"][0]["thresholds"] for point in json.loads(made.to_json())["points"]]
    assert [[one["passed"] for one in of_point] for of_point in judged] == [[True, True], [True, False], [False, False]]
    assert "All thresholds hold at 1 of 3 points: nodes 4." in made.to_markdown()


def test_the_answer_of_a_sweep_that_has_none_is_why() -> None:
    made = rs.loads(LARGE.replace("model: ideal", "registry: {max_connections: 0}")).sweep({"nodes": [4, 8]}, jobs=1)
    verdict, answer, *_ = report_of_sweep(made.records).sections[0].blocks
    assert (verdict.state, verdict.word) == ("miss", "0 of 2 points pass")
    assert answer.text == (
        "None of 2 rollouts in the sweep of 'four nodes' has a rollout time; `rolloutsim run` says what the pulls wait "
        "for."
    )


def test_the_provenance_has_the_seed_and_all_it_takes_to_reproduce_the_sweep(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from rolloutsim.cli import main

    text = LARGE.replace("nodes: 4", "nodes: {n: {count: 4, start: {min: 0 s, max: 1 s}}}")
    made = rs.loads(text).sweep({"nodes.n.count": [4, 8], "network": ["1 Gbit/s"]}, replications=3, seed=7, jobs=1)
    blocks = {section.key: section.blocks for section in report_of_sweep(made.records).sections}["provenance"]
    said, command, scenario = blocks
    assert f"; seed 7 of the first replication; scenario {made.records.head.sha256}." in said.text
    (tmp_path / "scenario.yaml").write_text(scenario.text, encoding="utf-8")
    arguments = shlex.split(command.text)[1:]
    arguments[1], arguments[-1] = str(tmp_path / "scenario.yaml"), str(tmp_path / "x.sqlite")
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    again = read_records(tmp_path / "x.sqlite")
    assert made.records.head.differences(again.head) == []
    assert again.results == made.records.results


def test_names_of_all_kinds_are_printed_without_warnings() -> None:
    made = rs.Scenario(name="日本 🚀 𝖠 $x$", nodes=2, model="ideal", network="1 Gbit/s", images={"a": "10 MB"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = made.run().report()
        assert to_pdf((report,)).startswith(b"%PDF-")
        assert to_pdf((report_of_sweep(made.sweep({"nodes": [1, 2]}, jobs=1).records),)).startswith(b"%PDF-")
    assert "日本 🚀 𝖠 $x$" in to_html((report,))
