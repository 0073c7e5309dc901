"""How much what is shared had to bear: links, registries, disks, and the applications beside the rollout.

- `throughput`: rates over time, of links and nodes
- `links`: each link over the whole rollout
- `requests`: registries and their requests
- `disks`: bytes on disks, and their price
- `background`: what other applications felt
"""
