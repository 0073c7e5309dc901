"""How much what is shared had to bear: links, registries, disks, and the applications beside the rollout.

- `throughput`: rates over time, of links and nodes
- `links`: each link over the whole rollout
- `requests`: registries and their requests
- `disks`: bytes on disks, and their price; `volumes`: what containers are the first to read of those made of snapshots
- `background`: what other applications felt
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

if TYPE_CHECKING:
    from rolloutsim.results.load import background
else:
    __getattr__ = front(__name__)
