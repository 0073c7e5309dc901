"""Rollouts in which pods follow one another say so, where it is that which makes them long, and only there."""

from __future__ import annotations

import pytest

import rolloutsim as rs
from rolloutsim.results.why.critical import turns

AGENT = (
    "rolloutsim: 1\nnodes: 80\nnetwork: 1 Gbit/s\nimages: {api: 90 MB}\n"
    "workloads: {agent: {images: [api], daemonset: true, startup: 2 s, rollout: {max_unavailable: 1}}}\n"
)
FOLLOW = "pods follow one another, "


def first_sentence(scenario: rs.Scenario) -> str:
    return scenario.run().why().splitlines()[0]


def test_a_daemonset_on_80_nodes_one_at_a_time_says_that_pods_follow_one_another() -> None:
    why = rs.loads(AGENT).run().why()
    assert why.startswith(
        "pods follow one another, 1 of 80 at a time (max_unavailable 1), and wait longest for the start of the "
        "containers; registry uplink 14 % busy; "
    )
    # An image takes 2.3 s to be there and a container 2 s to start; and of uplink and NICs, which are equally fast,
    # neither can be called useless while the other one limits a pull.
    assert "than their images" not in why
    assert "changes nothing" not in why


@pytest.mark.parametrize(
    ("workload", "how"),
    [
        ("daemonset: true, rollout: {max_unavailable: 10%}", "8 of 80 at a time (max_unavailable 8)"),
        ("daemonset: true, rollout: {max_surge: 2, max_unavailable: 0}", "2 of 80 at a time (max_surge 2)"),
        (
            "replicas: 80, rollout: {max_surge: 1, max_unavailable: 2}",
            "3 of 80 at a time (max_surge 1, max_unavailable 2)",
        ),
        ("replicas: 80, rollout: statefulset", "1 of 80 at a time (max_unavailable 1)"),
        ("replicas: 80, create: true, rollout: statefulset", "1 of 80 at a time (in the order of their numbers)"),
        ("replicas: 80, rollout: {strategy: waves, waves: [25%, 25%, 25%]}", "in 4 turns"),
    ],
)
def test_the_sentence_says_how_many_at_a_time(workload: str, how: str) -> None:
    text = AGENT.replace("daemonset: true", "{}").replace(", rollout: {max_unavailable: 1}", "")
    text = text.replace("{}", workload).replace("network: 1 Gbit/s", "network: 10 Gbit/s")
    assert first_sentence(rs.loads(text.replace("startup: 2 s", "startup: 20 s"))).startswith(FOLLOW + how)


def test_the_path_goes_through_the_turns_of_all_80() -> None:
    result = rs.loads(AGENT).run()
    found = turns(result.run.cases[0])
    assert (found.pods, found.workload) == (80, 0)
    # All turns are alike, so 79 of 80 parts of the time are before the last one's.
    assert found.began == pytest.approx(result["all"].rollout_time * 79 / 80, rel=0.01)


def test_bare_pulls_have_no_turns() -> None:
    result = rs.loads("rolloutsim: 1\nnodes: 20\nnetwork: 1 Gbit/s\nimages: {api: 90 MB}\n").run()
    assert turns(result.run.cases[0]).pods == 1
    assert FOLLOW not in result.why()


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
    assert first_sentence(paced).startswith(FOLLOW)
    before, after = (scenario.run()["all"].rollout_time for scenario in (paced, at_once))
    assert before is not None
    assert after is not None
    assert after < 0.5 * before


@pytest.mark.parametrize("settings", SHARED, ids=str)
def test_where_a_link_would_be_full_without_turns_it_is_the_network_that_is_named(settings: dict[str, object]) -> None:
    slow = rs.loads(AGENT).with_(settings)
    at_once = slow.with_({"workloads.agent.rollout": {"strategy": "all_at_once"}})
    assert FOLLOW not in slow.run().why()
    before, after = (scenario.run()["all"].rollout_time for scenario in (slow, at_once))
    assert before is not None
    assert after is not None
    assert after > 0.5 * before
