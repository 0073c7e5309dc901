"""Registries, mirrors and caches, and whose images they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fuzz.completing.values import RATES, listed, means, only, quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fuzz.completing.drawn import Drawn
    from tests.fuzz.completing.values import Data


def complete_registries(drawn: Drawn) -> None:
    data = drawn.data
    if data.get("registries"):
        data.pop("registry", None)
    else:
        data.pop("registries", None)
    for section in ("registries", "mirrors", "caches"):
        for _, spec in drawn.long(section):
            _registry(drawn, spec)
    if isinstance(data.get("registry"), dict):
        _registry(drawn, data["registry"])
    several = len(drawn.registries) > 1
    for name, image in data["images"].items():
        if not isinstance(image, dict) and several:
            image = data["images"][name] = {"size": image}
        if isinstance(image, dict):
            if several:
                image.setdefault("registry", drawn.random.choice(drawn.registries))
            means(image, "registry", drawn.registries, drawn.random)


def _registry(drawn: Drawn, spec: Data) -> None:
    if "rate_limits" in spec:
        spec.pop("rate_limit", None)
    if spec.get("efficiency_at"):
        spec.pop("redirect", None)
        if spec.get("uplink") == "unlimited":
            spec["uplink"] = drawn.random.choice(RATES)
    limits = spec.get("rate_limits")
    every = [*(limits.values() if isinstance(limits, dict) else ()), spec.get("rate_limit")]
    for limit in every:
        if isinstance(limit, dict):
            _limit(drawn, limit)


def _limit(drawn: Drawn, limit: Data) -> None:
    if "resets_after" in limit:
        limit["kind"] = "fixed_window"
    if limit.get("kind") == "fixed_window":
        limit.pop("burst", None)
        if quantity("time", limit.get("resets_after", "0 s")) > 60:
            limit["resets_after"] = "20 s"
        rate = limit.get("rate", "")
        if "resets_after" in limit or rate[:1] not in "123456789" or "." in rate:
            limit["rate"] = f"{drawn.random.choice((1, 5, 100))}/min"
    if "used" in limit:
        limit["used"] = min(limit["used"], limit.get("burst", 1))


def complete_servers(drawn: Drawn) -> None:
    random, data = drawn.random, drawn.data
    several = len(drawn.registries) > 1
    for section in ("mirrors", "caches"):
        for _, spec in drawn.long(section):
            place = spec.get("in", "core")
            may = ["core"]
            for key in ("racks", "sites"):
                may += [key[:-1], *drawn.placed(key)] if drawn.placed(key) else []
            if place not in may:
                drawn.instead(spec, "in", may)
    for name, spec in data.get("mirrors", {}).items():
        if several and not isinstance(spec, dict):
            spec = data["mirrors"][name] = {"uplink": spec}
        if isinstance(spec, dict):
            _mirror(drawn, spec, several)
    before = [*drawn.registries, *drawn.of("mirrors")]
    for name, spec in data.get("caches", {}).items():
        if several and not isinstance(spec, dict):
            spec = data["caches"][name] = {"uplink": spec}
        if isinstance(spec, dict):
            if several:
                spec.setdefault("upstream", random.choice(before))
            if "upstream" in spec:
                means(spec, "upstream", before, random)
            only(spec, "holds", [image for image in drawn.images if drawn.origin(image) in _served(drawn, name)])
        before.append(name)


def _mirror(drawn: Drawn, spec: Data, several: bool) -> None:
    if several:
        spec.setdefault("of", [drawn.random.choice(drawn.registries)])
    if "of" in spec:
        means(spec, "of", drawn.registries, drawn.random)
    origins = listed(spec.get("of", drawn.registries))
    there = [image for image in drawn.images if drawn.origin(image) in origins]
    only(spec, "images", there)
    copied = spec.get("copied")
    if isinstance(copied, dict):
        if "at" in copied or "every" in copied:
            copied["on"] = "schedule"
        if copied.get("on", "push") != "before" and isinstance(spec.get("images"), dict):
            spec["images"] = list(spec["images"])
        whole = spec.get("images", ())
        only(copied, "held", [image for image in there if image not in whole])
    elif copied not in (None, "before") and isinstance(spec.get("images"), dict):
        spec["images"] = list(spec["images"])


def _served(drawn: Drawn, name: str) -> Sequence[str]:
    """The registries whose images a cache can be asked for."""
    for _ in range(len(drawn.of("caches")) + 1):
        spec = drawn.of("caches").get(name)
        if spec is None:
            break
        name = (spec.get("upstream") if isinstance(spec, dict) else None) or drawn.registries[0]
    if name in drawn.of("mirrors"):
        spec = drawn.of("mirrors")[name]
        return listed(spec.get("of", drawn.registries)) if isinstance(spec, dict) else drawn.registries
    return (name,)
