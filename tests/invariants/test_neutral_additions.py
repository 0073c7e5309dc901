"""What does not bite changes no number: random scenarios, with and without additions that have nothing to do there."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import lru_cache
from math import isclose
from re import fullmatch, search
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, example, given, settings
from hypothesis import strategies as st

from rolloutsim import Scenario
from rolloutsim.structs import struct
from tests.invariants.figures import leaves
from tests.long import one_in

Document = dict[str, Any]
Figures = dict[str, Any]

TOLERANCE = 1e-9  # relative; below one, in the figure's own unit
NEVER = "20h"  # past every horizon

BUFFERS = st.sampled_from([None, None, "20 ms", "250 ms"])
LATENCIES = st.sampled_from(["0 s", "5 ms", "20 ms"])
TIMES = st.sampled_from(["0 s", "0.3 s", "1.7 s"])
SIZES = st.sampled_from(["500 kB", "2 MB", "7 MB", "30 MB"])


def sometimes(draw: st.DrawFn, key: str, values: Sequence[Any]) -> Document:
    """A key with one of its values, in half of the cases."""
    return {key: draw(st.sampled_from(values))} if draw(st.booleans()) else {}


@st.composite
def images(draw: st.DrawFn, registries: Sequence[str]) -> Document:
    """Two images; the second may have layers of the first."""
    layers = st.lists(SIZES, min_size=1, max_size=4)
    made: Document = {"base": {"registry": registries[0], "layers": draw(layers)}}
    based: Document = {"base": "base"} if draw(st.booleans()) else {}
    made["app"] = {"registry": draw(st.sampled_from(registries)), "layers": draw(layers)} | based
    return made


@st.composite
def groups(draw: st.DrawFn, pods: bool, calm: bool) -> Document:
    """One or two groups of one to three nodes; on calm ones nothing can fail."""
    made: Document = {}
    for name in draw(st.sampled_from([["web"], ["web", "batch"]])):
        group: Document = {"count": draw(st.integers(1, 3)), "nic": draw(st.sampled_from(["100 Mbit/s", "1 Gbit/s"]))}
        group["runtime"] = draw(st.sampled_from(["containerd", "containerd", "containerd-1", "dockerd", "cri-o"]))
        group |= sometimes(
            draw, "disk", ["unlimited", "40 MB/s", "200 MB/s" if calm else {"rate": "200 MB/s", "capacity": "10 GB"}]
        )
        group |= sometimes(draw, "unpack", ["unlimited", {"rate": "50 MB/s", "cores": 2}])
        group |= sometimes(draw, "cached", [{"base": 1}, {"app": "50%"}])
        group |= sometimes(draw, "parallel_layers", [1, 2])
        group |= sometimes(draw, "connection_cap", ["5 MB/s"])
        if group["runtime"] == "containerd" and not calm:
            group |= sometimes(draw, "layer_fetch_buffer", ["1 MB"])
        group |= sometimes(draw, "via", [["site"]])
        if not calm:
            group |= sometimes(draw, "timeouts", ["unlimited", "unlimited", {"tls": "1 s", "header": "2 s"}])
        if pods:
            group |= sometimes(draw, "serialize_image_pulls", [False])
            group |= sometimes(draw, "registry_pull_qps", [0, 0.2])
            group |= sometimes(draw, "registry_burst", [1, 100])
            group |= sometimes(draw, "pull_progress_timeout", ["1 s"]) if draw(st.booleans()) else {}
        else:
            group |= sometimes(draw, "start", [{"min": "0 s", "max": "1 s"}, "0.5 s"])
        made[name] = group
    return made


@st.composite
def workloads(draw: st.DrawFn, group_names: list[str]) -> Document:
    """One or two workloads, all on named groups, so that a group may be added."""
    made: Document = {}
    for name in draw(st.sampled_from([["shop"], ["shop", "agent"]])):
        daemonset = draw(st.booleans())
        strategy = draw(st.sampled_from(["daemonset", "waves"] if daemonset else ["rolling", "statefulset", "waves"]))
        policy: Document = {"strategy": strategy}
        if strategy == "waves":
            policy["waves"] = [1, {"size": "50%", "pause": "1 s"}]
        made[name] = {
            "images": draw(st.sampled_from(["app", ["base", "app"]])),
            "groups": group_names,
            "start": draw(TIMES),
            "create": draw(st.booleans()),
            "rollout": policy,
        } | ({"daemonset": True} if daemonset else {"replicas": draw(st.integers(1, 4))})
    return made


@st.composite
def failures(draw: st.DrawFn) -> Document:
    """Up to two failures, all of which end."""
    known: Document = {
        "outage": {"registry": "hub", "at": draw(TIMES), "back_after": "3 s"},
        "slow": {"link": "wan", "at": draw(TIMES), "back_after": "5 s", "capacity": "20%"},
        "crash": {"node": "web-000", "at": draw(TIMES), "back_after": "4 s"},
        "flaky": {"registry": "hub", "at": "0 s", "back_after": "5 s", "flaky": "20%"},
    }
    return {name: known[name] for name in draw(st.lists(st.sampled_from(sorted(known)), max_size=2, unique=True))}


@st.composite
def registries(draw: st.DrawFn, calm: bool) -> Document:
    """One or two registries behind the same link, with and without limits; calm ones refuse nobody."""
    made: Document = {}
    for name in draw(st.sampled_from([["hub"], ["hub", "near"]])):
        registry: Document = {"uplink": draw(st.sampled_from(["200 Mbit/s", "1 Gbit/s", "unlimited"]))}
        registry |= sometimes(draw, "via", [["wan"]])
        if not calm:
            registry |= sometimes(draw, "rate_limit", [{"rate": "10/s", "burst": 5}])
            registry |= sometimes(draw, "replicas", [2])
        registry |= sometimes(draw, "max_connections", [1, 3]) if draw(st.booleans()) else {}
        registry |= sometimes(draw, "redirect", [True]) if draw(st.booleans()) else {}
        registry |= sometimes(draw, "storage", ["20 MB/s"]) if draw(st.booleans()) else {}
        registry |= sometimes(draw, "tls", [True])
        made[name] = registry
    return made


@st.composite
def scenarios(draw: st.DrawFn) -> Document:
    """A scenario of a few nodes as a document: bare pulls or pods, with and without what can stand in their way."""
    pods, calm = draw(st.booleans()), draw(st.booleans())
    served, nodes = draw(registries(calm)), draw(groups(pods, calm))
    network: Document = {
        "links": {"wan": {"capacity": "100 Mbit/s", "latency": draw(LATENCIES)}, "site": "150 Mbit/s"},
        "congestion_control": draw(st.sampled_from(["cubic", "cubic", "bbr"])),
        "queue": draw(st.sampled_from(["drop_tail", "drop_tail", "fq_codel"])),
    }
    if (buffer := draw(BUFFERS)) is not None:
        network["buffer"] = buffer
    if draw(st.integers(0, 3)) == 0:
        network["fairness"] = "on"
    if draw(st.booleans()):
        network["racks"] = {"uplink": "150 Mbit/s"}
        nodes["web"]["racks"] = ["r1", "r2"]
    made: Document = {
        "rolloutsim": 1,
        "name": "random",
        "nodes": nodes,
        "network": network,
        "registries": served,
        "images": draw(images(sorted(served))),
        "failures": {} if calm else draw(failures()),
        "background": {},
        "rollout": {"horizon": "9m"},
    }
    flows = {
        "backup": {"links": ["wan"], "size": "3 MB", "connections": 2, "at": "0.2 s"},
        "bulk": {"links": ["wan"], "connections": 1},
        "constant": {"links": ["wan"], "rate": "20 Mbit/s"},
        "calls": {"links": ["wan"], "request": {"size": "2 kB", "every": "500 ms"}},
    }
    for name in draw(st.lists(st.sampled_from(sorted(flows)), max_size=2, unique=True)):
        made["background"][name] = flows[name]
    if pods:
        made["workloads"] = draw(workloads(sorted(nodes)))
        made["rollout"] |= {"startup": {"min": "0.1 s", "max": "1 s"}}
    return made


def figures(document: Document) -> Figures:
    """Every value of the JSON of a scenario's run by its way there; rows go by what they are about, not by place."""
    return _figures(json.dumps(document))


@lru_cache(100)  # DEEP goes with each of the additions
def _figures(text: str) -> Figures:
    document = json.loads(text)
    found = json.loads(Scenario(**document).run().to_json(detail="full"))
    # That a key of the scenario plays no part is what such additions are to be told.
    found["notes"] = [note for note in found.get("notes", ()) if not search(" plays? no part: ", note)]
    return dict(leaves(found))


@struct
class Addition:
    """Something that does not bite.

    Parameters
    ----------
    add : callable
        Changes a document; returns whether there was a place for it.
    brings : mapping
        Patterns of the rows that may be there with it only, each with the reason.
    changes : mapping
        Patterns of the values that may differ, each with the reason.
    """

    name: str
    add: Callable[[Document], bool]
    brings: dict[str, str]
    changes: dict[str, str]


# The scenario's fingerprint is that of its text.
_FINGERPRINT = {"/scenario/sha256": "the text is another one"}
# Anything that can make a pull fail brings these sections, which bare pulls leave out; that none of them tells of a
# failure is checked.
_WATCHED = {
    r"/cases/\[.*\]#0/(registries|pods|disk|node_disks|workloads|ready_replicas)/.*": "bare pulls leave out who drives",
    r"/cases/\[.*\]#0/(failed_pulls|bytes_again)": "bare pulls leave out what cannot fail",
    r"/cases/\[.*\]#0/pulls/.*/(failed_s|reason)": "bare pulls leave out what cannot fail",
}
# What such sections count failures in.
_OF_FAILURES = ("/failed_pulls", "/bytes_again", "/failed_s", "/reason", "/retries")
ADDITIONS: list[Addition] = []


def neutral(**more: dict[str, str]) -> Callable[[Callable[[Document], bool]], Callable[[Document], bool]]:
    """Count a function among the additions."""

    def known(add: Callable[[Document], bool]) -> Callable[[Document], bool]:
        ADDITIONS.append(Addition(add.__name__, add, more.get("brings", {}), _FINGERPRINT | more.get("changes", {})))
        return add

    return known


def _each(
    rows: dict[str, Document], key: str, value: Any, where: Callable[[Document], bool] = lambda row: True
) -> bool:
    """Give rows that have no such key one."""
    found = [row for row in rows.values() if key not in row and where(row)]
    for row in found:
        row[key] = deepcopy(value)
    return bool(found)


def _pods(document: Document) -> bool:
    return "workloads" in document


def _disk(group: Document) -> Document:
    disk = group.get("disk", {})
    return dict(disk) if isinstance(disk, dict) else {"rate": disk}


@neutral(brings=_WATCHED)
def rate_limit_out_of_reach(document: Document) -> bool:
    return _each(document["registries"], "rate_limit", "1000000/s")


@neutral(brings=_WATCHED)
def rate_limit_of_each_address_out_of_reach(document: Document) -> bool:
    limits = {"far": {"rate": "1000000/s", "per": "address", "counts": "pulls"}}
    return _each(document["registries"], "rate_limits", limits, lambda registry: "rate_limit" not in registry)


@neutral(
    brings=_WATCHED,
    changes={r"/cases/.*/disk/peak_utilisation": "a share of the capacity"},
)
def disk_of_100_terabytes(document: Document) -> bool:
    found = [group for group in document["nodes"].values() if "capacity" not in _disk(group)]
    for group in found:
        group["disk"] = _disk(group) | {"capacity": "100 TB"}
    return bool(found)


@neutral()
def fetch_buffer_larger_than_any_layer(document: Document) -> bool:
    return _each(document["nodes"], "layer_fetch_buffer", "1 GB", lambda group: group["runtime"] == "containerd")


@neutral()
def unpacks_side_by_side_where_unpacking_takes_no_time(document: Document) -> bool:
    def free(group: Document) -> bool:
        is_free = group.get("unpack") == "unlimited" and _disk(group).get("rate") == "unlimited"
        return group["runtime"] == "containerd" and is_free

    return _each(document["nodes"], "parallel_unpacks", 4, free)


@neutral()
def unpacks_side_by_side_where_images_have_one_layer(document: Document) -> bool:
    several = any("base" in image or len(image["layers"]) > 1 for image in document["images"].values())
    return not several and _each(
        document["nodes"], "parallel_unpacks", 4, lambda group: group["runtime"] == "containerd"
    )


@neutral(brings={r"/cases/.*/links/\[idle\]#0/.*": "the link that is added"})
def link_that_nobody_uses(document: Document) -> bool:
    document["network"]["links"]["idle"] = {"capacity": "1 Mbit/s", "latency": "1 s", "buffer": "1 s"}
    return True


@neutral(
    brings={
        r"/cases/.*/links/\[idle\]#0/.*": "the link that is added",
        r"/cases/.*/background/.*": "the flows that are added",
    }
)
def traffic_on_a_link_that_nobody_uses(document: Document) -> bool:
    document["network"]["links"]["idle"] = {"capacity": "10 Mbit/s", "latency": "10 ms", "buffer": "100 ms"}
    document["background"] |= {
        "idle-transfer": {"links": ["idle"], "size": "1 MB"},
        "idle-rate": {"links": ["idle"], "rate": "1 Mbit/s"},
        "idle-calls": {"links": ["idle"], "request": {"size": "1 kB", "every": "1 s"}},
    }
    return True


@neutral(brings={r"/cases/.*/background/.*": "the flow that is added"})
def traffic_after_the_end(document: Document) -> bool:
    document["background"] |= {"late": {"links": ["wan"], "rate": "50 Mbit/s", "from": NEVER}}
    return True


@neutral(brings={r"/cases/.*/background/.*": "the flow that is added"})
def transfer_after_the_end(document: Document) -> bool:
    document["background"] |= {"late-transfer": {"links": ["wan"], "size": "50 MB", "at": NEVER}}
    return True


@neutral(
    brings={r"/cases/\[spare\]#0/.*": "without workloads each image is a case", r"/notes/.*": "of its size"},
    changes={r"/notes/.*": "they count the layers whose sizes are estimated"},
)
def image_that_nobody_pulls(document: Document) -> bool:
    document["images"]["spare"] = {"registry": "hub", "layers": ["3 MB", "1 MB"]}
    return True


@neutral(brings=_WATCHED | {r"/cases/.*/links/\[spare.uplink\]#0/.*": "the registry that is added"})
def registry_that_serves_nothing(document: Document) -> bool:
    document["registries"]["spare"] = {"uplink": "10 Mbit/s", "max_connections": 1, "rate_limit": "1/min"}
    return True


@neutral(
    brings={
        r"/cases/.*/(links|nodes|node_disks)/\[spare.*": "the group that is added",
        r"/cases/.*/(disk)/.*": "the group that is added",
        r"/cases/.*/groups/.*": "of several groups each has a row",
    },
    changes={r"/cases/.*/disk/bytes_per_node": "a mean over the nodes"},
)
def group_that_pulls_nothing(document: Document) -> bool:
    document["nodes"]["spare"] = {"count": 2, "nic": "10 Mbit/s"}
    return _pods(document)


@neutral(brings=_WATCHED)
def window_with_room_for_all_after_those_that_are_used(document: Document) -> bool:
    limit = {"rate": "1000000/s", "kind": "fixed_window", "used": 1000, "resets_after": "1 s"}
    return _each(document["registries"], "rate_limit", limit, lambda registry: "rate_limits" not in registry)


@neutral()
def manifests_as_quick_as_layers(document: Document) -> bool:
    return _each(document["registries"], "manifest_ttfb", "1 ms")


@neutral()
def first_readers_as_quick_as_others(document: Document) -> bool:
    return _each(document["registries"], "first_fetch", {"rate": "10 Gbit/s", "time": "0 s"})


@neutral()
def uplink_filled_by_any_number_of_connections(document: Document) -> bool:
    limited = [one for one in document["registries"].values() if one["uplink"] != "unlimited"]
    plain = {str(number): one for number, one in enumerate(limited) if "redirect" not in one}
    return _each(plain, "efficiency_at", {"2": "100%", "1000": "100%"})


@neutral()
def very_many_connections(document: Document) -> bool:
    return _each(document["registries"], "max_connections", 1_000_000)


@neutral()
def very_many_pulls_at_a_time(document: Document) -> bool:
    return _each(document["nodes"], "max_parallel_image_pulls", 100_000, lambda group: "serialize_image_pulls" in group)


@neutral()
def pulls_each_second_out_of_reach(document: Document) -> bool:
    unlimited = [group for group in document["nodes"].values() if group.get("registry_pull_qps") == 0]
    for group in unlimited:
        group |= {"registry_pull_qps": 1e6, "registry_burst": 1_000_000}
    return bool(unlimited)


@neutral(brings={r"/cases/.*/links/\[(hub|near)(-\d)?.uplink\]#0/.*": "a line without a limit has no row"})
def uplink_out_of_reach(document: Document) -> bool:
    unlimited = [one for one in document["registries"].values() if one["uplink"] == "unlimited"]
    for registry in unlimited:
        registry["uplink"] = "1000 TB/s"
    return bool(unlimited)


@neutral(brings={r"/cases/.*/links/\[(hub|near|spare).storage\]#0/.*": "a disk without a limit has no row"})
def storage_out_of_reach(document: Document) -> bool:
    return _each(document["registries"], "storage", "1000 TB/s")


@neutral()
def connection_cap_out_of_reach(document: Document) -> bool:
    return _each(document["nodes"], "connection_cap", "1000 TB/s")


@neutral(brings={r"/cases/.*/links/\[[a-z]+(-\d+)?.pull_cap\]#0/.*": "a limit has a row"})
def pull_cap_out_of_reach(document: Document) -> bool:
    return _each(document["nodes"], "pull_cap", "1000 TB/s")


@neutral(brings={r"/cases/.*/links/\[wide\]#0/.*": "the link that is added"})
def wide_link_on_the_way(document: Document) -> bool:
    # With a queue of its own the way has queues, which are met as an instant ends, if they are ever so empty.
    queue: Document = {"buffer": "250 ms"} if "buffer" in document["network"] else {}
    document["network"]["links"]["wide"] = {"capacity": "1000 TB/s"} | queue
    for registry in document["registries"].values():
        registry["via"] = [*registry.get("via", []), "wide"]
    return True


@neutral(brings={r"/cases/.*/links/\[r9.(up|down)\]#0/.*": "the rack that is added"})
def rack_with_a_wide_uplink(document: Document) -> bool:
    if "racks" in document["network"]:
        return False
    document["network"]["racks"] = {"uplink": "1000 TB/s"}
    return _each(document["nodes"], "racks", ["r9"])


@neutral(brings=_WATCHED | {r"/cases/.*/faults/.*": "the failures that are added"})
def failures_after_the_end(document: Document) -> bool:
    document["failures"] |= {
        "late-outage": {"registry": "hub", "at": NEVER, "back_after": "10 s"},
        "late-crash": {"node": "web-000", "at": NEVER, "back_after": "10 s"},
        "late-slow": {"link": "wan", "at": NEVER, "back_after": "10 s", "capacity": "10%"},
        "late-flaky": {"registry": "hub", "at": NEVER, "back_after": "10 s", "flaky": "50%"},
    }
    return True


@neutral(brings=_WATCHED)
def timeouts_out_of_reach(document: Document) -> bool:
    unlimited = [group for group in document["nodes"].values() if group.get("timeouts") == "unlimited"]
    for group in unlimited:
        group["timeouts"] = {"dial": "10h", "tls": "10h", "header": "10h"}
    return bool(unlimited)


@neutral()
def no_timeouts_where_nothing_waits(document: Document) -> bool:
    if any("max_connections" in registry for registry in document["registries"].values()):
        return False
    return _each(document["nodes"], "timeouts", "unlimited")


@neutral()
def very_long_progress_timeout(document: Document) -> bool:
    return _each(document["nodes"], "pull_progress_timeout", "10h")


@neutral()
def very_long_progress_deadline(document: Document) -> bool:
    rolling = [one for one in document.get("workloads", {}).values() if one["rollout"]["strategy"] == "rolling"]
    for workload in rolling:
        workload["rollout"]["progress_deadline"] = "10h"
    return bool(rolling)


@neutral()
def image_cached_on_no_node(document: Document) -> bool:
    return _each(document["nodes"], "cached", {"app": 0})


@neutral()
def one_address_that_no_limit_counts(document: Document) -> bool:
    return _each(document["nodes"], "shared_address", True)


@neutral()
def fairness_that_is_even(document: Document) -> bool:
    if "fairness" in document["network"]:
        return False
    document["network"]["fairness"] = {"sigma": 0, "memory": "unlimited"}
    return True


@neutral(brings={r"/cases/.*/disk/.*": "disks are shown where they cost something"})
def prices(document: Document) -> bool:
    document["prices"] = {"ssd": 0.1, "hdd": 0.02}
    return True


@neutral(brings={r"/cases/.*/thresholds/.*": "the threshold that is added"})
def threshold(document: Document) -> bool:
    document["thresholds"] = {"rollout_time": "max < 1 s"}
    return True


def with_additions(document: Document, additions: Sequence[Addition]) -> tuple[Document, list[Addition]]:
    """A scenario with those additions for which it has a place, and which these are."""
    changed, added = deepcopy(document), []
    for addition in additions:
        before = deepcopy(changed)
        if addition.add(changed):
            added.append(addition)
        else:
            changed = before
    return changed, added


def differences(plain: Figures, changed: Figures, added: Sequence[Addition]) -> dict[str, tuple[Any, Any]]:
    """The values that the additions change, or bring though they are none of theirs."""
    changes = [pattern for addition in added for pattern in addition.changes]
    brings = [pattern for addition in added for pattern in addition.brings]
    found = {}
    for way in sorted(plain.keys() | changed.keys()):
        before, after = plain.get(way, "no such row"), changed.get(way, "no such row")
        excluded = brings if way not in plain else changes
        # A case that is added is another rollout, with failures of its own.
        is_of_both = way not in plain and not way.startswith("/cases/[spare]")
        tells_of_failure = is_of_both and way.endswith(_OF_FAILURES) and after not in (0, None)
        is_excluded = not tells_of_failure and any(fullmatch(pattern, way) for pattern in excluded)
        if not _same(before, after) and not is_excluded:
            found[way] = (before, after)
    return found


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(one == other)


# Nodes that meet each other's queue at each request: a wait that is asked for once only is another number.
DEEP: Document = {
    "rolloutsim": 1,
    "nodes": {"web": {"count": 5, "nic": "1 Gbit/s", "runtime": "containerd", "start": {"min": "0 s", "max": "1 s"}}},
    "network": {"links": {"wan": {"capacity": "100 Mbit/s", "latency": "10 ms", "buffer": "250 ms"}}},
    "registries": {"hub": {"uplink": "10 Gbit/s", "via": ["wan"]}},
    "images": {"app": {"registry": "hub", "layers": ["500 kB", "500 kB", "500 kB", "500 kB"]}},
    "failures": {},
    "background": {},
}
# Two pulls of a node and one of another whose even shares of the site are the halves of the node's line.
TIED: Document = {
    "rolloutsim": 1,
    "name": "random",
    "nodes": {
        "web": {
            "count": 3, "nic": "100 Mbit/s", "runtime": "containerd", "unpack": "unlimited", "cached": {"app": "50%"},
            "via": ["site"], "serialize_image_pulls": False, "registry_burst": 100,
        }
    },
    "network": {
        "links": {"wan": {"capacity": "100 Mbit/s", "latency": "20 ms"}, "site": "150 Mbit/s"},
        "buffer": "250 ms", "fairness": "on",
    },
    "registries": {"hub": {"uplink": "unlimited", "storage": "20 MB/s", "tls": True}},
    "images": {
        "base": {"registry": "hub", "layers": ["7 MB", "30 MB", "7 MB", "2 MB"]},
        "app": {"registry": "hub", "layers": ["30 MB"], "base": "base"},
    },
    "failures": {},
    "background": {},
    "rollout": {"horizon": "9m", "startup": {"min": "0.1 s", "max": "1 s"}},
    "workloads": {
        "shop": {
            "images": ["base", "app"], "groups": ["web"], "start": "0.3 s", "create": True, "daemonset": True,
            "rollout": {"strategy": "daemonset"},
        },
        "agent": {
            "images": "app", "groups": ["web"], "start": "0.3 s", "create": False, "replicas": 3,
            "rollout": {"strategy": "statefulset"},
        },
    },
}  # fmt: skip
# What fails is small enough as it is, and making it smaller takes minutes.
UNSHRUNK = (Phase.explicit, Phase.generate)


@pytest.mark.parametrize("addition", one_in(2, ADDITIONS), ids=lambda addition: addition.name)
@settings(max_examples=6, phases=UNSHRUNK, suppress_health_check=[HealthCheck.filter_too_much])
@example(DEEP)
@given(scenarios())
def test_what_does_not_bite_changes_no_number(addition: Addition, document: Document) -> None:
    changed, added = with_additions(document, [addition])
    assume(added)
    assert differences(figures(document), figures(changed), added) == {}


@settings(max_examples=20, phases=UNSHRUNK)
@example(DEEP)
@example(TIED)
@given(scenarios())
def test_all_that_does_not_bite_together_changes_no_number(document: Document) -> None:
    changed, added = with_additions(document, ADDITIONS)
    assert differences(figures(document), figures(changed), added) == {}


def test_what_bites_is_seen() -> None:
    def slow_limit(document: Document) -> bool:
        document["registries"]["hub"]["rate_limit"] = "1/s"
        return True

    document = {
        "rolloutsim": 1,
        "nodes": {"web": {"count": 2, "nic": "1 Gbit/s"}},
        "registries": {"hub": {"uplink": "1 Gbit/s"}},
        "images": {"app": {"registry": "hub", "layers": ["2 MB", "2 MB"]}},
    }
    changed, added = with_additions(document, [Addition("slow_limit", slow_limit, _WATCHED, _FINGERPRINT)])
    assert "/cases/[app]#0/rollout_time_s" in differences(figures(document), figures(changed), added)
