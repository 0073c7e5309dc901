"""What workloads, kubelets, faults and pushes add to bare pulls.

- `replicas`: ready pods of each workload
- `groups`: when the pods on each node group were ready
- `rollouts`: all that a case with any of them has
- `failures`: pulls and pods that failed
"""
