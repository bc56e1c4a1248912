"""Weights in half precision, in one file, and where presets lie."""

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np
from keras import ops

PACKAGE = Path(__file__).resolve().parent.parent
INSTALLED, CLONED = PACKAGE / "released", PACKAGE.parent / "saved_models"
RELEASED = INSTALLED if INSTALLED.is_dir() else CLONED


def find_preset(name):
    """The folder of a preset: a path with a `config.json`, or the name of a released model.

    Raises:
        ValueError: if there is neither.
    """
    for folder in (Path(name), Path("saved_models") / name, RELEASED / str(name)):
        if (folder / "config.json").is_file():
            return folder
    released = sorted(f.parent.name for f in RELEASED.glob("*/config.json"))
    raise ValueError(
        f"There is no model {str(name)!r}: name a folder with a config.json"
        + (f", or one of {', '.join(released)}." if released else ", made by recipes/pretrain.py.")
    )


def default_preset():
    """The model that commands use: the released one, or else the one made by pretrain.py."""
    for name in ("small", "starter"):
        try:
            return str(find_preset(name))
        except ValueError:
            continue
    raise ValueError("There is no model yet: run `python recipes/pretrain.py`, or name a folder.")


def local_name(variable):
    """The path of a weight without the name of its model, the same in every model of a kind."""
    return variable.path.split("/", 1)[1]


def save_half(model, path):
    """Writes the weights of a model, floats as float16, to a compressed `.npz`."""
    arrays = {}
    for variable in model.weights:
        value = ops.convert_to_numpy(variable)
        if value.dtype == np.float32:
            value = value.astype(np.float16)
        arrays[local_name(variable)] = value
    part = Path(f"{path}.part{os.getpid()}")
    try:
        with open(part, "wb") as stream:
            np.savez_compressed(stream, **arrays)
        part.replace(path)
    except OSError as error:
        raise ValueError(
            f"The weights {path} could not be written ({error.strerror}): free space there and "
            "save again; the previous model is intact."
        ) from error
    finally:
        part.unlink(missing_ok=True)


def load_half(model, path):
    """Reads what `save_half` wrote into a built model of the same settings.

    Raises:
        ValueError: if the file cannot be read or is of another shape.
    """
    stored = read_arrays(path, "fetch or train them again")
    names = {local_name(v): v for v in model.weights}
    if set(names) != set(stored):
        odd = sorted(set(names) ^ set(stored))[0]
        raise ValueError(
            f"The weights {path} are of another model: {odd} is on one side only; use the "
            "config.json that was saved with them."
        )
    for name, variable in names.items():
        if stored[name].shape != tuple(variable.shape):
            raise ValueError(
                f"The weights {path} are of another shape: {name} is {stored[name].shape} there "
                f"and {tuple(variable.shape)} in the model; use the config.json that was saved "
                "with them."
            )
    for name, variable in names.items():
        variable.assign(stored[name])


def copy_weights(model, preset):
    """Takes over the weights of a saved model wherever name and shape are the same.

    Returns:
        int, how many tensors were taken over.

    Raises:
        ValueError: if there is no such preset, or nothing fits.
    """
    path = find_preset(preset) / "model.weights.npz"
    stored = read_arrays(path, "fetch or train them again")
    copied = 0
    for variable in model.variables:
        name = local_name(variable)
        # Tables of the lexicon and of counts are not learned; what topics are stored as is.
        if not variable.trainable and not name.startswith("topic_memory/"):
            continue
        value = stored.get(name)
        if value is not None and value.shape == tuple(variable.shape):
            variable.assign(value)
            copied += 1
    if not copied:
        raise ValueError(f"Nothing in {path} fits this model: start from one of the same size.")
    return copied


def read_arrays(path, remedy):
    """The arrays of an `.npz` file as a dict; `remedy` ends the sentence if it is broken."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} cannot be read ({error}): {remedy}.") from error
