"""Training on several devices, by one option."""

import contextlib

import keras


def distribution(kind):
    """A context to build, compile and train a model in.

    Args:
        kind: "none"; "data", every device takes a part of each batch: `keras.distribution` on
            JAX, `tf.distribute.MirroredStrategy` on TensorFlow.

    Returns:
        A context manager.

    Raises:
        ValueError: for another kind, or a backend that cannot do it.

    Example:
        >>> with distribution("none"):
        ...     pass
    """
    if kind == "none":
        return contextlib.nullcontext()
    if kind != "data":
        raise ValueError(f'There is no distribution {kind!r}: choose "none" or "data".')
    backend = keras.backend.backend()
    if backend == "jax":
        # Sharding the dataset by host is for several hosts; here one process feeds all devices.
        return keras.distribution.DataParallel(auto_shard_dataset=False).scope()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.distribute.MirroredStrategy(tf.config.list_logical_devices()).scope()
    raise ValueError(f"Several devices need the backend jax or tensorflow, not {backend}.")


def device_count(kind):
    """Devices that share a batch under `distribution(kind)`."""
    return 1 if kind == "none" else len(keras.distribution.list_devices())


def precision(kind="auto"):
    """Sets Keras's dtype policy: "float32", "mixed_bfloat16", "mixed_float16" or "auto".

    "auto" takes bfloat16 where there is a GPU or TPU; on CPUs it is no gain.
    """
    if kind == "auto":
        try:
            devices = keras.distribution.list_devices()
        except (NotImplementedError, AttributeError):  # torch has no list
            devices = []
        kind = "float32" if all("cpu" in str(d).lower() for d in devices) else "mixed_bfloat16"
    keras.config.set_dtype_policy(kind)
    return kind
