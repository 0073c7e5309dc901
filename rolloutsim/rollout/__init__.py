"""Who pulls when.

- `asking`: all nodes at once, each at its start time, or by an explicit schedule.
- `controllers`: the controllers of a case's workloads, and when they are all done.
- `controller`: what they have in common.
- `client`: the calls of the API server that they make, and how many of them pass.
- `fenceposts`: Kubernetes' arithmetic of surge and unavailability.
- `rolling`, `daemonset`, `statefulset`: as Kubernetes does it.
- `waves`, `at_once`: some at a time, or all.
"""
