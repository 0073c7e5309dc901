"""Random small ideal scenarios, as text of scenario files."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

# Few distinct numbers: equal shares, exact ties and links that fill at the same level are the hard cases.
RATES = st.sampled_from([1, 2, 3, 5, 8, 10, 20, 50, 125]).map(lambda megabytes: f"{megabytes} MB/s")
SIZES = st.one_of(st.sampled_from([1, 4, 10, 30]), st.integers(1, 60)).map(lambda megabytes: f"{megabytes} MB")
TIMES = st.sampled_from(["0 s", "0 s", "0.5 s", "1.25 s", "2 s", "3.7 s"])
SHARED_LINKS = ["wan", "spine"]
RACKS = ["r1", "r2"]


@st.composite
def images(draw: st.DrawFn, registries: list[str]) -> dict[str, Any]:
    """One to three images; layers of a later one may be those of an earlier one."""
    made: dict[str, Any] = {}
    sizes: dict[str, str] = {}
    for number in range(draw(st.integers(1, 3))):
        new = [f"l{len(sizes) + i}" for i in range(draw(st.integers(1, 4)))]
        old = draw(st.lists(st.sampled_from(sorted(sizes)), unique=True, max_size=2)) if sizes else []
        sizes |= {digest: draw(SIZES) for digest in new}
        digests = draw(st.permutations([*old, *new]))
        made[f"image{number}"] = {
            "registry": draw(st.sampled_from(registries)),
            "layers": {digest: {"digest": digest, "compressed": sizes[digest]} for digest in digests},
        }
    return made


@st.composite
def groups(draw: st.DrawFn, image_names: list[str]) -> dict[str, Any]:
    """One to three groups of nodes that pull by schedule."""
    made: dict[str, Any] = {}
    for number in range(draw(st.integers(1, 3))):
        count = draw(st.integers(1, 4))
        pulled = draw(st.lists(st.sampled_from(image_names), unique=True, min_size=1))
        group: dict[str, Any] = {
            "count": count,
            "nic": draw(RATES),
            "parallel_layers": draw(st.integers(1, 4)),
            "slots_per": draw(st.sampled_from(["node", "node", "image"])),
            "pulls": [{"image": image, "at": draw(TIMES)} for image in pulled],
        }
        if draw(st.booleans()):
            group["racks"] = draw(st.lists(st.sampled_from(RACKS), unique=True, min_size=1))
        if draw(st.booleans()):
            group["via"] = draw(st.lists(st.sampled_from(SHARED_LINKS), unique=True, min_size=1))
        if draw(st.booleans()):
            group["connection_cap"] = draw(RATES)
        if draw(st.booleans()):
            group["pull_cap"] = draw(RATES)
        if draw(st.booleans()):
            group["cached"] = {draw(st.sampled_from(image_names)): draw(st.integers(0, count))}
        made[f"g{number}"] = group
    return made


@st.composite
def backgrounds(draw: st.DrawFn, links: list[str]) -> dict[str, Any]:
    """Up to two finite transfers."""
    made = {}
    for number in range(draw(st.integers(0, 2))):
        traffic = {
            "links": draw(st.lists(st.sampled_from(links), unique=True, min_size=1, max_size=2)),
            "size": draw(SIZES),
            "at": draw(TIMES),
        }
        if draw(st.booleans()):
            traffic["cap"] = draw(RATES)
        made[f"b{number}"] = traffic
    return made


@st.composite
def ideal_scenarios(draw: st.DrawFn) -> str:
    """Groups, racks, via, caps, cached and shared layers, one or two registries, staggered starts, background."""
    names = draw(st.sampled_from([["hub"], ["hub", "mirror"]]))
    registries: dict[str, Any] = {}
    for name in names:
        registries[name] = {"uplink": draw(RATES)}
        for key, values in (("storage", RATES), ("connection_cap", RATES)):
            if draw(st.booleans()):
                registries[name][key] = draw(values)
    nodes = draw(groups(list(drawn := draw(images(names)))))
    # A registry's path and a group's may not cross a link twice; `wan` is on the registry's side if anywhere.
    if not any("wan" in group.get("via", ()) for group in nodes.values()) and draw(st.booleans()):
        registries["hub"]["via"] = ["wan"]
    private = [f"{name}-000.nic.in" for name in nodes]
    scenario: dict[str, Any] = {
        "rolloutsim": 1,
        "name": "random",
        "model": "ideal",
        "nodes": nodes,
        "network": {"links": {name: {"capacity": draw(RATES)} for name in SHARED_LINKS}},
        "registries": registries,
        "images": drawn,
        "rollout": {"strategy": "schedule"},
    }
    shared = [*SHARED_LINKS, *(f"{name}.uplink" for name in names)]
    if racks := sorted({rack for group in nodes.values() for rack in group.get("racks", ())}):
        scenario["network"]["racks"] = {"uplink": draw(RATES)}
        shared += [f"{rack}.down" for rack in racks]
    if background := draw(backgrounds(shared + private)):
        scenario["background"] = background
    return json.dumps(scenario, indent=1)
