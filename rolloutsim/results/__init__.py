"""What a run means: records (facts), and everything that is derived from them.

Read in this order: `records` (what the simulation writes down), `metrics` (the figures of a case), `split`
(what each pull waited for), `thresholds` (were the conditions met), `bottlenecks` and `last` (what, and who, was
waited for), `why` (that in words), `figures` (how numbers are shown), `tables` and `contract` (for people and for
programs), `columns` (one row a node, pull or layer).

An old result can be read here without running anything: no SimPy, no matplotlib.
"""
