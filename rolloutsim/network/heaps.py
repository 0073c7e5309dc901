"""The functions of `heapq` that the network's heaps are kept with: in C where the engine is compiled.

All entries are tuples that begin with a float and a number of their own, by which ties are broken. `_heaps.c` takes the
same steps as `heapq` and compares these as what they are, where `heapq` asks them; so the lists are the same.
"""

from __future__ import annotations

from typing import Final

try:
    from rolloutsim.network import _heaps
except ImportError:
    import heapq as _heaps  # type: ignore[no-redef]

# Compiled code reads what is final without asking a dictionary.
heappop: Final = _heaps.heappop
heappush: Final = _heaps.heappush
heapreplace: Final = _heaps.heapreplace
