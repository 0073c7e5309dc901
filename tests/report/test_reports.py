"""Reports: complete, small, the same bytes for the same seed, and safe with hostile names."""

import re

import pytest

import rolloutsim as rs
from rolloutsim.report.markdown import to_markdown
from rolloutsim.report.page import to_html
from rolloutsim.report.pdf import to_pdf
from tests.report.pages import fleet_10k_page, sweep_page

SECTIONS = [
    "The answer", "Scenario", "Cases compared", "Why", "Network", "Nodes", "Assumptions and limits of the model",
    "Provenance",
]  # fmt: skip


@pytest.fixture(scope="module")
def result():
    return rs.load("scenarios/20nodes.yaml").run()


@pytest.fixture(scope="module")
def page(result):
    return result.to_html()


def test_the_answer_comes_first_and_every_section_follows(page):
    assert re.findall(r"<h2>(.*?)</h2>", page) == SECTIONS
    assert page.index("takes 66.3 s until the last of 20 nodes is ready") < page.index("<h2>Scenario</h2>")


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
    assert to_pdf(reports) == to_pdf((again.report(),))
    assert to_markdown(reports) == to_markdown((again.report(),))


def test_the_other_forms_say_the_same(result):
    report = result.report()
    text = to_markdown((report,))
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    assert "takes 66.3 s until the last of 20 nodes is ready" in text
    assert "| builder | 346 MB |" in text
    assert to_pdf((report,)).startswith(b"%PDF-")


def test_several_results_stand_one_after_another(result):
    page = to_html((result.report(), result.report()))
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
    assert to_pdf((report,))


def test_what_was_given_and_what_is_assumed_are_told_apart(page):
    given, defaults = page.split("Defaults in force", 1)
    assert '<td class="left">network.rate</td><td class="left">1 Gbit/s</td>' in given
    assert "nodes.node.disk" not in given
    assert "nodes.node.disk" in defaults


@pytest.mark.parametrize("make", [fleet_10k_page, sweep_page])
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
    from click.testing import CliRunner

    from rolloutsim.cli import main

    found = CliRunner().invoke(main, ["report", *arguments])
    assert found.exit_code == code
    assert message in found.output
