"""The `images` of a scenario that is drafted."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from rolloutsim.imports.drafts.assumed import IMAGE, Assumed
from rolloutsim.imports.drafts.groups import RUNTIMES, runtime_of
from rolloutsim.imports.drafts.nodes import lists
from rolloutsim.imports.drafts.references import full, name_of
from rolloutsim.imports.drafts.totals import counts_unpacked, total_of
from rolloutsim.imports.found import Found, FoundImage
from rolloutsim.imports.writing import Said
from rolloutsim.scenario.model import COMPRESSION_RATIO
from rolloutsim.units import exact_text

_UNKNOWN = "its size and its layers: nothing that was given tells them"


def in_order(assumed: Sequence[Assumed]) -> list[Assumed]:
    """What is assumed of images, those first of which not even the size is known."""
    return sorted(assumed, key=lambda one: one.why != _UNKNOWN)


def image(
    name: str, image: FoundImage | None, found: Found, registries: Mapping[str, str], assumed: list[Assumed],
    notes: list[str],
) -> Any:  # fmt: skip
    """An image: its layers where a manifest tells them, else what is known of its size."""
    registry = (
        {"registry": registries.get(full(name).partition("/")[0], next(iter(registries.values())))}
        if len(registries) > 1
        else {}
    )
    file = f"{name_of(name.rpartition('/')[2])}.json"
    asked = f"crane manifest --platform {shlex.quote(found.platform)}"
    command = f"{asked} {shlex.quote(name)} > {file}, and import that as well"
    if image is not None and not image.is_named and name == image.name:
        command = f"{asked} IMAGE > m.json, and import that as well: {shlex.quote(f'{name}=m.json')}"
    if image is not None:
        remark = "; ".join([f"from {image.origin}", *image.remarks])
        layers = []
        for layer in image.layers:
            sizes = {"compressed": layer.compressed, "unpacked": layer.unpacked}
            own = {key: exact_text("size", size) for key, size in sizes.items() if size is not None}
            own |= {"digest": layer.digest} if layer.digest else {}
            if layer.media_type.endswith(".tar"):
                layers.append(Said(own, "not compressed"))
            elif layer.is_zstd:
                layers.append(Said(own, "zstd, simulated as gzip: it unpacks faster than that"))
            elif layer.is_foreign:
                layers.append(Said(own, "comes from a server of its own, if it has urls; simulated as the others"))
            else:
                layers.append(Said(own))
        ratio = {}
        if any(layer.compressed is None for layer in image.layers):
            why = "unpacked / compressed bytes of its layers; only unpacked sizes were given"
            ratio = {"ratio": Said(COMPRESSION_RATIO, f"assumed: {why}")}
            assumed.append(Assumed(f"images.{name}.ratio", str(COMPRESSION_RATIO), why, command))
        return Said({**registry, **ratio, "layers": layers}, remark)
    several = [one for one in found.totals if total_of(name, one)]
    if several:
        told = several[0]
        notes += [
            f"{one.origin} tells another size of {name}, {exact_text('size', one.size)}; that of {told.origin} is "
            "taken: its tag may have moved, or the two count otherwise; give its manifest"
            for one in several[1:] if one.size != told.size
        ]  # fmt: skip
        key = "unpacked" if counts_unpacked(told, found, assumed) else "compressed"
        text = exact_text("size", told.size)
        why = f"its layers; the total is from {told.origin}"
        assumed.append(Assumed(f"images.{name}", f"one layer of {text} {key}", why, command))
        remark = "; ".join([f"from {told.origin}, the total", *told.remarks, "one layer: assumed"])
        return Said({**registry, key: text}, remark)
    listed = [
        (node, listing) for node in found.nodes if runtime_of(node) is not None and (listing := lists(node, name))
    ]  # fmt: skip
    if listed:
        node, total = listed[0]
        is_unpacked = RUNTIMES[node.runtime.partition("://")[0]][1]
        key = "unpacked" if is_unpacked else "compressed"
        text = exact_text("size", total)
        assumed.append(
            Assumed(f"images.{name}", f"one layer of {text} {key}", "its layers; the total is from the nodes", command)
        )
        return Said({**registry, key: text}, f"from {node.origin}, the total; one layer: assumed")
    assumed.append(Assumed(f"images.{name}", IMAGE, _UNKNOWN, command))
    return Said({**registry, "compressed": IMAGE}, "assumed: nothing that was given tells its size")
