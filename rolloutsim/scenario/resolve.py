"""A valid document to the form that is simulated: defaults filled in, names looked up, goodput computed.

`model: ideal` is applied here: no protocol overhead, no latency, no queues, no uneven sharing, no time for requests, no
disk, no unpacking, no start-up time, no controller overhead and no connection limit. What stays is bandwidth (storage
included), layer slots, caches, caps and background, and all policies: strategies, kubelets, rate limits, failures.

The rooms in `rolloutsim.scenario.resolving` have a theme each.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterator
from typing import Literal

from rolloutsim.scenario.checks import names
from rolloutsim.scenario.conditions import thresholds
from rolloutsim.scenario.images import Layers, layers
from rolloutsim.scenario.links import registries
from rolloutsim.scenario.model import Document
from rolloutsim.scenario.resolved import Image, ResolvedScenario, Threshold
from rolloutsim.scenario.resolving.network import Lines, congestion_control, registry, uneven_sharing
from rolloutsim.scenario.resolving.nodes import node_group
from rolloutsim.scenario.resolving.rollout import NOW, cases, distribution
from rolloutsim.scenario.resolving.traffic import background, faults, prices, pushes
from rolloutsim.scenario.strategies import has_pods

UNNAMED = "unnamed scenario"

_NAMED = 3  # images that a note names (assumed: what fits a line)


def resolve(document: Document) -> ResolvedScenario:
    """The scenario that `simulate` runs, of a document that has passed every check."""
    ideal = document.model == "ideal"
    lines = Lines(document)
    sizes = layers(document)
    resolved = ResolvedScenario(
        name=document.name or UNNAMED,
        description=document.description,
        model=_model(document.model),
        seed=document.seed,
        groups=tuple(node_group(name, group, document, lines.share) for name, group in document.nodes.items()),
        links={link.name: link for link in lines.links()},
        path_latency=0.0 if ideal else document.network.latency,
        registries={name: registry(name, spec, document) for name, spec in registries(document).items()},
        images={name: _image(name, document, sizes) for name in document.images},
        cases=cases(document),
        startup=NOW if ideal else distribution(document.rollout.startup),
        background=tuple(background(document, lines.share)),
        thresholds=tuple(one for one in thresholds(document, names(document)) if isinstance(one, Threshold)),
        notes=tuple(_notes(document, sizes)),
        faults=faults(document),
        pushes=pushes(document),
        prices=prices(document),
        horizon=document.rollout.horizon,
        replications=document.replications,
        fairness=uneven_sharing(document),
        congestion_control=congestion_control(document.network),
        document=written(document),
    )
    return dataclasses.replace(resolved, sha256=fingerprint(resolved))


def fingerprint(resolved: ResolvedScenario) -> str:
    """SHA-256 of the resolved scenario's canonical JSON; seed, document, overrides and places in files are no part."""
    data = dataclasses.asdict(resolved)
    del data["seed"], data["sha256"], data["document"], data["overrides"]
    for threshold in data["thresholds"]:
        del threshold["place"]
    if data["fairness"] is not None and math.isinf(data["fairness"]["memory"]):
        data["fairness"]["memory"] = "unlimited"
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def written(document: Document) -> str:
    """A document as JSON in its long form, from which it can be read again: what it sets itself, no default."""
    # A subclass of the document would have to build a serializer of its own first, which takes its time.
    serializer = Document.__pydantic_serializer__
    text = serializer.to_json(document, exclude_unset=True, by_alias=True).decode()
    if "rolloutsim" not in document.model_fields_set:  # made in Python, where the version goes without saying
        text = f'{{"rolloutsim":{document.rolloutsim},{text[1:]}'
    return text


def _model(text: str) -> Literal["real", "ideal"]:
    return "ideal" if text == "ideal" else "real"


def _image(name: str, document: Document, sizes: Layers) -> Image:
    registry = document.images[name].registry or next(iter(registries(document)))
    return Image(name, registry, sizes.of[name])


def _notes(document: Document, sizes: Layers) -> Iterator[str]:
    if sizes.estimated and document.model != "ideal":
        several = len(sizes.ratios) > 1
        ratios = (f"{ratio:g} × compressed{_of(images) if several else ''}" for ratio, images in sizes.ratios.items())
        yield (
            f"Unpacked sizes are estimated for {sizes.estimated} of {sizes.total} layers: "
            f"unpacked = {', '.join(ratios)}."
        )
    started = [name for name, group in document.nodes.items() if group.start is not None]
    if started and has_pods(document):
        yield (
            f"The start of the nodes {', '.join(started)} plays no part: controllers decide when pods are created, "
            "and workloads have a start of their own."
        )


def _of(images: tuple[str, ...]) -> str:
    """Which images have such layers; not all of very many."""
    more = len(images) - _NAMED
    return f" (layers of {', '.join(images[:_NAMED])}{f' and {more} more' if more > 0 else ''})"
