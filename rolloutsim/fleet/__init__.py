"""The actors on the network: sources of layers, nodes with their container runtimes, background traffic.

- `node`: a node's runtime: slots, fetches, unpacking in order. `pulls`: what is on its way, and in which state;
  `losses`: what a failed pull or a crash gives up; `ranges`: what comes whole all the same; `disk`: what fits;
  `disk_times`: how long layers take of it; `volumes`: disks that are made of snapshots.
- `sources`: who can hand over manifests and layers. `hosts`: who is asked first, who next, when again; `retries`: who
  waits to ask again; `recipes`: the ways there, and what each layer costs.
- `latency`: slow start, in seconds. `buckets`: token buckets, of registries and kubelets.
- `ledger`: the facts, in columns, as they happen; `incidents`: what goes wrong.
- `kubelet`: which pulls start when; `push`: uploads; `faults`: what breaks, and for how long.
- `pods`: the cluster: pods, what becomes of them (`pod_life`), who goes first (`pod_group`), what is written down
  (`pod_ledger`); `placement`: where they go; `instants`: one occasion for all that happens at one time.
- `background`: the traffic of other applications; `observing`: what they feel; `undisturbed`: what they
  have on their own.
- `queues`: what waits in the queues of saturated links; `fairness`: how unevenly connections share them.
- `build`: a case of a scenario as actors on a network.
"""
