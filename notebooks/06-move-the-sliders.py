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
# # Move the sliders
#
# `explore` shows a slider and a field for each key that it is given, and below them what comes of the values: the
# answer, the thresholds, the curve of who is ready when, the table, and what changed against the start. It needs
# ipywidgets: `pip install 'rolloutsim[explore]'`.

# %%
import rolloutsim as rs

s = rs.load("../scenarios/20nodes.yaml")
e = s.explore("nodes", "network", "nodes.node.unpack.rate")
e

# %% [markdown]
# Simulations run in the background, and the latest change is the one that counts. Where nothing runs, as on a page that
# a notebook was exported to, the answer above is the last one: that of the next cell.
#
# ## From code
#
# What a slider does, an assignment does as well. `result` waits until that is simulated.

# %%
e["network"] = "10 Gbit/s"
e["nodes"] = 100
e.result

# %% [markdown]
# Ten times the bandwidth carries five times the nodes in little more than half the time. What congests is the
# registry's uplink again:

# %%
e.result["builder"].plot.timeline()
# %% [markdown]
# ## What to keep
#
# `scenario` is the scenario as explored: it can be run, swept and compared as any other. The one that it began with has
# not changed.

# %%
rs.compare(s, e.scenario, names=["as it is", "explored"])
