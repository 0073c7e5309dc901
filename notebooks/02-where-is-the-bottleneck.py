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
# # Where is the bottleneck?
#
# A rollout takes too long. Is it the registry, a rack, the nodes' disks, or something that no bandwidth graph shows?
# This notebook asks the simulation in four ways: why, what if, how sensitive, and (to see whether one may believe it)
# with bottlenecks that were planted.

# %%
import rolloutsim as rs

s = rs.load("../scenarios/20nodes.yaml")
r = s.run()
builder = r["builder"]

# %% [markdown]
# ## Why
#
# From the moment the last pod is ready, the simulation walks back along what it waited for. So every second has one
# cause, and the seconds add up.

# %%
print(r.why())

# %%
builder.causes

# %%
r.plot.time_split()

# %% [markdown]
# The registry's uplink takes most of it. When is it full?

# %%
builder.plot.utilisation()

# %% [markdown]
# And what do the nodes see of it? All of them the same here; in a real cluster one looks for the odd one out.

# %%
builder.plot.timeline()

# %% [markdown]
# ## What if
#
# Each line is a change, simulated anew with the same seed; `set` is what one would write behind `--set`.

# %%
tried = r.what_if("builder", jobs=1)
rs.Table(
    {
        "change": tried["change"][:8],
        "rollout time [s]": [round(time, 1) for time in tried["after_s"][:8]],
        "set": [" ".join(change) for change in tried["set"][:8]],
    }
)

# %% [markdown]
# The first line is a Dockerfile; most of the others are purchases, and none comes near it. What does *not* help is as
# useful to know:

# %%
useless = [i for i, gain in enumerate(tried["gain_s"]) if gain < 0.01]
rs.Table(
    {
        "change": [tried["change"][i] for i in useless],
        "rollout time [s]": [round(tried["after_s"][i], 1) for i in useless],
    }
)

# %% [markdown]
# ## How sensitive
#
# Every number of the scenario, a tenth smaller and a tenth larger, each alone; what is counted and below ten, such as
# the registry's replicas, one less and one more. Long bars are worth measuring well.

# %%
builder.plot.tornado(jobs=1)

# %% [markdown]
# ## A bottleneck further down
#
# 200 nodes in racks, behind a registry of 40 Gbit/s that is never full. The racks' uplinks are.

# %%
racks = rs.load("../scenarios/racks.yaml").run()
print(racks.why())

# %%
racks["service-with-tools"].plot.racks()

# %% [markdown]
# What helps, and whether more registry would:

# %%
tried = racks.what_if("service-with-tools", jobs=1)
rs.Table(
    {
        "change": tried["change"],
        "rollout time [s]": [round(time, 1) for time in tried["after_s"]],
    }
)

# %% [markdown]
# Faster NICs help here only because the racks' uplinks are given as a share of them (`oversubscription`). More
# registry would be wasted money.

# %% [markdown]
# ## May one believe it?
#
# In each of these scenarios one thing was made slow on purpose; the first line of the file says which. The simulation
# is not told.

# %%
from pathlib import Path

rows = []
for path in sorted(Path("../tests/data/planted").glob("*.yaml")):
    planted = path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# planted: ")
    last = max(rs.load(path).run(), key=lambda case: case.rollout_time)
    first = last.causes[0]
    rows.append(
        {
            "scenario": rs.load(path).name,
            "planted": planted,
            "named first": first["cause"],
            "of the time [%]": round(first["share"] * 100),
        }
    )
print(sum(row["planted"] == row["named first"] for row in rows), "of", len(rows), "found")

# %%
links = ("nic", "disk", "unpack", "wan", "registry.uplink", "registry.storage", "r1.down")
rs.Table([row for row in rows if row["planted"] in links])

# %% [markdown]
# Those a graph of bandwidth would have shown, too. These it would not:

# %%
rs.Table([row for row in rows if row["planted"] not in links])

# %% [markdown]
# Back-off, queues of the kubelet, the pace of the controller, the termination of old pods: a wider network changes
# nothing there, which is why one asks first.
