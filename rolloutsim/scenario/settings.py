"""Every key of a resolved scenario: what it says, and where it says nothing, the default and its source.

`rolloutsim show` writes them as a scenario file, in which defaults are comments, `rolloutsim diff` compares those of
two scenarios. What plays no part is left out: keys of kubelets where there are no pods, what the ideal model switches
off, and defaults that are none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rolloutsim.errors import STEERING, ScenarioError
from rolloutsim.scenario.assumed import assumptions, why_assumed
from rolloutsim.scenario.cache_profiles import CACHE_PROFILES, DEFAULT_CACHE
from rolloutsim.scenario.defaults import DEFAULT_RUNTIME, PROFILES, SERIAL_PULLS, Default
from rolloutsim.scenario.explanation import default_of
from rolloutsim.scenario.ideal import FOLLOWING, SWITCHED_OFF
from rolloutsim.scenario.model import REGISTRY
from rolloutsim.scenario.peer_profiles import DEFAULT_PEERS, PEER_PROFILES
from rolloutsim.scenario.places import Path, dotted
from rolloutsim.scenario.policies import pull_policy
from rolloutsim.scenario.prepulls import DEFAULT_PREPULLER, own_default
from rolloutsim.scenario.presets import preset
from rolloutsim.scenario.resources import in_bytes
from rolloutsim.scenario.snapshotters import SNAPSHOTTERS
from rolloutsim.scenario.strategies import OWN_KEYS, SOME_KEYS
from rolloutsim.scenario.structure import ROOT, Part, is_model, part_at
from rolloutsim.scenario.text import read_value
from rolloutsim.structs import struct
from rolloutsim.units import Kind, plain_text

if TYPE_CHECKING:
    from rolloutsim.scenario.resolved import ResolvedScenario


_OF_PODS = (
    "kubelet", "serialize_image_pulls", "max_parallel_image_pulls", "registry_pull_qps", "registry_burst",
    "image_backoff", "image_gc", "eviction_hard", "pull_timeout", "pull_progress_timeout", "rollout",
    "controller_manager",
)  # fmt: skip
_LEFT_OUT = ("digest", "severity", "sweep", "variants", "rolloutsim")  # names, and what changes no simulation
_THOSE_OF_ITS_KEYS = "those of its keys"
_OPENED = ("network", "registry", "rollout")  # parts whose keys have defaults, although they say something shorter
_REFERENCE = re.compile(r"[a-z_]+(?:\.[a-z_]+)+")
# What defaults hang on.
_OF_MODELS = re.compile(r"(.+) \((.+) in the ideal model\)")  # 20 ms (0 s in the ideal model)
_OF_RUNTIMES = re.compile(r"([^;]+); ([a-z-]+): (.+)")  # 1; cri-o: 4
_OF_STRATEGIES = re.compile(r"([^,()]+) \(([a-z_, ]+)\)(?:, |$)")  # 25% (rolling), 1 (daemonset, statefulset)
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?) (B|s|B/s)")
_KINDS: Mapping[str, Kind] = {"B": "size", "s": "time", "B/s": "rate"}
_TEXTS = ("name", "description")
# Keys of a group that a preset may have, and their kinds; None: a number.
_OF_MACHINES: Mapping[Path, Kind | None] = {
    ("nic",): "rate", ("disk", "rate"): "rate", ("disk", "iops"): None, ("memory",): "size", ("unpack", "cores"): None,
}  # fmt: skip
# Short forms that the long form holds as an empty map.
SWITCHES = {"fairness": "on", "redirect": "true"}
_ONLY_REGISTRY = "the only registry"
_IN_ENTRIES = 3  # steps of a path from which on it is in an entry with a name of the user's
_LONGEST_SOURCE = 90  # letters of a source in a comment (assumed: a line of a wide terminal); `explain` has all


@struct
class Setting:
    """A key and what it says: its path, its value as a user writes it, and the source of a default; `given`: none.

    `follows` is the key whose profile a default is of, such as the group's `runtime`; empty: of none.
    """

    path: Path
    value: str
    given: bool
    source: str = ""
    follows: Path = ()

    @property
    def key(self) -> str:
        """Its path, as `--set` takes it."""
        return dotted(self.path)


def settings(scenario: ResolvedScenario) -> tuple[Setting, ...]:
    """Every key of a scenario that plays a part, in the order of the format."""
    walk = _Walk(scenario)
    return tuple(walk.part(walk.document, ROOT, ()))


class _Walk:
    """A scenario's document, and what its defaults hang on."""

    def __init__(self, scenario: ResolvedScenario) -> None:
        self.document: Mapping[str, Any] = json.loads(scenario.document) if scenario.document else {}
        self.assumed = assumptions(self.document)
        self.ideal = scenario.model == "ideal"
        self.strategies = {one.name: one.strategy.name for case in scenario.cases for one in case.workloads}
        self.has_pods = bool(self.strategies)

    def part(self, data: Mapping[str, Any], part: Part, path: Path) -> Iterator[Setting]:
        """The keys of a part: first what it says, then what it leaves open."""
        keys = part.keys
        for key in data if keys is None else (*data, *(key for key in keys if key not in data)):
            here, inner = (*path, key), part.step(key)
            if inner is None or key in _LEFT_OUT[2:] and not path:
                continue
            if key in data:
                yield from self._given(data[key], inner, here)
            elif self._plays_a_part(here, part):
                yield from self._default(inner, here)

    def _given(self, value: Any, part: Part, path: Path) -> Iterator[Setting]:
        if isinstance(value, Mapping) and (value or path[-1] not in SWITCHES) and part.described is None:
            yield from self.part(value, part, path)
            if not value and not is_model(part.kind):
                yield Setting(path, "{}", given=True)
        elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
            for number, inner in enumerate(value):
                below = part.step(number)
                if below is not None:
                    yield from self._given(inner, below, (*path, number))
        else:
            yield Setting(path, shown(path, value), given=True)

    def _default(self, part: Part, path: Path) -> Iterator[Setting]:
        text, source = default_of(part)
        opened = path[-1] in _OPENED and (len(path) == 1 or path[0] == "workloads")
        if is_model(part.kind) and (source == _THOSE_OF_ITS_KEYS or opened):
            yield from self.part({}, part, path)
            return
        if path[0] == "workloads" and "rollout" in path[2:3]:
            yield from self._of_workload(path, text, source)
            return
        own = self._profile(path)
        follows = self._decided_by(path) if own is not None or self._hangs_on_runtime(text, path) else ()
        if own is not None:
            text, source = own.shown, own.source
        text = self._here(text, path)
        if path[-1] == "pull_policy":
            text, source = self._policy(path)
        elif _REFERENCE.fullmatch(text):
            text, source = self._referred(text), f"as {text}"
        elif text == _ONLY_REGISTRY:
            text, source = next(iter(self.document.get("registries", {REGISTRY: None}))), text
        if (
            text
            and (own is not None or not text.startswith("none"))
            and text not in self.document
            and text not in (ROOT.keys or ())
        ):
            yield Setting(path, text, given=False, source=source, follows=follows)

    def _of_workload(self, path: Path, text: str, source: str) -> Iterator[Setting]:
        """What holds for a workload of a key of its rollout, as `rolloutsim.scenario.strategies` finds it."""
        key, strategy = str(path[-1]), self.strategies[str(path[1])]
        if len(path) > 4 or (key in SOME_KEYS and key not in OWN_KEYS[strategy]):
            return
        general = self.document.get("rollout", {})
        fits = key not in SOME_KEYS or general.get("strategy", strategy) == strategy
        if key == "strategy":
            text, source = strategy, ""
        elif key in general and fits:
            text, source = shown(path, general[key]), f"as rollout.{key}"
        text = self._here(text, path)
        if text and not text.startswith("none"):
            yield Setting(path, text, given=False, source=source)

    def _here(self, text: str, path: Path) -> str:
        """A default that hangs on the model, the runtime or the strategy, as it is at a place."""
        if found := _OF_MODELS.fullmatch(text):
            text = found[1 + self.ideal]
        if found := self._hangs_on_runtime(text, path):
            runtime = self.document["nodes"][path[1]].get("runtime", DEFAULT_RUNTIME)
            text = found[3] if runtime == found[2] else found[1]
        if path[0] == "rollout" or (path[0] == "workloads" and len(path) > 1):
            of = {name: str(value) for value, names in _OF_STRATEGIES.findall(text) for name in names.split(", ")}
            names = [str(path[1])] if path[0] == "workloads" else list(self.strategies)
            its = {of.get(self.strategies[name], text) for name in names}
            text = its.pop() if len(its) == 1 else text
        return text

    def _plays_a_part(self, path: Path, part: Part) -> bool:
        """Whether a key of a part that is not given matters."""
        key = path[-1]
        if key in _LEFT_OUT or "layers" in path or (key in ("registry", "platform") and path[0] == "images"):
            return False
        if path in (("registry",), ("registries",)) and {"registry", "registries"} & self.document.keys():
            return False
        if not self._goes_with_others(path):
            return False
        if not self.has_pods and path[0] != "prepulls" and {str(step) for step in path} & set(_OF_PODS):
            return False
        if key == "partial_images":
            return bool(self.document["nodes"][path[1]].get("runtime") == "cri-o")
        return not (self.ideal and (key in SWITCHED_OFF.get(part.kind, ()) or key in FOLLOWING))

    def _goes_with_others(self, path: Path) -> bool:
        """Whether there is what a key is about: hosts to choose from, a lock to wait for, a server to be silent."""
        if len(path) < _IN_ENTRIES:
            return True
        around = self.document[str(path[0])][path[1]]
        match path[0], path[2]:
            case "nodes", "host_per":
                return bool(around.get("hosts"))
            case "failures", "silent":
                return bool({"registry", "cache", "mirror"} & around.keys())
            case "caches", "lock":
                own = self._profile(("caches", path[1], "coalesce"))
                return own is not None and around.get("coalesce", own.value) == "lock"
        return True

    def _profile(self, path: Path) -> Default | None:
        """The default of a group's key that hangs on its runtime or its kubelet, of others on what they are."""
        if path[0] == "caches" and len(path) >= _IN_ENTRIES:
            cache = self.document["caches"][path[1]]
            return CACHE_PROFILES[cache.get("profile", DEFAULT_CACHE)].get(".".join(map(str, path[2:])))
        if path[0] == "peers" and len(path) >= _IN_ENTRIES:
            return PEER_PROFILES[self.document["peers"][path[1]].get("profile", DEFAULT_PEERS)].get(str(path[2]))
        if path[0] == "prepulls" and len(path) >= _IN_ENTRIES:
            kind = self.document["prepulls"][path[1]].get("by", DEFAULT_PREPULLER)
            own = own_default(kind, str(path[-1]))
            return None if own is None else Default(None, *own)
        if path[0] != "nodes" or len(path) < _IN_ENTRIES:
            return None
        group = self.document["nodes"][path[1]]
        machine = _of_preset(group, path)
        if machine is not None:
            return machine
        if path[2] == "serialize_image_pulls":
            most = group.get("max_parallel_image_pulls")
            return None if most not in (None, 1) else SERIAL_PULLS[group.get("kubelet", "upstream")]
        if path[2] == "snapshotter":
            return SNAPSHOTTERS[group["snapshotter"]["kind"]].get(str(path[-1])) if len(path) > 3 else None
        return PROFILES[group.get("runtime", DEFAULT_RUNTIME)].get(str(path[-1]))

    @staticmethod
    def _hangs_on_runtime(text: str, path: Path) -> re.Match[str] | None:
        """The parts of a default of a group that says what it is by runtime."""
        return _OF_RUNTIMES.fullmatch(text) if path[0] == "nodes" else None

    def _decided_by(self, path: Path) -> Path:
        """The key whose profile has the default of another one."""
        if path[0] != "nodes":
            return (*path[:2], "by" if path[0] == "prepulls" else "profile")
        if path[2] == "snapshotter":
            return (*path[:3], "kind")
        if path[2:] in _OF_MACHINES and _of_preset(self.document["nodes"][path[1]], path) is not None:
            return (*path[:2], "preset")
        return (*path[:2], "kubelet" if path[2] == "serialize_image_pulls" else "runtime")

    def _policy(self, path: Path) -> tuple[str, str]:
        """How a workload's images are pulled, and why."""
        images = self.document[str(path[0])][path[1]]["images"]
        several = [(image, *pull_policy(image)) for image in ([images] if isinstance(images, str) else images)]
        policies = {policy for _, policy, _ in several}
        text = several[0][1] if len(policies) == 1 else ", ".join(f"{policy} for {one}" for one, policy, _ in several)
        return text, "; ".join(f"{one}: {why}" for one, _, why in several)

    def _referred(self, text: str) -> str:
        """What the key that a default names says."""
        path: Path = tuple(text.split("."))
        value: Any = self.document
        for step in path:
            value = value.get(step) if isinstance(value, Mapping) else None
        if value is not None:
            return shown(path, value)
        part = part_at(path)
        return text if part is None else default_of(part)[0]


def _of_preset(group: Mapping[str, Any], path: Path) -> Default | None:
    """What a group's preset has of a key; None: nothing, or the group has no preset."""
    key = ".".join(map(str, path[2:]))
    if "preset" not in group or (key == "disk.iops" and "rate" in group.get("disk", {})):
        return None
    machine = preset(group["preset"])
    value = machine.values.get(key)
    if value is None:
        return None
    kind = _OF_MACHINES[path[2:]]
    text = f"{value:g}" if kind is None else plain_text(kind, value, bits=not in_bytes(path))
    return Default(value, text, machine.reasons[key])


def leaves(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every value in a part of a document, as people write it; a list of values is one."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        for number, inner in enumerate(value):
            yield from leaves(inner, (*path, number))
    elif isinstance(value, list):
        yield path, ", ".join(readable(path, one) for one in value)
    elif isinstance(value, Mapping):
        if path[-1] in SWITCHES:
            yield path, SWITCHES[str(path[-1])]
    else:
        yield path, readable(path, value)


def readable(path: Path, value: Any) -> str:
    """A value as people write it: quantities with the units of `rolloutsim.units`, whole numbers without a point."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    found = _QUANTITY.fullmatch(str(value))
    if found is None or path[-1] in _TEXTS:
        return str(value)
    return plain_text(_KINDS[found[2]], float(found[1]), bits=not in_bytes(path))


def shown(path: Path, value: Any) -> str:
    """A value of any form in one line."""
    if isinstance(value, Mapping):
        if not value:
            return SWITCHES.get(str(path[-1]), "{}")
        return f"{{{', '.join(f'{key}: {shown((*path, key), inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(shown((*path, number), one) for number, one in enumerate(value))}]"
    return readable(path, value)


# ---- as a scenario file ---------------------------------------------------------------------------------


def show(scenario: ResolvedScenario) -> str:
    """A resolved scenario as a scenario file: what it says itself, and each default with its source as a comment."""
    walk = _Walk(scenario)
    lines = list(_head(scenario))
    lines += ["rolloutsim: 1", *_part_lines(walk, walk.document, ROOT, ())]
    return "".join(f"{STEERING.sub(_escaped, line.rstrip())}\n" for line in lines)


def _head(scenario: ResolvedScenario) -> Iterator[str]:
    of = f", variant {scenario.variant}" if scenario.variant else ""
    yield f"# Resolved{of}; sha256 {scenario.sha256}"
    yield "# What is commented out is a default; behind it stands its source ('rolloutsim explain KEY' has all of it)."
    for path, by in scenario.overrides.items():
        yield f"# {path}: changed by {by}"


def _part_lines(walk: _Walk, data: Mapping[str, Any], part: Part, path: Path) -> Iterator[str]:
    """The lines of a map: what is given, then what is not."""
    indent = "  " * len(path)
    for key, value in data.items():
        inner = part.step(key)
        if inner is None or (not path and key in _LEFT_OUT[2:]):
            continue
        here = (*path, key)
        is_map = isinstance(value, Mapping) and value and inner.described is None
        name = _scalar(str(key))
        if is_map:
            yield f"{indent}{name}:"
            yield from _part_lines(walk, value, inner, here)
        else:
            why = why_assumed(here, walk.assumed)
            yield f"{indent}{name}: {_flow(here, value)}{f'  # assumed: {why}' if why else ''}"
    taken = {str(key) for key in data}
    for one in walk.part(data, part, path):
        rest = one.path[len(path) :]
        if not one.given and str(rest[0]) not in taken:
            yield f"{indent}# {'.'.join(map(str, rest))}: {one.value}  # {_short(one.source)}".rstrip(" #")


def _escaped(found: re.Match[str]) -> str:
    """What could do more than be read, in quotes or in a comment, as JSON and YAML write it."""
    return f"\\u{ord(found[0]):04x}"


def _short(source: str) -> str:
    text = f"default; {source}" if source else "default"
    return text if len(text) <= _LONGEST_SOURCE else f"{text[:_LONGEST_SOURCE].rsplit(' ', 1)[0]} …"


def _flow(path: Path, value: Any) -> str:
    """A value in YAML, in one line."""
    if isinstance(value, Mapping):
        if not value:
            return SWITCHES.get(str(path[-1]), "{}")
        return f"{{{', '.join(f'{_scalar(str(k))}: {_flow((*path, k), inner)}' for k, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(_flow((*path, number), one) for number, one in enumerate(value))}]"
    if isinstance(value, str):
        return _scalar(readable(path, value))
    return readable(path, value)


def _scalar(text: str) -> str:
    """A text as a YAML scalar: in quotes where it would be something else without."""
    try:
        if (
            not STEERING.search(text)
            and ": " not in text
            and " #" not in text
            and read_value(f"[{text}]", "") == [text]
        ):
            return text
    except ScenarioError:
        pass
    return json.dumps(text, ensure_ascii=False)


# ---- two of them ----------------------------------------------------------------------------------------


@struct
class Changed:
    """A key that two scenarios do not have alike; None: one has no such key."""

    path: Path
    before: Setting | None
    after: Setting | None

    @property
    def key(self) -> str:
        """Its path, as `--set` takes it."""
        return dotted(self.path)

    @property
    def sign(self) -> str:
        """`+` what is new, `-` what is gone, `~` what says something else."""
        return "+" if self.before is None else "-" if self.after is None else "~"

    @property
    def is_default(self) -> bool:
        """Whether neither says it itself: the default is another one."""
        return not any(one is not None and one.given for one in (self.before, self.after))

    def values(self) -> dict[str, Any]:
        """Both values, as JSON holds them, and the keys of those that are defaults."""
        both = {"before": self.before, "after": self.after}
        defaults = [key for key, one in both.items() if one is not None and not one.given]
        return {key: None if one is None else one.value for key, one in both.items()} | {"defaults": defaults}


def changes(before: ResolvedScenario, after: ResolvedScenario) -> tuple[Changed, ...]:
    """What differs in two resolved scenarios; a default that takes the place of the same value is no difference.

    A part that only one of them has, such as an image, is one difference.
    """
    walks = _Walk(before), _Walk(after)
    old, new = ({one.path: one for one in walk.part(walk.document, ROOT, ())} for walk in walks)
    found: dict[Path, Changed] = {}
    for path in _merged_order(list(old), list(new)):
        one, other = old.get(path), new.get(path)
        if one is not None and other is not None:
            if one.value != other.value and not _follows(one, other):
                found[path] = Changed(path, one, other)
        elif one is not None and one.given:
            whole = _whole(one, walks[0].document, walks[1].document)
            found[whole.path] = Changed(whole.path, whole, None)
        elif other is not None and other.given:
            whole = _whole(other, walks[1].document, walks[0].document)
            found[whole.path] = Changed(whole.path, None, whole)
    return tuple(found.values())


def _follows(one: Setting, other: Setting) -> bool:
    """Whether both are defaults, and one is what the same key elsewhere says, which differs itself."""
    return not one.given and not other.given and f"as rollout.{one.path[-1]}" in (one.source, other.source)


def _whole(setting: Setting, own: Mapping[str, Any], others: Mapping[str, Any]) -> Setting:
    """The setting, or the largest part around it that has a name of the user's and is not there in the other."""
    part: Part | None = ROOT
    mine: Any = own
    theirs: Any = others
    for length, step in enumerate(setting.path, 1):
        is_named = part is not None and part.is_map
        part = part.step(step) if part is not None else None
        mine = mine[step]
        theirs = theirs.get(step) if isinstance(theirs, Mapping) else None
        if is_named and theirs is None:
            path = setting.path[:length]
            return Setting(path, shown(path, mine), given=True)
    return setting


def _merged_order(old: Sequence[Path], new: Sequence[Path]) -> list[Path]:
    """All paths, those of the second behind what stands before them there."""
    place = {path: number for number, path in enumerate(old)}
    behind: dict[int, list[Path]] = {-1: []}
    last = -1
    for path in new:
        if path in place:
            last = place[path]
        else:
            behind.setdefault(last, []).append(path)
    return [*behind[-1], *(one for number, path in enumerate(old) for one in (path, *behind.get(number, ())))]
