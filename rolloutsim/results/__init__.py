"""What a run means: records (facts), and everything that is derived from them.

Read in this order: `records` (what the simulation writes down), `metrics` (the figures of a case), `split`
(what each pull waited for), `steps` (what each pod did), `critical` (and the last of them), `rollouts` with `replicas`,
`requests`, `failures` and `disks` (what workloads, kubelets, faults and pushes add), `thresholds` (were the conditions
met), `bottlenecks` and `last` (what, and who, was waited for), `why` and `findings` (that in words), `figures` (how
numbers are shown), `tables` and `contract` with `sections` (for people and for programs), `columns` (one row a node,
pull, layer or pod), `intervals` and `replicated` (several replications), `store` (a run as a file).

An old result can be read here without running anything: no SimPy, no matplotlib.
"""
