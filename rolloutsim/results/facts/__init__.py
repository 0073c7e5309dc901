"""What happened, in columns and without a meaning; everything else in `results` is derived from it.

- `records`: what the simulation writes down
- `supplied`: what of it is about caches, peers and mirrors
- `columns`: what stands in their columns
- `grouped`: the rows of a table by a number
- `layers`: the layers of each image, as a table
- `intervals`: order statistics of a sample, and intervals from independent replications
"""
