"""Makes a drawn scenario hang together: its names mean what is there, and what a part needs stands in it.

Each function looks at one part, adds what is missing, and takes out only what nothing could be added for. What holds
already stays as it is, so that all may be done again after something was taken out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolloutsim.scenario.links import node_name
from rolloutsim.scenario.prepulls import DEFAULT_PREPULLER
from rolloutsim.scenario.strategies import FOR_DAEMONSETS, FOR_REPLICAS, KUBERNETES, OWN_KEYS, POD_KEYS, SOME_KEYS
from rolloutsim.units import QuantityError, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
    from random import Random

Data = dict[str, Any]

MOST_NODES = 12  # of a group; what is to be seen of many nodes is seen of a few
_MOST_REPLICATIONS = 3
_MOST_REPLICAS = 20
_RATES = ("1 Gbit/s", "100 Mbit/s", "10 Gbit/s", "20 MB/s")
_SIZES = ("100 MB", "1 GB", "5 MB", "30 MB")
_DISKS = ("500 MB", "2 GB", "20 GB", "200 GB")
_KUBELET = (
    "kubelet", "serialize_image_pulls", "max_parallel_image_pulls", "registry_pull_qps", "registry_burst",
    "image_backoff", "image_gc", "eviction_hard",
)  # fmt: skip
_CLIENT = ("times", "after", "growth", "jitter")
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
_TIMES = ("start", "at", "startup", "spread")
_PAIRS = (("min", "max"), ("p50", "p95"))


def complete(data: Data, random: Random) -> Data:
    """The same scenario, with what its parts need.

    Parameters
    ----------
    data : dict
        What was drawn from the schema; it may be changed.
    random : random.Random
        What decides where several things would do.
    """
    return _Scenario({"rolloutsim": 1} | data, random).completed()


class _Scenario:
    def __init__(self, data: Data, random: Random) -> None:
        self.data = data
        self.random = random

    def completed(self) -> Data:
        for complete in (
            self._runs, self._images, self._registries, self._nodes, self._network, self._servers, self._strategies,
            self._groups, self._ways, self._prepulls, self._pushes, self._background, self._failures, self._beside,
        ):  # fmt: skip
            complete()
        _random_times(self.data, self.random)
        return self.data

    # What is there, to be named by others.

    @property
    def images(self) -> list[str]:
        return list(self.data["images"])

    @property
    def registries(self) -> list[str]:
        return list(self.data.get("registries") or ("registry",))

    @property
    def groups(self) -> dict[str, Data]:
        """The groups of nodes that have keys."""
        nodes = self.data["nodes"]
        return {name: group for name, group in nodes.items() if isinstance(group, dict)} if _is_map(nodes) else {}

    @property
    def names_of_groups(self) -> list[str]:
        nodes = self.data["nodes"]
        return list(nodes) if _is_map(nodes) else ["node"]

    @property
    def pods(self) -> bool:
        return bool(self.data.get("workloads")) or _strategy(self.data.get("rollout")) in KUBERNETES

    def of(self, section: str) -> dict[str, Any]:
        return self.data.get(section) or {}

    def long(self, section: str) -> Iterator[tuple[str, Data]]:
        """The parts of a section that are not in their short form."""
        for name, part in self.of(section).items():
            if isinstance(part, dict):
                yield name, part

    def origin(self, image: str) -> str:
        spec = self.data["images"][image]
        return (spec.get("registry") if isinstance(spec, dict) else None) or self.registries[0]

    def placed(self, key: str) -> list[str]:
        """The racks, or sites, in which nodes are."""
        found: list[str] = []
        for name, group in self.groups.items():
            value = group.get(key)
            found += value if isinstance(value, list) else [f"{name}-site-{n:03d}" for n in range(value or 0)]
        return list(dict.fromkeys(found))

    def servers(self) -> list[str]:
        """Caches and mirrors by the names of what their keys make."""
        found: list[str] = []
        for section in ("mirrors", "caches"):
            for name, spec in self.of(section).items():
                place = spec.get("in", "core") if isinstance(spec, dict) else "core"
                each = place in ("rack", "site")
                found += [f"{name}-{there}" for there in self.placed(f"{place}s")] if each else [name]
        return found

    def node(self) -> str:
        nodes = self.data["nodes"]
        group = self.random.choice(self.names_of_groups)
        spec = nodes[group] if _is_map(nodes) else nodes
        count = int(spec.get("count", 1) if isinstance(spec, dict) else spec)
        return node_name(group, self.random.randrange(max(1, count)), count)

    def links(self) -> list[str]:
        """Shared links; some may have no limit, or other names."""
        found = [*self._of_network("links")]
        for key in ("racks", "sites"):
            found += [f"{place}.{way}" for place in self.placed(key) for way in ("up", "down")]
        found += [f"{name}.uplink" for name in (*self.registries, *self.servers(), *self.of("pushes"))]
        return [*found, *(f"{name}.rate" for name, spec in self.long("prepulls") if "rate" in spec)]

    # The parts.

    def _runs(self) -> None:
        data = self.data
        if isinstance(data.get("replications"), int):
            data["replications"] = min(data["replications"], _MOST_REPLICATIONS)

    def _images(self) -> None:
        data, random = self.data, self.random
        if not data.get("images"):
            data["images"] = {"app": random.choice(_SIZES)}
        known: dict[str, Data] = {}
        before: list[str] = []
        for name, image in data["images"].items():
            if isinstance(image, dict):
                if image.get("base", "") not in before:
                    self._instead(image, "base", before)
                self._image(image, known)
            elif isinstance(image, str) and not image.strip()[:1].isdigit():
                data["images"][name] = random.choice(_SIZES)
            before.append(name)

    def _image(self, image: Data, known: dict[str, Data]) -> None:
        layers = image.get("layers")
        if isinstance(layers, (list, dict)):
            if not layers:
                del image["layers"]
            else:
                _drop(image, ("size", "digest", "compressed", "unpacked", "files", "equal_layers"))
        if "size" in image:
            _drop(image, ("compressed",))
        elif not {"compressed", "unpacked", "base"} & image.keys() and not image.get("layers"):
            image["size"] = self.random.choice(_SIZES)
        elif "base" in image and not {"compressed", "unpacked"} & image.keys():
            _drop(image, ("digest", "files", "equal_layers"))
            if isinstance(image.get("layers"), int):
                del image["layers"]
        if "equal_layers" in image and "layers" in image:
            del image["equal_layers"]
        for layer in layers.values() if isinstance(layers, dict) else layers if isinstance(layers, list) else ():
            if isinstance(layer, dict):
                if not {"compressed", "unpacked"} & layer.keys():
                    layer["compressed"] = self.random.choice(_SIZES)
                self._same_layer(layer, known)
        if "digest" in image:
            self._same_layer(image, known)
            _drop(image, ("equal_layers", "layers"))

    def _same_layer(self, layer: Data, known: dict[str, Data]) -> None:
        """A layer has the sizes that another has with its digest."""
        if "digest" not in layer:
            return
        first = known.setdefault(layer["digest"], layer)
        if first is layer:
            return
        _drop(layer, ("size", "compressed", "unpacked", "ratio"))
        for key, value in first.items():
            if key in ("size", "compressed", "unpacked", "ratio"):
                layer[key if key != "size" or "images" in layer else "compressed"] = value

    def _registries(self) -> None:
        data = self.data
        if data.get("registries"):
            data.pop("registry", None)
        else:
            data.pop("registries", None)
        for section in ("registries", "mirrors", "caches"):
            for _, spec in self.long(section):
                self._registry(spec)
        if isinstance(data.get("registry"), dict):
            self._registry(data["registry"])
        several = len(self.registries) > 1
        for name, image in data["images"].items():
            if not isinstance(image, dict) and several:
                image = data["images"][name] = {"size": image}
            if isinstance(image, dict):
                if several:
                    image.setdefault("registry", self.random.choice(self.registries))
                _means(image, "registry", self.registries, self.random)

    def _registry(self, spec: Data) -> None:
        if "rate_limits" in spec:
            spec.pop("rate_limit", None)
        if spec.get("efficiency_at"):
            spec.pop("redirect", None)
            if spec.get("uplink") == "unlimited":
                spec["uplink"] = self.random.choice(_RATES)
        limits = spec.get("rate_limits")
        every = [*(limits.values() if isinstance(limits, dict) else ()), spec.get("rate_limit")]
        for limit in every:
            if isinstance(limit, dict):
                self._limit(limit)

    def _limit(self, limit: Data) -> None:
        if "resets_after" in limit:
            limit["kind"] = "fixed_window"
        if limit.get("kind") == "fixed_window":
            limit.pop("burst", None)
            if _of("time", limit.get("resets_after", "0 s")) > 60:
                limit["resets_after"] = "20 s"
            rate = limit.get("rate", "")
            if "resets_after" in limit or rate[:1] not in "123456789" or "." in rate:
                limit["rate"] = f"{self.random.choice((1, 5, 100))}/min"
        if "used" in limit:
            limit["used"] = min(limit["used"], limit.get("burst", 1))

    def _nodes(self) -> None:
        data, random = self.data, self.random
        if not data.get("nodes"):
            data["nodes"] = {"web": {"count": 3}} if random.random() < 0.7 else 3
        if not _is_map(data["nodes"]):
            data["nodes"] = min(data["nodes"], MOST_NODES)
            return
        for name, group in list(data["nodes"].items()):
            if isinstance(group, dict):
                group.setdefault("count", random.randint(1, 4))
                group["count"] = min(group["count"], MOST_NODES)
                if "sites" in group and "racks" in group:
                    del group[random.choice(("sites", "racks"))]
                for key in ("racks", "sites"):
                    if isinstance(group.get(key), list):
                        group[key] = _once(group[key])
                    elif isinstance(group.get(key), int):
                        group[key] = min(group[key], MOST_NODES)
                    if not group.get(key, True):
                        del group[key]
            else:
                data["nodes"][name] = min(group, MOST_NODES)

    def _network(self) -> None:
        data, random = self.data, self.random
        data.setdefault("network", random.choice(_RATES))
        network = data["network"]
        named = any(_ways(part) for part in _parts(data)) or bool(self.of("background")) or random.random() < 0.2
        placed = {key: bool(self.placed(key)) for key in ("racks", "sites")}
        if isinstance(network, str) and (named or any(placed.values())):
            network = data["network"] = {"rate": network}
        if isinstance(network, str):
            return
        network.setdefault("rate", random.choice(_RATES))
        if "mtu" in network:
            network.pop("efficiency", None)
        if named and not network.get("links"):
            network["links"] = {name: random.choice(_RATES) for name in ("wan", "lan")[: random.randint(1, 2)]}
        for key, there in placed.items():
            if there:
                network.setdefault(key, random.choice(_RATES))
            elif key in network and (
                free := [one for one in self.groups.values() if not {"racks", "sites"} & one.keys()]
            ):
                group = random.choice(free)
                group[key] = [["r1", "r2"], ["east", "west"]][key == "sites"][: random.randint(1, 2)]
            else:
                network.pop(key, None)
        racks = network.get("racks")
        if isinstance(racks, dict):
            if "oversubscription" in racks:
                racks.pop("uplink", None)
                for group in self.groups.values():
                    if "racks" in group:
                        group["count"] = max(group["count"], len(group["racks"]))
            else:
                racks.setdefault("uplink", random.choice(_RATES))

    def _of_network(self, key: str) -> Any:
        network = self.data["network"]
        return (network.get(key) if isinstance(network, dict) else None) or {}

    def _servers(self) -> None:
        random, data = self.random, self.data
        several = len(self.registries) > 1
        for section in ("mirrors", "caches"):
            for _, spec in self.long(section):
                place = spec.get("in", "core")
                may = ["core"]
                for key in ("racks", "sites"):
                    may += [key[:-1], *self.placed(key)] if self.placed(key) else []
                if place not in may:
                    self._instead(spec, "in", may)
        for name, spec in data.get("mirrors", {}).items():
            if several and not isinstance(spec, dict):
                spec = data["mirrors"][name] = {"uplink": spec}
            if isinstance(spec, dict):
                self._mirror(spec, several)
        before = [*self.registries, *self.of("mirrors")]
        for name, spec in data.get("caches", {}).items():
            if several and not isinstance(spec, dict):
                spec = data["caches"][name] = {"uplink": spec}
            if isinstance(spec, dict):
                if several:
                    spec.setdefault("upstream", random.choice(before))
                if "upstream" in spec:
                    _means(spec, "upstream", before, random)
                _only(spec, "holds", [image for image in self.images if self.origin(image) in self._served(name)])
            before.append(name)

    def _mirror(self, spec: Data, several: bool) -> None:
        if several:
            spec.setdefault("of", [self.random.choice(self.registries)])
        if "of" in spec:
            _means(spec, "of", self.registries, self.random)
        origins = _listed(spec.get("of", self.registries))
        there = [image for image in self.images if self.origin(image) in origins]
        _only(spec, "images", there)
        copied = spec.get("copied")
        if isinstance(copied, dict):
            if "at" in copied or "every" in copied:
                copied["on"] = "schedule"
            if copied.get("on", "push") != "before" and isinstance(spec.get("images"), dict):
                spec["images"] = list(spec["images"])
            whole = spec.get("images", ())
            _only(copied, "held", [image for image in there if image not in whole])
        elif copied not in (None, "before") and isinstance(spec.get("images"), dict):
            spec["images"] = list(spec["images"])

    def _served(self, name: str) -> Sequence[str]:
        """The registries whose images a cache can be asked for."""
        for _ in range(len(self.of("caches")) + 1):
            spec = self.of("caches").get(name)
            if spec is None:
                break
            name = (spec.get("upstream") if isinstance(spec, dict) else None) or self.registries[0]
        if name in self.of("mirrors"):
            spec = self.of("mirrors")[name]
            return _listed(spec.get("of", self.registries)) if isinstance(spec, dict) else self.registries
        return (name,)

    def _strategies(self) -> None:
        """Who pulls when: workloads, or a strategy, or a schedule."""
        data, random = self.data, self.random
        if "workloads" in data and not data["workloads"]:
            del data["workloads"]
        rollout = data.get("rollout")
        if isinstance(rollout, dict):
            self._strategy_of_keys(rollout)
        elif "controller_manager" in data and not self.pods:
            rollout = data["rollout"] = random.choice(KUBERNETES[:3])
        if "workloads" not in data:
            if rollout == "waves":
                rollout = data["rollout"] = {"strategy": "waves"}
            if isinstance(rollout, dict):
                kind = rollout.get("strategy", "all_at_once")
                _policy(rollout, kind, 1, random)
                if not self.pods:
                    _drop(rollout, POD_KEYS)
            return
        if _strategy(rollout) == "schedule":
            if isinstance(rollout, dict):
                del rollout["strategy"]
            else:
                del data["rollout"]
        before: list[str] = []
        for name, spec in data["workloads"].items():
            self._workload(spec, before)
            before.append(name)
        self._general(data.get("rollout"))

    def _strategy_of_keys(self, rollout: Data) -> None:
        """A strategy that some of a policy's keys go with."""
        special = [key for key in SOME_KEYS if key in rollout]
        alone = "workloads" not in self.data
        if "strategy" not in rollout and (special or (alone and set(POD_KEYS) & rollout.keys())):
            fitting = [name for name in KUBERNETES if not special or special[0] in OWN_KEYS[name]]
            rollout["strategy"] = self.random.choice(fitting)
        if "controller_manager" in self.data and alone and rollout.get("strategy") not in KUBERNETES:
            rollout["strategy"] = self.random.choice(KUBERNETES)

    def _workload(self, spec: Data, before: list[str]) -> None:
        random = self.random
        _means(spec, "images", self.images, random)
        if not spec.get("images"):
            spec["images"] = [random.choice(self.images)]
        if spec.get("daemonset"):
            spec.pop("replicas", None)
        elif "replicas" in spec:
            spec.pop("daemonset", None)
            spec["replicas"] = min(spec["replicas"], _MOST_REPLICAS)
        elif random.random() < 0.4:
            spec["daemonset"] = True
        else:
            spec.pop("daemonset", None)
            spec["replicas"] = random.choice((1, 2, 3, 5, 8))
        if "groups" in spec:
            _means(spec, "groups", self.names_of_groups, random)
        if "after" in spec:
            _means(spec, "after", before, random)
            if spec.get("after"):
                spec.pop("start", None)
        own = spec.get("rollout")
        may = FOR_DAEMONSETS if spec.get("daemonset") else FOR_REPLICAS
        if isinstance(own, dict):
            special = [key for key in SOME_KEYS if key in own]
            if own.get("strategy") not in may or special:
                fitting = [name for name in may if special and special[0] in OWN_KEYS[name]]
                own["strategy"] = random.choice(fitting or may)
            _policy(own, own["strategy"], spec.get("replicas", 1), random)
        elif own == "waves":
            spec["rollout"] = {"strategy": own, "waves": [1, "50%"]}
        elif own is not None and own not in may:
            spec["rollout"] = random.choice(may[:2])
        if spec.get("rollout") == "waves":
            del spec["rollout"]

    def _general(self, rollout: Any) -> None:
        """What `rollout` says where there are workloads: only what one of them goes by."""
        if not isinstance(rollout, dict):
            if rollout == "waves":
                self.data["rollout"] = {"strategy": "waves", "waves": [1]}
            return
        kind = rollout.get("strategy", "rolling")
        least = 1
        followed = False
        for spec in self.data["workloads"].values():
            own = spec.get("rollout")
            fits = kind in (FOR_DAEMONSETS if spec.get("daemonset") else FOR_REPLICAS)
            followed |= fits and not (own if isinstance(own, str) else isinstance(own, dict) and "strategy" in own)
            least = min(least, spec.get("replicas", 1))
        if followed:
            _policy(rollout, kind, least, self.random)
        else:
            _drop(rollout, SOME_KEYS)

    def _groups(self) -> None:
        random = self.random
        scheduled = _strategy(self.data.get("rollout")) == "schedule"
        pulling = [group for group in self.groups.values() if group.get("pulls")]
        if pulling and not self.pods and not scheduled and random.random() < 0.7:
            rollout = self.data.get("rollout")
            if isinstance(rollout, dict):
                rollout["strategy"] = "schedule"
                _drop(rollout, (*SOME_KEYS, *POD_KEYS))
            else:
                self.data["rollout"] = "schedule"
            scheduled = True
        elif scheduled and not pulling:
            if self.groups:
                random.choice(list(self.groups.values()))["pulls"] = [{"image": random.choice(self.images)}]
            else:
                del self.data["rollout"]
                scheduled = False
        for group in self.groups.values():
            self._group(group, scheduled)

    def _group(self, group: Data, scheduled: bool) -> None:
        random = self.random
        _drop(group, ("start",) if scheduled else ("pulls",))
        for pull in group.get("pulls", ()):
            _means(pull, "image", self.images, random)
        _only(group, "cached", self.images)
        for image, value in group.get("cached", {}).items():
            if isinstance(value, int):
                group["cached"][image] = min(value, group["count"])
        retry = group.get("retry")
        if self.pods:
            if isinstance(retry, dict):
                _drop(retry, _CLIENT)
            if {"image_gc", "eviction_hard"} & group.keys():
                disk = group.get("disk", {})
                group["disk"] = disk = disk if isinstance(disk, dict) else {"rate": disk}
                disk.setdefault("capacity", random.choice(_DISKS))
        else:
            _drop(group, _KUBELET)
            if isinstance(retry, dict) and set(_CLIENT) & retry.keys():
                retry.setdefault("times", random.randint(1, 3))
        disk = group.get("disk")
        if isinstance(disk, dict) and {"used", "old_images"} & disk.keys():
            disk.setdefault("capacity", random.choice(_DISKS))
        if isinstance(disk, dict) and "capacity" in disk:
            self._disk(disk)
        if group.get("serialize_image_pulls") and "max_parallel_image_pulls" in group:
            group["max_parallel_image_pulls"] = 1
        self._order(group.get("image_backoff"), "initial", "max", "time", "1 s", "30 s")
        self._order(group.get("image_gc"), "low", "high", "share", "50%", "70%")
        self._runtime(group)
        self._hosts(group)

    def _disk(self, disk: Data) -> None:
        if _of("size", disk["capacity"]) < 3e8 and self.random.random() < 0.9:
            disk["capacity"] = self.random.choice(_DISKS)
        there = sum(_of("size", disk[key]) for key in ("used", "old_images") if key in disk)
        if there > _of("size", disk["capacity"]):
            for key in ("used", "old_images"):
                if key in disk:
                    disk[key] = "100 MB"

    def _order(self, part: Any, low: str, high: str, kind: Any, lower: str, higher: str) -> None:
        """Of two quantities the smaller one first."""
        if isinstance(part, dict) and (low in part or high in part):
            first, second = part.get(low, lower), part.get(high, higher)
            if _of(kind, first) >= _of(kind, second):
                first, second = (second, first) if _of(kind, second) < _of(kind, first) else (lower, higher)
            part[low], part[high] = first, second

    def _runtime(self, group: Data) -> None:
        if "snapshotter" in group:
            if group.get("runtime") not in ("containerd", "containerd-1"):
                group.pop("runtime", None)
            group.pop("partial_images", None)
        if group.get("partial_images"):
            group["runtime"] = "cri-o"
        if {"layer_fetch_buffer", "parallel_unpacks"} & group.keys():
            if group.get("partial_images"):
                _drop(group, ("layer_fetch_buffer", "parallel_unpacks"))
            else:
                group.pop("runtime", None)
        if _of("size", group.get("layer_fetch_buffer", "1 GB")) < 1e6:
            group["layer_fetch_buffer"] = self.random.choice(("8 MB", "1 MiB", "512 kB"))
        if "recheck_requests" in group:
            group["recheck_requests"] = min(group["recheck_requests"], group.get("resolve_requests", 1))

    def _hosts(self, group: Data) -> None:
        """Whom the nodes ask: of servers in each rack only those that are in theirs."""
        random = self.random
        may: list[str] = [*self.of("peers")]
        for section in ("mirrors", "caches"):
            for name, spec in self.of(section).items():
                place = spec.get("in", "core") if isinstance(spec, dict) else "core"
                if place not in ("rack", "site") or group.get(f"{place}s"):
                    may.append(name)
        if may and "hosts" not in group and random.random() < 0.8:
            group["hosts"] = random.sample(may, random.randint(1, min(2, len(may))))
        if "hosts" in group:
            _means(group, "hosts", [*may, *self.registries], random)

    def _ways(self) -> None:
        """Links that parts are behind: each on a way only once."""
        links = list(self._of_network("links"))
        used: set[str] = set()
        for section in ("registries", "mirrors", "caches"):
            for _, spec in self.long(section):
                self._way(spec, links, used)
        if isinstance(self.data.get("registry"), dict):
            self._way(self.data["registry"], links, used)
        for group in self.groups.values():
            if "via" in group:
                _means(group, "via", [link for link in links if link not in used], self.random)
        pushes = [spec for _, spec in self.long("pushes")]
        for push in (*pushes, self.data.get("push")):
            if isinstance(push, dict) and "via" in push:
                _means(push, "via", links, self.random)

    def _way(self, spec: Data, links: list[str], used: set[str]) -> None:
        for part in (spec, spec.get("redirect")):
            if isinstance(part, dict) and "via" in part:
                # One link at the most, so that some are left for the nodes.
                _means(part, "via", links[:1], self.random)
                used.update(part.get("via", ()))

    def _prepulls(self) -> None:
        random = self.random
        timed = any("at" in spec for _, spec in self.long("prepulls")) and random.random() < 0.5
        for _, spec in self.long("prepulls"):
            _means(spec, "images", self.images, random)
            if not spec.get("images"):
                spec["images"] = [random.choice(self.images)]
            if "groups" in spec:
                _means(spec, "groups", self.names_of_groups, random)
            if timed:
                spec.setdefault("at", random.choice(("-1h", "-5 s", "-2m")))
            else:
                spec.pop("at", None)
            special = [key for key in _PREPULLERS if key in spec]
            if special and spec.get("by", DEFAULT_PREPULLER) not in _PREPULLERS[special[0]]:
                spec["by"] = random.choice(_PREPULLERS[special[0]])
            _drop(spec, [key for key in special if spec.get("by", DEFAULT_PREPULLER) not in _PREPULLERS[key]])

    def _pushes(self) -> None:
        data = self.data
        if data.get("pushes"):
            data.pop("push", None)
        else:
            data.pop("pushes", None)
        pushes = [spec for _, spec in self.long("pushes")]
        for spec in pushes:
            spec.pop("from", None)
        for push in (*pushes, data.get("push")):
            if isinstance(push, dict):
                _means(push, "images", self.images, self.random)
                if not push.get("images"):
                    push["images"] = [self.random.choice(self.images)]
                _only(push, "held", [image for image in self.images if image not in _listed(push["images"])])

    def _background(self) -> None:
        random = self.random
        for _, flow in self.long("background"):
            self._place(flow)
            kind = next((kind for kind in _TRAFFIC if kind in flow), None)
            if kind is None:
                kind = random.choice(list(_TRAFFIC))
                flow[kind] = {
                    "size": random.choice(_SIZES),
                    "rate": random.choice(_RATES),
                    "connections": random.randint(1, 3),
                    "request": {"size": "1 MB", "every": "1 s"},
                }[kind]
            _drop(flow, [key for key in flow if key not in ("links", "between", kind, *_TRAFFIC[kind])])
            if "at" in flow:
                flow.pop("from", None)
            start = flow.get("at", flow.get("from", "0 s"))
            if "until" in flow and _of("time", flow["until"]) <= _of("time", start):
                flow["until"] = f"{_of('time', start) + 20:g} s"
            request = flow.get("request")
            # So often that it is seen, and so seldom that a rollout of hours is over in moments.
            if isinstance(request, dict) and _of("time", request.get("every")) < 0.1:
                request["every"] = random.choice(("100 ms", "1 s", "10 s"))

    def _place(self, flow: Data) -> None:
        random = self.random
        if "links" in flow and "between" in flow:
            del flow[random.choice(("links", "between"))]
        if "links" in flow or "between" not in flow:
            own = [f"{self.node()}.nic.{way}" for way in ("in", "out")]
            known = [*self.links(), *own]
            _means(flow, "links", known, random)
            if not flow.get("links"):
                flow["links"] = [random.choice(known)]
        elif "between" in flow:
            known = [*self.registries, *self.servers(), *self.names_of_groups, "core", self.node(), self.node()]
            ends = [end for end in flow["between"] if end in known]
            flow["between"] = ends if len(set(ends)) == 2 else random.sample(_once(known), 2)

    def _failures(self) -> None:
        random = self.random
        there: dict[str, list[str]] = {
            "node": [self.node()],
            "group": self.names_of_groups,
            "registry": self.registries,
            "cache": list(self.of("caches")),
            "mirror": list(self.of("mirrors")),
            "link": self.links(),
        }
        for _, spec in self.long("failures"):
            given = [key for key in _TARGETS if key in spec and there[key]]
            special = [key for key in ("flaky", "silent") if spec.get(key)]
            may = [key for key in (_SERVERS if special else _TARGETS) if there[key]]
            given = [key for key in given if key in may]
            kept = random.choice(given or may)
            _drop(spec, [key for key in _TARGETS if key != kept])
            spec.setdefault(kept, random.choice(there[kept]))
            _means(spec, kept, there[kept], random)
            if kept in ("node", "group"):
                _drop(spec, ("capacity",))
            if spec.get("silent"):
                _drop(spec, ("capacity", "flaky"))
            elif "flaky" in spec:
                _drop(spec, ("capacity",))
            if "rate" in spec:
                spec.pop("at", None)
                # A rollout that does not end has failures for a day.
                if not spec["rate"].endswith(("/h", "/6h", "/min")):
                    spec["rate"] = random.choice(("2/h", "30/h", "1/min"))

    def _beside(self) -> None:
        """What changes no simulation."""
        data, random = self.data, self.random
        places = ["nodes", "network", f"images.{self.images[0]}"]
        for key in ("calibrated", "assumed"):
            if key in data:
                data[key] = dict(zip(places, _once(data[key].values()), strict=False))
                places = places[len(data[key]) :]
        if "thresholds" in data:
            metrics = ("rollout_time", "pull_time", "slowdown", "bytes_on_wire", "failed_pulls")
            kinds = {"rollout_time": "< 60 s", "pull_time": "p95 < 5 s", "slowdown": "max < 3", "failed_pulls": "< 1"}
            renamed: Data = {}
            for given in data["thresholds"].values():
                metric = random.choice(metrics)
                check = kinds.get(metric, "< 1 GB")
                conditions = given if isinstance(given, list) else [given]
                for one in conditions:
                    if isinstance(one, dict):
                        one["check"] = check
                renamed[metric] = [one if isinstance(one, dict) else check for one in conditions] or check
            data["thresholds"] = renamed
        if "sweep" in data:
            self._sweep()
        for name in data.get("variants", {}):
            data["variants"][name] = random.choice(({}, {"network.latency": "1 ms"}, {"network.latency": "2 ms"}))

    def _sweep(self) -> None:
        given = self.data["sweep"]
        values: Data = {"seed": [1, 2], "network.latency": ["1 ms", "5 ms"]}
        if not isinstance(given, dict) or "parameters" not in given:
            self.data["sweep"] = {"seed": [1, 2, 3]}
            return
        if "points" in given:
            given["design"] = "sobol"
        if given.get("design") == "sobol":
            values["network.latency"] = {"from": "1 ms", "to": "9 ms"}
        given["parameters"] = values

    # What stands in several parts.

    def _instead(self, part: Data, key: str, may: Sequence[str]) -> None:
        if key not in part:
            return
        if may:
            part[key] = self.random.choice(may)
        else:
            del part[key]


def _policy(rollout: Data, kind: str, replicas: int, random: Random) -> None:
    """What a strategy needs, and nothing that does not go with it."""
    _drop(rollout, [key for key in SOME_KEYS if key not in OWN_KEYS[kind]])
    surge, unavailable = _amount(rollout.get("max_surge")), _amount(rollout.get("max_unavailable"))
    if kind == "rolling":
        if surge == 0 and unavailable == 0:
            rollout["max_surge"] = 1
        deadline, ready = rollout.get("progress_deadline", "600 s"), rollout.get("min_ready", "0 s")
        if deadline != "off" and _of("time", deadline) <= _of("time", ready):
            rollout["min_ready"] = "1 s"
            if _of("time", deadline) <= 1:
                rollout["progress_deadline"] = "10 s"
    elif kind == "daemonset":
        if surge and surge > 0:
            rollout["max_unavailable"] = 0
            if isinstance(rollout["max_surge"], str) and surge > 1:
                rollout["max_surge"] = "50%"
        elif unavailable == 0:
            rollout["max_unavailable"] = 1
    elif kind == "statefulset":
        if unavailable == 0:
            rollout["max_unavailable"] = random.choice((1, "50%"))
        if "partition" in rollout:
            rollout["partition"] = min(rollout["partition"], replicas - 1)
    elif kind == "waves":
        waves = rollout.get("waves") or [random.choice((1, "10%", "50%"))]
        rollout["waves"] = [one if n == 0 else _share_of_wave(one) for n, one in enumerate(waves[:3])]
        first = rollout["waves"][0]
        size = first.get("size") if isinstance(first, dict) else first
        if isinstance(size, int) and size > 1 or isinstance(size, str) and not 0 < _of("share", size) <= 0.5:
            rollout["waves"][0] = first | {"size": 1} if isinstance(first, dict) else 1


def _share_of_wave(wave: Any) -> Any:
    return wave | {"size": "20%"} if isinstance(wave, dict) else "20%"


def _amount(value: Any) -> float | None:
    """How many, or what share; None: it is not given."""
    return _of("share", value) if isinstance(value, str) else value


def _strategy(rollout: Any) -> str | None:
    return rollout.get("strategy") if isinstance(rollout, dict) else rollout


def _parts(data: Data) -> Iterator[Data]:
    """The parts that may be behind links."""
    for key in ("nodes", "registries", "mirrors", "caches", "pushes"):
        if _is_map(data.get(key)):
            yield from (part for part in data[key].values() if isinstance(part, dict))
    yield from (data[key] for key in ("registry", "push") if isinstance(data.get(key), dict))


def _ways(part: Data) -> bool:
    redirect = part.get("redirect")
    return "via" in part or (isinstance(redirect, dict) and "via" in redirect)


def _random_times(part: Any, random: Random) -> None:
    """Each random time has two bounds or two quantiles, the smaller one first."""
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in inner:
        if key in _TIMES and isinstance(value, dict) and value.keys() <= {"min", "max", "p50", "p95"}:
            pair = random.choice([pair for pair in _PAIRS if set(pair) & value.keys()] or _PAIRS)
            given = [value.get(one, "5 s") for one in pair]
            least, most = sorted(given, key=lambda text: _of("time", text))
            value.clear()
            value.update(zip(pair, (least if _of("time", least) > 0 else "1 ms", most), strict=True))
            if _of("time", value[pair[1]]) < _of("time", value[pair[0]]):
                value[pair[1]] = "1 s"
        else:
            _random_times(value, random)


def _of(kind: Any, text: Any) -> float:
    """A quantity; 0 where it is none, so that the loader refuses it."""
    try:
        return parse(kind, text)
    except QuantityError:
        return 0.0


def _means(part: MutableMapping[str, Any], key: str, known: Iterable[str], random: Random) -> None:
    """Names of a key that are known, each once; others become one of these, and without any the key goes."""
    known = list(known)
    if key not in part:
        return
    given = part[key]
    names = [name if name in known else random.choice(known) for name in _listed(given)] if known else []
    if not names:
        del part[key]
    else:
        part[key] = _once(names) if isinstance(given, list) else names[0]


def _only(part: Data, key: str, known: Sequence[str]) -> None:
    """Names of a key that are known, in whatever form; the key goes if none is."""
    given = part.get(key)
    if isinstance(given, dict):
        kept: Any = {name: value for name, value in given.items() if name in known}
    else:
        kept = [name for name in _listed(given or []) if name in known]
    if key in part:
        part[key] = kept
        if not kept:
            del part[key]


def _listed(given: Any) -> list[str]:
    return list(given) if isinstance(given, (list, tuple)) else [given]


def _once(given: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for one in given:
        if one not in found:
            found.append(one)
    return found


def _drop(part: Data, keys: Iterable[str]) -> None:
    for key in keys:
        part.pop(key, None)


def _is_map(value: Any) -> bool:
    return isinstance(value, dict)
