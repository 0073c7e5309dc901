"""Comparisons: exact where nothing is random, paired where seeds are common, honest where neither holds."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy import stats

import rolloutsim as rs
from rolloutsim.errors import UsageError
from rolloutsim.planning.compare import Comparison, Side, compare, replications_for
from rolloutsim.planning.compare_tables import to_junit
from rolloutsim.planning.differences import difference, parse_fail_if
from rolloutsim.planning.replicate import replicate
from rolloutsim.results.outcome import Outcome
from rolloutsim.scenario import loads

FIXED = "{rolloutsim: 1, name: %s, model: ideal, nodes: 2, network: %s, images: {a: 10 MB, b: 100 MB}}"
RANDOM = (
    "{rolloutsim: 1, name: %s, model: ideal, nodes: {node: {count: 4, start: {min: 0 s, max: 3 s}}}, network: %s, "
    "images: {a: 100 MB}}"
)


def side(text: str, network: str, seed: int = 7, count: int = 1, name: str = "") -> Side:
    name = name or network
    return Side(name, replicate(loads(text % (name, network)).resolve(), seed, count))


def fixed(*fail_if: str) -> Comparison:
    """Ideal: 2 × 10 MB and 2 × 100 MB take 0.16 s and 1.6 s at 1 Gbit/s, half of it at 2 Gbit/s."""
    return compare([side(FIXED, "1 Gbit/s"), side(FIXED, "2 Gbit/s")], fail_if)


def test_without_chance_differences_are_exact() -> None:
    found = fixed().differences
    assert [(one.case, one.verdict) for one in found] == [("a", "faster"), ("b", "faster")]
    assert found[1].rollout_time.change == pytest.approx(-0.8, rel=1e-12)
    assert found[1].rollout_time.relative == pytest.approx(-0.5, rel=1e-12)
    assert found[1].rollout_time.exact
    assert fixed().notes == ("Nothing in these scenarios is random: differences are exact.",)


def test_a_scenario_does_not_differ_from_itself() -> None:
    same = compare([side(FIXED, "1 Gbit/s"), side(FIXED, "1 Gbit/s", name="again")])
    assert [one.verdict for one in same.differences] == ["no difference seen"] * 2
    noisy = compare([side(RANDOM, "1 Gbit/s", count=8), side(RANDOM, "1 Gbit/s", count=8, name="again")])
    assert [one.verdict for one in noisy.differences] == ["no difference seen"]
    assert noisy.differences[0].rollout_time.ci == (0.0, 0.0)


def test_common_seeds_are_compared_pair_by_pair() -> None:
    """The interval is scipy's of the differences, and narrower than Welch's."""
    one, other = side(RANDOM, "1 Gbit/s", count=10), side(RANDOM, "1.1 Gbit/s", count=10)
    found = compare([one, other]).differences[0].rollout_time
    a, b = (np.array(each.outcome.values("a"), float) for each in (one, other))
    expected = stats.ttest_rel(b, a).confidence_interval()
    assert found.ci == pytest.approx(tuple(expected), rel=1e-9)
    apart = compare([one, side(RANDOM, "1.1 Gbit/s", seed=99, count=10)]).differences[0].rollout_time
    assert found.ci is not None
    assert apart.ci is not None
    assert found.ci.half < apart.ci.half / 3


def test_without_common_seeds_the_interval_is_welchs() -> None:
    """scipy's has the same or a slightly narrower one: it does not round the degrees of freedom down."""
    rng = np.random.default_rng(3)
    a, b = rng.normal(10, 1, 12), rng.normal(11, 3, 9)
    found = difference(a.tolist(), b.tolist(), (range(12), range(100, 109)), chance=True)
    expected = stats.ttest_ind(b, a, equal_var=False)
    low, high = expected.confidence_interval()
    assert found.ci is not None
    assert found.ci.low <= low
    assert found.ci.high >= high
    assert found.ci.half == pytest.approx((high - low) / 2, rel=0.02)


def test_paired_verdicts_are_wrong_as_seldom_as_they_say() -> None:
    """Of 2,000 comparisons of equal processes 3 to 7 % see a difference."""
    rng = np.random.default_rng(4)
    seen = 0
    for _ in range(2000):
        common = rng.exponential(1.0, 10)
        a, b = (common + rng.normal(0.0, 0.2, 10) for _ in range(2))
        seen += difference(a.tolist(), b.tolist(), (range(10), range(10)), chance=True).sign != 0
    assert 0.03 <= seen / 2000 <= 0.07


def test_rounding_is_neither_a_difference_nor_a_spread() -> None:
    """Sums of floats in another order differ by 1e-16 of them; a byte of a terabyte is still a byte."""
    seeds = (range(3), range(3))
    before = [60.0, 61.0, 62.0]
    shifted = difference(before, [80.0, 81.0 + 2e-14, 82.0 - 2e-14], seeds, chance=True)
    assert shifted.change == pytest.approx(20.0, rel=1e-12)
    assert shifted.ci is not None
    assert (shifted.ci.half, shifted.sign) == (0.0, 1)
    same = [value * (1 + 1e-15) for value in before]
    for chance in (True, False):
        for theirs in (range(3), range(10, 13)):
            found = difference(before, same, (range(3), theirs), chance)
            assert (found.change, found.sign) == (0.0, 0)
    unpaired = difference([60.0, 60.0 + 1e-14], [80.0, 80.0 - 1e-14], (range(2), range(10, 12)), chance=True)
    assert unpaired.ci == (unpaired.change, unpaired.change)
    assert difference([1e12], [1e12 + 1], ([1], [1]), chance=False).change == 1.0


def test_a_real_spread_is_kept_however_small_it_looks() -> None:
    """1e-6 of a number is a thousand times what counts as rounding; the interval is scipy's."""
    before, after = [60.0, 61.0, 62.0], [60.0 + 6e-5, 61.0, 62.0 - 6e-5]
    found = difference(before, after, (range(3), range(3)), chance=True)
    expected = stats.ttest_rel(after, before).confidence_interval()
    assert found.ci == pytest.approx(tuple(expected), rel=1e-6)


ONE = "One replication says nothing about chance{}: compare scenario files, or results with more replications."
PAIRED = "{} replications, paired by the same seeds; ± is half a 95 % interval, Student's t."
WELCH = "{} replications, not paired, since seeds differ (Welch); ± is half a 95 % interval, Student's t."


@pytest.mark.parametrize(
    ("others", "notes"),
    [
        ([("b", 7, 5)], [PAIRED.format(5)]),
        ([("b", 7, 3)], [PAIRED.format(3), "Of a only the first 3 of 5 replications are used, paired by seed."]),
        ([("b", 7, 8)], [PAIRED.format(5), "Of b only the first 5 of 8 replications are used, paired by seed."]),
        ([("b", 7, 1)],
         [ONE.format(" (b has one)"), "Of a only the first of 5 replications is used, paired by seed."]),
        ([("b", 9, 1)], [ONE.format(" (b has one)")]),
        ([("b", 9, 5)], [WELCH.format(5)]),
        ([("b", 9, 3)], [WELCH.format("5 and 3")]),
        ([("b", 7, 5), ("c", 7, 5)], [PAIRED.format(5)]),
        ([("b", 7, 5), ("c", 9, 5)], [f"b: {PAIRED.format(5)}", f"c: {WELCH.format(5)}"]),
        ([("b", 7, 5), ("c", 7, 3)],
         [f"b: {PAIRED.format(5)}", f"c: {PAIRED.format(3)}",
          "c: Of a only the first 3 of 5 replications are used, paired by seed."]),
    ],
)  # fmt: skip
def test_how_replications_are_compared_is_said_for_each(others, notes: list[str]) -> None:
    sides = [side(RANDOM, "1 Gbit/s", seed, count, name) for name, seed, count in [("a", 7, 5), *others]]
    found = compare(sides)
    assert list(found.notes) == notes
    intervals = [one.rollout_time.ci is not None for one in found.differences]
    assert intervals == [count > 1 for _, _, count in others]


def test_one_replication_of_something_random_gives_no_verdict() -> None:
    found = compare([side(RANDOM, "1 Gbit/s"), side(RANDOM, "2 Gbit/s")])
    assert found.differences[0].verdict == "not known from one replication"
    assert found.notes == (
        "One replication says nothing about chance: compare scenario files, or results with more replications.",
    )


def test_random_scenarios_are_simulated_ten_times_unless_somebody_says_otherwise() -> None:
    fixed_one = loads(FIXED % ("x", "1 Gbit/s")).resolve()
    random_one = loads(RANDOM % ("x", "1 Gbit/s")).resolve()
    assert replications_for([fixed_one, fixed_one], None) == 1
    assert replications_for([fixed_one, random_one], None) == 10
    assert replications_for([fixed_one, random_one], 3) == 3
    assert replications_for([fixed_one, replace(random_one, replications=4)], None) == 4


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ("rollout_time > +10%", []),
        ("rollout_time > -60%", ["a", "b"]),
        ("rollout_time > -50.1%", ["a", "b"]),
        ("rollout_time > -49.9%", []),
        ("rollout_time{image=b} > -1 s", ["b"]),
        ("rollout_time > -0.1 s", ["a"]),
        ("rollout_time > 0.5 s", ["b"]),
        ("pull_time p95 < 100 ms", ["a"]),
        ("bytes_on_wire >= +0%", ["a", "b"]),
        ("utilisation{link=registry.uplink} < 100%", []),
        ("time_split{cause=registry.uplink} < -10%", ["a", "b"]),
    ],
)
def test_fail_if_is_a_share_a_difference_or_a_value(condition: str, met: list[str]) -> None:
    assert [one.case for one in fixed(condition).met] == met


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (
            "rollout_time",
            "--fail-if 'rollout_time': cannot read it; write a metric and a condition, for example "
            "'rollout_time < 30 s' or 'pull_time{image=app} p95 < 5 s'",
        ),
        (
            "rollout_time > +3 MB",
            "--fail-if 'rollout_time > +3 MB': '3 MB' is a size; a time is expected here, for example 90 s",
        ),
        (
            "rollout_time p95 > +3%",
            "--fail-if 'rollout_time p95 > +3%': rollout_time has one value a replication, whose mean is compared; "
            "leave out 'p95'",
        ),
        (
            "rollout_time > 10%",
            "--fail-if 'rollout_time > 10%': '10%' is a share, and rollout_time is a time; a difference to the first "
            "scenario has a sign: write 'rollout_time > +10%'",
        ),
        (
            "slowdown{image=a} p95 <10 %",
            "--fail-if 'slowdown{image=a} p95 <10 %': '10 %' is a share, and slowdown is a number; a difference to the "
            "first scenario has a sign: write 'slowdown{image=a} p95 < -10 %'",
        ),
        (
            "latency{background=api} p95 > +3 s",
            "--fail-if 'latency{background=api} p95 > +3 s': latency needs a phase: before, pushed, "
            "prepulled, during or after; write 'latency{background=api,phase=during}'",
        ),
        ("rollout_time{image=c} > +3%", "--fail-if 'rollout_time{image=c} > +3%': no image is named 'c'; known: a b"),
        (
            "utilisation{link=wan} > +3%",
            "--fail-if 'utilisation{link=wan} > +3%': no such number is in the results; see 'run --format json'",
        ),
        (
            "utilisation > +3%",
            "--fail-if 'utilisation > +3%': utilisation needs a link: write 'utilisation{link=registry.uplink}'",
        ),
    ],
)
def test_a_condition_that_cannot_be_is_refused_with_its_reason(condition: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        fixed(condition)
    assert str(caught.value) == message


PEERS = """\
rolloutsim: 1
name: %s
nodes: {web: {count: 6, nic: %s, hosts: [spegel, registry]}}
registry: {uplink: 1 Gbit/s}
peers: {spegel: {}}
images: {app: {layers: [30 MB, 10 MB]}}
"""


def test_conditions_may_be_about_what_peers_do() -> None:
    """All at once find nobody; of those that start one after another all but the first find the layers."""
    sides = [
        side(PEERS.replace("count: 6", f"count: 6, stagger: {stagger}"), "1 Gbit/s", name=name)
        for name, stagger in (("at once", "0 s"), ("in turn", "20 s"))
    ]
    conditions = (
        "found_nobody{server=spegel} < 10", "most_served_bytes{server=spegel} > 0 B",
        "bytes_by_source{source=peer} > +1 MB", "sent_bytes{server=registry} > -50%",
        "seeded_bytes{server=spegel} > 1 B",
    )  # fmt: skip
    with pytest.raises(UsageError) as caught:
        compare(sides, conditions)
    assert str(caught.value).endswith("no such number is in the results; see 'run --format json'")
    found = compare(sides, conditions[:-1])
    assert [one.condition.text for one in found.met] == list(conditions[:3])
    served = {one.condition.threshold.metric: one.found for one in found.met}
    assert served["bytes_by_source"].before == 0.0
    assert served["bytes_by_source"].after == 5 * 40e6


def test_an_unknown_value_meets_every_condition() -> None:
    unknown = difference([1.0], [None], ([1], [1]), chance=False)
    assert all(parse_fail_if(f"rollout_time {text}").is_met(unknown) for text in ("> +10%", "< 1 s", "> +1 s"))


def test_the_only_cases_are_compared_whatever_their_names() -> None:
    other = side(RANDOM.replace("images: {a:", "images: {c:"), "1 Gbit/s")
    found = compare([side(RANDOM, "1 Gbit/s", name="first"), other])
    assert [(one.case, one.other) for one in found.differences] == [("a", "c")]
    with pytest.raises(UsageError) as caught:
        compare([side(FIXED, "1 Gbit/s", name="first"), other])
    assert str(caught.value) == "first and 1 Gbit/s have no case in common: a, b; and c"


def test_a_case_that_only_one_has_is_named() -> None:
    found = compare([side(FIXED, "1 Gbit/s", name="first"), side(RANDOM, "1 Gbit/s", name="second")])
    assert [one.case for one in found.differences] == ["a"]
    assert found.notes[0] == "Only in first, and not compared: b."


def test_one_alone_cannot_be_compared() -> None:
    with pytest.raises(UsageError) as caught:
        compare([side(FIXED, "1 Gbit/s")])
    assert str(caught.value) == (
        "compare takes two or more scenarios or results; the first is what the others are compared with"
    )


def test_the_markdown_is_fit_for_a_pull_request() -> None:
    assert fixed("rollout_time > +10%", "rollout_time > 1 s").to_markdown() == (
        "### Rollout time: 2 Gbit/s against 1 Gbit/s\n\n"
        "| rollout of | scenario | rollout time | difference | in % | verdict |\n"
        "|---|---|--:|--:|--:|---|\n"
        "| a | 1 Gbit/s | 0.160 s |  |  |  |\n"
        "| a | 2 Gbit/s | 0.0800 s | −0.0800 s | −50.0 % | faster |\n"
        "| b | 1 Gbit/s | 1.60 s |  |  |  |\n"
        "| b | 2 Gbit/s | 0.800 s | −0.800 s | −50.0 % | faster |\n\n"
        "What differs:\n\n"
        "| key | 1 Gbit/s | 2 Gbit/s |\n"
        "|---|---|---|\n"
        "| nodes.node.nic | 1 Gbit/s (default) | 2 Gbit/s (default) |\n"
        "| network.rate | 1 Gbit/s | 2 Gbit/s |\n"
        "| registry.uplink | 1 Gbit/s (default) | 2 Gbit/s (default) |\n\n"
        "- ✓ rollout_time > +10%: not met\n"
        "- ✓ rollout_time > 1 s: not met\n\n"
        "_Nothing in these scenarios is random: differences are exact._\n"
    )


def test_junit_has_a_test_for_each_case_and_condition() -> None:
    found = fixed("rollout_time > -10%", "pull_time{image=b} max > -60%")
    (suite,) = ElementTree.fromstring(to_junit(found))
    assert suite.attrib == {
        "name": "2 Gbit/s against 1 Gbit/s", "tests": "5", "failures": "1", "errors": "0", "skipped": "0",
    }  # fmt: skip
    told = [(test.get("name"), test[0].tag, test[0].get("message") or test[0].text) for test in suite]
    assert told == [
        ("a finishes", "system-out", "0.160 s → 0.0800 s (−50.0 %), faster"),
        ("a: rollout_time > -10%", "system-out", "not met"),
        ("b finishes", "system-out", "1.60 s → 0.800 s (−50.0 %), faster"),
        ("b: rollout_time > -10%", "system-out", "not met"),
        ("b: pull_time{image=b} max > -60%", "failure", "b, 1.60 s → 0.800 s (−50.0 %)"),
    ]
    assert {test.get("classname") for test in suite} == {"2 Gbit/s"}


@pytest.mark.parametrize("turned", [False, True])
def test_junit_fails_what_does_not_finish_on_either_side(turned: bool) -> None:
    stuck = FIXED.replace("model: ideal", "registry: {max_connections: 0}")
    sides = [side(FIXED, "1 Gbit/s"), side(stuck, "2 Gbit/s")]
    (suite,) = ElementTree.fromstring(to_junit(compare(sides[::-1] if turned else sides)))
    assert suite.get("failures") == "2"
    assert {test[0].get("type") for test in suite} == {"unfinished"}


def test_the_json_has_every_difference() -> None:
    document = json.loads(json.dumps(fixed("rollout_time > 0.5 s").to_dict()))
    assert document["schema"] == "rolloutsim.compare/1"
    assert document["cases"][1]["rollout_time_s"] == pytest.approx(
        {"before": 1.6, "after": 0.8, "change": -0.8, "change_ci": None, "relative": -0.5, "exact": True}
    )
    assert list(document["cases"][0]["also"]) == ["pull_time mean", "pull_time p95", "bytes_on_wire"]
    assert [one["case"] for one in document["fail_if"][0]["met"]] == ["b"]


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (("A", "B"), {}, "'A' does not exist; give a scenario file"),
        ((1,), {"names": ["one"]},
         "compare takes results, scenarios and their paths, and 1 is none; load('x.yaml') reads a scenario, and its "
         "run() makes a result"),
        ((), {"names": ["one"]}, "names ['one'] are not one for each of the 2 that are compared"),
        ((), {"names": "ab"}, "names 'ab' are not one for each of the 2 that are compared"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_in_python_is_named(given, options, message: str) -> None:
    s = rs.loads(FIXED % ("x", "1 Gbit/s"))
    with pytest.raises(UsageError) as caught:
        rs.compare(*(given or (s, s)), **options)
    assert str(caught.value) == message


def test_results_and_scenarios_are_compared_in_python() -> None:
    s = rs.loads(FIXED % ("x", "1 Gbit/s"))
    found = rs.compare(s.run(), s.with_({"network": "2 Gbit/s"}), names=["now", "then"])
    assert [one.verdict for one in found.differences] == ["faster", "faster"]
    assert repr(found) == "<Comparison of now, then>"
    assert "<caption>then against now</caption>" in found._repr_html_()
    assert repr(rs.compare(s.run(), s.run())) == "<Comparison of x (A), x (B)>"


GROUPS = (
    "{rolloutsim: 1, name: %s, model: ideal, rollout: {strategy: schedule}, registry: {uplink: 10 Gbit/s}, "
    "images: {a: 100 MB, b: 10 MB}, nodes: {"
    "web: {count: 2, nic: 1 Gbit/s, pulls: [{image: a, at: {min: 0 s, max: 1 s}}]}, "
    "db: {count: 2, nic: %s, pulls: [{image: a, at: 0 s}, {image: b, at: 10 s}]}}}"
)


def test_a_condition_is_on_a_part_in_every_replication() -> None:
    """Only the pulls of `db` take longer, twice as long, whatever the others' starts."""
    sides = [side(GROUPS, "1 Gbit/s", count=3), side(GROUPS, "500 Mbit/s", count=3)]
    conditions = [
        "pull_time{group=db,image=a} max > +99%",
        "pull_time{group=web} p95 > +1%",
        "pods_ready{share=50%,group=db} > 1 s",
        "bytes_on_wire{image=b,group=db} > 21 MB",
    ]
    found = compare(sides, conditions)
    assert [(one.condition.text, one.case) for one in found.met] == [(conditions[0], "all"), (conditions[2], "all")]
    (pulls, pods) = (one.found for one in found.met)
    assert pulls.relative == pytest.approx(1.0, rel=1e-9)
    assert pods.after == pytest.approx(1.6, rel=1e-9)


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("pull_time{group=dbs} max > +1%", "no group is named 'dbs'; known: db web; did you mean 'db'?"),
        ("pull_time{rack=r1} max > +1%", "no rack is named 'r1'; known: "),
        ("ready{workload=api} > +1%", "no workload is named 'api'; known: none"),
        ("pull_time{groop=db} max > +1%", "unknown label 'groop' of pull_time; known: workload image group rack case; "
         "did you mean 'group'?"),
        ("utilisation{link=registry.uplink,image=a} > +1%", "utilisation is not told image by image where all of them "
         "roll out together"),
        ("rollout_time{case=a} > +1%", "it is about no case; cases: all"),
    ],
)  # fmt: skip
def test_a_part_that_no_side_has_is_refused_with_what_there_is(condition: str, message: str) -> None:
    sides = [side(GROUPS, "1 Gbit/s"), side(GROUPS, "500 Mbit/s")]
    with pytest.raises(UsageError) as caught:
        compare(sides, [condition])
    assert str(caught.value).startswith(f"--fail-if '{condition}': {message}")


def test_a_result_of_before_that_kept_no_parts_says_so() -> None:
    made = side(GROUPS, "1 Gbit/s", count=3)
    old = Outcome(made.outcome.run, tuple(replace(one, parts={}) for one in made.outcome.replications))
    with pytest.raises(
        UsageError, match="old is of an earlier version, which kept no parts of its replications; run it"
    ):
        compare([Side("old", old), made], ["pull_time{group=db} max > +1%"])
    assert not compare([Side("old", old), made], ["pull_time max > +1%"]).met
