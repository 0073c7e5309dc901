"""Reports: complete, small, the same bytes for the same seed, and safe with hostile names."""

import re
from dataclasses import replace
from html import unescape

import pytest
from click.testing import CliRunner

import rolloutsim as rs
from rolloutsim.cli import main
from rolloutsim.planning.sensitivity import Row, Sensitivity, sensitivity, sensitivity_table
from rolloutsim.report.markdown import to_markdown
from rolloutsim.report.page import to_html
from rolloutsim.results.files import write_file
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.store import to_bytes
from tests.long import one_in
from tests.report.pages import fleet_10k_page, page_of, sweep_page
from tests.report.runs import IDEAL, ideal
from tests.shipped import result_of

SECTIONS = [
    "The answer", "Comparison", "Why", "Network", "Nodes", "Assumptions and limits of the model", "Scenario",
    "Sensitivity to the scenario's keys", "Provenance",
]  # fmt: skip
SENSITIVITY = "<h2>Sensitivity to the scenario&#39;s keys</h2>"


@pytest.fixture(scope="module")
def result():
    return result_of("20nodes")


@pytest.fixture(scope="module")
def page():
    return page_of("20nodes")


def readable(page):
    """A page with plain blanks between numbers and their units, and words in one piece."""
    return page.replace("\u00a0", " ").replace("<wbr>", "")


def test_the_answer_comes_first_and_every_section_follows(page):
    assert [unescape(title) for title in re.findall(r"<h2>(.*?)</h2>", page)] == SECTIONS
    said = readable(page)
    assert said.index("takes 62.8 s; the target is under 60 s (5 % over)") < said.index("<h2>Comparison</h2>")


def test_a_page_of_20_nodes_is_small_and_asks_for_nothing(page):
    assert len(page.encode()) < 200_000
    # What a browser would load: nothing has an address, but for names of XML and parts of the page itself.
    addresses = re.findall(r"""(?:src|href|action|data|poster|srcset)="([^"]*)"|url\(([^)]*)\)|@import""", page)
    assert {first or second for first, second in addresses if not (first or second).startswith("#")} == {"data:,"}
    assert set(re.findall(r'https?://[^"\s<]+', page)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_the_same_seed_gives_the_same_bytes(result, page):
    again = rs.load("scenarios/20nodes.yaml").run()
    assert again.to_html() == page
    reports = (result.report(),)
    assert to_markdown(reports) == to_markdown((again.report(),))


def test_the_other_forms_say_the_same(result):
    report = result.report()
    text = to_markdown((report,))
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    assert "builder, the slowest of 4 cases, takes 62.8 s; the target is under 60 s (5 % over)." in text
    assert "| ✗ | builder | 346 MB |" in text


def test_several_results_stand_one_after_another(result):
    report = result.report()
    page = to_html((report, report))
    assert page.count("<h1>") == 2
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))


def test_names_cannot_add_anything_to_a_page_or_a_text():
    evil = '<script>alert("x")</script>&amp;|`*'
    scenario = rs.Scenario(name=evil, nodes=2, network="1 Gbit/s", images={evil: "10 MB", "b</script>": "20 MB"})
    report = scenario.run().report()
    page = to_html((report,))
    outside = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert "<script" not in outside
    assert page.count("<script>") == 1
    assert evil not in to_markdown((report,))


def test_what_was_given_and_what_is_assumed_are_told_apart(page):
    given, defaults = readable(page).split("Defaults in force", 1)
    assert "<td>network.rate</td><td>1 Gbit/s</td>" in given
    assert "nodes.node.disk.rate" not in given.split("Given in the scenario")[1]
    assert "<td>nodes.node.disk.rate</td><td>125 MiB/s</td>" in defaults


def test_a_report_says_how_to_learn_which_input_matters_most(page):
    said = page.split(SENSITIVITY)[1].split("<h2>")[0]
    assert (
        "Which input matters most was not simulated with this report, since each input takes two more simulations: "
        "rolloutsim report RESULT --what-if -o report.html adds it, and rolloutsim explain RESULT --sensitivity shows "
        "it."
    ) in said
    assert "<svg" not in said


def test_a_report_with_sensitivities_has_a_tornado_and_a_row_an_input(result):
    found = sensitivity(result.outcome, jobs=1)
    page = result.to_html(inputs=found)
    said = readable(page).split(SENSITIVITY)[1].split("<h2>")[0]
    assert said.count("<svg") == 1
    assert "Rollout time of builder with each input alone 10 % less and more; counts below ten 1 less and more" in said
    text = to_markdown((result.report(inputs=found),))
    assert "| nodes.node.disk.rate | 125 MiB/s | 112.5 MiB/s | 62.9 s | 137.5 MiB/s | 62.7 s | 272 ms |" in text
    # What moves it by less than a thousandth has no row, and is not said to do nothing.
    assert "nodes.node.finish_time |" not in text.split("## Sensitivity")[1].split("## Provenance")[0]
    assert re.search(r"Without a row: \d+ other inputs changing it by 8\.00 ms at most", text)
    assert "| registry.replicas | 1 | – | – | 2 | 34.7 s | 28.1 s |" in text
    assert len(page.encode()) < 200_000
    assert page == result.to_html(inputs=found)


def test_a_span_is_unknown_without_any_trial_and_none_within_rounding():
    row = Row("a", "1", "1", "0", "2", None, 50.0, None)
    found = (row, replace(row, high=50.0), replace(row, high=50.0 + 1e-13), replace(row, high=50.001))
    # With less of it the rollout does not finish, which is an effect.
    found = (*found, replace(row, high=50.0, stuck=True))
    table = sensitivity_table(Sensitivity("all", found))
    assert [cells[-1] for cells in table.cells()] == ["–", "no effect", "no effect", "1.00 ms", "–"]
    assert table.about is not None
    assert [table.about(row) for row in table.rows] == ["parameter:a"] * 5


def test_a_rollout_that_does_not_finish_has_no_sensitivities():
    scenario = rs.Scenario(name="down", nodes=2, images={"a": "10 MB"}, network="1 Gbit/s",
                           registry={"max_connections": 0})  # fmt: skip
    assert SENSITIVITY not in scenario.run().to_html()


def test_the_command_adds_every_change_and_the_sensitivities_on_demand(tmp_path):
    write_file(tmp_path / "records.npz", to_bytes(Outcome(ideal())))
    found = CliRunner().invoke(main, ["report", str(tmp_path), "--what-if", "-o", str(tmp_path / "x.md")])
    assert found.exit_code == 0, found.output
    said = (tmp_path / "x.md").read_text(encoding="utf-8").split("## Sensitivity to")[1]
    # 4 x 125 MB over 125 MB/s are 4 s, and 4.4 s with a tenth more of each layer.
    assert "| images.large | 125 MB | 112.5 MB | 3.60 s | 137.5 MB | 4.40 s | 800 ms |" in said


def test_a_run_with_every_change_tried_writes_the_sensitivities_too(tmp_path):
    (tmp_path / "x.yaml").write_text(IDEAL, encoding="utf-8")
    found = CliRunner().invoke(main, ["run", str(tmp_path / "x.yaml"), "--what-if", "-o", str(tmp_path / "out")])
    assert found.exit_code == 3, found.output
    said = (tmp_path / "out/report.html").read_text(encoding="utf-8").split(SENSITIVITY)[1].split("<h2>")[0]
    assert said.count("<svg") == 1
    assert "sensitivity: tried 19 inputs in " in found.stderr


def test_the_command_has_no_changes_to_try_on_a_sweep(tmp_path):
    name = str(tmp_path / "x.sqlite")
    found = CliRunner().invoke(main, ["report", name, "--what-if", "-o", str(tmp_path / "x.md")])
    assert found.exit_code == 2
    assert f"--what-if is for results of 'run', and '{name}' is a sweep; report it without" in found.output


@pytest.mark.parametrize("make", one_in(2, [fleet_10k_page, sweep_page]))
def test_large_reports_stay_small(make):
    assert len(make().encode()) < 2_000_000


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["results", "-o", "x.docx"], 2, "-o x.docx: a report is .html, .pdf or .md; name it for example report.html"),
        (["nothing", "-o", "x.html"], 2, "nothing"),
    ],
)
def test_bad_arguments_of_the_command_are_said(arguments, code, message):
    found = CliRunner().invoke(main, ["report", *arguments])
    assert found.exit_code == code
    assert message in found.output
