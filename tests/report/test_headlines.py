"""What stands on top of a report: verdict, who is last and why, what to buy; all of it as simulated."""

from __future__ import annotations

import re
from html import unescape

import pytest

import rolloutsim as rs
from rolloutsim.planning.targets import Effect
from rolloutsim.planning.tried import WhatIf, WhatIfs
from rolloutsim.report import headline
from rolloutsim.report.blocks import Facts, Rows, Verdict
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.shown.findings import LAZY, findings
from rolloutsim.results.thresholds import Measurement
from rolloutsim.scenario.causes import CAUSES
from rolloutsim.scenario.metrics import METRICS
from rolloutsim.scenario.resolved import Threshold
from rolloutsim.scenario.structure import all_keys
from tests.long import one_in
from tests.report.pages import page_of
from tests.report.runs import IDEAL
from tests.shipped import SCENARIOS, result_of

# 4 x 125 MB over 125 MB/s are 4 s; each of them has 31.25 MB/s.


def answer(text: str, changes: WhatIfs | None = None, **keywords: object) -> tuple[Verdict, dict[str, str]]:
    """Verdict and facts of a scenario."""
    report = rs.loads(text).run(**keywords).report(changes=changes)
    blocks = report.sections[0].blocks
    verdict = next(block for block in blocks if isinstance(block, Verdict))
    facts = next(block for block in blocks if isinstance(block, Facts))
    return verdict, dict(facts.entries)


def test_a_missed_target_is_said_with_time_target_and_excess() -> None:
    verdict, facts = answer(IDEAL)
    assert (verdict.state, verdict.word) == ("miss", "Missed")
    assert verdict.text == (
        "large, the slowest of 2 cases, takes 4.00 s; the target is under 3 s (33 % over). 1 of 2 targets are met."
    )
    assert facts["Who is last, and why"] == (
        "node-000, though all 4 nodes are ready at about the same time. Of its 4.00 s, 100 % goes to "
        "the registry uplink."
    )


def test_a_target_that_is_met_is_said_with_what_is_left() -> None:
    verdict, facts = answer(IDEAL.replace("max < 3 s", "max < 5 s"))
    assert (verdict.state, verdict.word) == ("pass", "Passed")
    assert verdict.text.endswith("takes 4.00 s; the target is under 5 s (20 % left). Both targets are met.")
    assert facts["What to buy"].startswith("Nothing for the targets. Faster with: ")
    assert "meets the target" not in facts["What to buy"]


def test_without_a_target_nothing_is_passed_or_missed() -> None:
    text = IDEAL[: IDEAL.index("thresholds")]
    verdict, _ = answer(text)
    assert (verdict.state, verdict.word) == ("", "No target")
    assert verdict.text == "large, the slowest of 2 cases, takes 4.00 s. The scenario sets no target."
    assert '<div class="verdict ">' in rs.loads(text).run().to_html()


def test_a_missed_target_of_another_metric_is_named_in_words() -> None:
    verdict, _ = answer(IDEAL.replace("rollout_time: max < 3 s", '"utilisation{link=registry.uplink}": max < 80%'))
    assert verdict.state == "miss"
    assert "The utilisation of the registry uplink of small is 100 %; the target is under 80%" in verdict.text


def test_a_target_for_a_part_is_none_for_the_whole_rollout() -> None:
    text = IDEAL.replace("nodes: 4", "nodes: {near: 2, far: 2}").replace("rollout_time:", '"rollout_time{group=far}":')
    verdict, facts = answer(text)
    assert verdict.text == (
        "large, the slowest of 2 cases, takes 4.00 s. The rollout time on group far of large is 4.00 s; the target is "
        "under 3 s (33 % over). 1 of 2 targets are met."
    )
    assert facts["What to buy"] == (
        "Registry uplink 10 Gbit/s: rollout time on group far of large 4.00 s → 1.00 s (simulated), which meets the "
        "target (under 3 s)."
    )


def test_a_warning_is_no_miss() -> None:
    verdict, _ = answer(IDEAL.replace("max < 3 s", "{check: max < 3 s, severity: warn}"))
    assert (verdict.state, verdict.word) == ("warn", "Passed with a warning")


def test_a_rollout_that_does_not_end_says_so_first() -> None:
    verdict, facts = answer(
        "rolloutsim: 1\nname: down\nnodes: 2\nimages: {a: 10 MB}\nnetwork: 1 Gbit/s\nregistry: {max_connections: 0}\n"
    )
    assert (verdict.state, verdict.word) == ("miss", "Not finished")
    assert "does not finish" in verdict.text
    assert "What to buy" not in facts


def test_replications_give_the_time_an_interval() -> None:
    text = IDEAL.replace("nodes: 4", "nodes: {node: {count: 4, start: {min: 0 s, max: 2 s}}}")
    verdict, facts = answer(text.replace("max < 3 s", "mean < 3 s"), replications=5)
    assert re.search(r"takes 4\.\d\d ± 0\.\d\d s; the target is mean under 3 s", verdict.text)
    assert "in the first of 5 replications" in facts["Who is last, and why"]


def change(subject: str, after: float, buys: bool, leads: bool = False) -> WhatIf:
    """What takes so long with a change, and what that does for the target of less than 3 s."""
    target = Threshold("rollout_time", {}, "max", "<", 3.0, "max < 3 s")
    before, then = (Measurement(target, "large", "image=large", time, within=False) for time in (4.0, after))
    effects = (Effect.of(before, then),)
    return WhatIf("large", subject, f"{subject} changed", ("nodes=4",), 4.0, after, (), buys, leads, effects)


@pytest.mark.parametrize(
    ("tried", "buy", "other"),
    [
        # The largest gain of what can be bought; a larger one without buying is said as well, a smaller one is not.
        ([change("uplink", 2.0, True), change("disk", 3.5, True), change("waves", 3.0, False)],
         "Uplink changed: 4.00 s → 2.00 s (simulated), which meets the target.", None),
        ([change("waves", 1.0, False), change("uplink", 3.5, True)],
         "Uplink changed: 4.00 s → 3.50 s (simulated), which still misses the target.",
         "Waves changed: 4.00 s → 1.00 s (simulated), which meets the target."),
        ([change("uplink", 4.0, True)], "Nothing: no faster hardware that was simulated makes it faster.", None),
        # What was not simulated is not said to be of no use.
        ([], "Not simulated with this report: rolloutsim report RESULT --what-if -o report.html tries more changes.",
         None),
    ],
)  # fmt: skip
def test_what_to_buy_is_the_largest_simulated_gain(tried: list[WhatIf], buy: str, other: str | None) -> None:
    _, facts = answer(IDEAL, WhatIfs("large", tuple(tried)))
    assert facts["What to buy"] == buy
    assert facts.get("What to change") == other


def test_nothing_is_said_to_be_worth_its_price_before_the_cause_was_tried() -> None:
    disk = change("disk", 4.0, True)
    asked = "rolloutsim report RESULT --what-if -o report.html tries more changes."
    _, facts = answer(IDEAL, WhatIfs("large", (disk,), limit="site uplinks"))
    waits = (
        "Not known: of all hardware most waiting is for the site uplinks, and nothing faster is among what was tried,"
    )
    assert facts["What to buy"] == f"{waits} 1 change. {asked}"
    some = WhatIfs("large", (disk,), ("a", "b"), ("a", "b"), is_thorough=True, limit="site uplinks")
    _, facts = answer(IDEAL, some)
    assert facts["What to buy"] == f"{waits} 1 of 3 changes."
    assert facts["Changes tried"].startswith("1 of 3 changes, as many as fit into the budget: rolloutsim report RESULT")
    _, facts = answer(IDEAL, WhatIfs("large", (change("waves", 4.0, False),), is_thorough=True))
    assert facts["What to buy"] == "Not known: no faster hardware is among what was tried, 1 change."
    assert "Changes tried" not in facts


def test_what_is_said_to_buy_is_what_a_simulation_of_it_gives() -> None:
    scenario = rs.load("scenarios/20nodes.yaml")
    report = result_of("20nodes").report()
    facts = dict(next(block for block in report.sections[0].blocks if isinstance(block, Facts)).entries)
    assert facts["What to buy"].startswith("Registry uplink 10 Gbit/s: 62.8 s → 11.2 s (simulated)")
    bought = scenario.with_({"registry.uplink": "10 Gbit/s"}).run()["builder"].rollout_time
    assert bought == pytest.approx(11.2, abs=0.05)


def test_pods_that_follow_one_another_are_said_to() -> None:
    report = result_of("daemonset-250").report(changes=WhatIfs())
    facts = dict(next(block for block in report.sections[0].blocks if isinstance(block, Facts)).entries)
    said = facts["Who is last, and why"]
    assert said.startswith(
        "The pod of agent on node-249. 250 pods are replaced one after another (maxUnavailable 1); of the 7.15 s that "
        "one takes on average (3.86 s to 16.3 s), 63 % goes to the start of the containers"
    )


def test_what_changes_the_turns_of_pods_is_said_before_what_to_buy() -> None:
    """Even if faster hardware gained more."""
    leads = change("max_unavailable", 2.0, False, leads=True)
    _, facts = answer(IDEAL, WhatIfs("large", (leads, change("uplink", 1.5, True))))
    assert list(facts)[1:] == ["What to change", "What to buy"]
    assert facts["What to change"].startswith("maxUnavailable changed: 4.00 s → 2.00 s")


def test_what_meets_the_target_is_said_before_what_changes_the_turns_of_pods_and_does_not() -> None:
    leads = change("max_unavailable", 3.5, False, leads=True)
    _, facts = answer(IDEAL, WhatIfs("large", (change("uplink", 1.5, True), leads)))
    assert list(facts)[1:] == ["What to buy", "What to change"]
    assert facts["What to change"].endswith("(simulated), which still misses the target.")


def test_rows_of_pass_and_miss_have_a_colour_and_a_sign() -> None:
    page = rs.loads(IDEAL).run().to_html()
    rows = re.findall(r'<tr[^>]*class="(pass|miss)"[^>]*><td>(.)</td><td>([^<]*)<', page)
    assert rows == [
        ("pass", "✓", "rollout time of small"), ("miss", "✗", "rollout time of large"),
        ("pass", "✓", "small"), ("miss", "✗", "large"),
    ]  # fmt: skip


INTERNAL = frozenset(
    {name for name in (*CAUSES, *METRICS) if "_" in name}
    | {path[-1] for path, _ in all_keys() if "_" in path[-1]}
)  # fmt: skip


@pytest.mark.parametrize("path", one_in(4, SCENARIOS), ids=lambda path: path.stem)
def test_no_internal_name_stands_outside_of_the_part_about_the_scenario(path) -> None:  # type: ignore[no-untyped-def]
    page = page_of(path.stem)
    body = page[page.index("<main>") : page.index('<section id="scenario">')]
    said = unescape(re.sub(r"<style.*?</style>|<script(?! type).*?</script>|<[^>]*>", " ", body, flags=re.DOTALL))
    words = set(re.findall(r"[a-z]+(?:_[a-z]+)+", said))
    assert words & INTERNAL == set()
    # Links by the names that results have for them; a user's own names have no such parts.
    assert re.findall(r"\S+\.(?:uplink|nic|disk|unpack|storage|pull_cap|up|down)\b", said) == []
    assert re.findall(r"\w+\{\w+=", said) == []


def test_times_of_a_column_are_in_one_format() -> None:
    page = result_of("deployment").report()
    for section in page.sections:
        for block in section.blocks:
            if isinstance(block, Rows):
                for cells in zip(*block.table.cells(), strict=True):
                    shown = {"m" if re.fullmatch(r"\d+m\d\ds|<1s", cell) else cell.split(" ")[-1] for cell in cells
                             if re.fullmatch(r"<?[\d.]+ (s|ms|d)|\d+m\d\ds|<1s", cell)}  # fmt: skip
                    assert len(shown) < 2 or section.key == "scenario", (block.caption, cells)


def test_a_unit_does_not_break_off_its_number() -> None:
    page = page_of("20nodes")
    body = page[page.index("<main>") : page.index('<section id="scenario">')]
    said = re.sub(r"<svg.*?</svg>|<script.*?</script>", "", body, flags=re.DOTALL)
    assert re.findall(r"\d (?:%|s|ms|[kMG]?B|[MG]bit/s)(?![\w'])", said) == []
    assert said.count("62.8\u00a0s") > 5


def test_without_workloads_a_node_is_last_and_no_pod_whatever_its_hosts_are() -> None:
    text = (
        "rolloutsim: 1\nnodes: {web: {count: 3, hosts: [near, registry]}}\nnetwork: 1 Gbit/s\n"
        "caches: {near: {}}\nimages: {app: 30 MB}\n"
    )
    lines = headline.facts(Outcome(rs.loads(text).run().run), WhatIfs()).entries
    assert any("web-" in said for _, said in lines)
    assert not any("The pod of" in said for _, said in lines)


def test_reads_of_lazy_layers_are_said_to_be_no_requests() -> None:
    text = (
        "rolloutsim: 1\nnodes: {web: {count: 2, snapshotter: stargz}}\nnetwork: 1 Gbit/s\n"
        "images: {app: {compressed: 30 MB, needed: 10%}}\n"
    )
    (lazy,) = (one.text for one in findings(Outcome(rs.loads(text).run().run).means) if one.topic == LAZY)
    assert "these reads are counted among no requests, and no limit of requests holds them back" in lazy
