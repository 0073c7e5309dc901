# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A cache, peers, or a pre-pull?
#
# One cluster, one image, and a registry on the other side of a WAN. A rollout takes too long, and the WAN is paid by
# the gigabyte. What does each way of bringing layers nearer do for the time, and for the bill?

# %%
import json

import rolloutsim as rs

s = rs.loads("""
rolloutsim: 1
name: 120 nodes, 1.2 GB, and a registry behind a WAN
nodes:
  web: {count: 120, racks: [r1, r2, r3, r4, r5, r6], nic: 10 Gbit/s, disk: 1 GB/s}
network:
  racks: {uplink: 40 Gbit/s}
  links: {wan: {capacity: 2 Gbit/s, latency: 5 ms}}
registries:
  hub: {uplink: 100 Gbit/s, via: [wan]}
images:
  api: {layers: {base: 700 MB, runtime: 400 MB, api: 100 MB}}
workloads:
  api: {images: api, replicas: 120, startup: 3 s}
rollout: {strategy: rolling}
""")
s.run()

# %% [markdown]
# The WAN is full nearly all the time: 120 nodes × 1.2 GB are 144 GB, and each byte crosses it once for each node.
#
# ## Seven ways
#
# The two caches differ in one thing. What distribution 3 is asked for before it is in its store, it fetches once more
# for each who asks; varnish fetches it once, and lets all read along. Kraken's origins are the registry's replicas.

# %%
rack = {"in": "rack", "uplink": "25 Gbit/s", "upstream": "hub"}
night = {"night": {"images": "api", "by": "image_pull_job", "parallelism": 10, "at": "-8h"}}
cached = {"caches": {"near": {**rack, "profile": "varnish"}}, "nodes.web.hosts": ["near", "hub"]}
ways = {
    "as it is": {},
    "rack caches, distribution": {"caches": {"near": rack}, "nodes.web.hosts": ["near", "hub"]},
    "rack caches, varnish": cached,
    "Spegel": {"peers": {"spegel": {}}, "nodes.web.hosts": ["spegel", "hub"]},
    "Kraken": {"peers": {"kraken": {"profile": "kraken"}}, "nodes.web.hosts": ["kraken", "hub"]},
    "pre-pull at night": {"prepulls": night},
    "both: pre-pull, rack caches": {"prepulls": night, **cached},
}
runs = {name: s.with_(changes).run() for name, changes in ways.items()}

# %% [markdown]
# ## Time, bytes, and the bill
#
# A gigabyte over the WAN is taken as 0.02 USD, as between two regions of a cloud (assumed). What crosses it before the
# rollout is paid as well.


# %%
def wan(case, key):
    """What crossed the WAN [GB]."""
    return sum(link["bytes"] for link in case.get(key, []) if link["link"] == "wan") / 1e9


cases = {name: json.loads(run.to_json())["cases"][0] for name, run in runs.items()}
during = {name: wan(case, "links") for name, case in cases.items()}
before = {name: wan(case, "prepull_links") for name, case in cases.items()}
rs.Table(
    {
        "way": list(cases),
        "rollout time [s]": [round(case["rollout_time_s"], 1) for case in cases.values()],
        "over the WAN [GB]": [round(gigabytes, 1) for gigabytes in during.values()],
        "before the rollout [GB]": [round(gigabytes, 1) for gigabytes in before.values()],
        "bill [USD]": [round(0.02 * (during[name] + before[name]), 2) for name in cases],
    }
)

# %%
import matplotlib.pyplot as plt

_, (left, right) = plt.subplots(1, 2, figsize=(9, 3), sharey=True)
names = list(cases)[::-1]
left.barh(names, [cases[name]["rollout_time_s"] for name in names], color="#0072b2")
left.set(xlabel="rollout time [s]")
first = [during[name] for name in names]
right.barh(names, first, color="#0072b2", label="during the rollout")
right.barh(names, [before[name] for name in names], left=first, color="#e69f00", label="before")
right.set(xlabel="over the WAN [GB]")
right.legend(frameon=False, loc="center right")
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %% [markdown]
# ## Why
#
# Spegel finds what other nodes have committed. The pods of the first turn ask while nobody has anything, so their
# copies all cross the WAN; those after them get theirs from nodes. The same herd is what distribution lets through.

# %%
print(runs["Spegel"].why())

# %%
runs["Spegel"].plot.rollout()

# %% [markdown]
# With pieces the first pods help one another as well, and the WAN carries a few copies in all:

# %%
print(runs["Kraken"].why())

# %% [markdown]
# After a pre-pull nothing crosses any link in the morning, and what is left is what a rollout costs anyway.

# %%
print(runs["pre-pull at night"].why())

# %% [markdown]
# ## Which one?
#
# - A pre-pull makes the morning short, and saves no byte: it moves them to the night. Where the image is built an hour
#   before it is needed, there is no night.
# - A cache that lets one copy through saves both, and needs a machine in each rack.
# - Spegel needs nothing but the nodes, and helps all but those who ask first: smaller turns make the herd smaller.
# - Kraken needs nothing to be there before, and services of its own.
#
# How small may the first turn be? The same with Spegel and a tenth of the pods at a time:

# %%
spegel = s.with_(ways["Spegel"])
turns = {}
for share in ("25%", "10%", "5%"):
    run = spegel.with_({"rollout.max_surge": share, "rollout.max_unavailable": share}).run()
    turns[share] = json.loads(run.to_json())["cases"][0]
rs.Table(
    {
        "max_surge and max_unavailable": list(turns),
        "rollout time [s]": [round(case["rollout_time_s"], 1) for case in turns.values()],
        "over the WAN [GB]": [round(wan(case, "links"), 1) for case in turns.values()],
    }
)
