"""What causes of waiting look like: colour, hatch and name, the same in all figures of a result and on pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rolloutsim.report.plots import colours
from rolloutsim.report.plots.colours import BLUE, GREEN, GREY, SKY
from rolloutsim.results.why.bottlenecks import Bottleneck, name_of
from rolloutsim.scenario.causes import CAUSES
from rolloutsim.scenario.resources import LinkName

# By kind of cause; what has no look of its own gets one of the others.
LOOKS: dict[str, tuple[str, str, str]] = {
    "registry_uplink": (BLUE, "", ""), "registry_storage": (BLUE, "////", ""),
    "rack": (GREEN, "", ""), "site": (GREEN, "++++", ""), "link": (SKY, "", ""),
} | {
    name: (getattr(colours, cause.look.colour.upper()), cause.look.hatch, cause.look.legend)
    for name, cause in sorted(CAUSES.items(), key=lambda item: item[1].look.place)
}  # fmt: skip
_OTHERS = ((SKY, "xxxx"), (BLUE, "xxxx"), (SKY, "++++"), (BLUE, "++++"), (GREEN, "++++"), (GREY, "++++"))


def looks(
    split: Sequence[tuple[Bottleneck, ...]], named: Callable[[Bottleneck], str] = name_of
) -> dict[str, tuple[str, str, str]]:
    """Colour, hatch and name in the legend of each cause, links before waits; `named` are those without one there."""
    known = {key_of(cause): cause for causes in reversed(split) for cause in causes}
    order = {kind: place for place, kind in enumerate(LOOKS)}
    free = iter(_OTHERS * len(known))
    taken: set[tuple[str, str]] = set()
    found: dict[str, tuple[str, str, str]] = {}
    for name, cause in sorted(known.items(), key=lambda one: (order.get(one[1].kind, len(order)), one[0])):
        colour, hatch, said = LOOKS.get(cause.kind, ("", "", ""))
        if not colour or (colour, hatch) in taken:
            colour, hatch = next(free)
        taken.add((colour, hatch))
        found[name] = colour, hatch, said or named(cause)
    return found


def key_of(cause: Bottleneck) -> str:
    """The link, where it is one; else the kind, with the direction of the racks' links."""
    if len(cause.links) == 1:
        return cause.links[0]
    return f"{cause.kind}.{LinkName.of(cause.links[0]).part}" if cause.links else cause.kind
