"""What is said to have no effect, checked: `python -m tests.planning.no_effect --kind random --cases 60`.

- `shipped`: the scenarios of the repository.
- `planted`: resources that limit a rollout together and not alone, in series or side by side, with every pacing and
  with faults, at three sizes. None of what was planted may be said to have no effect if all of it has one.
- `random`: scenarios of a few nodes with everything that can stand in a rollout's way.

All that is said to have no effect is made at once, of each kind one of the changes that were tried, by chance. The
rollout may take 1 % longer or shorter; where numbers are drawn, on average over the seeds of the claim. Each case is
drawn from its number alone, so that one that fails can be played again: `--first 47 --cases 1`.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from joblib import Parallel, delayed

import rolloutsim as rs
from rolloutsim.planning.differences import is_random
from rolloutsim.planning.proofs import are_compatible
from rolloutsim.planning.seeds import seeds
from rolloutsim.planning.tried import WhatIf, WhatIfs
from rolloutsim.planning.what_if import Plan, what_if

ROOT = Path(__file__).parents[2]
LARGE = ("fleet-10k", "kraken-10k", "edge-sites")
SHIPPED = sorted(path for path in (ROOT / "scenarios").glob("*.yaml") if path.stem not in LARGE)
KINDS = ("shipped", "planted", "random")
MOST = 0.01  # of the rollout time, what all that has no effect may change
LITTLE = 0.1  # of the rollout time, with less of an effect without each other what helps together is tied
DRAWS = 5  # seeds that a claim is made over

Document = dict[str, Any]


@dataclass(frozen=True)
class Checked:
    """What came of a case."""

    name: str
    claims: tuple[str, ...] = ()
    change: float = 0.0  # of the rollout time, by all that was claimed to have no effect [1]
    wrong: str = ""
    is_tied: bool = False  # whether all that was planted helps together, and nothing without one of it


# ---- scenarios --------------------------------------------------------------------------------------------

FAST = {"nic": "100 Gbit/s", "disk": "unlimited", "unpack": "unlimited"}


@dataclass(frozen=True)
class Planted:
    """Resources that bind together: what they are called, and a scenario of so many nodes."""

    name: str
    subjects: tuple[str, ...]
    parts: Document


def of(name: str, subjects: str, **parts: Any) -> Planted:
    return Planted(name, tuple(subjects.split(", ")), parts)


def planted(pulling: int) -> list[Planted]:
    """Every set for a rollout in which so many nodes pull at a time."""
    one, all_of_them = "100 Mbit/s", f"{100 * pulling} Mbit/s"
    slow = FAST | {"nic": one}
    wan = {"links": {"wan": {"capacity": all_of_them}}}
    behind = {"uplink": "100 Gbit/s", "via": ["wan"]}
    racked = slow | {"racks": ["r1"]}
    rack = {"racks": {"uplink": all_of_them}}
    as_fast = {"rate": "12.5 MB/s", "sync": "0 s", "dirty_ratio": "0%"}
    stored = f"{12.5 * pulling} MB/s"
    return [
        of("nic and wan", "node NICs, wan link", group=slow, network=wan, registry=behind),
        of("nic and uplink", "node NICs, registry uplink", group=slow, network={}, registry={"uplink": all_of_them}),
        of("nic and rack", "node NICs, uplink of rack r1", group=racked, network=rack,
           registry={"uplink": "100 Gbit/s"}),
        of("nic, rack and uplink", "node NICs, uplink of rack r1, registry uplink", group=racked, network=rack,
           registry={"uplink": all_of_them}),
        of("nic, wan and uplink", "node NICs, wan link, registry uplink", group=slow, network=wan,
           registry={"uplink": all_of_them, "via": ["wan"]}),
        of("wan and uplink", "wan link, registry uplink", group=FAST, network=wan,
           registry={"uplink": all_of_them, "via": ["wan"]}),
        of("two registries", "a uplink, b uplink", group=FAST, network={},
           registries={name: {"uplink": one} for name in "ab"}),
        of("three registries", "a uplink, b uplink, c uplink", group=FAST, network={},
           registries={name: {"uplink": one} for name in "abc"}),
        of("two registries and their lines", "a uplink, b link", group=FAST,
           network={"links": {"b": {"capacity": one}}},
           registries={"a": {"uplink": one}, "b": {"uplink": "100 Gbit/s", "via": ["b"]}}),
        of("two sites", "north link, south link", group=FAST, registry={"uplink": "100 Gbit/s"},
           network={"links": {name: {"capacity": all_of_them} for name in ("north", "south")}},
           sites=["north", "south"]),
        of("disk and nic", "node disks, node NICs", group=slow | {"disk": as_fast}, network={},
           registry={"uplink": "100 Gbit/s"}),
        of("disk and uplink", "node disks, registry uplink", group=FAST | {"disk": as_fast}, network={},
           registry={"uplink": all_of_them}),
        of("storage and nic", "registry storage, node NICs", group=slow, network={},
           registry={"uplink": "100 Gbit/s", "storage": stored}),
        of("storage and uplink", "registry storage, registry uplink", group=FAST, network={},
           registry={"uplink": all_of_them, "storage": stored}),
        of("a limit of each pull and nic", "limit of a node's pulls, node NICs", network={},
           group=slow | {"pull_cap": one}, registry={"uplink": "100 Gbit/s"}),
    ]  # fmt: skip


def pacings(nodes: int) -> dict[str, Document]:
    """The ways in which pods may follow each other."""
    rolling = {"strategy": "rolling", "max_unavailable": 1, "max_surge": 0}
    return {
        "bare": {},
        "daemonset": {"daemonset": True},
        "one by one": {"replicas": nodes, "rollout": rolling},
        "waves": {"replicas": nodes, "rollout": {"strategy": "waves", "waves": ["50%"]}},
        "at once": {"replicas": nodes, "rollout": {"strategy": "all_at_once"}},
    }


FAULTS = ("none", "link", "flaky")
SIZES = (2, 4, 12)
PLANTED = tuple(product(SIZES, range(len(planted(2))), pacings(2), FAULTS))


def planted_case(number: int) -> tuple[str, Document, tuple[str, ...]]:
    """A planted case: its name, its document, and what was planted."""
    nodes, which, pace, fault = PLANTED[number]
    pulling = {"daemonset": 1, "one by one": 1, "waves": -(-nodes // 2)}.get(pace, nodes)
    one, pacing = planted(pulling)[which], pacings(nodes)[pace]
    served, sites = one.parts.get("registries", {}), one.parts.get("sites", [])
    sizes = {name: {"layers": ["20 MB"], "ratio": 1, "registry": name} for name in served}
    group = {"count": nodes} | one.parts["group"]
    document: Document = {
        "rolloutsim": 1,
        "nodes": {name: group | {"via": [name]} for name in sites} or {"web": group},
        "network": one.parts["network"],
        "images": sizes or {"app": {"layers": ["20 MB"], "ratio": 1}},
    } | {key: one.parts[key] for key in ("registry", "registries") if key in one.parts}
    if pacing or served:
        policy = pacing or pacings(nodes)["at once"]
        for group in document["nodes"].values():
            group["serialize_image_pulls"] = False
        # What shares nothing is rolled out side by side.
        document["workloads"] = {
            f"of-{name}": {"images": [name if name in served else "app"]}
            | ({"groups": [name]} if name in sites else {})
            | policy
            for name in (*served, *sites) or ("app",)
        }
    first = next(iter(served), "registry")
    if fault == "link":
        document["failures"] = {"cut": {"link": f"{first}.uplink", "at": "0.5 s", "back_after": "0.4 s"}}
    elif fault == "flaky":
        document["failures"] = {"poor": {"registry": first, "at": "0 s", "back_after": "3 s", "flaky": "5%"}}
    return f"{one.name}, {pace}, {nodes} nodes, {fault} fails", document, one.subjects


def random_case(number: int) -> Document:
    """A rollout of a few nodes, of which any part may bind, alone or with others."""
    draw = Random(number)

    def sometimes(key: str, *values: Any) -> Document:
        return {key: draw.choice(values)} if draw.random() < 0.5 else {}

    served = {
        name: {"uplink": draw.choice(["100 Mbit/s", "1 Gbit/s", "unlimited"])}
        | sometimes("via", ["wan"]) | sometimes("storage", "12.5 MB/s", "125 MB/s") | sometimes("max_connections", 3)
        | sometimes("replicas", 2) | sometimes("connection_cap", "5 MB/s")
        for name in ["hub", "near"][: draw.randint(1, 2)]
    }  # fmt: skip
    nodes: Document = {
        name: {"count": draw.randint(1, 6), "nic": draw.choice(["100 Mbit/s", "1 Gbit/s"])}
        | sometimes("disk", "unlimited", "12.5 MB/s", "200 MB/s") | sometimes("unpack", "unlimited", "25 MB/s")
        | sometimes("via", ["site"]) | sometimes("parallel_layers", 1, 6)
        | sometimes("runtime", "containerd-1", "dockerd", "cri-o")
        for name in ["web", "batch"][: draw.randint(1, 2)]
    }  # fmt: skip
    pods = draw.random() < 0.7
    for group in nodes.values():
        if pods:
            group |= sometimes("serialize_image_pulls", False) | sometimes("registry_pull_qps", 0, 0.5)
    document: Document = {
        "rolloutsim": 1,
        "nodes": nodes,
        "network": {
            "links": {
                "wan": {"capacity": draw.choice(["100 Mbit/s", "1 Gbit/s"]), "latency": draw.choice(["0 s", "20 ms"])},
                "site": "100 Mbit/s",
            }
        },
        "registries": served,
        "images": {
            name: {"registry": draw.choice(sorted(served)), "layers": draw.choices(["1 MB", "5 MB", "20 MB"], k=3)}
            for name in ("app", "sidecar")
        },
        "rollout": {"horizon": "30m"},
    }
    if draw.random() < 0.5:
        document["network"]["racks"] = {"uplink": draw.choice(["100 Mbit/s", "400 Mbit/s"])}
        nodes["web"]["racks"] = ["r1", "r2"]
    if draw.random() < 0.3:
        document["background"] = {"backup": {"links": ["wan"], "size": "3 MB", "connections": 2, "at": "0.2 s"}}
    if draw.random() < 0.3:
        document["failures"] = draw.choice([
            {"outage": {"registry": "hub", "at": "0.3 s", "back_after": "3 s"}},
            {"slow": {"link": "wan", "at": "0 s", "back_after": "5 s", "capacity": "20%"}},
            {"flaky": {"registry": "hub", "at": "0 s", "back_after": "5 s", "flaky": "20%"}},
        ])  # fmt: skip
    if pods:
        policy = draw.choice([
            {"strategy": "rolling"}, {"strategy": "rolling", "max_unavailable": 1, "max_surge": 0},
            {"strategy": "waves", "waves": ["50%"]}, {"strategy": "statefulset"}, {"strategy": "all_at_once"},
        ])  # fmt: skip
        counted = {"daemonset": True} if draw.random() < 0.3 else {"replicas": draw.randint(2, 10), "rollout": policy}
        document["workloads"] = {"shop": {"images": draw.choice([["app"], ["app", "sidecar"]])} | counted}
        document["rollout"] |= sometimes("startup", "1 s", {"min": "0.1 s", "max": "1 s"})
    return document


# ---- the check --------------------------------------------------------------------------------------------


def checked(name: str, text: str, subjects: tuple[str, ...] = (), number: int = 0) -> Checked:
    """Check what is claimed of a scenario."""
    result = rs.loads(text).run()
    found = what_if(result.outcome, jobs=1, budget=1e9)
    if not found.case:
        return Checked(name)
    name = f"{name}, {found.case}"
    made = chosen(found, found.useless, Random(number))
    change = changed_by(text, found, made)
    if change > MOST:
        return Checked(name, found.useless, change, f"{change:.1%} by {', '.join(one.change for one in made)}")
    if len(subjects) < 2:
        return Checked(name, found.useless, change)
    changes = standing(result, found, subjects)
    together = changed_by(text, found, list(changes.values()))
    without = {
        name: changed_by(text, found, [one for one in changes.values() if one.subject != name]) for name in changes
    }
    alone = {name: changed_by(text, found, [one]) for name, one in changes.items()}
    # With what helps much by itself a speed may help as well, and then it is not said to have no effect.
    lost = [name for name in subjects if name in found.useless and together > without[name] + MOST]
    tied = max(*alone.values(), *without.values()) <= LITTLE and together > max(without.values()) + MOST
    shown = any(set(subjects) <= one.subjects for one in found.faster)
    words = f"no effect of {', '.join(lost)}" if lost else "not shown together" if tied and not shown else ""
    return Checked(name, found.useless, change, words, tied)


def standing(result: rs.Result, found: WhatIfs, subjects: tuple[str, ...]) -> dict[str, WhatIf]:
    """Of each subject the change that stands for it, which is the first."""
    changes: dict[str, WhatIf] = {}
    for one in Plan.of(result.outcome).candidates:
        if one.subject in subjects and not one.parts:
            changes.setdefault(one.subject, next(each for each in found.tried if each.change == one.change))
    return changes


def chosen(found: WhatIfs, subjects: tuple[str, ...], draw: Random) -> list[WhatIf]:
    """One of the changes of each subject, as far as they can be made at once."""
    made: list[WhatIf] = []
    for subject in subjects:
        every = [one for one in found.tried if one.subject == subject and not one.parts]
        one = draw.choice(every)
        if are_compatible([*made, one]):
            made.append(one)
    return made


def changed_by(text: str, found: WhatIfs, made: list[WhatIf]) -> float:
    """By what share of the rollout time changes shorten or lengthen it."""
    if not made:
        return 0.0
    overrides = list(dict.fromkeys(override for one in made for override in one.overrides))
    scenario, changed = rs.loads(text), rs.loads(text, overrides=overrides)
    resolved = scenario.resolve()
    total = difference = 0.0
    for seed in seeds(resolved.seed, DRAWS if is_random(resolved) else 1):
        before, after = (one.run(seed)[found.case].rollout_time for one in (scenario, changed))
        if (before is None) is not (after is None):
            return 1.0
        total += before or 0.0
        difference += (after or 0.0) - (before or 0.0)
    return abs(difference) / total


def check(kind: str, number: int) -> Checked:
    """Check a case by its number."""
    try:
        match kind:
            case "shipped":
                path = SHIPPED[number]
                return checked(path.stem, path.read_text(encoding="utf-8"), number=number)
            case "planted":
                name, document, subjects = planted_case(number)
                return checked(name, json.dumps(document), subjects, number)
            case _:
                return checked(f"random {number}", json.dumps(random_case(number)), number=number)
    except Exception as error:
        return Checked(f"{kind} {number}", wrong=f"{type(error).__name__}: {error}")


def cases(kind: str) -> int:
    """How many cases of a kind there are."""
    return {"shipped": len(SHIPPED), "planted": len(PLANTED)}.get(kind, 10**9)


def main() -> None:
    """Check cases on all cores, and print those of which something wrong is claimed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=KINDS, default="random")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--cases", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=-1)
    given = parser.parse_args()
    numbers = range(given.first, min(given.first + given.cases, cases(given.kind)))
    found = Parallel(n_jobs=given.jobs)(delayed(check)(given.kind, number) for number in numbers)
    wrong = [(number, one) for number, one in zip(numbers, found, strict=True) if one.wrong]
    for number, one in wrong:
        print(f"{given.kind} {number}: {one.name}: {one.wrong}")
    claims, most = sum(len(one.claims) for one in found), max((one.change for one in found), default=0.0)
    print(
        f"{len(numbers)} {given.kind} scenarios, {claims} claims of no effect; all of a scenario's at once change its"
    )
    print(f"time by at most {most:.2%}; {sum(one.is_tied for one in found)} planted ties; {len(wrong)} are wrong")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
