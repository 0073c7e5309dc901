"""Eight nodes whose images have digests: what a registry's log can be held against."""

from __future__ import annotations

API, TOOLS = "registry.example/team/api:1.2", "registry.example/team/tools:3"
LARGE, SMALL, ONLY = (f"sha256:{letter * 64}" for letter in "abc")


def eight(tools: int) -> str:
    """The scenario, with an image of one layer of so many bytes."""
    return f"""\
rolloutsim: 1
nodes: {{web: {{count: 8, nic: 10 Gbit/s, disk: 500 MB/s}}}}
network: 1 Gbit/s  # assumed
registry: {{uplink: 1 Gbit/s}}  # assumed
images:
  {API}:
    layers: [{{digest: "{LARGE}", compressed: 200000000 B}}, {{digest: "{SMALL}", compressed: 100000000 B}}]
  {TOOLS}: {{layers: [{{digest: "{ONLY}", compressed: {tools} B}}]}}
"""
