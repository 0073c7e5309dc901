"""The ways of a swarm's bytes: what its seeds send crosses the links near the members, as any pull does."""

from __future__ import annotations

import json
from typing import Any

import pytest

import rolloutsim as rs
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.scenario.routes import among_members, into_members
from rolloutsim.simulation import simulate

PROFILES = pytest.mark.parametrize("profile", ["kraken", "dragonfly", "bittorrent"])


def document(places: dict[str, Any], profile: str, count: int, **more: Any) -> dict[str, Any]:
    return {
        "rolloutsim": 1,
        "model": "ideal",
        "nodes": {"n": {"count": count, "nic": "1 GB/s", "hosts": ["swarm", "hub"], **places}},
        "registries": {"hub": {"uplink": "1 GB/s"}},
        "peers": {"swarm": {"profile": profile, "upload": "unlimited", "download": "unlimited"}},
        "images": {"api": {"layers": ["600 MB"]}},
        **more,
    }


PLACES = pytest.mark.parametrize(
    ("places", "network", "line"),
    [
        ({"sites": ["s"]}, {"sites": {"uplink": "10 MB/s"}}, "s.down"),
        ({"racks": ["r"]}, {"racks": {"uplink": "10 MB/s"}}, "r.down"),
        ({"via": ["wan"]}, {"links": {"wan": {"capacity": "10 MB/s"}}}, "wan"),
    ],
    ids=["site", "rack", "via"],
)


def played(text: dict[str, Any]) -> CaseRecords:
    return simulate(rs.loads(json.dumps(text)).resolve()).cases[0]


def crossed(case: CaseRecords) -> dict[str, float]:
    return dict(zip(case.shared_links.name, case.shared_links.bytes.tolist(), strict=True))


@PROFILES
@PLACES
def test_a_member_alone_behind_a_thin_line_takes_as_long_as_a_plain_pull(
    places: dict[str, Any], network: dict[str, Any], line: str, profile: str
) -> None:
    case = played(document(places, profile, 1, network=network))
    # Who joins together is let in 0.05 s later.
    assert case.end == pytest.approx(60.0, abs=0.0501)
    assert crossed(case)[line] == pytest.approx(600e6, rel=1e-6)


@PROFILES
@PLACES
def test_one_copy_at_least_crosses_the_line_to_members_who_are_all_behind_it(
    places: dict[str, Any], network: dict[str, Any], line: str, profile: str
) -> None:
    case = played(document(places, profile, 12, network=network))
    links = crossed(case)
    assert links[line] >= 600e6 * (1 - 1e-6)
    assert links[line] == pytest.approx(links["hub.uplink"], rel=1e-6)
    assert case.end >= links[line] / 10e6 * (1 - 1e-9)


@PLACES
def test_what_seeds_of_its_own_send_crosses_the_line_as_well(
    places: dict[str, Any], network: dict[str, Any], line: str
) -> None:
    text = document(places, "kraken", 12, network=network)
    text["peers"]["swarm"]["seeds"] = {"count": 3, "uplink": "1 GB/s"}
    links = crossed(played(text))
    assert links[line] == pytest.approx(links["swarm.seeds.uplink"], rel=1e-6)
    assert links[line] >= 600e6 * (1 - 1e-6)


def test_partners_and_seeds_are_as_often_behind_a_line_as_members_are() -> None:
    """Oracle: of four members one is at the small site, two at the large one, one in the core."""
    scenario = rs.loads(json.dumps({
        **document({}, "kraken", 1, network={"sites": {"uplink": "10 MB/s"}}),
        "nodes": {
            name: {"count": count, "nic": "1 GB/s", "hosts": ["swarm", "hub"], **places}
            for name, count, places in (
                ("a", 1, {"sites": ["small"]}), ("b", 2, {"sites": ["large"]}), ("c", 1, {}),
            )
        },
    })).resolve()  # fmt: skip
    a, b, c = scenario.groups
    assert into_members(scenario, "swarm", None) == {"small.down": 0.25, "large.down": 0.5}
    assert into_members(scenario, "swarm", "large") == {"large.up": 0.5, "small.down": 0.25}
    assert among_members(scenario, "swarm", a, "small") == {"small.up": 0.75, "small.down": 0.75}
    assert among_members(scenario, "swarm", b, "large") == {"large.up": 0.5, "large.down": 0.5}
    assert among_members(scenario, "swarm", c, None) == {}
