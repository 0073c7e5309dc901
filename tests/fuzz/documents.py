"""The loader takes what the JSON Schema takes, and nothing else, but for what no schema can see.

A document is drawn from the schema, or mended until the loader takes it, and then changed a few times. Of one that the
schema takes, each error of the loader is on the list of cross references below; of one that it refuses, at least one
error is not.
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

import jsonschema

from rolloutsim.errors import ScenarioError
from rolloutsim.scenario import Scenario, loads
from rolloutsim.scenario.loading import draft
from rolloutsim.scenario.problems import validate
from tests.fuzz.drawing import Drawing, Schema, schema
from tests.fuzz.valid import valid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# What the loader refuses and no schema sees: why, and of which parts (their paths with slashes) it says what.
CROSS_REFERENCES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "a name is one of another part, or must be none": (
        (".*", "no (image|registry|cache|mirror|node|node group|link|workload|rack or site|place) is named "),
        (".*", "no (registry, mirror or cache|cache, mirror, peers or registry) is named "),
        (".*", "link '.*' is (never defined|named twice|crossed twice)"),
        ("background/.*", "background traffic does not cross "),
        ("failures/.*", "'.*' is a group of nodes; name one node|link '.*' is one node's own"),
        (".*", "'.*' is (a mirror|a cache|peers) here, and the name of |.* makes '.*', which is the name of "),
        ("nodes", "'.*' is both a rack and a site of nodes"),
        ("images/.*", "the bases go in a circle"),
        ("caches/.*", "the upstreams go in a circle"),
        ("workloads/.*", "no rollout could begin: "),
        ("images/.*", "images.* names no registry, and there are several"),
        ("mirrors/.*", "mirrors.* says of no registry that it mirrors it, and there are several"),
        ("caches/.*", "caches.* names no upstream, and there are several registries"),
        (".*", "image '.*' is (from registry '.*', and .* is asked for those of|in .*held, so nothing of it is)"),
        ("(assumed|calibrated)/.*", "the scenario has no value at |.* was calibrated, and so is assumed no more"),
    ),
    "what a part needs, or cannot have, depends on parts elsewhere": (
        (".*", ".* has no (NIC|uplink|'link') rate"),
        ("peers/.*", "the seeds of '.*' have no uplink rate"),
        ("network/.*", "network.(racks|sites) is given, but no group of nodes names its"),
        ("nodes/.*", "nodes.* is in (racks|sites), but network"),
        (
            ".*",
            "nothing limits a fetch from registry|.* has no limit(, so nothing| of which)|no link with a limit lies",
        ),
        (".*", ".* has an uplink without limit|.* has NICs without limit"),
        (".*", ".* needs? pods; |.* which is (the kubelet's|of clients outside)|.* and no 'times', which is 0 then"),
        ("nodes/.*", ".* has '(image_gc|eviction_hard)', but no .*capacity|.* is 100%, so that the node evicts"),
        ("nodes/.*", "nodes.* has 'pulls', which need|nodes.* has 'start', which a schedule does not use"),
        ("rollout/strategy", "strategy schedule does not go with 'workloads'|the strategy is schedule, but no group"),
        ("(workloads/.*/)?rollout/.*", "'.*' does not go with strategy |rollout.* is for strategy "),
        ("workloads/.*", "workloads.* is (a|no) DaemonSet, so strategy"),
        ("(workloads/.*/)?rollout(/.*)?|images/.*", ".*: strategy waves needs 'waves'"),
        ("prepulls/.*", "prepulls.* has no 'at', and prepulls.* has one"),
        ("(caches|mirrors)/.*", "(caches|mirrors).*in is (rack|site), and no group|.* of which it can ask none"),
        ("nodes/.*", "there is a '.*' in each (rack|site)"),
        ("mirrors/.*", "mirrors.* has shares, and with 'copied' images come whole"),
    ),
    "numbers are compared, or summed": (
        (
            ".*",
            ".* is (too (large|small) for a [rst]|too (much|little); |more than all |never or too often)",
        ),
        (".*", "'(min|initial)' is larger than 'max'|'p50' must be |'low' must be below 'high'"),
        (".*", ".* cached on .* nodes, but|.* is overfull before|.* divides a layer of .* ranges"),
        (".*", ".* (nodes|links|layers) are too many|.* to fetch would take about .* of memory"),
        (
            ".*",
            "rack '.*' has no node, so|.* replicas, and its .* hold|.* pods together, and",
        ),
        (".*", ".*recheck_requests are .* of .* resolve_requests|.* the waves are .* together"),
        (
            ".*",
            ".*: (max_surge and max_unavailable are both 0|max_unavailable cannot be 0|a DaemonSet('s| has) max_surge)",
        ),
        (".*", ".*: (a StatefulSet's max_unavailable|progress_deadline must|partition .* keeps all)"),
        (".*", ".* has no room for one in a window|.* is longer than a window|.* is more than the .* accepts at once"),
        ("background/.*", ".* ends before it starts"),
        ("failures/.*", ".* has both 'silent' and 'capacity'"),
        ("images/.*", "digest '.*' (is|has ratio) .* a layer has one size"),
        ("sweep/.*", "design zip takes the values side by side, but"),
    ),
    "a text says what it says": (
        ("thresholds/.*", "(?!the text |.* is not text|.* has no condition|.* has no value|key 'check' is missing).*"),
        (
            "sweep/parameters/.*",
            "(?!.*unknown key '.*' in a range).*(unknown key|has no|cannot read|no effect|is named).*",
        ),
        (
            "sweep/parameters/.*",
            ".*there are several groups|.*(a key is missing; |does not belong to a key|is not closed)",
        ),
        ("(assumed|calibrated)/.*", "'.*' is no path of a key"),
        ("images/.*", ".* is no platform; "),
    ),
    "files are read": (("images/.*/manifest", "'.*': "),),
    "a variant is checked when it is put together": (("", "variant .*: "),),
}

_BASES = 2_000  # documents that are valid, and changed in many ways
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3, 1.0, 2.0, 3.0, 0.0, -0.0, 0.5, 1.5, 1e-9, 1e9, 1e300, 5e-324, 2**31, 2**63,
    10**20, 10**99, 10**101, 4301 * "9", 1000, 1001, 10_000, 100_000, 1_000_000, 1_000_001, 100_001, "", " ", "\n",
    "x", "0", "1", "-1", "1.0", "nan", "NaN", ".nan", "inf", "Infinity", ".inf", "-inf", "null", "~", "true", "yes",
    "on", "off", "no", "unlimited", "never", "always", "none", "core", "rack", "site", "0 B", "1 B", "1 MB", "1MB",
    " 1 MB ", "1 MB\n", "\n1 MB", "1\nMB", "1\tMB", "1 mb", "1 Mb", "1 MiB", "1 Mi", "1e3 kB", "1e-7 B", "1e18 B",
    "1.1e18 B", "1. MB", ".5 MB", "+1 MB", "-1 MB", "1e400 MB", "1e-400 MB", "1_000 B", "0x10 B", "１ MB", "1\u00a0MB",
    "1\u2003MB", "1e5000 B", "00 B", "0.0e9 B", "0e999999 B", "1e99999999999999999999 B", "0 s", "1 s", "-1 s",
    "1m30s", "30s1m", "1m 30s", "1m1m", "1 µs", "1 μs", "1 us", "1e-13 s", "1e12 s", "1h30", "1.5.5 s", "1s+1s",
    "1s 2", "-0 s", "+0 s", "-8h", "- 8h", "-8h\n", "--8h", "1 S", "1 sec", "1 min", "0s1ms", "-0s", "1d", "9999999d",
    "0 bit/s", "1 bit/s", "1 Gbit/s", "1Gbps", "1 GB/s", "1 GiB/s", "1 Gib/s", "1 kbit/s", "1 Kbit/s", "1 TiB/s",
    "1e3 TB/s", "1e9 TB/s", "1e-9 bit/s", "0%", "1%", "100%", "101%", "1e-11%", "50 %", "50%\n", "%", "1e9%", "1000%",
    "1001%", "0.0%", "100.0000000001%", "1e2%", "1e3%", "-5%", "+5%", "0 %", "1/s", "100/6h", "100/min", "0/s", "1/0s",
    "1/1e10s", "1e10/s", "1/ min", "1 / h ", "1/µs", "1/1m1m", "1/-1s", "1//s", "0.5/min", "1e-9/s", "1/min\n", "1/d",
    "1/2d", "1/30s1m", "100/1h30m", "2000000000/s", "l1", "a b", "a.b", "_a", "-a", "a-", "ä", "名", "😀", "a\u0000",
    "a\u007f", "a\u0085b", "a\u2028b", "a\tb", "a\n", "\ta", "a" * 100, "a" * 101, "a\u200bb", "e\u0301", "\ufeffa",
    "\u00a0", "\u3000", "\u001f", "max < 60 s", "max <", "p95 < 2", "web", "app", "hub", "registry", "node", "web-001",
    "wan", "lan", "cache", "mirror", "swarm", "api", "x.json", "/", "..", "linux/amd64", "windows", "rolling",
    "daemonset", "statefulset", "waves", "schedule", "all_at_once", [], {}, [[]], [{}], {"": 1}, {"a": {}},
    {"a": None}, [None], [1], ["app"], ["app", "app"], ["web"], ["x"], ["web-001", "core"], {"app": "50%"}, {"app": 1},
    {"size": "1 MB"}, {"rate": "1 Gbit/s"}, {"uplink": "1 Gbit/s"}, {"min": "1 s"}, {"p50": "1 s", "p95": "2 s"},
    {"from": 1, "to": 2}, {"from": "1", "to": "2", "scale": "log"}, {"check": "max < 1 s"}, {"size": 1}, {"count": 3},
    ["1 MB", "2 MB"], [1, "50%"],
)  # fmt: skip
ODD_NAMES = (
    "", " ", "a", "A", "0", "1", "200", "1000", "1.5", "-1", "a b", "a.b", "a/b:1", "<<", "_", "-", ".", "名", "😀",
    "null", "true", "x" * 100, "x" * 101, "a\n", "\u0000", "a\u007f", "size", "count", "rate", "design", "registry",
    "hub", "app", "core", "network.rate", "nodes.web.count", "nodes", "seed", "images.app", "rollout_time",
    "pull_time{image=app}", "pull_time{", "utilisation{link=wan}", "layers", "preset", "$ref", "__proto__", "a\"b",
    "[0]", "a[0]", "a\\",
)  # fmt: skip


def check(number: int) -> None:
    """One document."""
    random = Random(f"documents {number}")
    data = document(random)
    judge(data, in_python=random.random() < 0.1)


def document(random: Random) -> dict[str, Any]:
    """A random document: sometimes one that the loader takes, mostly nearly so."""
    if random.random() < 0.7:
        data = deepcopy(_valid(random.randrange(_BASES)))
    else:
        data = Drawing(random, random.choice((0.02, 0.3))).document()
        data.setdefault("rolloutsim", 1)
    for _ in range(random.choice((0, 1, 1, 1, 1, 2, 3, 5))):
        _change(data, random)
    return data


def judge(data: dict[str, Any], in_python: bool = False) -> None:
    """Let the schema and the loader judge, and compare."""
    if in_python:  # where the version may be left out
        data.setdefault("rolloutsim", 1)
    why = next(_validator().iter_errors(data), None)
    text = json.dumps(data)
    try:
        Scenario(**data) if in_python else loads(text)
    except ScenarioError as error:
        if not str(error):
            raise AssertionError("an error without words") from None
        seen = [found for found in _found(text, error) if not any(_is_of(pattern, found) for pattern in _patterns())]
        judged = error
    else:
        assert why is None, f"accepted, in spite of the schema: {why.json_path}: {why.message:.200}"
        return
    if why is None:
        assert not seen, f"refused, in spite of the schema, {seen[0][1]:.40}\n{seen[0]}"
    elif not seen and not _is_hidden(data, judged):
        raise AssertionError(f"refused for what no schema sees alone\n{why.json_path}: {why.message:.200}")


def _is_hidden(data: dict[str, Any], error: ScenarioError) -> bool:
    """Whether something else may hide what the schema sees: a number that is none, too much of all, names."""
    hiding = re.compile(f"{CROSS_REFERENCES['numbers are compared, or summed'][0][1]}|.* are too many; the", re.DOTALL)
    if any(hiding.match(one.message) for one in error.diagnostics):
        return True
    return any(one.validator == "uniqueItems" for one in _leaves(_validator().iter_errors(data)))


def _leaves(errors: Iterable[Any]) -> Iterator[Any]:
    for one in errors:
        yield from _leaves(one.context) if one.context else (one,)


def _found(text: str, error: ScenarioError) -> list[tuple[str, str]]:
    """What the loader says, with the path of what it is about; a variant has none."""
    try:
        read = draft(text)
    except ScenarioError:
        return [("", one.message) for one in error.diagnostics]
    filled = read.filled()
    _, problems = validate(filled.data, [*read.problems, *filled.problems])
    found = [("/".join(map(str, problem.path)), problem.message) for problem in problems]
    return found or [("", one.message) for one in error.diagnostics]


def _is_of(pattern: tuple[re.Pattern[str], re.Pattern[str]], found: tuple[str, str]) -> bool:
    return pattern[0].fullmatch(found[0]) is not None and pattern[1].match(found[1]) is not None


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    every = (pair for pairs in CROSS_REFERENCES.values() for pair in pairs)
    return tuple((re.compile(path, re.DOTALL), re.compile(message, re.DOTALL)) for path, message in every)


@cache
def _validator() -> Any:
    return jsonschema.Draft202012Validator(schema())


@cache
def _valid(number: int) -> dict[str, Any]:
    return valid(Random(f"documents, a valid one, {number}"), 0.1)


def _change(data: dict[str, Any], random: Random) -> None:
    """Change one thing somewhere."""
    places = list(_places(data, ()))
    if not places:
        return
    container, key, path = random.choice(places)
    value = container[key]
    kind = random.random()
    if kind < 0.4:
        container[key] = deepcopy(random.choice(ODD_VALUES))
    elif kind < 0.6:  # of the same place, drawn anew
        part = _part_of(path, random)
        container[key] = None if part is None else Drawing(random, 0.3).value(part, path)
    elif kind < 0.7:
        del container[key]
    elif kind < 0.78:
        _put(container, random.choice(ODD_NAMES), deepcopy(random.choice((value, random.choice(ODD_VALUES)))), random)
    elif kind < 0.88:  # a key of the same place, drawn
        part = _part_of(path[:-1], random) if len(path) > 1 else schema()
        named = list(part.get("properties", {})) if part is not None else []
        if named and isinstance(container, dict):
            name = random.choice(named)
            inner = _part_of((*path[:-1], name), random)
            container[name] = Drawing(random, 0.1).value(inner or {}, (*path[:-1], name))
    elif kind < 0.94:  # a key at another place
        other, at, _ = random.choice(places)
        _put(other[at] if isinstance(other[at], (dict, list)) else other, str(key), deepcopy(value), random)
    elif isinstance(container, dict):
        container[random.choice((random.choice(ODD_NAMES), random.choice(_keys())))] = container.pop(key)
    else:
        container[key] = [value]


def _put(container: Any, name: str, value: Any, random: Random) -> None:
    if isinstance(container, dict):
        container[name] = value
    else:
        container.insert(random.randint(0, len(container)), value)


def _places(container: Any, path: tuple[str, ...]) -> Iterator[tuple[Any, Any, tuple[str, ...]]]:
    for key, value in list(container.items() if isinstance(container, dict) else enumerate(container)):
        here = (*path, str(key))
        yield container, key, here
        if isinstance(value, (dict, list)):
            yield from _places(value, here)


@cache
def _keys() -> list[str]:
    """Every key of the format."""
    parts = [schema(), *schema()["$defs"].values()]
    return sorted({key for part in parts for key in part.get("properties", ())})


def _part_of(path: tuple[str, ...], random: Random) -> Schema | None:
    """What may stand at a path by the schema: one of several."""
    parts: list[Schema] = [schema()]
    for step in path:
        inner: list[Schema] = []
        for part in (one for several in parts for one in _options(several)):
            if step in part.get("properties", {}):
                inner.append(part["properties"][step])
            elif part.get("type") == "array":
                inner.append(part.get("items", {}))
            else:
                inner += part.get("patternProperties", {}).values()
                extra = part.get("additionalProperties")
                inner += [extra] if isinstance(extra, dict) else []
        parts = inner
    options = [one for several in parts for one in _options(several)]
    return random.choice(options) if options else None


def _options(part: Schema) -> Iterator[Schema]:
    if "$ref" in part:
        yield from _options(schema()["$defs"][part["$ref"].rsplit("/", 1)[1]])
    elif "anyOf" in part:
        for one in part["anyOf"]:
            yield from _options(one)
    else:
        yield part
