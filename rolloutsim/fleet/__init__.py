"""The actors on the network: registries, nodes with their container runtimes, background traffic.

- `latency`: requests, connection set-up and slow start, in seconds.
- `ledger`: the facts, in columns, as they happen.
- `registry`: connections, limited and queued.
- `routes`: where the bytes of a pull pass, and what each layer costs there.
- `node`: a node's runtime: slots, fetches, unpacking in order.
- `background`: the traffic of other applications.
- `build`: a case of a scenario as actors on a network.
"""
