"""Exports need Keras on TensorFlow, whatever the backend of the process that asks for one."""

import os
import subprocess
import sys
from pathlib import Path


def run_on_tensorflow(*arguments):
    """Runs Python in a process of its own, with this package and Keras on TensorFlow.

    Args:
        arguments: str, those of the Python interpreter.

    Returns:
        A `subprocess.CompletedProcess` with text in `stderr`.
    """
    package = str(Path(__file__).resolve().parents[2])
    environment = {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        **os.environ,
        "KERAS_BACKEND": "tensorflow",
        "PYTHONPATH": os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
