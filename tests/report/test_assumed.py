"""A report of a scenario with assumed values says so in its answer and first among its limits."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from rolloutsim.cli import main

PLAIN = "rolloutsim: 1\nnodes: 3\nnetwork: 1 Gbit/s\nimages: {api: 9 MB}\n"
ASSUMED = f"{PLAIN}assumed: {{network.rate: nobody measured the <NICs>, nodes.node.count: a guess}}\n"


def pages(folder: Path, text: str) -> dict[str, str]:
    """The reports of a scenario by their form, what `run` shows, and its summary."""
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    result = folder / "result"
    run = CliRunner().invoke(main, ["run", str(folder / "mine.yaml"), "-o", str(result)])
    assert run.exit_code == 0
    page = folder / "page.md"
    assert CliRunner().invoke(main, ["report", str(result), "-o", str(page)]).exit_code == 0
    return {
        "table": run.stdout,
        **{
            form: path.read_text(encoding="utf-8")
            for form, path in {
                "html": result / "report.html", "md": page, "summary": result / "summary.md",
                "json": result / "result.json",
            }.items()
        },
    }  # fmt: skip


@pytest.fixture(scope="module")
def of_assumed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return pages(tmp_path_factory.mktemp("assumed"), ASSUMED)


def test_the_answer_and_the_limits_say_what_is_assumed_and_why(of_assumed: dict[str, str]) -> None:
    text = of_assumed["md"]
    answer, limits = text.index("## The answer"), text.index("## Assumptions and limits of the model")
    short = (
        "- Assumed, not measured: 2 values of the scenario: network.rate, nodes.node.count. Why stands among the "
        "limits of the model."
    )
    assert answer < text.index(short) < text.index("## The rollout")
    table = text[limits:].index("Assumed, not measured:\n\n| key | assumed value | why |")
    assert table < text[limits:].index("Bytes move as a fluid")
    assert "| nodes.node.count | 3 | a guess |" in text[limits:]
    assert "| network.rate | 1 Gbit/s (assumed) |" in text
    assert "the report says why" not in text


def test_the_page_escapes_the_reasons(of_assumed: dict[str, str]) -> None:
    assert "nobody measured the &lt;NICs&gt;" in of_assumed["html"]
    assert "the <NICs>" not in of_assumed["html"]


def test_a_run_says_it_in_a_line(of_assumed: dict[str, str]) -> None:
    line = "2 values of the scenario are assumed, not measured: network.rate, nodes.node.count"
    for form in ("table", "summary", "json"):
        assert " ".join(of_assumed[form].split()).count(line) == 1
    assert of_assumed["table"].count("assumed, not measured") == 1


def test_a_scenario_that_assumes_nothing_says_nothing_of_it(tmp_path: Path) -> None:
    assert not any("not measured" in text for text in pages(tmp_path, PLAIN).values())
