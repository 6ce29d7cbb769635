"""Grows trees on a cluster with `lightgbm.dask`, a fixed number of them.

Stopping early is not used: under Dask it is reported broken (LightGBM #6197). The
number is chosen here, on the stopping slice, before the trees that count are grown.
Trees depend on the number of workers, because each bins and samples its own rows;
docs/distributed.md states how far their risks lie from the local engine's.
"""

import io
import re
import warnings
from contextlib import redirect_stdout
from typing import Any

import dask.array
import lightgbm
import numpy as np
import numpy.typing as npt
from dask import delayed
from distributed import Client, wait
from lightgbm.dask import DaskLGBMRegressor

from denialml.modeling.risk.tree_fitting import GrowingRows

# LightGBM's own words for the settings under which its scikit-learn interface has
# others: given twice, the interface's default would win or warn.
_INTERFACE_NAMES = {
    "min_data_in_leaf": "min_child_samples",
    "feature_fraction": "colsample_bytree",
    "bagging_fraction": "subsample",
    "bagging_freq": "subsample_freq",
    "lambda_l2": "reg_lambda",
    "seed": "random_state",
}
# Each worker grows with as many threads as Dask gives it.
_LEFT_OUT = frozenset({"num_threads"})
# Minutes that LightGBM waits for another worker; its own default is two hours.
_WAIT_MINUTES = 5
_OF_THE_NETWORK = re.compile(
    r"^\[(?:machines|local_listen_port|num_machines|time_out): .*\]\n", re.M
)


def grow_on(
    client: Client,
    workers: list[str],
    settings: dict[str, Any],
    rows: GrowingRows,
    trees: int,
) -> lightgbm.Booster:
    """So many trees on rows dealt out to these workers.

    Rows are dealt like cards: LightGBM chooses a feature's bins by the rows of one
    worker, which must not be of one season. A regressor with the binary objective
    grows the same trees as a classifier, and needs no worker to hold both outcomes.
    """
    words = {
        _INTERFACE_NAMES.get(name, name): value
        for name, value in settings.items()
        if name not in _LEFT_OUT
    }
    model = DaskLGBMRegressor(
        client=client, n_estimators=trees, time_out=_WAIT_MINUTES, **words
    )
    dealt = [np.arange(at, len(rows.label), len(workers)) for at in range(len(workers))]
    # `lightgbm.dask` waits for futures of whichever client is the current one.
    with (
        client.as_current(),
        # It tells what ports it looks for on standard output, which is for data.
        redirect_stdout(io.StringIO()),
        warnings.catch_warnings(),
    ):
        # Said of the interface's own default, which nobody set.
        warnings.filterwarnings("ignore", "Parameter n_jobs will be ignored")
        model.fit(
            _spread(client, workers, dealt, rows.matrix),
            _spread(client, workers, dealt, rows.label.astype(np.float64)),
            sample_weight=_spread(client, workers, dealt, rows.weight),
            init_score=_spread(client, workers, dealt, rows.start),
        )
    # Without the workers' addresses, which are not the model's.
    text = _OF_THE_NETWORK.sub("", model.booster_.model_to_string())
    return lightgbm.Booster(model_str=text)


def _spread(
    client: Client,
    workers: list[str],
    dealt: list[npt.NDArray[np.intp]],
    values: npt.NDArray[Any] | None,
) -> dask.array.Array | None:
    """One chunk of the values on each worker."""
    if values is None:
        return None
    parts = [
        client.scatter(values[at], workers=[worker], hash=False)
        for worker, at in zip(workers, dealt, strict=True)
    ]
    wait(parts)
    return dask.array.concatenate(
        [
            dask.array.from_delayed(
                delayed(part), (len(at), *values.shape[1:]), dtype=values.dtype
            )
            for part, at in zip(parts, dealt, strict=True)
        ]
    )
