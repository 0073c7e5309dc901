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
# # Model against reality
#
# A simulation is worth as much as the checks that it could have failed. First theory: cases that have an answer on
# paper. Then reality: pulls from a real registry, measured over links of known rates.

# %%
import sys

import rolloutsim as rs

sys.path.insert(0, "..")  # the measured cases are part of the tests

# %% [markdown]
# ## On paper
#
# `model: ideal` has bandwidth sharing alone, so a short formula is exact.

# %%
text = "rolloutsim: 1\nname: paper\nmodel: ideal\n"
star = text + "nodes: {n: {count: 20, nic: 1 Gbit/s}}\nregistry: 1 Gbit/s\nimages: {a: 346 MB}\n"
narrow = text + "nodes: {n: {count: 20, nic: 10 Mbit/s}}\nregistry: 1 Gbit/s\nimages: {a: 346 MB}\n"
mixed = text + (
    "nodes: {slow: {count: 1, nic: 10 MB/s}, fast: {count: 1, nic: 1000 MB/s}}\n"
    "registry: 100 MB/s\nimages: {a: 100 MB}\n"
)
slots = text + (
    "nodes: {n: {count: 1, nic: 1 Gbit/s, parallel_layers: 3}}\n"
    "registry: {uplink: 1 Gbit/s, connection_cap: 5 MB/s}\n"
    "images: {a: {layers: [10 MB, 10 MB, 10 MB, 10 MB, 10 MB, 10 MB, 10 MB]}}\n"
)

# %% [markdown]
# - N nodes, size S, one uplink C: they share it, so N · S / C.
# - N nodes with a NIC c each that is narrower: S / c, whatever the uplink.
# - One slow and one fast node: the fast one takes what the slow one leaves, S / (C − c). Dividing the uplink in two
#   halves would give 2 s.
# - L equal layers, k at a time, each connection at most r: ⌈L / k⌉ · S / r.

# %%
rows = [
    ("N · S / C", 20 * 346e6 / 125e6, rs.loads(star).run()["a"].rollout_time),
    ("S / c", 346e6 / 1.25e6, rs.loads(narrow).run()["a"].rollout_time),
    ("S / (C − c), the fast node", 100e6 / (100e6 - 10e6), min(rs.loads(mixed).run()["a"].nodes["ready_s"])),
    ("⌈L / k⌉ · S / r", 3 * 10e6 / 5e6, rs.loads(slots).run()["a"].rollout_time),
]
rs.Table(
    {
        "formula": [name for name, _, _ in rows],
        "by hand [s]": [round(paper, 6) for _, paper, _ in rows],
        "simulated [s]": [round(simulated, 6) for _, _, simulated in rows],
        "apart": [f"{abs(simulated / paper - 1):.0e}" if simulated != paper else "0" for _, paper, simulated in rows],
    }
)

# %% [markdown]
# ## Measured
#
# Twenty configurations ran three times each: a real docker-registry, real clients, links of known rates, on one
# machine. All are predicted with one set of parameters.

# %%
from tests.theory import accuracy

predictions = sorted(accuracy.predictions(), key=lambda one: (not one.case.core, one.case.name))
rs.Table(
    {
        "case": [one.case.name for one in predictions],
        "nodes": [one.case.config["nodes"] for one in predictions],
        "measured [s]": [round(one.case.rollout_time, 2) for one in predictions],
        "bandwidth alone [s]": [round(one.case.ideal, 2) for one in predictions],
        "predicted [s]": [round(one.time, 2) for one in predictions],
        "error": [f"{one.error:+.1%}" for one in predictions],
    }
)

# %%
print(f"median error {accuracy.median_error():.1%}, largest {max(abs(one.error) for one in predictions):.1%}")
print(f"cases that no parameter was chosen by: {accuracy.median_error(fitted=False):.1%}")

# %%
import matplotlib.pyplot as plt

_, ax = plt.subplots(figsize=(5.5, 5))
ax.plot([0.8, 60], [0.8, 60], color="#999999", linewidth=1, label="exactly as measured")
for core, label in ((True, "plain pulls"), (False, "other traffic, algorithms, clients")):
    some = [one for one in predictions if one.case.core is core]
    ax.plot(
        [one.case.rollout_time for one in some],
        [one.time for one in some],
        "o" if core else "s",
        color="#0072b2" if core else "#d55e00",
        label=label,
    )
ticks = [1, 2, 5, 10, 20, 50]
ax.set(xscale="log", yscale="log", xlabel="measured rollout time [s]", ylabel="predicted rollout time [s]")
for axis in (ax.xaxis, ax.yaxis):
    axis.set_ticks(ticks, labels=map(str, ticks))
    axis.set_ticks([], minor=True)
ax.spines[["top", "right"]].set_visible(False)
ax.set_title(f"Half of the predictions are within {accuracy.median_error():.1%}", loc="left", fontweight="bold")
ax.legend(frameon=False)
plt.show()

# %% [markdown]
# ## Where it is off
#
# The largest error is with a long-lived connection in the way. `FITTED` names what was chosen by looking at a case:

# %%
worst = sorted(predictions, key=lambda one: -abs(one.error))[:3]
for one in worst:
    print(f"{one.case.name}: {one.error:+.1%}")
for name, what in accuracy.FITTED.items():
    print(f"chosen by looking at {name}: {what}")

# %% [markdown]
# ## Luck
#
# Equal nodes are not served equally: who is first is luck. The plain model lets all of them finish at once; with
# `fairness: on` it spreads them as TCP does. Five nodes, measured and predicted:

# %%
(five,) = (one for one in predictions if one.case.name == "n5-golang")
rs.Table(
    {
        "node": ["first", "second", "third", "fourth", "last"],
        "measured [s]": [round(time, 1) for time in five.case.ranks()],
        "predicted [s]": [round(time, 1) for time in five.ranks],
        "plain model [s]": [round(five.plain, 1)] * 5,
    }
)

# %% [markdown]
# The last node decides when a rollout is over, and the plain model has that one right to a few per cent.
#
# ## What applications feel

# %%
felt = accuracy.felt()
rs.Table(
    {
        "figure": [one.what for one in felt],
        "measured": [f"{one.measured:.3g} {one.unit}" for one in felt],
        "predicted": [f"{one.predicted:.3g} {one.unit}" for one in felt],
        "error": [f"{one.error:+.1%}" for one in felt],
    }
)

# %% [markdown]
# ## What this does not show
#
# The links had up to 200 Mbit/s, the cases up to 20 nodes, and one machine played all of them. Larger and faster is
# the same equations, but nobody has measured it here. Treat a figure as good to a few per cent for pulls alone, to
# a fifth with heavy traffic of others, and measure what `plot.tornado()` calls important.
