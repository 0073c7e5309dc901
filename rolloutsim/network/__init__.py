"""The network: links, flows and max-min fair sharing.

This floor knows bytes and capacities; it has never heard of a registry.

- `maxmin`: the textbook allocator, to read first; the oracle of the fast one.
- `links`: shared links, and kinds of flows.
- `regimes`: how the flows of one host share its private links.
- `states`: hosts in equal states and the flows on them, a bundle each.
- `clocks`: service clocks: how far the flows of a bundle have come.
- `sharing`: the allocation, kept up to date from event to event.
- `levels`: the level at which the flows bound at one link fill it.
- `filling`: the allocation from scratch, where the structure that `sharing` keeps does not exist.
- `heaps`: the functions of `heapq`, in C where the engine is compiled.
- `calls`: kernel events that call a function.
- `fluid`: the flows in simulated time, on SimPy.
"""
