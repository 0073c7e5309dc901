"""A case as Chrome trace events, which Perfetto opens.

- `writer`: the whole trace, and its file
- `nodes`: what happened on each node
- `system`: what belongs to no single node
- `tracks`: slices laid out on tracks
"""
