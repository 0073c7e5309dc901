"""The parts of the JSON contract, which `rolloutsim.results.document` describes and puts together.

- `case`: the object of a case
- `sections`: what only some cases have, and how numbers are written
- `columns`: one row a node, pull, layer or pod, also for DataFrames
"""
