"""Values, parts and whole scenarios, drawn from the JSON Schema of scenario files.

Names come from pools of their own for each part, so that most of them refer to something; numbers are small, so that
most scenarios are, and now and then as odd as the schema allows.
"""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

from rolloutsim.scenario import json_schema

Schema = dict[str, Any]

# Where names are given, and where they are meant: by the last keys of a path.
NAMES = {
    "nodes": ("web", "gpu"),
    "images": ("app", "base", "side"),
    "registries": ("hub", "near"),
    "links": ("wan", "lan"),
    "racks": ("r1", "r2"),
    "workloads": ("api", "log"),
    "mirrors": ("mirror", "copy"),
    "caches": ("cache", "shelf"),
    "peers": ("swarm",),
    "sites": ("east", "west"),
    "layers": ("l1", "l2", "l3"),
}
REFERS = {
    "image": "images", "images": "images", "base": "images", "cached": "images", "held": "images", "holds": "images",
    "registry": "registries", "via": "links", "links": "links", "racks": "racks", "rack": "racks",
    "mirrors": "mirrors", "cache": "caches", "upstream": "registries", "peers": "peers", "workload": "workloads",
    "after": "workloads", "nodes": "nodes", "groups": "nodes", "group": "nodes", "between": "places", "node": "nodes",
    "digest": "layers", "from": "places", "to": "places",
}  # fmt: skip
PLACES = ("web-001", "web", "core", "hub", "near", "gpu-002", "registry")
UNITS = {
    "B": ("kB", "MB", "MB", "MB", "GB", "MiB", "B"),
    "s": ("s", "s", "s", "ms", "m", "us", "h"),
    "rate": ("Mbit/s", "Mbit/s", "Gbit/s", "MB/s", "MiB/s", "kbit/s"),
    "frequency": ("s", "min", "h", "6h"),
}
NEVER = ("manifest", "platform")  # they name files, which no schema can make
# How often a key stands at the top, and at least elsewhere: what a scenario is about is there often, and not at once.
ON_TOP = {
    "network": 0.9, "registry": 0.3, "registries": 0.3, "mirrors": 0.2, "caches": 0.25, "peers": 0.2,
    "workloads": 0.35, "rollout": 0.45, "controller_manager": 0.1, "push": 0.1, "pushes": 0.15, "prepulls": 0.2,
    "background": 0.3, "failures": 0.3, "prices": 0.1, "calibrated": 0.03, "assumed": 0.05, "thresholds": 0.1,
    "sweep": 0.04, "variants": 0.04,
}  # fmt: skip
OFTEN = {
    "racks": 0.2, "sites": 0.1, "cached": 0.15, "disk": 0.2, "capacity": 0.2, "snapshotter": 0.12, "join": 0.1,
    "volume_snapshot": 0.1, "waves": 0.1, "pulls": 0.1,
}  # fmt: skip
LONG = 0.7  # how often a part stands in its long form, where it has a short one
ODD = 0.02  # how often a number is odd
_DEEPEST = 12


@cache
def schema() -> Schema:
    """The schema of whole scenarios."""
    return json_schema()


def scenario(random: Random, odd: float = ODD) -> dict[str, Any]:
    """A scenario that the schema takes, or nearly; many of its names refer to something."""
    return Drawing(random, odd).document()


class Drawing:
    """Draws what a schema takes.

    Parameters
    ----------
    random : random.Random
        What decides.
    odd : float
        How often a number is as odd as it may be.
    """

    def __init__(self, random: Random, odd: float = ODD) -> None:
        self.random = random
        self.odd = odd
        self.much = random.choice((0.02, 0.05, 0.1, 0.2, 0.4))  # of the keys that may stand somewhere

    def document(self) -> dict[str, Any]:
        """A whole scenario."""
        drawn = self.value(schema(), ())
        assert isinstance(drawn, dict)
        return drawn

    def value(self, part: Schema, path: tuple[str, ...]) -> Any:
        """What a part of the schema takes, at a path."""
        random = self.random
        if "$ref" in part:
            return self.value(schema()["$defs"][part["$ref"].rsplit("/", 1)[1]], path)
        for several in ("anyOf", "oneOf"):
            if several in part:
                options = part[several]
                long = [one for one in options if "$ref" in one or one.get("type") == "object"]
                return self.value(random.choice(long if long and random.random() < LONG else options), path)
        if "const" in part:
            return part["const"]
        if "enum" in part:
            return random.choice(part["enum"])
        kind = part.get("type")
        if isinstance(kind, list):
            kind = random.choice(kind)
        if kind == "object" or "properties" in part or "patternProperties" in part:
            return self._object(part, path)
        if kind == "array":
            return self._array(part, path)
        if kind == "integer":
            return self._integer(part)
        if kind == "number":
            return self._number(part)
        if kind == "boolean":
            return random.random() < 0.5
        if kind == "null":
            return None
        return self._text(part, path)

    def _object(self, part: Schema, path: tuple[str, ...]) -> dict[str, Any]:
        random = self.random
        drawn: dict[str, Any] = {}
        if len(path) < _DEEPEST:
            required = set(part.get("required", ()))
            for key, inner in part.get("properties", {}).items():
                often = self.much if path else ON_TOP.get(key, self.much)
                often = max(often, OFTEN.get(key, 0.0))
                if key in required or (random.random() < often and key not in NEVER):
                    drawn[key] = self.value(inner, (*path, key))
            named = [*part.get("patternProperties", {}).values()]
            extra = part.get("additionalProperties")
            named += [extra] if isinstance(extra, dict) else []
            if named:
                for _ in range(random.choice((1, 1, 2, 3))):
                    drawn[self._name(path)] = self.value(random.choice(named), (*path, "*"))
        return drawn

    def _array(self, part: Schema, path: tuple[str, ...]) -> list[Any]:
        least = part.get("minItems", 0)
        count = max(least, self.random.choice((1, 1, 2, 3, 0)))
        if path and path[-1] == "between":
            count = 2
        return [self.value(part.get("items", {"type": "string"}), path) for _ in range(count)]

    def _name(self, path: tuple[str, ...]) -> str:
        if path[-1:] == ("efficiency_at",):
            return self.random.choice(("2", "3", "10"))
        for key in reversed(path):
            pool = NAMES.get(key) or NAMES.get(REFERS.get(key, ""))
            if pool:
                return self.random.choice(pool)
        return self.random.choice(("a", "b", "c"))

    def _integer(self, part: Schema) -> int:
        least, most = part.get("minimum", 0), part.get("maximum", 10**6)
        if self.random.random() < self.odd:
            return self.random.choice((least, most, self.random.randint(int(least), int(most))))
        return min(int(most), max(int(least), self.random.choice((0, 1, 1, 2, 2, 3, 3, 4, 5, 8))))

    def _number(self, part: Schema) -> float:
        least, most = part.get("minimum", part.get("exclusiveMinimum", 0)), part.get("maximum", 100)
        if self.random.random() < self.odd:
            return self.random.choice((least, most))
        return self.random.choice((1, 1, 2, 0.5, 0.1, 1.5, round(self.random.uniform(least, min(most, 10)), 3)))

    def _text(self, part: Schema, path: tuple[str, ...]) -> str:
        pattern = part.get("pattern", "")
        random = self.random
        if "bit/s" in pattern:
            return f"{self._figure()} {random.choice(UNITS['rate'])}"
        if "kMGT" in pattern:
            return f"{self._figure()} {random.choice(UNITS['B'])}"
        if "(s|min|m|h|d" in pattern:
            return f"{self._figure()}/{random.choice(UNITS['frequency'])}"
        if "%" in pattern:
            return f"{random.choice((0, 1, 5, 10, 25, 50, 80, 99, 100, 100 * random.random()))}%"
        if "us|" in pattern:
            sign = "-" if pattern.startswith(r"^\s*-") else ""
            return f"{sign}{self._figure()} {random.choice(UNITS['s'])}"
        if random.random() < 0.02:
            return random.choice(part.get("examples", ("x",)))
        for key in reversed(path):
            if key in REFERS and REFERS[key] == "places":
                return random.choice(PLACES)
            if key in REFERS:
                return random.choice(NAMES[REFERS[key]])
            if key in NAMES:
                return random.choice(NAMES[key])
        return str(random.choice(part.get("examples") or ("x", "max < 60 s", "app", "web")))

    def _figure(self) -> str:
        random = self.random
        if random.random() < self.odd:
            return random.choice(("0", "1e-9", "1e9", "1e300", "1e-300", "99999", f"{random.random():.3e}"))
        return random.choice(("1", "2", "5", "10", "10", "20", "100", "0.5", f"{random.uniform(0.1, 100):.3g}"))
