"""Sweeps: the same scenario at many points, each simulated several times with common random numbers.

Replication i has the same seed at every point (`rolloutsim.planning.replicate`), so that points differ by what they are
and not by luck. Reading order:

=========  ==============================================================================================
module     what is there
=========  ==============================================================================================
`designs`  which points a sweep simulates, as its user gives them, and these as scenarios; `sobol`: points spread evenly
           over ranges
`head`     what a sweep is of, and the command that makes it again
`running`  plan and run a sweep
`batches`  batches of runs, wherever they are computed; `rows`: what is kept of a run
`workers`  who computes: processes on local cores, or a Dask cluster
`file`     the SQLite file: written, and read back as columns
`judging`  which thresholds hold at which points
`figures`  means over replications, as tables, CSV, JSON and Markdown; `frames`: pandas, xarray and Parquet
=========  ==============================================================================================
"""

from typing import TYPE_CHECKING

from rolloutsim.lazy import front

if TYPE_CHECKING:
    from rolloutsim.planning.sweep import designs, figures, file, frames, running, workers
else:
    __getattr__ = front(__name__)
