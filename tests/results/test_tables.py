"""Tables as a reader sees them."""

from __future__ import annotations

import re
from math import nan

import rolloutsim as rs
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.shown.tables import case_rows, to_csv, to_markdown
from rolloutsim.scenario.resolved import Threshold
from tests.results.by_hand import Story, image, nics, run


def case(name: str, size: float, seconds: float, alone: float) -> CaseRecords:
    story = Story(
        (image(name, size),), name=name, link_bytes=(size,), link_saturated=(seconds,),
        private=(nics([size], [0.0]),),
    )  # fmt: skip
    story.fetch(story.pull(0.0, 0.0, seconds, alone=alone), f"{name}-0", 0.0, 0.0, seconds)
    return story.case()


def test_images_stand_side_by_side() -> None:
    table = case_rows(Outcome(run(case("alpine", 3.97e6, 0.6352, 0.03176), case("builder", 346e6, 55.36, 2.768))))
    assert [column.heading for column in table.columns] == [
        "image", "size", "on the wire", "rollout time", "alone", "slowdown", "vs smallest",
    ]  # fmt: skip
    # 55.36 / 0.6352 = 87.15...
    assert table.cells() == (
        ("alpine", "3.97 MB", "3.97 MB", "0.635 s", "0.0318 s", "20.0×", "1.00×"),
        ("builder", "346 MB", "346 MB", "55.4 s", "2.77 s", "20.0×", "87.2×"),
    )


def test_what_is_unknown_is_a_dash() -> None:
    story = Story((image("a", 10.0),), name="a", finished=False, end=1.0)
    story.pull(0.0, 0.0, nan)
    assert case_rows(Outcome(run(story.case()))).cells() == (("a", "10 B", "0 B", "–", "–", "–", "–"),)


def test_a_case_of_several_images_shows_its_pulls() -> None:
    story = Story((image("a", 1e6), image("b", 2e6)))
    story.fetch(story.pull(0.0, 0.0, 3.0, alone=1.5), "a-0", 0.0, 0.0, 3.0)
    story.fetch(story.pull(1.0, 1.0, 13.0, image=1, alone=6.0), "b-0", 1.0, 1.0, 13.0)
    table = case_rows(Outcome(run(story.case())))
    assert [column.heading for column in table.columns] == [
        "case", "pulls", "on the wire", "rollout time", "pull time p50", "p95", "slowdown",
    ]  # fmt: skip
    assert table.cells() == (("all", "2", "3 MB", "13.0 s", "3.00 s", "12.0 s", "2.00×"),)


def test_csv_has_the_contracts_figures_in_full() -> None:
    head, line = to_csv(Outcome(run(case("alpine", 3.97e6, 0.6352, 0.03176)))).splitlines()
    assert head == (
        "case,nodes,pulls,unfinished_pulls,rollout_time_s,alone_time_s,bytes_on_wire,"
        "pull_time_mean_s,pull_time_p50_s,pull_time_p95_s,pull_time_p99_s,pull_time_max_s,"
        "slowdown_mean,slowdown_p50,slowdown_p95,slowdown_p99,slowdown_max"
    )
    assert line == ("alpine,1,1,0,0.6352,0.03176,3970000.0,0.6352,0.6352,0.6352,0.6352,0.6352,20.0,20.0,20.0,20.0,20.0")


def test_csv_leaves_unknown_figures_empty() -> None:
    story = Story((image("a", 10.0),), name="a", finished=False, end=1.0)
    story.pull(0.0, 0.0, nan)
    assert to_csv(Outcome(run(story.case()))).splitlines()[1] == "a,1,1,1,,,0.0,,,,,,,,,,"


def test_markdown_is_the_whole_answer() -> None:
    limit = Threshold("rollout_time", {}, "max", "<", 60.0, "max < 60 s")
    busy = "registry uplink 100 % busy for the whole rollout; node NICs 100 % busy (1 of 1 kbit/s)."
    told = run(case("builder", 5000.0, 50.0, 2.5), thresholds=(limit,), notes=("sizes are assumed",))
    text = to_markdown(Outcome(told))
    assert (
        text
        == f"""\
# by hand

| image | size | on the wire | rollout time | alone | slowdown | vs smallest |
|---|--:|--:|--:|--:|--:|--:|
| builder | 5 kB | 5 kB | 50.0 s | 2.50 s | 20.0× | 1.00× |

{busy}

## Thresholds

|  | metric | condition | value | headroom |
|---|---|---|--:|--:|
| ✓ | rollout_time{{image=builder}} | max < 60 s | 50.0 s | 17 % left |

- sizes are assumed
- alone (the same pull on an idle system) and slowdown (pull time / alone) are means over the pulls.
- Sizes are bytes on the wire; `docker images` shows unpacked sizes, often 2 to 3 times more.
"""
    )


def test_control_characters_are_shown_and_not_sent() -> None:
    name = "x\x1b]0;t\x07\x9b\ny"
    result = run(case(name, 5000.0, 50.0, 2.5), thresholds=(Threshold("rollout_time", {}, "max", "<", 60.0, "…"),))
    shown = r"x\x1b]0;t\x07\x9b\x0ay"
    assert case_rows(Outcome(result)).cells()[0][0] == shown
    for text in (to_markdown(Outcome(result)), to_csv(Outcome(result))):
        assert shown in text
        assert {char for char in text if char < " " or "\x7f" <= char < "\xa0"} == {"\n"}


def test_names_mean_nothing_in_markdown() -> None:
    lines = (
        'rolloutsim: 1\nname: "<i>*two*"\nnodes: {fast: {count: 2}, slow: {count: 2, nic: 1 Mbit/s}}\n'
        'network: 1 Gbit/s\nregistry: 1 Gbit/s\nimages: {"<b>`x`": 1 MB, "<i>[y](z)": 2 MB}\n'
    )
    text = rs.loads(lines).run().to_markdown()
    assert text.startswith("# \\<i>\\*two\\*\n")
    assert r"\<b>\`x\`" in text
    assert r"\<i>\[y](z)" in text
    assert not re.search(r"(?<!\\)<[bi]>", text)


def test_statistics_are_unknown_while_a_pull_is_unfinished() -> None:
    story = Story((image("a", 10.0),), name="a", nodes=2, finished=False, end=1.0)
    story.fetch(story.pull(0.0, 0.0, 0.5, alone=0.5), "a-0", 0.0, 0.0, 0.5)
    story.pull(0.0, 0.0, nan, node=1, alone=0.5)
    assert case_rows(Outcome(run(story.case()))).cells() == (("a", "10 B", "10 B", "–", "0.500 s", "–", "–"),)
