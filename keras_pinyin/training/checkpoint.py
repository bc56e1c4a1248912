"""Checkpoints that survive `kill -9` at any moment."""

import json
import os
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

    def _read(self):
        stored = read_arrays(self.path, "remove this checkpoint")
        if "meta" not in stored:
            raise ValueError(f"{self.path} is no checkpoint: remove it, or name another path.")
        return stored


def _variables(model):
    optimizer = model.optimizer.variables if model.optimizer is not None else []
    return [*model.variables, *optimizer]


class SaveCheckpoint(keras.callbacks.Callback):
    """Saves at the end of every epoch.

    Args:
        checkpoint: a `Checkpoint`.
        step: int, steps taken before this `fit`.
    """

    def __init__(self, checkpoint, step=0):
        super().__init__()
        self.checkpoint = checkpoint
        self.step = step

    def on_train_batch_begin(self, batch, logs=None):
        # Dropout draws from torch's own generator there, whose state no variable holds.
        if keras.backend.backend() == "torch":
            import torch

            torch.manual_seed(self.step)

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1

    def on_epoch_end(self, epoch, logs=None):
        self.checkpoint.save(self.model, self.step)
