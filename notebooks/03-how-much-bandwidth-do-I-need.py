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
# # How much bandwidth do I need?
#
# The target: a rollout within 60 seconds, also when the cluster has grown. What has to be bought, and is it bandwidth?

# %%
import rolloutsim as rs

s = rs.load("../scenarios/20nodes.yaml").with_({"images": {"service": "346 MB"}})
s

# %% [markdown]
# ## Many runs at once
#
# A sweep simulates every combination. Rates are those that one can order, and node counts those of the next years.

# %%
g = s.sweep(
    {
        "nodes": [10, 20, 40, 80, 160],
        "network": ["1 Gbit/s", "2.5 Gbit/s", "5 Gbit/s", "10 Gbit/s", "25 Gbit/s"],
    },
    jobs=1,
)
g

# %% [markdown]
# ## The map
#
# The line parts what meets the target from what does not.

# %%
g.plot.sweep_heatmap(x="network", y="nodes")

# %% [markdown]
# For 20 nodes 1 Gbit/s is just too little, and 2.5 Gbit/s is plenty.
#
# ## The knee
#
# More bandwidth helps until something else is slower. Then the line is flat, and the money is better spent there.

# %%
g.plot.sweep_lines(x="network")

# %%
fastest = s.with_({"nodes": 20, "network": "25 Gbit/s"}).run()
print(fastest.why())

# %% [markdown]
# ## The exact number
#
# `solve` looks for the smallest value that meets the target, and shows what it tried.

# %%
s.solve("network", "rollout_time < 60 s")

# %% [markdown]
# A check by hand, on the perfect line: 20 × 346 MB in 30 s are 20 · 346 · 8 / 30 = 1845.3 Mbit/s.

# %%
found = s.with_({"model": "ideal"}).solve("network", "rollout_time < 30 s")
print(found.value, "by simulation;", f"{20 * 346e6 * 8 / 30 / 1e9:.4f} Gbit/s by hand")

# %% [markdown]
# ## Or the other way round
#
# How large may the cluster, or the image, become with 10 Gbit/s?

# %%
ten = s.with_({"network": "10 Gbit/s"})
print("nodes:", ten.solve("nodes", "rollout_time < 60 s", largest=True).value)
print("image:", ten.solve("images.service", "rollout_time < 60 s", largest=True).value)

# %% [markdown]
# ## With chance
#
# Real nodes do not ask at the same moment. Here each starts within 20 s, at random, so the answer needs several
# replications. The condition must then hold at the end of the 95 % interval, not only on average.

# %%
random = s.with_({"nodes": {"node": {"count": 20, "start": {"min": "0 s", "max": "20 s"}}}})
runs = random.run(replications=20)
case = runs["service"]
print(f"{case.rollout_time:.1f} s, between {case.rollout_time_ci.low:.1f} and {case.rollout_time_ci.high:.1f} s")

# %%
runs.plot.rollout()

# %%
found = random.solve("network", "rollout_time < 60 s", between=("1 Gbit/s", "4 Gbit/s"), replications=5)
print(found.value, "with random starts")

# %% [markdown]
# ## What to order
#
# The smallest purchase that passes, for each size of the cluster:

# %%
rows = {"nodes": [], "order": [], "rollout time [s]": []}
times = g.to_pandas()
for nodes, each in times.groupby("nodes"):
    passing = each[each["rollout_time_s"] < 60]
    best = passing.iloc[0] if len(passing) else None
    rows["nodes"].append(nodes)
    rows["order"].append("nothing on the list will do" if best is None else best["network"])
    rows["rollout time [s]"].append(float("nan") if best is None else round(best["rollout_time_s"], 1))
rs.Table(rows)

# %% [markdown]
# The cheapest line of that table may be one that is not in it: with the 16 MB image of `01-first-rollout`, 160 nodes on
# 1 Gbit/s take

# %%
small = s.with_({"nodes": 160, "images": {"service": "16 MB"}}).run()
print(f"{small['service'].rollout_time:.1f} s")
