"""The actors on the network: registries, nodes with their container runtimes, background traffic.

- `latency`: requests, connection set-up and slow start, in seconds.
- `ledger`: the facts, in columns, as they happen.
- `registry`: connections, limited and queued.
- `routes`: where the bytes of a pull pass, and what each layer costs there.
- `node`: a node's runtime: slots, fetches, unpacking in order.
- `pods`: the cluster: pods, what becomes of them (`pod_life`), who goes first (`pod_group`), what is written down
  (`pod_ledger`); `placement`: where they go; `instants`: one occasion for all that happens at one time.
- `background`: the traffic of other applications; `observing`: what they feel.
- `queues`: what waits in the queues of saturated links; `fairness`: how unevenly connections share them.
- `build`: a case of a scenario as actors on a network.
"""
