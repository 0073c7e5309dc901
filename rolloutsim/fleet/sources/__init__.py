"""What can hand over an image's manifests and layers.

- `source`: what all of them have in common, and with which answers; connections, of which there are so many at a time.
- `registry`: a registry with replicas, rate limits and outages.

Which of several sources a node asks, and when it goes on to the next, is its runtime's rule: `rolloutsim.fleet.hosts`.
"""
