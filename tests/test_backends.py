"""Plain `pytest` runs in one backend; this runs what uses Keras in the others, a process each."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

TESTS = Path(__file__).parent
INSIDE = "KERAS_PINYIN_BACKEND_RUN"
OTHERS = [b for b in ("tensorflow", "jax", "torch") if b != keras.backend.backend()]


@pytest.mark.skipif(INSIDE in os.environ, reason="this is the inner run")
@pytest.mark.parametrize("backend", OTHERS)
def test_suite_in_another_backend(backend):
    folders = [str(TESTS / name) for name in ("layers", "models", "decoding", "training")]
    found = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            *folders,
        ],
        env={**os.environ, "KERAS_BACKEND": backend, INSIDE: "1"},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-2000:]
    assert " passed" in found.stdout
