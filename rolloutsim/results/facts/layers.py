"""Which fetch brought each layer of each pull: the records' rows turned into a pulls × layers table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rolloutsim.results.facts.records import derived
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Ids
    from rolloutsim.results.facts.records import CaseRecords


@struct
class LayerTable:
    """The layers of each pull, from the base (column 0) to the top of its image."""

    fetch: Ids  # row in the fetches that brought the layer, of this pull or another; -1: held already, or not begun
    unpack: Ids  # for each fetch its row in the unpacks; -1: none


@derived
def layer_table(case: CaseRecords) -> LayerTable:
    """The fetches of each pull's layers; a digest that is twice in an image counts where it stands first."""
    fetches, waits, image = case.fetches, case.waits, case.pulls.image
    places = _Places(case)
    fetch = np.full((len(image), max((len(i.layers) for i in case.images), default=0)), -1, np.int32)
    begun = waits.fetch >= 0
    row = np.concatenate([np.arange(len(fetches.pull), dtype=np.int32), _awaited(case, waits.fetch[begun])])
    pull = np.concatenate([fetches.pull, waits.pull[begun]])
    layer = np.concatenate([fetches.layer, waits.layer[begun]])
    fetch[pull, places.of(image[pull], layer)] = row
    if np.count_nonzero(fetch >= 0) < len(row):
        # A layer that came in ranges, or after a failed attempt, was there with the last of them; what never
        # came (NaN) goes in front.
        order = np.argsort(np.nan_to_num(fetches.fetched[row], nan=-np.inf), kind="stable")
        row, pull, layer = row[order], pull[order], layer[order]
        fetch[pull, places.of(image[pull], layer)] = row
    unpack = np.full(len(fetches.pull), -1, np.int32)
    unpack[case.unpacks.fetch] = np.arange(len(case.unpacks.fetch))
    return LayerTable(fetch, unpack)


def _awaited(case: CaseRecords, first: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The fetches that brought layers which others wait for, by the first of their ranges: the last to come."""
    fetches, count = case.fetches, len(case.layers)
    key = fetches.pull.astype(np.int64) * count + fetches.layer
    if not len(first) or len(np.unique(key)) == len(key):
        return first
    order = np.lexsort((np.nan_to_num(fetches.fetched, nan=-np.inf), key))
    last = order[np.searchsorted(key[order], key[first], side="right") - 1]
    return last.astype(np.int32)


class _Places:
    """Where each layer stands in each image."""

    def __init__(self, case: CaseRecords) -> None:
        index = {layer.digest: number for number, layer in enumerate(case.layers)}
        found: dict[int, int] = {}
        self.layers = len(case.layers)
        for number, image in enumerate(case.images):
            for place, layer in enumerate(image.layers):
                found.setdefault(number * self.layers + index[layer.digest], place)
        keys = np.array(list(found), np.int64)
        order = np.argsort(keys)
        self.keys, self.places = keys[order], np.array(list(found.values()), np.int32)[order]

    def of(self, image: Ids, layer: Ids) -> Ids:
        """The places of layers in images that have them."""
        places: Ids = self.places[np.searchsorted(self.keys, image.astype(np.int64) * self.layers + layer)]
        return places
