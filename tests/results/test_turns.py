"""Rollouts in which pods follow one another say so, where it is that which makes them long, and only there."""

from __future__ import annotations

import re

import pytest

import rolloutsim as rs
from rolloutsim.results.why.critical import last_path, turns
from rolloutsim.units import parse_time

AGENT = (
    "rolloutsim: 1\nnodes: 80\nnetwork: 1 Gbit/s\nimages: {api: 90 MB}\n"
    "workloads: {agent: {images: [api], daemonset: true, startup: 2 s, rollout: {max_unavailable: 1}}}\n"
)
# Eight nodes as fast as the link that all of them are behind.
PAIR = (
    "rolloutsim: 1\nnodes: {node: {count: 8, nic: 100 Mbit/s}}\nnetwork: {rate: 1 Gbit/s, links: {wan: 100 Mbit/s}}\n"
    "registry: {uplink: 10 Gbit/s, via: [wan]}\nimages: {api: 180 MB}\n"
    "workloads: {agent: {images: [api], daemonset: true, startup: 2 s, rollout: {max_unavailable: 1}}}\n"
)
# The main clause about pods that follow one another, with the time of a turn.
FOLLOW = re.compile(
    r"[\d,]+ pods.* (one after another|at a time|in waves).*; of the ([\d.]+ (?:m?s)) that (?:one|a turn) "
)


def first_sentence(scenario: rs.Scenario) -> str:
    return scenario.run().why().splitlines()[0]


def test_a_daemonset_on_80_nodes_one_at_a_time_says_where_the_time_of_one_turn_goes() -> None:
    why = rs.loads(AGENT).run().why()
    assert why.splitlines() == [
        "80 pods are replaced one after another (max_unavailable 1); of the 5.40 s that one takes, 41 % goes to "
        "pulling (14 % the nodes' NICs, 14 % the nodes' disks, 12 % decompression and 1 % requests and runtime "
        "overhead), 37 % to the start of the containers and 22 % to the overhead of each replaced pod.",
        "Over the whole rollout: registry uplink 14 % busy; node NICs under 1 % busy (1.77 of 1000 Mbit/s).",
    ]
    # Of uplink and NICs, which are equally fast, neither can be called useless while the other one limits a pull.
    assert "Never the limit" not in why


@pytest.mark.parametrize(
    ("workload", "how"),
    [
        ("daemonset: true, rollout: {max_unavailable: 10%}", "replaced 8 at a time (max_unavailable 8), 10 turns"),
        (
            "daemonset: true, rollout: {max_surge: 2, max_unavailable: 0}",
            "replaced 2 at a time (max_surge 2), 40 turns",
        ),
        (
            "replicas: 80, rollout: {max_surge: 1, max_unavailable: 2}",
            "replaced 3 at a time (max_surge 1, max_unavailable 2), 27 turns",
        ),
        (
            "replicas: 80, rollout: statefulset",
            "replaced one after another (in the order of their numbers, max_unavailable 1)",
        ),
        (
            "replicas: 80, create: true, rollout: statefulset",
            "created one after another (in the order of their numbers)",
        ),
        ("replicas: 80, rollout: {strategy: waves, waves: [25%, 25%, 25%]}", "replaced in waves, 4 turns"),
    ],
)
def test_the_sentence_says_how_many_at_a_time(workload: str, how: str) -> None:
    text = AGENT.replace("daemonset: true", "{}").replace(", rollout: {max_unavailable: 1}", "")
    text = text.replace("{}", workload).replace("network: 1 Gbit/s", "network: 10 Gbit/s")
    sentence = first_sentence(rs.loads(text.replace("startup: 2 s", "startup: 20 s")))
    assert sentence.startswith(f"80 pods are {how}")
    assert FOLLOW.match(sentence)


def test_the_path_goes_through_the_turns_of_all_80_and_consists_of_them() -> None:
    result = rs.loads(AGENT).run()
    case = result.run.cases[0]
    found = turns(case)
    assert [one.workload for one in found] == [0] * 80
    # All turns are alike, and each begins where the one before it ends.
    assert [one.ended - one.began for one in found] == pytest.approx([case.end / 80] * 80, rel=0.01)
    assert [one.began for one in found] == [0.0, *(one.ended for one in found[:-1])]
    for one in found:
        assert sum(one.causes.values()) == pytest.approx(one.ended - one.began)
    for cause, seconds in last_path(case):
        assert sum(one.causes.get(cause, 0.0) for one in found) == pytest.approx(seconds)


def test_bare_pulls_have_no_turns() -> None:
    result = rs.loads("rolloutsim: 1\nnodes: 20\nnetwork: 1 Gbit/s\nimages: {api: 90 MB}\n").run()
    assert turns(result.run.cases[0]) == ()
    assert "pods are" not in result.why()


def test_images_that_are_rolled_out_without_workloads_have_turns() -> None:
    text = "rolloutsim: 1\nnodes: 20\nnetwork: 1 Gbit/s\nimages: {a: 30 MB, b: 60 MB}\n"
    why = (
        rs.loads(f"{text}rollout: {{strategy: rolling, startup: 3 s, max_surge: 1, max_unavailable: 0}}\n").run().why()
    )
    assert why.startswith("20 pods are replaced one after another (max_surge 1); of the ")


PACED = [
    {},
    {"images.api": "1 MB"},
    {"images.api": "900 MB"},
    {"network": "10 Gbit/s"},
    {"workloads.agent.startup": "60 s"},
    {"workloads.agent.rollout.min_ready": "30 s"},
    {"workloads.agent.rollout.max_unavailable": 4},
    {"nodes": {"node": {"count": 80, "nic": "100 Mbit/s"}}, "registry": "10 Gbit/s"},
    {"nodes": {"node": {"count": 80, "pull_cap": "50 Mbit/s"}}, "registry": "10 Gbit/s"},
    {"nodes": {"node": {"count": 80, "disk": "20 MB/s"}}},
]
# What all pods share takes as long without turns.
SHARED = [
    {"registry": {"uplink": "20 Mbit/s"}},
    {"workloads.agent.rollout.max_unavailable": 20},
    {"registry": {"uplink": "100 Mbit/s"}, "workloads.agent.rollout.max_unavailable": 20},
    {"registry": {"connection_cap": "100 MB/s", "uplink": "50 Mbit/s"}},
    # The node's own line is called the limit; the one behind it, which is as fast, carries the next node's bytes.
    {"registry": {"uplink": "100 Mbit/s"}, "nodes": {"node": {"count": 80, "nic": "100 Mbit/s"}}},
]


@pytest.mark.parametrize("settings", PACED, ids=str)
def test_where_pods_are_said_to_follow_one_another_all_at_once_take_less_than_half_as_long(
    settings: dict[str, object],
) -> None:
    paced = rs.loads(AGENT).with_(settings)
    at_once = paced.with_({"workloads.agent.rollout": {"strategy": "all_at_once"}})
    assert FOLLOW.match(first_sentence(paced))
    before, after = (scenario.run()["all"].rollout_time for scenario in (paced, at_once))
    assert before is not None
    assert after is not None
    assert after < 0.5 * before


@pytest.mark.parametrize("settings", SHARED, ids=str)
def test_where_a_link_would_be_full_without_turns_it_is_the_network_that_is_named(settings: dict[str, object]) -> None:
    slow = rs.loads(AGENT).with_(settings)
    at_once = slow.with_({"workloads.agent.rollout": {"strategy": "all_at_once"}})
    why = slow.run().why()
    assert not FOLLOW.match(why)
    before, after = (scenario.run()["all"].rollout_time for scenario in (slow, at_once))
    assert before is not None
    assert after is not None
    assert after > 0.5 * before
    # Beside it stands what no order of the pods could undercut.
    found = re.search(r"in any order the rollout takes no less than (\S+(?: s)?) of the (\S+(?: s)?), which ", why)
    assert found is not None
    assert parse_time(found[1]) <= after * 1.005
    assert parse_time(found[2]) == pytest.approx(before, rel=0.005)


def test_a_pair_in_series_is_named_whole_and_the_turns_beside_it() -> None:
    why = rs.loads(PAIR).run().why()
    # 8 × 180 MB over 100 Mbit/s, of which frames leave 94 %, take 122 s, whether in turn or together.
    assert why.splitlines()[0] == (
        "node NICs and the wan link, no faster than one of them, are the limit for 72 % of the last pod's 170 s; wan "
        "link 72 % busy."
    )
    assert why.splitlines()[2] == (
        "8 pods are replaced one after another (max_unavailable 1); in any order the rollout takes no less than 122 s "
        "of the 170 s, which the wan link needs for its bytes."
    )


def test_few_long_turns_are_said_beside_the_cause() -> None:
    text = AGENT.replace("daemonset: true", "replicas: 80").replace("{max_unavailable: 1}", "{max_unavailable: 50%}")
    why = rs.loads(text.replace("network: 1 Gbit/s", "network: 100 Gbit/s")).run().why()
    assert not FOLLOW.match(why)
    assert re.search(
        r"\n80 pods are replaced 60 at a time \(max_surge 20, max_unavailable 40\): the last pod's ([\d.]+) s hold 2 "
        r"turns, of [\d.]+ s and [\d.]+ s\.",
        why,
    )


def test_of_several_workloads_the_one_whose_turns_take_most_is_named() -> None:
    text = AGENT.replace("workloads: {", "workloads: {web: {images: [api], replicas: 2, startup: 1 s}, ")
    why = rs.loads(text).run().why()
    assert why.startswith("80 pods of agent are replaced one after another (max_unavailable 1); of the ")


def test_turns_before_the_last_workload_are_said_and_changed_as_those_of_their_own() -> None:
    text = AGENT.replace("nodes: 80", "nodes: 20").replace("workloads: {", "workloads: {web: {images: [api], "
                         "replicas: 4, startup: 30 s, after: [agent]}, ")  # fmt: skip
    result = rs.loads(text).run()
    case = result.run.cases[0]
    found = turns(case)
    names = [case.orchestration.workloads[one.workload].name for one in found]
    assert names == ["agent"] * 20 + ["web"] * (len(found) - 20)
    said = result.why().splitlines()[0]
    assert said.startswith("20 pods of agent are replaced one after another (max_unavailable 1); of the 5.40 s")
    whole = result["all"].rollout_time
    assert said.endswith(f"; these turns take {found[19].ended:.0f} s of the last pod's {whole:.0f} s.")
    first = result.what_if(budget=20.0)["set"][0]
    assert [one.partition("=")[0] for one in first] == ["workloads.agent.rollout.max_unavailable"]


@pytest.mark.parametrize(
    ("settings", "first"),
    [
        ({}, "max_unavailable 10%"),
        ({"images": {"api": "90 MB", "other": "1 MB"}}, "max_unavailable 10%"),
        ({"workloads.agent": {"images": ["api"], "replicas": 3, "create": True, "startup": "20 s",
                              "rollout": "statefulset"}}, "parallel: true"),
        # Of two pods half is one.
        ({"workloads.agent": {"images": ["api"], "replicas": 2, "startup": "20 s", "rollout": "statefulset"}},
         "max_unavailable 2 and parallel: true, of a StatefulSet made anew"),
    ],
    ids=str,
)  # fmt: skip
def test_the_first_change_is_more_pods_at_a_time(settings: dict[str, object], first: str) -> None:
    scenario = rs.loads(AGENT.replace("nodes: 80", "nodes: 12")).with_(settings)
    result = scenario.run()
    tried = result.what_if(budget=20.0)
    assert first in tried["change"]
    assert FOLLOW.match(result.why())
    assert tried["change"][0].startswith(("max_", "parallel"))
    overrides = dict(zip(tried["change"], tried["set"], strict=True))[first]
    key, value = overrides[0].split("=")
    assert key.startswith("workloads.agent.rollout.")
    # As Kubernetes takes it: a whole number, a whole percentage, or a switch.
    assert re.fullmatch(r"\d+%?|true", value)


def test_pods_of_nodes_that_join_have_no_turn() -> None:
    """Nobody keeps them waiting but their nodes: 4 of 7 pods are replaced, one at a time."""
    text = AGENT.replace("nodes: 80", "nodes: {n: {count: 4}, m: {count: 3, join: {at: 5 s, every: 1 s}}}")
    told = rs.loads(text).run().why()
    assert "4 pods are replaced one after another (max_unavailable 1)" in told
    late = rs.loads(text.replace("every: 1 s", "every: 60 s")).run().why()
    assert late.startswith("nodes are still to join the cluster")
    assert "7 pods" not in late


def test_pods_of_a_daemonset_are_created_as_many_at_a_time_as_its_controller_does() -> None:
    """250 in one look at the cluster (BurstReplicas), whatever `max_unavailable`; 20 calls a second make it long."""
    text = AGENT.replace("nodes: 80", "nodes: 500").replace("daemonset: true", "daemonset: true, create: true")
    text = text.replace("90 MB", "90 kB")
    told = rs.loads(text).run().why()
    assert "500 pods are created 250 at a time (BurstReplicas): the last pod's " in told
    assert " hold 2 turns, of " in told
    assert "max_unavailable" not in told


def test_what_is_created_is_not_called_replaced() -> None:
    text = AGENT.replace("nodes: 80", "nodes: 10").replace("daemonset: true", "replicas: 10, create: true")
    told = rs.loads(text).with_({"workloads.agent.rollout": {"strategy": "statefulset"}}).run().why()
    assert told.startswith("10 pods are created one after another (in the order of their numbers)")
    assert "the overhead of each created pod" in told
    assert "replaced" not in told.splitlines()[0]
