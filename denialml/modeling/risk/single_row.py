"""One row through LightGBM's own single-row call, prepared once for each model.

`Booster.predict` sets up its arguments and a predictor anew at each call, which for
one row costs as much as several dozen trees. LightGBM's C API has
`LGBM_BoosterPredictForMatSingleRowFast` for this; the Python package does not wrap it,
so the loaded library is called as the package itself does. The bits are the same (a
test compares them). With a LightGBM that names these things otherwise, `single_row`
gives None and the usual way is taken.
"""

import ctypes
import threading
import weakref
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt

# LightGBM's include/LightGBM/c_api.h.
RAW_SCORE = 1
_FLOAT64 = 1
_ALL_TREES = -1


class SingleRow:
    """Predicts one row at a time; safe to share between threads.

    `output` values come back: 1 for the raw score.
    """

    def __init__(
        self, booster: lightgbm.Booster, *, kind: int, output: int, library: Any
    ) -> None:
        self._booster = booster  # the prepared call points into it
        self._width = booster.num_feature()
        self._row = np.empty(self._width, dtype=np.float64)
        self._output = np.empty(output, dtype=np.float64)
        self._length = ctypes.c_int64(0)
        self._lock = threading.Lock()
        self._predict = library.LGBM_BoosterPredictForMatSingleRowFast
        prepared = ctypes.c_void_p()
        failed = library.LGBM_BoosterPredictForMatSingleRowFastInit(
            booster._handle,
            ctypes.c_int(kind),
            ctypes.c_int(0),
            ctypes.c_int(_ALL_TREES),
            ctypes.c_int(_FLOAT64),
            ctypes.c_int32(self._width),
            ctypes.c_char_p(b"num_threads=1"),
            ctypes.byref(prepared),
        )
        if failed:
            raise ValueError("LightGBM cannot prepare a call for single rows")
        weakref.finalize(self, library.LGBM_FastConfigFree, prepared)
        self._arguments = (
            prepared,
            self._row.ctypes.data_as(ctypes.c_void_p),
            ctypes.byref(self._length),
            self._output.ctypes.data_as(ctypes.POINTER(ctypes.c_double)),
        )

    def __call__(self, row: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """float64 (1, output) for a row of the model's width."""
        if row.shape != (self._width,):
            raise ValueError(f"a row has {row.shape}, the model takes {self._width}")
        with self._lock:
            self._row[:] = row
            failed = self._predict(*self._arguments)
            if failed or self._length.value != len(self._output):
                raise ValueError("LightGBM did not answer for a single row")
            return self._output.reshape(1, -1).copy()


def single_row(
    booster: lightgbm.Booster, *, kind: int, output: int
) -> SingleRow | None:
    """The prepared call; None where this LightGBM does not have it."""
    library = getattr(lightgbm.basic, "_LIB", None)
    if (
        getattr(library, "LGBM_BoosterPredictForMatSingleRowFast", None) is None
        or getattr(library, "LGBM_FastConfigFree", None) is None
        or getattr(booster, "_handle", None) is None
    ):
        return None
    return SingleRow(booster, kind=kind, output=output, library=library)
