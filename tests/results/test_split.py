"""The time split: expected seconds are read off the story told above each assertion."""

from __future__ import annotations

from math import nan

import pytest

from rolloutsim.results.time.split import path_times
from rolloutsim.results.time.steps import time_split
from tests.results.by_hand import CAP, DISK, NIC, UPLINK_CAUSE, Story, image


def test_a_single_fetch_is_requests_then_its_bottleneck() -> None:
    # asked 1, manifest 3, slot at once, first byte 4, last byte 10.
    story = Story((image("a", 10.0),))
    story.fetch(story.pull(1.0, 3.0, 10.0), "a-0", 3.0, 4.0, 10.0)
    assert time_split(story.case()) == {"registry.uplink": 6.0, "requests": 3.0}


def test_a_flow_with_several_bottlenecks_is_divided_among_them() -> None:
    story = Story((image("a", 10.0),))
    story.fetch(story.pull(0.0, 0.0, 10.0), "a-0", 0.0, 0.0, 10.0, cause={NIC: 2.5, CAP: 3.5, UPLINK_CAUSE: 4.0})
    assert time_split(story.case()) == {"registry.uplink": 4.0, "nic": 2.5, "connection_cap": 3.5}


def test_the_wait_for_a_connection_is_the_registry_queue() -> None:
    story = Story((image("a", 10.0),))
    story.fetch(story.pull(0.0, 0.0, 10.0), "a-0", 0.0, 5.0, 10.0, connected=4.0)
    assert time_split(story.case()) == {"registry.uplink": 5.0, "registry_queue": 4.0, "requests": 1.0}


def test_the_path_leads_through_the_fetch_that_freed_the_slot() -> None:
    # One slot: a-0 on the NIC until 4, then a-1 on the uplink until 10.
    story = Story((image("a", 4.0, 6.0),))
    pull = story.pull(0.0, 0.0, 10.0)
    first = story.fetch(pull, "a-0", 0.0, 0.0, 4.0, cause=NIC)
    story.fetch(pull, "a-1", 4.0, 4.5, 10.0, freed_by=first)
    assert time_split(story.case()) == {"registry.uplink": 5.5, "nic": 4.0, "requests": 0.5}


def test_a_slot_that_another_pull_held_is_a_wait_for_a_layer_slot() -> None:
    # The node's only slot goes to b's layer until 6; a waits for it from 1 (asked 0) and fetches until 8.
    story = Story((image("a", 2.0), image("b", 6.0)))
    a = story.pull(0.0, 1.0, 8.0)
    b = story.pull(0.0, 0.0, 6.0, image=1)
    other = story.fetch(b, "b-0", 0.0, 0.0, 6.0)
    story.fetch(a, "a-0", 6.0, 6.0, 8.0, freed_by=other)
    times = path_times(story.case())
    by_pull = dict(zip(times.causes, times.by_owner()[a], strict=True))
    assert {cause: seconds for cause, seconds in by_pull.items() if seconds} == {
        "requests": 1.0,
        "layer_slot": 5.0,
        "registry.uplink": 2.0,
    }


def test_without_unpacking_the_path_ends_in_the_fetch_that_ended_last() -> None:
    # Two slots; the base is the slower one.
    story = Story((image("a", 9.0, 3.0),))
    pull = story.pull(0.0, 0.0, 9.0)
    story.fetch(pull, "a-0", 0.0, 0.0, 9.0, cause=NIC)
    story.fetch(pull, "a-1", 0.0, 0.0, 3.0)
    assert time_split(story.case()) == {"nic": 9.0}


def test_an_unpack_that_waited_for_its_layer_leads_to_the_fetch() -> None:
    # a-0 fetched 2, unpacked 3; a-1 fetched 8, unpacked 8 to 10; image ready 10.5 (the runtime's finish).
    story = Story((image("a", 2.0, 8.0),))
    pull = story.pull(0.0, 0.0, 10.5)
    story.unpack(story.fetch(pull, "a-0", 0.0, 0.0, 2.0), 2.0, 3.0)
    story.unpack(story.fetch(pull, "a-1", 0.0, 0.0, 8.0), 8.0, 10.0, cause=DISK)
    assert time_split(story.case()) == {"registry.uplink": 8.0, "disk": 2.0, "requests": 0.5}


def test_an_unpack_that_waited_for_the_one_before_leads_there() -> None:
    # a-0 fetched 2, unpacked 2 to 7; a-1 fetched 4, unpacked 7 to 9.
    story = Story((image("a", 2.0, 4.0),))
    pull = story.pull(0.0, 0.0, 9.0)
    story.unpack(story.fetch(pull, "a-0", 0.0, 0.0, 2.0, cause=NIC), 2.0, 7.0)
    story.unpack(story.fetch(pull, "a-1", 0.0, 0.0, 4.0), 7.0, 9.0, cause={DISK: 1.5, 3: 0.5})
    assert time_split(story.case()) == {"nic": 2.0, "disk": 1.5, "unpack": 5.5}


def test_a_pause_before_an_unpack_counts_as_unpacking() -> None:
    # Fetched 2, but the node's decompressor is free only at 5.
    story = Story((image("a", 2.0),))
    story.unpack(story.fetch(story.pull(0.0, 0.0, 6.0), "a-0", 0.0, 0.0, 2.0), 5.0, 6.0, cause=DISK)
    assert time_split(story.case()) == {"registry.uplink": 2.0, "disk": 1.0, "unpack": 3.0}


def test_a_layer_that_another_pull_fetches_and_unpacks_is_waited_for() -> None:
    # b asked 1, resolved 2; a fetches their common layer until 5 and unpacks it until 6.
    common = image("a", 5.0)
    story = Story((common, type(common)("b", "registry", common.layers)))
    a, b = story.pull(0.0, 0.0, 6.0), story.pull(1.0, 2.0, 6.0, image=1)
    fetch = story.fetch(a, "a-0", 0.0, 0.0, 5.0)
    story.unpack(fetch, 5.0, 6.0)
    story.wait(b, fetch)
    times = path_times(story.case())
    split = [{c: s for c, s in zip(times.causes, row, strict=True) if s} for row in times.by_owner().tolist()]
    assert split[a] == {"registry.uplink": 5.0, "unpack": 1.0}
    # b would have begun to unpack at 5 as well: from then on it is its own unpacking.
    assert split[b] == {"requests": 1.0, "other_pull": 3.0, "unpack": 1.0}


def test_a_layer_that_another_pull_unpacked_sooner_is_waited_for_to_its_end() -> None:
    # a fetches x until 2 and unpacks it until 9. b resolved at 0 and unpacks its own base from 1 to 4.
    base, shared = image("base", 1.0), image("x", 2.0)
    story = Story((shared, type(base)("b", "registry", base.layers + shared.layers)))
    a, b = story.pull(0.0, 0.0, 9.0), story.pull(0.0, 0.0, 9.0, image=1)
    x = story.fetch(a, "x-0", 0.0, 0.0, 2.0)
    story.unpack(x, 2.0, 9.0)
    story.unpack(story.fetch(b, "base-0", 0.0, 0.0, 1.0), 1.0, 4.0)
    story.wait(b, x)
    times = path_times(story.case())
    by_pull = dict(zip(times.causes, times.by_owner()[b].tolist(), strict=True))
    assert {cause: seconds for cause, seconds in by_pull.items() if seconds} == {"other_pull": 9.0}


def test_an_own_layer_that_another_pull_unpacks_is_fetched_by_this_pull() -> None:
    # a fetches x until 2 but unpacks its base until 8; b, which waits for x, unpacks it from 3 to 10.
    base, shared = image("base", 1.0), image("x", 2.0)
    story = Story(
        (type(base)("a", "registry", base.layers + shared.layers), type(base)("b", "registry", shared.layers))
    )
    a, b = story.pull(0.0, 0.0, 10.0), story.pull(0.0, 3.0, 10.0, image=1)
    story.unpack(story.fetch(a, "base-0", 0.0, 0.0, 1.0), 1.0, 8.0)
    x = story.fetch(a, "x-0", 0.0, 0.0, 2.0)
    story.unpack(x, 3.0, 10.0)
    story.wait(b, x)
    times = path_times(story.case())
    split = [{c: s for c, s in zip(times.causes, row, strict=True) if s} for row in times.by_owner().tolist()]
    assert split[a] == {"registry.uplink": 2.0, "other_pull": 1.0, "unpack": 7.0}
    assert split[b] == {"requests": 3.0, "unpack": 7.0}


def test_a_pull_that_lacks_nothing_is_all_requests() -> None:
    story = Story((image("a", 1.0),))
    story.pull(0.0, 0.2, 0.5)
    assert time_split(story.case()) == {"requests": 0.5}


def test_start_up_follows_the_pull() -> None:
    story = Story((image("a", 1.0),))
    story.fetch(story.pull(0.0, 0.0, 1.0, ready=4.0), "a-0", 0.0, 0.0, 1.0)
    assert time_split(story.case()) == {"registry.uplink": 1.0, "startup": 3.0}


def test_unfinished_pulls_are_left_out() -> None:
    story = Story((image("a", 1.0),), nodes=2, finished=False, end=5.0)
    story.fetch(story.pull(0.0, 0.0, 1.0), "a-0", 0.0, 0.0, 1.0)
    story.fetch(story.pull(0.0, 0.0, nan, node=1), "a-0", 0.0, nan, nan)
    times = path_times(story.case())
    assert (times.total(), times.owner.tolist(), times.count) == ({"registry.uplink": 1.0}, [0], 2)


def test_a_cause_that_two_rows_of_names_share_is_one_cause() -> None:
    # A NIC that background traffic crosses is a link of its own in the network, and still a NIC.
    story = Story((image("a", 1.0),))
    story.fetch(story.pull(0.0, 0.0, 1.0), "a-0", 0.0, 0.0, 1.0, cause={NIC: 0.25, 5: 0.75})
    case = story.case()
    case = type(case)(**{name: getattr(case, name) for name in case.__slots__} | {"causes": (*case.causes, "nic")})
    assert time_split(case) == {"nic": pytest.approx(1.0)}
