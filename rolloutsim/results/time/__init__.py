"""Where the time went, divided in three ways.

- `split`: divides each *pull* by cause, along its own critical path, from its asking to its pod's readiness
- `steps`: divides each *pod* by cause, from its workload's start to its readiness; a pull among its steps is replaced
  by that pull's split
- `phases`: divides each *node* by what it is doing, not by why: waiting, fetching, unpacking, waiting for pods,
  starting
"""
