"""A case as Chrome trace events, which Perfetto opens.

- `writer`: the whole trace, and its file
- `nodes`: what happened on each node
- `system`: what belongs to no single node
- `tracks`: slices laid out on tracks
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

if TYPE_CHECKING:
    from rolloutsim.results.trace import writer
else:
    __getattr__ = front(__name__)
