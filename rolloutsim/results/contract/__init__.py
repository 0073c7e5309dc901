"""The parts of the JSON contract, which `rolloutsim.results.document` describes and puts together.

- `case`: the object of a case, with what only some have
- `columns`: one row a node, pull, layer or pod, also for DataFrames
"""
