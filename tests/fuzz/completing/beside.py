"""What happens beside a rollout: pre-pulls, pushes, background and failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolloutsim.scenario.prepulls import DEFAULT_PREPULLER
from tests.fuzz.completing.values import RATES, SIZES, drop, listed, means, once, only, quantity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fuzz.completing.drawn import Drawn
    from tests.fuzz.completing.values import Data

_SERVERS = ("registry", "cache", "mirror")
_TARGETS = ("node", "group", *_SERVERS, "link")
_TRAFFIC: Mapping[str, tuple[str, ...]] = {
    "size": ("at", "cap", "connections", "from", "until"),
    "rate": ("from", "until", "request"),
    "request": ("from", "until", "rate"),
    "connections": ("cap", "from", "until"),
}
_PREPULLERS: Mapping[str, tuple[str, ...]] = {
    "parallelism": ("image_pull_job",),
    "spread": ("schedule",),
    "pull_timeout": ("image_pull_job", "schedule"),
    "backoff_limit": ("image_pull_job", "schedule"),
}


def complete_prepulls(drawn: Drawn) -> None:
    random = drawn.random
    timed = any("at" in spec for _, spec in drawn.long("prepulls")) and random.random() < 0.5
    for _, spec in drawn.long("prepulls"):
        means(spec, "images", drawn.images, random)
        if not spec.get("images"):
            spec["images"] = [random.choice(drawn.images)]
        if "groups" in spec:
            means(spec, "groups", drawn.names_of_groups, random)
        if timed:
            spec.setdefault("at", random.choice(("-1h", "-5 s", "-2m")))
        else:
            spec.pop("at", None)
        special = [key for key in _PREPULLERS if key in spec]
        if special and spec.get("by", DEFAULT_PREPULLER) not in _PREPULLERS[special[0]]:
            spec["by"] = random.choice(_PREPULLERS[special[0]])
        drop(spec, [key for key in special if spec.get("by", DEFAULT_PREPULLER) not in _PREPULLERS[key]])


def complete_pushes(drawn: Drawn) -> None:
    data = drawn.data
    if data.get("pushes"):
        data.pop("push", None)
    else:
        data.pop("pushes", None)
    pushes = [spec for _, spec in drawn.long("pushes")]
    for spec in pushes:
        spec.pop("from", None)
    for push in (*pushes, data.get("push")):
        if isinstance(push, dict):
            means(push, "images", drawn.images, drawn.random)
            if not push.get("images"):
                push["images"] = [drawn.random.choice(drawn.images)]
            only(push, "held", [image for image in drawn.images if image not in listed(push["images"])])


def complete_background(drawn: Drawn) -> None:
    random = drawn.random
    for _, flow in drawn.long("background"):
        _place(drawn, flow)
        kind = next((kind for kind in _TRAFFIC if kind in flow), None)
        if kind is None:
            kind = random.choice(list(_TRAFFIC))
            flow[kind] = {
                "size": random.choice(SIZES),
                "rate": random.choice(RATES),
                "connections": random.randint(1, 3),
                "request": {"size": "1 MB", "every": "1 s"},
            }[kind]
        drop(flow, [key for key in flow if key not in ("links", "between", kind, *_TRAFFIC[kind])])
        if "at" in flow:
            flow.pop("from", None)
        start = flow.get("at", flow.get("from", "0 s"))
        if "until" in flow and quantity("time", flow["until"]) <= quantity("time", start):
            flow["until"] = f"{quantity('time', start) + 20:g} s"


def _place(drawn: Drawn, flow: Data) -> None:
    random = drawn.random
    if "links" in flow and "between" in flow:
        del flow[random.choice(("links", "between"))]
    if "links" in flow or "between" not in flow:
        own = [f"{drawn.node()}.nic.{way}" for way in ("in", "out")]
        known = [*drawn.links(), *own]
        means(flow, "links", known, random)
        if not flow.get("links"):
            flow["links"] = [random.choice(known)]
    elif "between" in flow:
        known = [*drawn.registries, *drawn.servers(), *drawn.names_of_groups, "core", drawn.node(), drawn.node()]
        ends = [end for end in flow["between"] if end in known]
        flow["between"] = ends if len(set(ends)) == 2 else random.sample(once(known), 2)


def complete_failures(drawn: Drawn) -> None:
    random = drawn.random
    there: dict[str, list[str]] = {
        "node": [drawn.node()],
        "group": drawn.names_of_groups,
        "registry": drawn.registries,
        "cache": list(drawn.of("caches")),
        "mirror": list(drawn.of("mirrors")),
        "link": drawn.links(),
    }
    for _, spec in drawn.long("failures"):
        given = [key for key in _TARGETS if key in spec and there[key]]
        special = [key for key in ("flaky", "silent") if spec.get(key)]
        may = [key for key in (_SERVERS if special else _TARGETS) if there[key]]
        given = [key for key in given if key in may]
        kept = random.choice(given or may)
        drop(spec, [key for key in _TARGETS if key != kept])
        spec.setdefault(kept, random.choice(there[kept]))
        means(spec, kept, there[kept], random)
        if kept in ("node", "group"):
            drop(spec, ("capacity",))
        if spec.get("silent"):
            drop(spec, ("capacity", "flaky"))
        elif "flaky" in spec:
            drop(spec, ("capacity",))
        # What does not end keeps most rollouts from ending.
        if kept != "node" and random.random() < 0.7:
            spec.setdefault("back_after", random.choice(("2 s", "30 s", "5m")))
        if "rate" in spec:
            spec.pop("at", None)
            # A rollout that does not end may have failures for a day.
            if not spec["rate"].endswith(("/h", "/6h")):
                spec["rate"] = random.choice(("2/h", "30/h", "1/min"))
