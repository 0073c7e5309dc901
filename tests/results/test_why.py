"""The explanation in words, one test for each kind of bottleneck; whole texts."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import pytest

import rolloutsim as rs
from rolloutsim.results.facts.records import CaseRecords, PrivateLinks, Run
from rolloutsim.results.metrics import summarise
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.why.bottlenecks import Bottleneck, bottlenecks, nouns_of
from rolloutsim.scenario.resolved import Link
from tests.results.by_hand import CAP, DISK, NIC, UNPACK, UPLINK, UPLINK_CAUSE, Story, image, nics, run


def story(
    name: str = "a",
    *,
    cause: int | dict[int, float] = UPLINK_CAUSE,
    started: float = 0.0,
    busy: float = 0.0,
    full: float = 0.0,
    private: tuple[PrivateLinks, ...] = (),
    ready: float = 10.0,
) -> CaseRecords:
    """One pull from 0 to 10 s whose flow begins at `started`; the uplink is `busy` (share), `full` (seconds)."""
    told = Story(
        (image(name, 10.0),), name=name, link_bytes=(busy * 100 * ready,), link_saturated=(full,), private=private
    )
    told.fetch(told.pull(0.0, 0.0, 10.0, ready=ready), f"{name}-0", 0.0, started, 10.0, cause=cause)
    return told.case()


def test_a_full_registry_uplink() -> None:
    found = Outcome(run(story(busy=1.0, full=10.0, private=(nics([50.0], [0.0]),)))).why
    assert found == (
        "registry uplink 100 % busy for the whole rollout; node NICs 5 % busy (50 of 1000 bit/s).\n"
        "Never the limit of a transfer: the nodes' NICs."
    )


def test_an_uplink_that_is_full_part_of_the_time() -> None:
    disks = nics([300.0], [2.0], kind="disk")
    case = story(
        busy=0.8, full=8.0, cause={UPLINK_CAUSE: 7.5, DISK: 2.5}, private=(nics([100.0], [0.0]), disks)
    )  # fmt: skip
    assert Outcome(run(case)).why == (
        "registry uplink full for 80 % of the rollout; node NICs 10 % busy (100 of 1000 bit/s).\n"
        "Of all pods' waiting, 10.0 s each on average, 75 % goes to the registry uplink and 25 % to the nodes' disks.\n"
        "Never the limit of a transfer: the nodes' NICs."
    )


def test_full_nics() -> None:
    case = story(busy=0.5, cause=NIC, private=(nics([1000.0], [10.0]),))
    assert Outcome(run(case)).why == (
        "node NICs 100 % busy for the whole rollout; registry uplink 50 % busy.\n"
        "Never the limit of a transfer: the registry uplink."
    )


def test_full_disks() -> None:
    disks = nics([500.0], [4.0], kind="disk")
    case = story(busy=0.5, full=3.0, cause={DISK: 6.0, UPLINK_CAUSE: 4.0}, private=(nics([100.0], [0.0]), disks))
    assert Outcome(run(case)).why == (
        "node disks 50 % busy on average over the nodes, and the limit for 40 % of the rollout; "
        "registry uplink 50 % busy.\n"
        "Of all pods' waiting, 10.0 s each on average, 60 % goes to the nodes' disks and 40 % to the registry uplink."
    )


def test_only_the_groups_whose_links_were_full_are_blamed() -> None:
    told = Story(
        (image("a", 10.0),), nodes=2, name="a", groups=(0, 1), link_bytes=(100.0,),
        private=(nics([1000.0, 10.0], [10.0, 0.0]),),
    )  # fmt: skip
    told.fetch(told.pull(0.0, 0.0, 10.0), "a-0", 0.0, 0.0, 10.0, cause=NIC)
    result = run(told.case())
    (group,) = result.scenario.groups
    groups = (replace(group, name="old", count=1), replace(group, name="new", count=1))
    result = replace(result, scenario=replace(result.scenario, groups=groups))
    assert Outcome(result).why == (
        "node NICs of old 100 % busy for the whole rollout; registry uplink 10 % busy.\n"
        "Never the limit of a transfer: the registry uplink."
    )


def test_decompression() -> None:
    case = story(busy=0.2, full=1.0, cause=UNPACK, private=(nics([900.0], [9.0], kind="unpack"),))
    assert Outcome(run(case)).why == (
        "node cores full for 90 % of the rollout on average over the nodes; registry uplink 20 % busy."
    )


@pytest.mark.parametrize(
    ("cause", "started", "sentence"),
    [
        (CAP, 0.0, "every connection runs at its own limit"),
        (UPLINK_CAUSE, 10.0, "pulls wait longest for requests and the runtime's own steps"),
    ],
)
def test_causes_that_are_no_links(cause: int, started: float, sentence: str) -> None:
    case = story(busy=0.3, cause=cause, started=started, private=(nics([200.0], [0.0]),))
    assert Outcome(run(case)).why == (
        f"{sentence}; registry uplink 30 % busy; node NICs 20 % busy (200 of 1000 bit/s).\n"
        "Never the limit of a transfer: the registry uplink."
    )


def test_start_up_counts_as_well() -> None:
    case = story(busy=0.1, full=1.0, ready=50.0)
    assert Outcome(run(case)).why == (
        "pods wait longest for their containers to start; registry uplink 10 % busy; "
        "node NICs without a limit.\n"
        "Of all pods' waiting, 50.0 s each on average, 80 % goes to the start of the containers "
        "and 20 % to the registry uplink."
    )


def racks(*full: float) -> CaseRecords:
    links = tuple(Link(f"r{i}.down", "rack", 50.0, 50.0) for i in range(len(full)))
    told = Story(
        (image("a", 10.0),), name="a", links=(UPLINK, *links), link_bytes=(400.0, *(5 * f for f in full)),
        link_saturated=(0.0, *full), private=(nics([100.0], [0.0]),),
    )  # fmt: skip
    told.fetch(
        told.pull(0.0, 0.0, 10.0), "a-0", 0.0, 0.0, 10.0, cause={5 + i: 10 / len(full) for i in range(len(full))}
    )
    case = told.case()
    return replace(case, causes=(*case.causes, *(link.name for link in links)))


def test_rack_uplinks_are_one_bottleneck() -> None:
    # Full for 10 and 8 s, 100 % and 80 % of the rollout; each carried 5 B/s in that time, 10 % of its capacity.
    assert Outcome(run(racks(10.0, 8.0))).why == (
        "rack uplinks 9 % busy on average, and the limit for 90 % of the rollout; "
        "node NICs 10 % busy (100 of 1000 bit/s).\n"
        "Never the limit of a transfer: the nodes' NICs."
    )


def test_a_single_rack_is_named() -> None:
    assert Outcome(run(racks(10.0))).why.startswith("uplink of rack r0 10 % busy for the whole rollout; ")


def test_cases_that_wait_for_something_else_are_named() -> None:
    slow = story("a", busy=1.0, full=11.0, ready=11.0)
    quick = story("b", started=9.0, busy=0.1, full=1.0)
    assert Outcome(run(slow, quick)).why == (
        "a: registry uplink 100 % busy for the whole rollout; node NICs without a limit.\n"
        "Of all pods' waiting, 11.0 s each on average, 91 % goes to the registry uplink "
        "and 9 % to the start of the containers.\n"
        "b (90 % of all pods' waiting) waits longest for requests and runtime overhead."
    )


def test_an_unfinished_case_says_what_waits_for_what() -> None:
    told = Story(
        (image("a", 10.0),), name="a", nodes=2, finished=False, end=5.0,
        stuck=("2 fetches waiting for link 'wan', which has no capacity left",),
    )  # fmt: skip
    told.pull(0.0, 0.0, nan)
    told.pull(0.0, 0.0, nan, node=1)
    assert Outcome(run(told.case())).why == (
        "a did not finish: 2 of 2 pulls never had their image. "
        "2 fetches waiting for link 'wan', which has no capacity left."
    )


def test_what_is_as_busy_as_the_bottleneck_is_not_said_to_be_never_the_limit() -> None:
    """Uplink and NIC have the same rate; the NIC is named as the bottleneck, but it alone would not help."""
    case = story(busy=1.0, cause=NIC, private=(nics([1000.0], [10.0]),))
    assert Outcome(run(case)).why == "node NICs 100 % busy for the whole rollout; registry uplink 100 % busy."


@pytest.mark.parametrize("full", [9.0, 4.0])
def test_a_queue_is_explained_by_the_link_that_its_head_waits_for(full: float) -> None:
    """One connection at a time, and a link behind it that is full for most of the rollout, or not."""
    told = Story((image("a", 10.0),), nodes=4, name="a", link_bytes=(100 * full,), link_saturated=(full,))
    for node, end in enumerate((2.5, 5.0, 7.5, 10.0)):
        told.fetch(told.pull(0.0, 0.0, end, node=node), "a-0", 0.0, end - 2.5, end, connected=end - 2.5)
    # Of 25 s on the paths the queue takes 0 + 2.5 + 5 + 7.5 = 15 s, the link 4 × 2.5 s.
    queue = "pulls queue for the registry's connections"
    first = {
        9.0: f"registry uplink full for 90 % of the rollout, while {queue}; node NICs without a limit.",
        4.0: f"{queue}; registry uplink 40 % busy; node NICs without a limit.",
    }
    assert Outcome(run(told.case())).why.splitlines() == [
        first[full],
        "Of all pods' waiting, 6.25 s each on average, 60 % goes to the queue for registry connections "
        "and 40 % to the registry uplink.",
    ]


def two_groups(*ends: float) -> Run:
    """One node each of old and new; the bytes of each take 5 s, its disk the rest."""
    told = Story((image("a", 10.0),), nodes=2, name="a", groups=(0, 1), link_saturated=(5.0,), link_bytes=(500.0,))
    for node, end in enumerate(ends):
        told.fetch(
            told.pull(0.0, 0.0, end, node=node), "a-0", 0.0, 0.0, end, cause={UPLINK_CAUSE: 5.0, DISK: end - 5.0}
        )
    result = run(told.case())
    (group,) = result.scenario.groups
    groups = (replace(group, name="old", count=1), replace(group, name="new", count=1))
    return replace(result, scenario=replace(result.scenario, groups=groups))


def test_the_group_that_is_last_is_named_with_what_it_waits_for() -> None:
    assert Outcome(two_groups(10.0, 8.0)).why.splitlines()[2] == (
        "The nodes of old are last, after 10.0 s (all others: 8.00 s): "
        "each waits on average 2.00 s longer for the nodes' disks."
    )
    assert "are last" not in Outcome(two_groups(10.0, 9.8)).why


def test_control_characters_in_names_are_shown_and_not_sent() -> None:
    slow, quick = story("a", busy=1.0, full=10.0), story("b\x1b[31m", started=9.0, busy=0.1, full=1.0, ready=9.99)
    assert Outcome(run(slow, quick)).why.splitlines()[-1].startswith(r"b\x1b[31m (")


def test_nothing_to_wait_for() -> None:
    told = Story((image("a", 10.0),), name="a")
    told.pull(0.0, 0.0, 0.0)
    assert Outcome(run(told.case())).why == "every node held all layers already: there was nothing to wait for."


def test_a_group_that_is_last_because_it_asks_last_waits_for_nothing() -> None:
    scenario = rs.loads(
        "rolloutsim: 1\nmodel: ideal\nregistry: {uplink: 1 Gbit/s}\nimages: {app: 1 MB}\n"
        "nodes:\n  early: {count: 1, nic: 1 Gbit/s, pulls: [{image: app}]}\n"
        "  late: {count: 1, nic: 1 Gbit/s, pulls: [{image: app, at: 4 s}]}\n"
        "rollout: schedule\nprepulls: {night: {images: app}}\n"
    )
    assert "The nodes of late are last, after 4.00 s (all others: 0 s).\n" in f"{scenario.run().why()}\n"


def test_a_share_is_the_same_in_all_sentences_and_adds_up() -> None:
    """Rounded alone 26.5 % would be 26 (to even), and with the others the one that is rounded up."""
    split = {"nic": 47.0, "disk": 26.5, "unpack": 26.5}
    causes = bottlenecks(summarise(run(story("a", busy=1.0, full=10.0))).cases["a"], split)
    assert [(one.kind, one.percent, one.shown) for one in causes] == [
        ("nic", 47, "47 %"),
        ("disk", 27, "27 %"),
        ("unpack", 26, "26 %"),
    ]


def test_both_directions_of_racks_are_told_apart_where_both_have_a_part() -> None:
    causes = [
        Bottleneck("rack", ("a.down", "b.down"), 4.0, 0.4),
        Bottleneck("rack", ("a.up", "b.up"), 3.0, 0.3),
        Bottleneck("site", ("s.up",), 2.0, 0.2),
        Bottleneck("nic", (), 1.0, 0.1),
    ]
    told = nouns_of(causes)
    assert told[:3] == ["the rack uplinks (inbound)", "the rack uplinks (outbound)", "the uplink of site s"]
    assert len(set(told)) == len(told)
    assert nouns_of(causes[:1]) == ["the rack uplinks"]
