"""What Python and Jupyter see: a scenario that can be run (`scenarios`), and its result (`result`).

Nothing here prints, and nothing is computed before it is asked for. The names are imported by `rolloutsim`.
"""
