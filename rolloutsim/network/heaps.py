"""The functions of `heapq` that the network's heaps are kept with: in C where the engine is compiled.

All entries are tuples that begin with a float and a number of their own, by which ties are broken. `_heaps.c` takes the
same steps as `heapq` and compares these as what they are, where `heapq` asks them; so the lists are the same.
"""

from __future__ import annotations

from typing import Final

try:
    from rolloutsim.network._heaps import heappop as pop
    from rolloutsim.network._heaps import heappush as push
    from rolloutsim.network._heaps import heapreplace as replace
except ImportError:
    from heapq import heappop as pop
    from heapq import heappush as push
    from heapq import heapreplace as replace

# Compiled code reads what is final without asking a dictionary.
heappop: Final = pop
heappush: Final = push
heapreplace: Final = replace
