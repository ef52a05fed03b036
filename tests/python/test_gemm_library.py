"""Matrix products by a library that is loaded while the program runs, here the one inside NumPy's wheel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from trigrad import _core as extension
from trigrad import tensor_cpp as tg
from trigrad._core import tensor as core

LIBRARIES = sorted(Path(np.__file__).parents[1].glob("numpy.libs/*openblas*"))


@pytest.fixture
def blas() -> Iterator[str]:
    """NumPy's OpenBLAS as the backend."""
    if not LIBRARIES:
        pytest.skip("this NumPy brings no OpenBLAS of its own")
    if "numpy_blas" not in core.gemm_backends():
        core.load_gemm_library(str(LIBRARIES[0]), "numpy_blas")
    core.set_gemm_backend("numpy_blas")
    yield "numpy_blas"
    core.set_gemm_backend("packed")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_layout_is_multiplied_as_numpy_does(blas: str, dtype: type) -> None:
    draw = np.random.default_rng(0).standard_normal
    wide = draw((9, 40)).astype(dtype)
    lefts = [draw((9, 20)).astype(dtype), draw((20, 9)).astype(dtype).T, wide[:, 3:23], wide[:, ::2]]
    rights = [draw((20, 6)).astype(dtype), draw((6, 20)).astype(dtype).T, draw((20, 1)).astype(dtype)]
    for x in lefts:
        for y in rights:
            a = tg.tensor(x.T.copy()).T if x.flags.f_contiguous else tg.tensor(x)
            b = tg.tensor(y.T.copy()).T if y.flags.f_contiguous else tg.tensor(y)
            np.testing.assert_allclose((a @ b).numpy(), x @ y, rtol=0, atol=200 * np.finfo(dtype).eps)
    assert core.gemm_backend() == blas


def test_what_cannot_be_loaded_is_refused(tmp_path: Path, blas: str) -> None:
    with pytest.raises(ValueError, match=r"load_gemm_library: .*no_such_file"):
        core.load_gemm_library(str(tmp_path / "no_such_file.so"), "none")
    with pytest.raises(ValueError, match="has neither cblas_sgemm"):
        core.load_gemm_library(extension.__file__, "ours")
    with pytest.raises(ValueError, match="there is a backend 'numpy_blas' already"):
        core.load_gemm_library(str(LIBRARIES[0]), blas)
    assert "none" not in core.gemm_backends()
    assert "ours" not in core.gemm_backends()
