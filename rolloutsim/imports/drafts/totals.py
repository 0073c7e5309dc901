"""Images of which only the size as a whole is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rolloutsim.imports.drafts.assumed import Assumed
from rolloutsim.imports.drafts.groups import RUNTIMES, runtime_of
from rolloutsim.imports.drafts.references import full, may_be
from rolloutsim.imports.found import Found, FoundTotal


def names(found: Found, references: Sequence[str], known: Iterable[str], notes: list[str]) -> list[str]:
    """What images are called that stand in the scenario for their total: where nothing rolls out, each that is told."""
    taken = {full(one) for one in known}
    named: list[str] = []
    unused: dict[str, int] = {}
    for total in found.totals:
        own = [full(name) for name in total.names]
        if references:
            if not any(total_of(reference, total) for reference in references):
                unused[total.origin] = unused.get(total.origin, 0) + 1
        elif taken.isdisjoint(own):
            named.append(total.names[0] if total.names else total.file)
            taken.update(own)
    for origin, count in unused.items():
        notes.append(f"{origin}: {'1 image' if count == 1 else f'{count} images'} left out, which no workload uses")
    return named


def total_of(name: str, total: FoundTotal) -> bool:
    """Whether a total is of an image."""
    return may_be(total.file, name) if not total.names else any(full(own) == full(name) for own in total.names)


def counts_unpacked(total: FoundTotal, found: Found, assumed: list[Assumed]) -> bool:
    """Whether a total counts unpacked bytes: as it says, as the nodes' runtime counts, or as is assumed."""
    if total.is_guess:
        guess = Assumed(
            "images.<image>.unpacked", "unpacked", f"what {total.origin} counts: Docker's own image store is assumed",
            "docker info --format '{{.DriverStatus}}'; with containerd's snapshotter: docker image inspect IMAGE",
        )  # fmt: skip
        assumed += [guess] if guess not in assumed else []
    if total.is_unpacked is not None:
        return total.is_unpacked
    counted = {RUNTIMES[node.runtime.partition("://")[0]][1] for node in found.nodes if runtime_of(node) is not None}
    if len(counted) == 1:
        return counted.pop()
    why = f"what {total.origin} counts, which containerd's crictl would; CRI-O's counts unpacked bytes"
    guess = Assumed(
        "images.<image>.compressed", "compressed", why,
        "kubectl get nodes -o json > nodes.json, and import that as well",
    )  # fmt: skip
    assumed += [guess] if guess not in assumed else []
    return False
