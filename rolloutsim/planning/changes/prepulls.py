"""Images that are pulled before the rollout, or early enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rolloutsim.planning.changes.situation import Candidate, Situation, change
from rolloutsim.results.numerals import listed, show_size
from rolloutsim.scenario.places import Path

_NAME = "before"  # of the pre-pull that is tried
_NAMED = 3  # images that are told by their names (assumed: what fits a line)


def prepull_changes(situation: Situation) -> Iterator[Candidate]:
    """Everything on the nodes when the rollout begins; told with what that moves before it."""
    document, share = situation.document, situation.largest_share
    if document.prepulls:
        late = any(not one.before_rollout for one in situation.summary.prepulls)
        timed = [name for name, spec in document.prepulls.items() if spec.at is not None]
        if late and timed:
            yield _shift(
                f"{listed(timed)} over before the rollout", {("prepulls", name, "at"): None for name in timed}, share
            )
        return
    if not situation.summary.bytes_on_wire:
        return
    names = [image.name for image in situation.records.images]
    layers = {layer.digest: layer.compressed for image in situation.records.images for layer in image.layers}
    moved = show_size(sum(group.count for group in situation.groups) * sum(layers.values()))
    spec: dict[str, object] = {"images": names, "by": "daemonset"}
    groups = [group.name for group in situation.groups]
    if len(groups) < len(document.nodes):
        spec["groups"] = groups
    shown = listed(names) if len(names) <= _NAMED else f"all {len(names)} images"
    words = f"{shown} pulled before the rollout by all its nodes ({moved} at most)"
    yield _shift(words, {("prepulls", _NAME): spec}, share)


def _shift(words: str, values: dict[Path, object], share: float) -> Candidate:
    """It saves no byte: it moves them to another time."""
    return replace(change("a pre-pull", words, values, share), shifts=True)
