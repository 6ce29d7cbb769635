"""Where the heavy work of the journeys is done: here, or by the workers of a cluster.

`engine` holds the interface and the engine of this process. `dask_engine` and
`dask_training` are the only modules that import Dask, and nothing imports them
unless `--engine dask` was asked for. See docs/distributed.md.
"""
