"""One test that every layer must pass."""

import keras
import numpy as np
from keras import ops


def run_layer_test(cls, kwargs, inputs, *, shape, tmp_path, call=None):
    """Calls a layer in every way a user may.

    `inputs` maps the names of call arguments to arrays (or dicts of arrays); the first is what
    Keras calls `inputs`. `call` holds further arguments, such as masks.
    """
    call = call or {}
    first, *others = inputs
    layer = cls(**kwargs)
    output = layer(inputs[first], **{name: inputs[name] for name in others}, **call)
    assert tuple(output.shape) == shape
    assert np.isfinite(ops.convert_to_numpy(output)).all()

    # Config round trip, with the same weights the same output.
    twin = cls.from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    twin(inputs[first], **{name: inputs[name] for name in others}, **call)
    twin.set_weights(layer.get_weights())
    _same(twin(inputs[first], **{name: inputs[name] for name in others}, **call), output)

    # Symbolic call with unknown batch and length, then save and load.
    symbols = keras.tree.map_structure(
        lambda x: keras.Input((None, *x.shape[2:]), dtype=str(x.dtype)), inputs
    )
    symbolic = layer(symbols[first], **{name: symbols[name] for name in others}, **call)
    assert len(symbolic.shape) == len(shape) and symbolic.shape[-1] == shape[-1]
    model = keras.Model(symbols, symbolic)
    path = tmp_path / "layer.keras"
    model.save(path)
    loaded = keras.models.load_model(path)
    _same(loaded(inputs), output)

    # A training step moves every trainable weight.
    if layer.trainable_weights:
        before = [ops.convert_to_numpy(w) for w in layer.trainable_weights]
        model.compile(keras.optimizers.SGD(1.0), "mse", jit_compile=False)
        target = np.random.default_rng(1).normal(size=shape).astype("float32")
        for _ in range(3):
            model.train_on_batch(inputs, target)
        for weight, old in zip(layer.trainable_weights, before):
            assert np.abs(ops.convert_to_numpy(weight) - old).max() > 0, weight.path

    # Mixed precision.
    for policy in ("mixed_float16", "mixed_bfloat16"):
        mixed = cls(**kwargs, dtype=policy)
        output = mixed(inputs[first], **{name: inputs[name] for name in others}, **call)
        assert keras.backend.standardize_dtype(output.dtype) == policy.removeprefix("mixed_")
        assert np.isfinite(ops.convert_to_numpy(ops.cast(output, "float32"))).all()


def check_masks(layer, inputs, *, causal=True, others=()):
    """Padding changes nothing at real positions; the future changes nothing before it."""
    rng = np.random.default_rng(2)
    length = inputs.shape[1]
    mask = np.ones(inputs.shape[:2], bool)
    mask[:, length - 2 :] = False
    changed = inputs.copy()
    changed[:, length - 2 :] = rng.normal(size=changed[:, length - 2 :].shape)
    outputs = [
        ops.convert_to_numpy(layer(x, *others, mask=mask))[:, : length - 2]
        for x in (inputs, changed)
    ]
    np.testing.assert_allclose(*outputs, atol=1e-5)
    nothing = layer(inputs, *others, mask=np.zeros_like(mask))
    assert np.isfinite(ops.convert_to_numpy(nothing)).all()
    if causal:
        outputs = [
            ops.convert_to_numpy(layer(x, *others, use_causal_mask=True))[:, : length - 2]
            for x in (inputs, changed)
        ]
        np.testing.assert_allclose(*outputs, atol=1e-5)


def check_steps(layer, inputs, pinyin=None):
    """Step by step with a cache is one causal pass."""
    options = {} if pinyin is None else {"pinyin": pinyin}
    whole = ops.convert_to_numpy(layer(inputs, use_causal_mask=True, **options))
    cache = layer.empty_cache(inputs.shape[0], inputs.shape[1])
    for i in range(inputs.shape[1]):
        options = {} if pinyin is None else {"pinyin": pinyin[:, i : i + 1]}
        index = ops.convert_to_tensor(i, "int32")
        step, cache = layer(inputs[:, i : i + 1], cache=cache, cache_index=index, **options)
        np.testing.assert_allclose(ops.convert_to_numpy(step)[:, 0], whole[:, i], atol=1e-5)


def _same(a, b):
    np.testing.assert_allclose(ops.convert_to_numpy(a), ops.convert_to_numpy(b), atol=1e-5)
