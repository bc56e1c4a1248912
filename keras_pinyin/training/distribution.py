"""Training on several devices, by one option."""

import contextlib

import keras

# How weights are cut, by their names: matrices that widen a state by columns, those that bring it
# back by rows, so that a block exchanges its state once (Shoeybi et al., 2019, "Megatron-LM").
LAYOUT = {
    r".*/(query|key_value|query_key|query_key_value|value|inner)/kernel": (None, "model"),
    r".*/(query|key_value|query_key|query_key_value|value|inner)/bias": ("model",),
    r".*/(output|outer)/kernel": ("model", None),
    r".*/embeddings": (None, "model"),
    r".*/key_memory/table": (None, "model"),
}


def distribution(kind):
    """A context to build, compile and train a model in.

    Args:
        kind: "none"; "data", every device takes a part of each batch: `keras.distribution` on
            JAX, `tf.distribute.MirroredStrategy` on TensorFlow; "model=2", each two devices (or
            another number of them) share the weights, and the pairs share the batch:
            `keras.distribution.ModelParallel`, on JAX. The number must divide the widths of the
            model.

    Returns:
        A context manager.

    Raises:
        ValueError: for another kind, a number that does not divide the devices, or a backend that
            cannot do it.

    Example:
        >>> with distribution("none"):
        ...     pass
    """
    kind, share = _parsed(kind)
    if kind == "none":
        return contextlib.nullcontext()
    backend = keras.backend.backend()
    # Sharding the dataset by host is for several hosts; here one process feeds all devices.
    if backend == "jax" and kind == "data":
        return keras.distribution.DataParallel(auto_shard_dataset=False).scope()
    if backend == "jax":
        mesh = keras.distribution.DeviceMesh((_count(share), share), ("batch", "model"))
        layout = keras.distribution.LayoutMap(mesh)
        for name, axes in LAYOUT.items():
            layout[name] = axes
        return keras.distribution.ModelParallel(
            layout_map=layout, batch_dim_name="batch", auto_shard_dataset=False
        ).scope()
    if backend == "tensorflow" and kind == "data":
        import tensorflow as tf

        return tf.distribute.MirroredStrategy(tf.config.list_logical_devices()).scope()
    needed = "jax or tensorflow" if kind == "data" else "jax"
    raise ValueError(f"{kind} on several devices needs the backend {needed}, not {backend}.")


def device_count(kind):
    """Parts that a batch is cut into under `distribution(kind)`."""
    kind, share = _parsed(kind)
    return 1 if kind == "none" else _count(share)


def _parsed(kind):
    """The name of a kind, and how many devices share each weight."""
    name, _, share = kind.partition("=")
    if kind in ("none", "data"):
        return name, 1
    if name == "model" and share.isdecimal() and int(share) > 1:
        return name, int(share)
    raise ValueError(
        f'There is no distribution {kind!r}: choose "none", "data", or "model=2" for two devices '
        "that share the weights."
    )


def _count(share):
    devices = len(keras.distribution.list_devices())
    if devices % share:
        raise ValueError(
            f"{devices} devices are no multiple of {share}: let a divisor of {devices} share "
            "the weights."
        )
    return devices // share


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
