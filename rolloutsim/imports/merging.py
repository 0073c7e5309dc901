"""What files tell, merged into a scenario that is there: only what they know is replaced.

Of the draft that the files alone would give, what is assumed stays out, save the sizes of images that only the files
name. What has the same meaning as what stands there changes nothing, however it is written.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic_core import PydanticCustomError

from rolloutsim import scenario
from rolloutsim.errors import ScenarioError, UnreadableError, UsageError, shortened
from rolloutsim.imports.assumptions import edited_anew
from rolloutsim.imports.documents import INPUT, STDIN, is_nameless
from rolloutsim.imports.drafts import runtimes
from rolloutsim.imports.drafts.assumed import NETWORK, Assumed
from rolloutsim.imports.drafts.draft import draft
from rolloutsim.imports.drafts.groups import groups_of
from rolloutsim.imports.drafts.nodes import KUBELET, OF_DISKS
from rolloutsim.imports.drafts.references import full, name_of
from rolloutsim.imports.editing import opened, plain, remarks_of
from rolloutsim.imports.found import Found
from rolloutsim.imports.matching import groups_as, images_as, mixed
from rolloutsim.imports.writing import Said, flow
from rolloutsim.scenario import loading
from rolloutsim.scenario.assumed import assumptions, why_assumed
from rolloutsim.scenario.hints import MOST_LISTED
from rolloutsim.scenario.places import dotted
from rolloutsim.scenario.presets import preset
from rolloutsim.scenario.structure import ROOT, Part
from rolloutsim.structs import struct

Path = tuple[str, ...]

_ASSUMED = "assumed"
_PARTLY = "; assumed: "  # in the remark of a value that rests on more than what was read
_LONGEST = 60  # characters of a value that are shown (assumed: two fit a line)
_HEAD = ("rolloutsim", "name")  # what a draft says of itself
_ONE_SIZE = ("compressed", "unpacked")
# Of a layer's size on the wire: gzip adds a thousandth at most (RFC 1951, 3.2.4), the rest is for rounding (assumed).
_LEAST_UNPACKED = 0.9
_WIRE = ("compressed", "size", "base", "equal_layers")  # what an image is on the wire
# What layers take the place of.
_BARE = ("base", "compressed", "unpacked", "size", "equal_layers", "digest", "files", "manifest", "platform")
_OF_MACHINE = ("nic", "disk", "memory", "unpack")  # keys of a group that a preset has
_SAME_RATE = 0.01  # of a NIC's rate: descriptions and tables round it (assumed)
_EITHER = {"replicas": "daemonset", "daemonset": "replicas"}  # a workload has one of the two
_GROUPS_STAY = (
    "workloads keep their groups: nodes and workloads together tell where pods may run; give both to renew them"
)


@struct
class Merged:
    """A scenario with what files tell.

    Parameters
    ----------
    text : str
        The scenario; that which was given if nothing changes.
    changes : tuple of str
        What is different: path, old and new value, and from what.
    assumed : tuple of Assumed
        What is new and nothing told.
    notes : tuple of str
        What was taken for what, and what was left out.
    """

    text: str
    changes: tuple[str, ...]
    assumed: tuple[Assumed, ...]
    notes: tuple[str, ...]


def merged_into(text: str, file: str, found: Found, origins: Sequence[str], groups: Sequence[str]) -> Merged:
    """A scenario with what was found.

    Parameters
    ----------
    text, file : str
        The scenario, which is valid, and what it is called.
    found : Found
        What the documents tell.
    origins : sequence of str
        What these are called.
    groups : sequence of str
        `NAME=GROUP`: what nodes of the input are called in the scenario; `GROUP`: all of them are that.

    Raises
    ------
    UsageError
        If there are no such nodes or groups.
    UnreadableError
        If it is not clear what is what, or the scenario would not be valid.
    """
    given = loading.draft(text.removeprefix("\ufeff"), file)
    into = _Into(given.data, given.filled().data.get("images"), remarks_of(text), found, file)
    into.take(origins, groups)
    try:
        made = edited_anew(text, into.data, into.changes)
    except UnreadableError as error:
        raise UnreadableError(f"{file}: {error}") from None
    try:
        scenario.loads(made.removeprefix("\ufeff"), file)
    except ScenarioError as error:
        first = error.diagnostics[0]
        raise UnreadableError(
            f"{file}: with what {', '.join(origins[:3])} tells it would not be valid: {first.message}"
            f"{f' ({first.help})' if first.help else ''}; nothing was written"
        ) from None
    return Merged(
        made,
        tuple(into.shown() if made != text else ()),
        tuple(into.assumed),
        tuple(dict.fromkeys(map(shortened, into.notes))),
    )


class _Into:
    """A scenario's data, and the changes that are collected for it."""

    def __init__(
        self, data: Mapping[str, Any], images: Any, remarks: Mapping[Path, str], found: Found, file: str
    ) -> None:
        self.data = data
        self.images = images  # the same with the layers of manifests in the place of these
        self.remarks = remarks
        self.told_assumed = assumptions(data)
        self.found = found
        self.file = file
        self.changes: dict[Path, Said] = {}
        self.digests: dict[str, list[str]] = {}  # image → its layers, where a manifest tells them
        self.assumed: list[Assumed] = []
        self.notes: list[str] = []

    def take(self, origins: Sequence[str], said: Sequence[str]) -> None:
        """Collect the changes of all that was found."""
        images = self._map(("images",))
        self._name_the_input(list(images))
        theirs = list(self._map(("nodes",)))
        placeholder = theirs[0] if len(theirs) == 1 and self._is_assumed(("nodes", theirs[0], "count")) else None
        groups = groups_of(self.found, self.notes)
        if groups:
            groups = groups_as(groups, theirs, placeholder is not None, said, self.file, self.notes)
            self.notes += mixed(groups, self.found)
            left = [one for one in theirs if one not in (placeholder, *(group.name for group in groups))]
            if len(groups) > 1 and not self.found.workloads and "workloads" in self.data:
                self.notes.append(_GROUPS_STAY)
            self.notes += [f"no nodes were given for the group {one}, which is left as it is" for one in left]
        made = draft(self.found, origins, list(images), groups)
        self.notes += made.notes
        content = dict(made.content)
        if "mirrors" in content:
            content["mirrors"] = self._mirrors(content["mirrors"])
        names = images_as(list(content["images"]), images, self.notes)
        self._note_new_images(names)
        nodes = content.pop("nodes")
        if groups:
            self._nodes(nodes, names, placeholder)
        else:
            settings = {key: one for key, one in next(iter(nodes.values())).items() if key != "count"}
            for one in said:
                if one not in theirs:
                    raise UsageError(f"--group {one}: {self.file} has no such group; it has: {', '.join(theirs)}")
            if self.found.is_swarm and not set(self._map(("workloads",))) <= {one.name for one in self.found.workloads}:
                self.notes.append(
                    f"{self.file} has other workloads as well: its nodes are left as they are; those of a Swarm run "
                    "Docker Engine, and have no kubelet"
                )
                content.pop("controller_manager", None)
                settings = {key: one for key, one in settings.items() if key == "hosts"}
            for group in said or theirs:
                self._all(("nodes", group), self._of_runtime(group, settings))
        for name, image in content.pop("images").items():
            self._image(name, names[name], image, made.assumed)
        for key in ("workloads", "prepulls"):
            for name, one in content.pop(key, {}).items():
                self._part((key, name), {**one, "images": _renamed(one["images"], names)})
        self.assumed += [
            one
            for one in made.assumed
            if one.key.endswith(".groups") and one.key.split(".")[1] not in self._map(("workloads",))
        ]
        self._all((), {key: value for key, value in content.items() if key not in _HEAD})
        self._leave_out()

    def _of_runtime(self, group: str, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """What was found of nodes that are not told, of a group whose runtime the scenario may say."""
        runtime = self._at(("nodes", group, "runtime"))
        if not isinstance(runtime, str) or self._is_assumed(("nodes", group, "runtime")) or self.found.is_swarm:
            return settings
        of_any = runtimes.settings(self.found, group, None, True, [], [])
        others = {key: one for key, one in settings.items() if key not in of_any}
        return others | runtimes.settings(self.found, group, runtime, True, [], self.notes)

    def _leave_out(self) -> None:
        """Take back what of a kubelet the scenario has no place for, and say so."""
        parts = {path[0] for path in self.changes} | set(self.data)
        has_pods = bool({"workloads", "rollout"} & parts)
        left: dict[str, None] = {}
        for path, said in list(self.changes.items()):
            if path[0] != "nodes":
                continue
            group, is_new = path[:2], len(path) == 2 and isinstance(said.value, dict)
            disk = (*group, "disk", "capacity")
            has_disk = self._at(disk) is not None or disk in self.changes
            has_disk = has_disk or (is_new and "capacity" in _inner(said.value.get("disk")))
            for key in list(said.value) if is_new else path[2:3]:
                if key in KUBELET and not has_pods:
                    why = "without workloads nodes have no kubelet; give those as well"
                elif key in OF_DISKS and not has_disk:
                    why = f"{dotted(disk)} is not known; give it, or the nodes as well"
                else:
                    continue
                left[f"{dotted((*group, key))} is not taken: {why}"] = None
                if is_new:
                    del said.value[key]
                else:
                    del self.changes[path]
        self.notes += left

    def _name_the_input(self, images: Sequence[str]) -> None:
        """Give a manifest that came without a file the name of the only image."""
        for number, one in enumerate(self.found.images):
            if one.is_named or not is_nameless(one.origin):
                continue
            if len(images) > 1:
                raise UnreadableError(
                    f"{one.origin}: which image of {self.file} ({', '.join(images[:MOST_LISTED])}) is it? say it: "
                    f"rolloutsim import NAME={STDIN if one.origin == INPUT else '<(…)'} --into {self.file}"
                )
            self.found.images[number] = replace(one, name=images[0], is_named=True)
            self.notes.append(f"{one.origin} is taken to be {images[0]}, the only image")

    def _note_new_images(self, names: Mapping[str, str]) -> None:
        """Say which images are new since no other was meant by the names of their files."""
        for one in self.found.images:
            if not one.is_named and names.get(one.name) == one.name and one.name not in self._map(("images",)):
                self.notes.append(
                    f"{one.origin} is a new image, {one.name}, since {self.file} has none of that name; say which it "
                    f"is: rolloutsim import NAME={shlex.quote(one.origin)} --into {self.file}"
                )

    def shown(self) -> Iterator[str]:
        """Each change in words."""
        for path, said in self.changes.items():
            old, new = self._at(path), plain(said)
            was = self.remarks.get(path, "")
            if new is None:
                yield f"{dotted(path)}: {_text(old)} -> taken away"
            elif old is None:
                yield f"{dotted(path)}: {_text(new)} ({_first_remark(said) or 'new'})"
            elif old == new:
                yield f"{dotted(path)}: {_text(new)} ({said.remark}; was {was})"
            else:
                yield f"{dotted(path)}: {_text(old)} -> {_text(new)} ({said.remark})"

    def _nodes(self, nodes: Mapping[str, Any], names: Mapping[str, str], placeholder: str | None) -> None:
        theirs = self._map(("nodes",))
        kept: dict[str, Any] = {}
        if placeholder is not None and placeholder not in nodes:
            kept = {
                key: self._with_remarks(value, ("nodes", placeholder, key))
                for key, value in self._map(("nodes", placeholder)).items() if key != "count"
            }  # fmt: skip
            self.changes["nodes", placeholder] = Said(None)
        for name, group in nodes.items():
            told = dict(group)
            if "cached" in told:
                told["cached"] = {names.get(image, image): share for image, share in told["cached"].items()}
            if name in theirs:
                if "nic" in self._map(("nodes", name)):
                    self._leave_out_preset(name, told)
                self._all(("nodes", name), told)
            else:
                own = kept
                if "preset" in told and "nic" in kept:
                    if self._is_of_other_machine(kept["nic"], told["preset"].value):
                        own = {key: value for key, value in kept.items() if key not in _OF_MACHINE}
                    else:
                        self._leave_out_preset(name, told)
                self.changes["nodes", name] = Said(_over(own, _told(told), ("nodes", name)), "")

    def _leave_out_preset(self, name: str, told: dict[str, Any]) -> None:
        """Take out a preset, of which a group says itself what it would say."""
        if "preset" in told and "preset" not in self._map(("nodes", name)):
            preset = told.pop("preset").value
            self.notes.append(f"{name} keeps the machine that stands there: preset {preset} is not taken")

    def _is_of_other_machine(self, nic: Said, kind: str) -> bool:
        """Whether a NIC was taken from a description, and is not that of an instance type."""
        rate = preset(kind).values.get("nic")
        told = _meaning(nic.value, _part_at(("nodes", "", "nic")))
        return nic.remark.startswith("from ") and rate is not None and abs(told - rate) > _SAME_RATE * rate

    def _image(self, reference: str, name: str, image: Said, assumed: Sequence[Assumed]) -> None:
        content = {key: value for key, value in image.value.items() if key != "registry"}
        path = ("images", name)
        is_new = name not in self._map(("images",))
        if is_new and path in self.changes:
            is_new = self.changes[path].remark.startswith(_ASSUMED)
        if is_new:
            self.changes[path] = Said({**self._registry(reference), **content}, image.remark)
            self.assumed += [one for one in assumed if one.key == f"images.{reference}"]
        elif image.remark.startswith(_ASSUMED) or name not in self._map(("images",)):
            return
        elif "layers" in content:
            self._layers(path, content["layers"], image.remark)
        else:
            self._total(path, content, image.remark)

    def _layers(self, path: Path, layers: Sequence[Said], remark: str) -> None:
        digests = [str(layer.value.get("digest")) for layer in layers]
        if self.digests.setdefault(path[1], digests) != digests:
            raise UnreadableError(
                f"{remark.removeprefix('from ')}: another manifest of {path[1]}; leave one of them out"
            )
        old = self._map(path)
        before = _layers_of((self.images[path[1]] if "manifest" in old else old).get("layers"))
        if any("compressed" not in layer.value for layer in layers):
            origin = remark.removeprefix("from ").partition(";")[0]
            if before and len(before) == len(layers) and "base" not in old:
                self._may_be(path, before, layers, origin)
                layers = [
                    Said({**layer, **{key: size for key, size in said.value.items() if key == "unpacked"}})
                    for layer, said in zip(before, layers, strict=True)
                ]
                remark = f"unpacked sizes from {origin}"
            elif before or any(key in old and not self._is_assumed((*path, key)) for key in _WIRE):
                self.notes.append(
                    f"{origin} is not used: it tells nothing of what {path[1]} is on the wire, as "
                    f"{self.file} does; give its manifest as well"
                )
                return
        if "base" not in old and _are_same(before, layers, _part_at((*path, "layers", ""))):
            return
        by_digest = {str(one["digest"]): one for one in before if "digest" in one}
        new = [
            Said({**_more(by_digest.get(str(layer.value.get("digest")))), **layer.value}, layer.remark)
            for layer in layers
        ]
        others = [key for key in old if key not in (*_BARE, "layers")]
        if not others:
            self.changes[path] = Said({"layers": new}, remark)
            return
        for key in old:
            if key in _BARE:
                self.changes[*path, key] = Said(None)
        self.changes[*path, "layers"] = Said(new, remark)

    def _may_be(self, path: Path, before: Sequence[Mapping[str, Any]], layers: Sequence[Said], origin: str) -> None:
        """Keep out unpacked layers that cannot be an image's; say that they are taken for these: nothing tells it."""
        part = _part_at((*path, "layers", ""))
        size = part.step("compressed") if part is not None else None
        for number, (one, said) in enumerate(zip(before, layers, strict=True)):
            wire, unpacked = (
                _meaning(told.get(key), size) for told, key in ((one, "compressed"), (said.value, "unpacked"))
            )
            if wire is not None and unpacked is not None and unpacked < _LEAST_UNPACKED * wire:
                raise UnreadableError(
                    f"{origin}: another image than the {path[1]} of {self.file}, though of as many layers: layer "
                    f"{number} unpacks to {said.value['unpacked']} here, and is {_text(one['compressed'])} on the wire "
                    f"there; give it the name of the image that it is: NAME=FILE, or import the manifest of "
                    f"{path[1]} as well"
                )
        self.notes.append(
            f"{origin} is taken to be {path[1]}, by the number of its layers: digests of unpacked layers tell nothing "
            "of those on the wire; if it is another tag, give its manifest as well"
        )

    def _total(self, path: Path, content: Mapping[str, Any], remark: str) -> None:
        """What is known of an image's size as a whole, unless more is known there."""
        old = self._map(path)
        if any(key in old for key in ("layers", "base", "equal_layers", "manifest")):
            return
        ((key, value),) = content.items()
        if self.remarks.get(path, "").startswith(_ASSUMED):
            others = {one: value for one, value in old.items() if one not in (*_ONE_SIZE, "size")}
            self.changes[path] = Said({**others, **content}, remark)
            return
        here = "size" if key == "compressed" and "size" in old else key
        other = next(one for one in _ONE_SIZE if one != key)
        if here not in old and self._is_assumed((*path, other)):
            self.changes[*path, other] = Said(None)
        self._set((*path, here), Said(value, remark))

    def _mirrors(self, mirrors: Mapping[str, Said]) -> dict[str, Said]:
        """Mirrors of the scenario's own registries; what is a cache there stays one."""
        own = {
            name_of(full(name).partition("/")[0]): str(image["registry"])
            for name, image in self._map(("images",)).items() if isinstance(image, dict) and "registry" in image
        }  # fmt: skip
        several = len(self._map(("registries",))) > 1
        made = {}
        for name, one in mirrors.items():
            if name in self._map(("caches",)):
                continue
            content = {key: value for key, value in one.value.items() if key != "of"}
            if several and "of" in one.value:
                content["of"] = [*dict.fromkeys(own.get(host, host) for host in one.value["of"])]
            made[name] = Said(content, one.remark)
        return made

    def _registry(self, reference: str) -> dict[str, str]:
        """Which registry a new image is from, where there are several."""
        several = list(self._map(("registries",)))
        if len(several) < 2:
            return {}
        host = full(reference).partition("/")[0]
        alike = {
            image["registry"] for name, image in self._map(("images",)).items()
            if isinstance(image, dict) and "registry" in image and full(name).partition("/")[0] == host
        }  # fmt: skip
        if name_of(host) in several:
            return {"registry": name_of(host)}
        if len(alike) == 1:
            return {"registry": str(alike.pop())}
        raise UnreadableError(
            f"{self.file}: which of its registries ({', '.join(several)}) has {reference}? add it there and import "
            f"again: images: {{{flow(reference, True)}: {{registry: {several[0]}, compressed: 200 MB}}}}"
        )

    def _part(self, path: Path, content: Mapping[str, Any]) -> None:
        """A workload or a pre-pull: a new one, or what of one is different."""
        if path[1] not in self._map(path[:1]):
            self.changes[path] = Said(_told(content), "")
            return
        old = self._map(path)
        for key in content:
            if _EITHER.get(key) in old:
                self.changes[*path, _EITHER[key]] = Said(None)
        self._all(path, content)

    def _all(self, path: Path, content: Mapping[str, Any]) -> None:
        """All that is told below a path."""
        for inner, said in _leaves(content):
            self._set((*path, *inner), said)

    def _set(self, path: Path, said: Said) -> None:
        old, part = self._at(path), _part_at(path)
        if old is not None and _PARTLY in said.remark and not self._is_assumed(path):
            if said.value != NETWORK and _meaning(old, part) != _meaning(plain(said), part):
                self.notes.append(f"{dotted(path)} stays {_text(old)}, and is not {_text(plain(said))}: {said.remark}")
        elif old is None or _meaning(old, part) != _meaning(plain(said), part):
            self.changes[path] = said
        elif self._is_assumed(path):
            self.changes[path] = Said(old, said.remark)

    def _with_remarks(self, value: Any, path: Path) -> Any:
        """What stands at a path, with what is remarked of it."""
        remark = self.remarks.get(path, "")
        if isinstance(value, Mapping) and not remark:
            return {key: self._with_remarks(inner, (*path, key)) for key, inner in value.items()}
        why = why_assumed(path, self.told_assumed)
        return Said(value, remark or (f"{_ASSUMED}: {why}" if why is not None else ""))

    def _is_assumed(self, path: Path) -> bool:
        """Whether a value or what it is in is called assumed there."""
        return why_assumed(path, self.told_assumed) is not None or any(
            self.remarks.get(path[:length], "").startswith(_ASSUMED) for length in range(1, len(path) + 1)
        )

    def _at(self, path: Path) -> Any:
        """What stands at a path, short forms written out; None where nothing does."""
        return self._map(path[:-1]).get(path[-1])

    def _map(self, path: Path) -> Mapping[str, Any]:
        """The map at a path; an empty one where there is none."""
        data, part = self.data, ROOT
        for length, step in enumerate(path, 1):
            inner = part.step(step)
            if inner is None:
                return {}
            try:
                data, part = opened(data.get(step), {}, inner, path[:length]), inner
            except UnreadableError:
                return {}
        return data


def _leaves(content: Mapping[str, Any], path: Path = (), remark: str = "") -> Iterator[tuple[Path, Said]]:
    """Each value that is told, with its path and remark; lists are values."""
    for key, value in content.items():
        here = (*path, key)
        said = value if isinstance(value, Said) else Said(value, remark)
        if said.remark.startswith(_ASSUMED):
            continue
        if isinstance(said.value, Mapping):
            yield from _leaves(said.value, here, said.remark or remark)
        else:
            yield here, Said(said.value, said.remark or remark)


def _told(content: Mapping[str, Any]) -> dict[str, Any]:
    """A part without what is assumed of it."""
    return {
        key: value
        for key, value in content.items()
        if not (isinstance(value, Said) and value.remark.startswith(_ASSUMED))
    }


def _inner(value: Any) -> Mapping[str, Any]:
    """The map of a part that may be one."""
    inner = value.value if isinstance(value, Said) else value
    return inner if isinstance(inner, Mapping) else {}


def _over(kept: Mapping[str, Any], told: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """What a group says with what is told of it, parts key by key."""
    result = dict(kept)
    for key, one in told.items():
        inner, before = _keyed(one, None), result.get(key)
        if isinstance(inner, Mapping) and before is not None:
            result[key] = {**_keyed(before, (*path, key)), **inner}
        else:
            result[key] = one
    return result


def _keyed(value: Any, path: Path | None) -> Any:
    """A part as a map whose values have the part's remark; at a path, its short form written out."""
    if not isinstance(value, Said):
        return value
    inner = value.value if path is None else opened(value.value, {}, _part_at(path), path)
    return {key: Said(one, value.remark) for key, one in inner.items()} if isinstance(inner, Mapping) else value


def _first_remark(value: Any) -> str:
    """What a part is from: its own remark, or the first in it."""
    if isinstance(value, Said):
        return value.remark or _first_remark(value.value)
    if isinstance(value, Mapping):
        return next(filter(None, map(_first_remark, value.values())), "")
    return ""


def _renamed(images: Said, names: Mapping[str, str]) -> Said:
    return Said([names.get(one, one) for one in images.value], images.remark)


def _layers_of(layers: Any) -> list[dict[str, Any]]:
    """An image's layers as maps, from the base to the top."""
    several = list(layers.values()) if isinstance(layers, dict) else layers if isinstance(layers, list) else []
    return [one if isinstance(one, dict) else {"compressed": one} for one in several]


def _are_same(before: Sequence[Mapping[str, Any]], layers: Sequence[Said], part: Part | None) -> bool:
    """Whether a scenario's layers say all that a manifest does."""
    return len(before) == len(layers) and all(
        key in one and _meaning(one[key], part and part.step(key)) == _meaning(value, part and part.step(key))
        for one, layer in zip(before, layers, strict=True)
        for key, value in layer.value.items()
    )


def _more(layer: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a scenario knows of a layer beside its size on the wire."""
    return {key: value for key, value in (layer or {}).items() if key not in ("digest", "compressed")}


def _part_at(path: Path) -> Part | None:
    part: Part | None = ROOT
    for step in path:
        part = part.step(step) if part is not None else None
    return part


def _meaning(value: Any, part: Part | None) -> Any:
    """A value as the scenario understands it: `1 GB` is `1000 MB`, and a name a list of it."""
    if part is None:
        return value
    if part.is_list and part.short is not None and not isinstance(value, (list, tuple)):
        value = part.short.expand(value)
    if isinstance(value, (list, tuple)):
        inner = part.step(0)
        return [_meaning(one, inner) for one in value]
    if part.described is None:
        return value
    try:
        return part.described.read(value)
    except PydanticCustomError:
        return value


def _text(value: Any) -> str:
    """A value in a line."""
    if isinstance(value, dict) and isinstance(value.get("layers"), (dict, list)):
        return _counted(value["layers"]) + (f" on {value['base']}" if "base" in value else "")
    if isinstance(value, list) and any(isinstance(one, dict) for one in value):
        return _counted(value)
    text = flow(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _counted(layers: Sequence[Any]) -> str:
    return f"{len(layers)} layer{'' if len(layers) == 1 else 's'}"
