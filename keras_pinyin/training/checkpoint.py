"""Checkpoints that survive `kill -9` at any moment."""

import json
import os
import time
from pathlib import Path

import keras
import numpy as np

from keras_pinyin.models.weights import read_arrays


class Checkpoint:
    """Everything that training needs to go on: variables, optimizer, step.

    A checkpoint is one `.npz` file; it is written beside the old one and takes its place only
    when it is complete and on disk.

    Args:
        path: where it lies.

    Raises:
        ValueError: on `restore`, if the file does not fit the model, or cannot be read; on `save`,
            if the disk is full. The previous checkpoint stays as it was.
    """

    def __init__(self, path):
        self.path = Path(path)

    def exists(self):
        return self.path.exists()

    def save(self, model, step, **extra):
        arrays = {f"v{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(_variables(model))}
        metrics = model.metrics_variables
        arrays |= {f"m{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(metrics)}
        shapes = [[v.path, list(v.shape)] for v in _variables(model)]
        meta = json.dumps({"step": int(step), "variables": shapes, **extra})
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(f".part{os.getpid()}")
        try:
            with open(part, "wb") as stream:
                np.savez(stream, meta=np.array(meta), **arrays)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(self.path)
        except OSError as error:
            raise ValueError(
                f"The checkpoint {self.path} could not be written ({error.strerror}): free space "
                "there and run again; the previous checkpoint is intact."
            ) from error
        finally:
            part.unlink(missing_ok=True)

    def restore(self, model):
        """Sets every variable of a built, compiled model; returns the dict saved with it."""
        stored = self._read()
        meta = json.loads(str(stored["meta"]))
        shapes = [(v.path, list(v.shape)) for v in _variables(model)]
        other = f"The checkpoint {self.path} is of another model: it has"
        remedy = "remove it or train with the options it was made with."
        for (path, shape), (old_path, old_shape) in zip(shapes, meta["variables"]):
            if shape != old_shape:
                raise ValueError(
                    f"{other} {old_path} of shape {old_shape} where this one has {path} of shape "
                    f"{shape}; {remedy}"
                )
        if len(shapes) != len(meta["variables"]):
            raise ValueError(
                f"{other} {len(meta['variables'])} variables, this one {len(shapes)}; {remedy}"
            )
        for i, variable in enumerate(_variables(model)):
            variable.assign(stored[f"v{i}"])
        return meta

    def add_metrics(self, model):
        """Adds the running sums of the metrics that were saved to those of a model in training."""
        stored = self._read()
        for i, variable in enumerate(model.metrics_variables):
            if f"m{i}" in stored:
                variable.assign(variable + stored[f"m{i}"])

    def _read(self):
        stored = read_arrays(self.path, "remove this checkpoint")
        if "meta" not in stored:
            raise ValueError(f"{self.path} is no checkpoint: remove it, or name another path.")
        return stored


def _variables(model):
    optimizer = model.optimizer.variables if model.optimizer is not None else []
    return [*model.variables, *optimizer]


class SaveCheckpoint(keras.callbacks.Callback):
    """Saves every `seconds`, counted in whole training steps, and at the end of an epoch.

    Args:
        checkpoint: a `Checkpoint`.
        step: int, steps taken before this `fit`.
        seconds: float.
        resumed: bool, whether this `fit` starts inside an epoch.
    """

    def __init__(self, checkpoint, step=0, seconds=120.0, resumed=False):
        super().__init__()
        self.resumed = resumed
        self.checkpoint = checkpoint
        self.step = step
        self.seconds = seconds
        self._saved = time.monotonic()

    def on_train_batch_begin(self, batch, logs=None):
        # Dropout draws from torch's own generator there, whose state no variable holds.
        if keras.backend.backend() == "torch":
            import torch

            torch.manual_seed(self.step)

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        if self.resumed:
            # An epoch that goes on counts what it had counted. Not every backend has made its
            # metrics before the first step.
            self.checkpoint.add_metrics(self.model)
            self.resumed = False
        if time.monotonic() - self._saved >= self.seconds:
            self._save()

    def on_epoch_end(self, epoch, logs=None):
        self._save()

    def _save(self):
        self.checkpoint.save(self.model, self.step)
        self._saved = time.monotonic()
