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
# # A first rollout
#
# An article on multi-stage builds packs the same Go service twice. Built in one stage it weighs **346 MB**, since it
# carries its build environment, `golang:1.8-alpine` (257 MB). Built in two stages only the program is left, on bare
# `alpine` (3.97 MB): **16 MB**. The article then says what that is worth in a cluster. Here each of its sentences is
# simulated, with 20 nodes behind one registry.

# %%
import rolloutsim as rs

s = rs.load("../scenarios/20nodes.yaml")
s

# %% [markdown]
# ## "1 GB over 1 Gbit/s takes at least 10 s"
#
# That is a rule of thumb: 1 GB are 8 Gbit, so 8 s on a perfect line, plus a bit. `model: ideal` is that perfect line;
# `model: real` adds packet headers, requests, and what the node's disk and its core take. One node alone:

# %%
one = s.with_({"nodes": 1, "images": {"big": "1 GB"}, "thresholds": {}})
fast_disk = one.with_({"nodes": {"node": {"count": 1, "disk": "1 GB/s"}}})
times = {
    "the line alone": one.with_({"model": "ideal"}).run()["big"].rollout_time,
    "with all steps, fast disk": fast_disk.run()["big"].rollout_time,
    "with all steps, cloud disk": one.run()["big"].rollout_time,
}
rs.Table({"1 GB to one node": list(times), "seconds": [round(time, 1) for time in times.values()]})

# %% [markdown]
# The rule holds: with the steps after the line it takes more than 10 s, and often much more. (An image of many layers
# that a node with a fast disk unpacks side by side comes close to the line's 8.5 s.) What the node does all that time:

# %%
one.run()["big"].plot.time_split()

# %% [markdown]
# ## 20 nodes at once
#
# Now all 20 nodes pull at the same moment, each image in a rollout of its own.

# %%
r = s.run()
r

# %% [markdown]
# The registry sends the image 20 times through one cable, so time grows with the size of the image: 346 MB against
# 16 MB is a minute against a few seconds.

# %%
r.plot.size()

# %% [markdown]
# ## "10 Gbit/s softens it, but then the registry becomes the problem"
#
# Ten times the network, for registry and nodes, in a cluster that grows:

# %%
rows = []
for count in (1, 20, 100):
    for network in ("1 Gbit/s", "10 Gbit/s"):
        case = s.with_({"nodes": count, "network": network}).run()["builder"]
        first = case.causes[0]
        rows.append(
            {
                "nodes": count,
                "network": network,
                "rollout time [s]": round(case.rollout_time, 1),
                "waits most for": first["cause"],
                "of the time [%]": round(first["share"] * 100),
            }
        )
rs.Table(rows)

# %% [markdown]
# With one node the network is a third of it: its disk and the core that unpacks take the rest. With 20 nodes 10 Gbit/s
# is a large step, as the article says. With 100 nodes the registry's uplink is the longest wait again, ten times as
# wide or not.

# %%
quick = s.with_({"network": "10 Gbit/s"}).run()
rs.compare(r, quick, names=["1 Gbit/s", "10 Gbit/s"])

# %% [markdown]
# ## "Running applications see higher latency and less bandwidth"
#
# The same registry, and two applications that live beside it: a shop that answers requests over the registry's cable,
# and a backup that one of the nodes receives.

# %%
shared = rs.load("../scenarios/shared-link.yaml").run()
case = shared["large"]
case.plot.background()

# %%
shop, backup = case.background
rs.Table(
    {
        "": ["before", "during the rollout"],
        "a shop request takes [ms]": [
            round(shop.latency_before.p50 * 1e3, 1),
            round(shop.latency_during.p50 * 1e3, 1),
        ],
        "the backup gets [MB/s]": [round(backup.before / 1e6, 1), round(backup.during / 1e6, 1)],
    }
)

# %% [markdown]
# Both are felt, and the latency far more: a full cable has a full queue, and every request of the shop stands in it.
# It ends with the pulls, so the small image hurts for less than a tenth of the time:

# %%
rs.Table(
    {
        "image": list(shared.cases),
        "applications are as before after [s]": [
            round(max(one.recovered for one in each.background), 1) for each in shared
        ],
    }
)

# %% [markdown]
# ## "Pushes load the network too"
#
# Before anyone pulls, the build machine pushes the image over its own line of 100 Mbit/s. The registry holds the base
# images, so only new layers go up. Then a Deployment of 20 replicas rolls out.

# %%
p = rs.load("../scenarios/push-and-roll.yaml").run()
single, multi = p["builder"], p["go-carbon"]
pushes = [case.rollout.push[0] for case in (single, multi)]
rs.Table(
    {
        "image": [case.name for case in (single, multi)],
        "pushed [MB]": [round(push.bytes / 1e6, 1) for push in pushes],
        "push time [s]": [round(push.push_time_s, 1) for push in pushes],
        "rollout time [s]": [round(case.rollout_time, 1) for case in (single, multi)],
    }
)

# %% [markdown]
# And while a push is under way, everything else on its way gets less. To see the push alone: a build machine with a
# fast line, nodes that hold the image already, and a site whose one cable a shop and a backup use too.

# %%
pushing = rs.loads("""
rolloutsim: 1
nodes: {node: {count: 20, start: 6 s, cached: {builder: 100%}}}
network: {rate: 10 Gbit/s, buffer: 20 ms, links: {site: {capacity: 1 Gbit/s}}}
registry: {uplink: 10 Gbit/s, via: [site]}
images: {builder: 346 MB}
push: {from: ci, link: 10 Gbit/s, via: [site], at: 0 s, images: [builder]}
background:
  shop: {links: [site], request: {size: 20 kB, every: 20 ms}}
  backup: {links: [site], connections: 1, cap: 700 Mbit/s}
""").run()["builder"]
pushing.plot.background()

# %% [markdown]
# While pods are replaced, the service runs with fewer of them. A large image stretches that time:

# %%
single.plot.replicas()

# %%
multi.plot.replicas()

# %% [markdown]
# ## "Disk is paid per GB"
#
# Every node keeps the image twice, packed and unpacked, and the registry keeps it once.

# %%
p.plot.disk()

# %%
rs.Table(
    {
        "image": [case.name for case in (single, multi)],
        "on a node [MB]": [round(case.disk.bytes_per_node / 1e6) for case in (single, multi)],
        "on all disks [GB]": [round(case.disk.fleet_bytes / 1e9, 2) for case in (single, multi)],
        "a month on SSD [US cent]": [round(case.disk.cost_per_month["ssd"] * 100) for case in (single, multi)],
    }
)

# %% [markdown]
# ## So does a factor of 10 in size matter?
#
# The two-stage image is 22 times smaller. What becomes of that factor:

# %%
large, small = r["builder"], r["go-carbon"]
factors = {
    "bytes through the registry's cable": large.bytes_on_wire / small.bytes_on_wire,
    "rollout time, all nodes at once": large.rollout_time / small.rollout_time,
    "rollout time, as a Deployment": single.rollout_time / multi.rollout_time,
    "push time": pushes[0].push_time_s / pushes[1].push_time_s,
    "bytes on disks": single.disk.fleet_bytes / multi.disk.fleet_bytes,
}
rs.Table({"what": list(factors), "smaller by a factor of": [round(factor, 1) for factor in factors.values()]})

# %% [markdown]
# It matters everywhere. It arrives whole where bytes are counted (wire, disk) and partly where something else takes
# time as well: requests, disks, starting containers. `02-where-is-the-bottleneck` looks for that something else.
