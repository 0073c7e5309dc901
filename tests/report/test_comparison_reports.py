"""The report of variants: the comparison first, one figure of all, then the pages of each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec

import pytest

import rolloutsim as rs
from rolloutsim.api.comparison import of_variants, report_of
from rolloutsim.cli.view import comparison_lines
from rolloutsim.errors import UsageError
from rolloutsim.planning.compare import Comparison
from rolloutsim.planning.tried import WhatIfs
from rolloutsim.report.blocks import Block, Facts, Picture, Report, Rows, Verdict
from rolloutsim.report.markdown import to_markdown
from rolloutsim.report.page import to_html
from rolloutsim.report.pdf import Paper, typeset
from rolloutsim.report.plots import figure
from rolloutsim.report.plots.canvas import NoDataError, tips, title_of
from rolloutsim.scenario.loading import draft
from tests.report.test_every_figure import cut_off
from tests.shipped import ROOT

# Ideal: two nodes of 1 Gbit/s take 0.8 s for 100 MB and 1.6 s for 200 MB, through 2 Gbit/s and from there on no sooner.
TEXT = """\
rolloutsim: 1
name: a & b
model: ideal
nodes: {node: {count: 2, nic: 1 Gbit/s}}
registry: {uplink: 1 Gbit/s}
images: {a: 100 MB, b: 200 MB}
prices: {ssd: 0.1}
thresholds: {rollout_time: max < 2 s}
variants:
  today: {}
  quick: {registry.uplink: 2 Gbit/s}
  "10g": {registry.uplink: 10 Gbit/s}
"""
RANDOM = TEXT.replace("nic: 1 Gbit/s}", "nic: 1 Gbit/s, start: {min: 0 s, max: 1 s}}")


@cache
def variants(text: str = TEXT) -> Comparison:
    return of_variants(draft(text).side_by_side())


@cache
def reports() -> tuple[Report, ...]:
    return report_of(variants())


@cache
def page() -> str:
    return to_html(reports())


def test_the_comparison_comes_first_and_then_the_pages_of_each() -> None:
    assert [report.title for report in reports()] == ["a & b", "a & b · today", "a & b · quick", "a & b · 10g"]
    first = reports()[0]
    assert [section.title for section in first.sections] == [
        "The comparison", "Rollouts side by side", "Disk and cost", "Why each takes as long", "What differs",
    ]  # fmt: skip
    assert first.subtitle == "capacity-planning report · 3 variants side by side · ideal model, seed 1"
    places = [page().index(f"<h1>{title}</h1>") for title in ("a &amp; b", "a &amp; b · today", "a &amp; b · quick")]
    assert places == sorted(places)
    answer = re.search(r'<p class="answer">(.*?)</p>', page())
    assert answer is not None
    assert (
        answer[1]
        .replace("\xa0", " ")
        .startswith("quick is the quickest: its rollout of b takes 1.60 s, 1.60 s or 50.0 % less than today")
    )


def test_the_first_page_says_what_would_help_the_best_and_then_each() -> None:
    """200 MB through 1 Gbit/s take two nodes 3.2 s, through 10 Gbit/s and with such NICs a tenth of that."""
    first = (block for section in reports()[0].sections for block in section.blocks)
    ((what, told),) = next(block for block in first if isinstance(block, Facts)).entries
    assert what == "Beyond quick"
    assert told.startswith("What to buy: Nothing for the targets. Faster with: ")
    reasons = next(section for section in reports()[0].sections if section.key == "reasons")
    (told_of_each,) = (block for block in reasons.blocks if isinstance(block, Facts))
    today = dict(told_of_each.entries)["today"]
    assert today.endswith(
        " What to buy: registry uplink 10 Gbit/s and node NICs 10 Gbit/s: 3.20 s → 0.320 s (simulated), which meets "
        "the target."
    )
    changed = rs.loads(TEXT).with_({"registry.uplink": "10 Gbit/s", "nodes.node.nic": "10 Gbit/s"}).run()["b"]
    assert changed.rollout_time == pytest.approx(0.32)
    tried = dict.fromkeys(("today", "quick", "10g"), WhatIfs())
    silent = next(block for block in report_of(variants(), tried)[0].sections[0].blocks if isinstance(block, Facts))
    assert silent.entries[0][1].startswith("Not simulated: rolloutsim report RESULT --what-if")


def test_every_page_is_reached_from_the_first_and_leads_back() -> None:
    ids = re.findall(r'\bid="([^"]*)"', page())
    assert len(ids) == len(set(ids))
    links = re.findall(r'<a href="#([^"]*)">', page())
    assert set(links) <= set(ids)
    assert [link for link in links if link.endswith("-top")] == [
        "r1-top",
        "r2-top",
        "r3-top",
        "r0-top",
        "r0-top",
        "r0-top",
    ]


def test_there_is_a_figure_for_each_case_with_a_line_for_each_variant() -> None:
    pictures = [block for section in reports()[0].sections for block in section.blocks if isinstance(block, Picture)]
    assert [picture.name for picture in pictures] == ["variants", "variants"]
    ax = pictures[1].drawn()
    assert ax is not None
    assert [gid for gid in tips(ax) if gid.startswith("variant:")] == [
        "variant:today", "variant:quick", "variant:10g",
    ]  # fmt: skip
    assert title_of(ax) == "quick is done after 1.60 s, today after 3.20 s"
    assert cut_off(ax) == []
    assert tips(ax)["variant:today"].startswith("today: 2 of 2 nodes ready; 50% after ")


def test_replications_have_a_band_for_each_variant() -> None:
    ax = figure("variants")(variants(RANDOM))
    assert sum(gid.startswith("band:") for gid in tips(ax)) == 3
    assert cut_off(ax) == []
    assert "(first replication)" in tips(ax)["variant:quick"]


def test_what_cannot_be_drawn_says_why() -> None:
    with pytest.raises(UsageError) as caught:
        figure("variants")(variants(), case="c")
    assert str(caught.value) == "no case 'c' is compared; cases: a, b"
    stuck = variants(TEXT.replace("ideal", "real").replace("uplink: 1 Gbit/s", "uplink: 1 Gbit/s, max_connections: 0"))
    with pytest.raises(NoDataError):
        figure("variants")(stuck)
    assert "Rollouts side by side" in to_html((report_of(stuck)[0],))


def test_a_variant_that_does_not_finish_is_in_the_title() -> None:
    late = variants(TEXT.replace("ideal", "real").replace('"10g": {registry.uplink: 10 Gbit/s}',
                                                          "off: {registry.max_connections: 0}"))  # fmt: skip
    assert title_of(figure("variants")(late, case="a")).endswith("; off: never")


def test_the_other_forms_say_the_same() -> None:
    text = to_markdown(reports())
    assert text.startswith("# a & b\n\n_capacity-planning report · 3 variants side by side")
    assert "**! 2 of 3 variants pass: quick is the quickest: " in text
    assert "| ✗ | today | rollout time of b | under 2 s |" in text
    assert "| ✗ | b | today |" in text
    assert "| today | 200 MB |" in text or "a month on SSD" in text
    assert text.index("## The comparison") < text.index("# a & b · today") < text.index("# a & b · 10g")


def test_hostile_names_stay_text() -> None:
    evil = variants(TEXT.replace("a & b", '"<script>alert(1)</script>"'))
    page = to_html(report_of(evil))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.fixture(scope="module")
def shipped() -> tuple[Report, ...]:
    return report_of(of_variants(draft((ROOT / "scenarios/deployment-variants.yaml").read_text()).side_by_side()))


def test_three_variants_of_a_deployment_are_a_page_to_send(shipped: tuple[Report, ...]) -> None:
    assert len(to_html(shipped).encode()) < 400_000


@pytest.mark.skipif(find_spec("typst") is None, reason="Typst is not installed: the extra `pdf`")
@pytest.mark.long  # test_pdf looks at the pages of such a comparison, with intervals, in every run
@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_three_variants_of_a_deployment_take_15_sheets(shipped: tuple[Report, ...], paper: Paper) -> None:
    assert json.loads(typeset(shipped, paper).query("<end>", field="value"))[-1]["page"] <= 15


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ("", ("", "No target")),
        ("max < 4 s", ("pass", "Passed")),
        ("max < 2 s", ("warn", "2 of 3 variants pass")),
        ("max < 1 s", ("miss", "Missed")),
        ("{check: max < 1 s, severity: warn}", ("warn", "Passed with a warning")),
        ("{check: max < 2 s, severity: warn}", ("warn", "Passed with a warning")),
    ],
)
def test_the_verdict_is_about_all_variants(targets: str, expected: tuple[str, str]) -> None:
    own = f"thresholds: {{rollout_time: {targets}}}\n" if targets else ""
    text = TEXT.replace("thresholds: {rollout_time: max < 2 s}\n", own)
    (found,) = (block for block in _blocks(text) if isinstance(block, Verdict))
    assert (found.state, found.word) == expected
    assert ("Targets: " in found.more) is bool(targets)


def test_rows_of_cases_are_coloured_by_the_targets_of_their_variant() -> None:
    table = next(b.table for b in _blocks(TEXT) if isinstance(b, Rows) and b.caption.startswith("Rollout times"))
    assert table.state is not None
    assert [(row.case, row.side, table.state(row)) for row in table.rows] == [
        ("a", "today", "pass"), ("a", "quick", "pass"), ("a", "10g", "pass"),
        ("b", "today", "miss"), ("b", "quick", "pass"), ("b", "10g", "pass"),
    ]  # fmt: skip


def _blocks(text: str) -> Iterator[Block]:
    """What stands on the first page, without what would help, which takes simulations of its own."""
    compared = variants(text)
    for section in report_of(compared, {side.name: WhatIfs() for side in compared.sides})[0].sections:
        yield from section.blocks


def test_the_curve_of_a_variant_is_drawn_once() -> None:
    names = [[block.name for section in report.sections for block in section.blocks if isinstance(block, Picture)]
             for report in reports()]  # fmt: skip
    assert "variants" in names[0]
    assert all("rollout" not in own and "time_split" in own for own in names[1:])


CACHED = """\
rolloutsim: 1
model: ideal
nodes: {node: {count: 4, racks: [r1, r2], nic: 1 Gbit/s}}
registry: {uplink: 1 Gbit/s}
network: {racks: {uplink: 10 Gbit/s}}
caches: {near: {in: rack, uplink: 10 Gbit/s, profile: varnish}}
images: {a: 100 MB}
variants:
  today: {}
  cached: {nodes.node.hosts: [near, registry]}
"""


def test_where_a_variant_has_caches_the_comparison_says_what_registries_send() -> None:
    # Four nodes fetch 100 MB each; or a cache in each of two racks does, once.
    comparison = variants(CACHED)
    (found,) = (
        block.table
        for section in report_of(comparison)[0].sections
        for block in section.blocks
        if isinstance(block, Rows) and block.caption.startswith("Where the bytes came from")
    )
    assert found.headings() == ("variant", "sent by registries", "in %", "copies of a layer into caches")
    assert found.cells() == (("today", "400 MB", "", "–"), ("cached", "200 MB", "−50.0 %", "1.00×"))
    lines = list(comparison_lines(comparison))
    assert any(line.split() == ["cached", "200", "MB", "−50.0", "%", "1.00×"] for line in lines)


def test_without_caches_mirrors_and_peers_it_says_nothing_of_them() -> None:
    assert not any("Where the bytes came from" in line for line in comparison_lines(variants()))
