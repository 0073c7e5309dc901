"""The PDF: set by Typst, complete, on few pages that are all worth their paper."""

from __future__ import annotations

import io
import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.image import imread

import rolloutsim as rs
from rolloutsim.api.comparison import of_variants, report_of
from rolloutsim.cli import main
from rolloutsim.errors import UsageError
from rolloutsim.report import pdf
from rolloutsim.report.blocks import Report, Rows, Section, Text
from rolloutsim.report.pdf import to_pdf, typeset
from rolloutsim.results.files import write_file
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.shown.tabular import TEXT, of_tuples
from rolloutsim.results.store import to_bytes
from rolloutsim.scenario.loading import draft
from tests.long import one_in
from tests.report.runs import ideal

pytestmark = pytest.mark.skipif(find_spec("typst") is None, reason="Typst is not installed: the extra `pdf`")


@cache
def reports() -> tuple[Report, ...]:
    scenario = rs.load("scenarios/20nodes.yaml")
    return tuple(
        scenario.with_({"network": network}).run().report() for network in ("1 Gbit/s", "2.5 Gbit/s", "10 Gbit/s")
    )


@cache
def document(count: int, paper: pdf.Paper = "a4") -> Any:
    """So many of the reports, set."""
    return typeset(reports()[:count], paper)


def pages(document: Any) -> list[np.ndarray]:  # type: ignore[type-arg]
    """Each page as shades of grey, 1 white, without its footer."""
    images = document.compile(format="png", ppi=30)
    grey = [
        imread(io.BytesIO(image))[..., :3].mean(axis=2) for image in (images if isinstance(images, list) else [images])
    ]
    return [page[: int(0.94 * len(page))] for page in grey]


def test_the_same_reports_give_the_same_bytes() -> None:
    content = to_pdf(reports()[:1])
    assert content.startswith(b"%PDF-")
    assert content == to_pdf(reports()[:1])
    assert len(content) < 400_000


@pytest.mark.parametrize("paper", one_in(2, ["a4", "letter"]))
def test_three_variants_take_15_pages_and_none_is_nearly_empty(paper: pdf.Paper) -> None:
    found = pages(document(3, paper))
    assert len(found) <= 15
    # Lines of the page with ink on them: a page with a word or two has two of a hundred.
    assert min(float((page.min(axis=1) < 0.8).mean()) for page in found) > 0.08


@pytest.mark.long
@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_a_comparison_of_three_variants_takes_15_pages_at_most(paper: pdf.Paper) -> None:
    text = (Path("scenarios") / "deployment-variants.yaml").read_text(encoding="utf-8")
    compared = report_of(of_variants(draft(text).side_by_side(), replications=2))
    found = pages(typeset(compared, paper))
    assert len(found) <= 15
    assert min(float((page.min(axis=1) < 0.8).mean()) for page in found) > 0.08


def test_sheets_have_their_sizes() -> None:
    for paper, height in (("a4", 297 / 210), ("letter", 11 / 8.5)):
        image = imread(io.BytesIO(document(1, paper).compile(format="png", ppi=30)[0]))
        assert image.shape[0] / image.shape[1] == pytest.approx(height, rel=5e-3)


def test_every_section_is_a_heading_and_stands_in_the_contents() -> None:
    found = document(1)
    titles = [one["body"]["text"] for one in json.loads(found.query("heading.where(level: 2)"))]
    assert titles == [section.title for section in reports()[0].sections]
    # Contents and bookmarks lead to the headings.
    assert len(json.loads(found.query("link"))) == len(titles)


def test_tables_are_tables_that_repeat_their_heads() -> None:
    tables = json.loads(document(1).query("table"))
    shown = [block for section in reports()[0].sections for block in section.blocks if isinstance(block, Rows)]
    assert len(tables) == len(shown) + 1  # and one of the facts
    heads = [child for table in tables for child in table["children"] if child["func"] == "header"]
    assert len(heads) == len(shown)
    assert all(head.get("repeat", True) for head in heads)


@pytest.mark.parametrize(("variants", "tables"), [(1, 1), (3, 1), (10, 2), (30, 6)])
def test_a_table_wider_than_the_paper_is_split_and_each_part_has_the_first_column(variants: int, tables: int) -> None:
    head = ["key", *(f"distribution-{number:02d}" for number in range(variants))]
    table = of_tuples(((heading, TEXT) for heading in head), [("nodes.web.hosts", *["[a, b]"] * variants)])
    split = typeset((Report("r", "s", (Section("k", "t", (Rows("What differs", table),)),)),))
    found = json.loads(split.query("table"))
    assert len(found) == tables
    heads = [
        ["".join(map(_letters, cell["body"]["body"].get("children", [cell["body"]["body"]]))) for cell in row]
        for one in found
        for child in one["children"]
        if child["func"] == "header"
        for row in [child["children"]]
    ]
    assert [row[0] for row in heads] == ["key"] * tables
    assert [cell for row in heads for cell in row[1:]] == head[1:]


def _letters(node: dict) -> str:  # type: ignore[type-arg]
    return str(node.get("text", ""))


def test_what_an_earlier_report_has_for_reference_is_not_repeated() -> None:
    one, two = (len(pages(document(count))) for count in (1, 2))
    assert two < 2 * one


def test_any_letters_stand_as_they_are() -> None:
    evil = '#panic("x") *bold* $x$ \\ [a] <label> @ref `raw` // -- "q" \x07'
    table = of_tuples([("a#b", TEXT), (evil, TEXT)], [(evil, "x" * 300)])
    report = Report(evil, evil, (Section("answer", evil, (Text(evil), Rows(evil, table))),))
    text = json.dumps(json.loads(typeset((report,)).query("heading.where(level: 2)")), ensure_ascii=False)
    assert json.dumps('#panic("x") *bold* $x$ \\ [a] <label> @ref `raw` // -- "q" \\x07', ensure_ascii=False) in text
    assert to_pdf((report,))


def test_a_report_of_a_sweep_has_a_pdf() -> None:
    from rolloutsim.report.sweep_contents import report_of_sweep

    scenario = rs.Scenario(name="sweep", model="ideal", nodes=2, network="1 Gbit/s", images={"a": "100 MB"})
    sweep = scenario.sweep({"nodes": [1, 2, 3]})
    assert to_pdf((report_of_sweep(sweep.records),)).startswith(b"%PDF-")


def test_without_typst_the_error_names_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"not installed: pip install 'rolloutsim\[pdf\]'; or write an HTML file"):
        to_pdf(())


def test_the_command_takes_a_paper_for_a_pdf_only(tmp_path) -> None:  # type: ignore[no-untyped-def]
    write_file(tmp_path / "records.npz", to_bytes(Outcome(ideal())))
    name = str(tmp_path / "x.pdf")
    found = CliRunner().invoke(main, ["report", str(tmp_path), "-o", name, "--paper", "letter"])
    assert found.exit_code == 0, found.output
    assert (tmp_path / "x.pdf").read_bytes().startswith(b"%PDF-")
    found = CliRunner().invoke(main, ["report", str(tmp_path), "-o", str(tmp_path / "x.html"), "--paper", "a4"])
    assert found.exit_code == 2
    assert "--paper is for a PDF, and -o" in found.output
