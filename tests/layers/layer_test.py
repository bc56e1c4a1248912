"""One test that every layer must pass, and checks that attention layers share."""

import keras
import numpy as np
from keras import ops

# Half precision keeps about three digits, bfloat16 about two; outputs here are of the order of 1.
PRECISION = {"float16": 0.02, "bfloat16": 0.15}


def run_layer_test(cls, kwargs, inputs, *, shape, tmp_path, call=None):
    """Calls a layer in every way a user may.

    `inputs` maps the names of call arguments to arrays (or dicts of arrays); the first is what
    Keras calls `inputs`. `call` holds further arguments, such as masks.
    """

    def run(layer, inputs):
        first, *others = inputs
        return layer(inputs[first], **{name: inputs[name] for name in others}, **(call or {}))

    layer = cls(**kwargs)
    output = ops.convert_to_numpy(run(layer, inputs))
    assert output.shape == shape
    assert np.isfinite(output).all()
    shapes = keras.tree.map_structure(lambda x: x.shape, next(iter(inputs.values())))
    assert tuple(layer.compute_output_shape(shapes)) == shape

    # Config round trip, with the same weights the same output.
    twin = cls.from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    run(twin, inputs)
    twin.set_weights(layer.get_weights())
    np.testing.assert_allclose(ops.convert_to_numpy(run(twin, inputs)), output, atol=1e-6)

    # Symbolic call with unknown batch and length, then save and load.
    symbols = {name: _symbol(name, x) for name, x in inputs.items()}
    symbolic = run(layer, symbols)
    assert len(symbolic.shape) == len(shape) and symbolic.shape[-1] == shape[-1]
    model = keras.Model(symbols, symbolic)
    path = tmp_path / "layer.keras"
    model.save(path)
    loaded = keras.models.load_model(path)
    np.testing.assert_allclose(loaded.predict_on_batch(inputs), output, atol=1e-5)

    # Mixed precision: the same numbers, as far as they go.
    for dtype, tolerance in PRECISION.items():
        mixed = cls(**kwargs, dtype=f"mixed_{dtype}")
        found = run(mixed, symbols)
        assert keras.backend.standardize_dtype(found.dtype) == dtype
        mixed.set_weights(layer.get_weights())
        found = keras.Model(symbols, ops.cast(found, "float32")).predict_on_batch(inputs)
        np.testing.assert_allclose(found, output, atol=tolerance * max(1, np.abs(output).max()))

    # A few training steps move every trainable weight.
    if layer.trainable_weights:
        before = [ops.convert_to_numpy(w) for w in layer.trainable_weights]
        jit = keras.backend.backend() == "jax"
        model.compile(keras.optimizers.SGD(1.0), "mse", jit_compile=jit)
        target = np.random.default_rng(1).normal(size=shape).astype("float32")
        for _ in range(3):
            model.train_on_batch(inputs, target)
        for weight, old in zip(layer.trainable_weights, before):
            assert np.abs(ops.convert_to_numpy(weight) - old).max() > 0, weight.path


def _symbol(name, x):
    if isinstance(x, dict):
        return {key: _symbol(key, part) for key, part in x.items()}
    return keras.Input((None, *x.shape[2:]), dtype=str(x.dtype), name=name)


def check_masks(layer, inputs, *, causal=True, others=()):
    """Padding changes nothing at real positions; the future changes nothing before it."""
    rng = np.random.default_rng(2)
    end = inputs.shape[1] - 2
    mask = np.ones(inputs.shape[:2], bool)
    mask[:, end:] = False
    given = (inputs, *others)
    changed = [x.copy() for x in given]
    for x in changed:
        x[:, end:] = rng.normal(size=x[:, end:].shape)

    def outputs(**options):
        return [ops.convert_to_numpy(layer(*xs, **options))[:, :end] for xs in (given, changed)]

    np.testing.assert_allclose(*outputs(mask=mask), atol=1e-5)
    plain = outputs()
    assert np.abs(plain[0] - plain[1]).max() > 1e-3  # what was masked does matter without a mask
    nothing = layer(*given, mask=np.zeros_like(mask))
    assert np.isfinite(ops.convert_to_numpy(nothing)).all()
    if causal:
        np.testing.assert_allclose(*outputs(use_causal_mask=True), atol=1e-5)


def check_steps(layer, inputs, pinyin=None):
    """Step by step with a cache is one causal pass, with padding in front or without."""
    length = inputs.shape[1]
    for mask in (None, np.arange(length) >= np.array([[0], [2]])):
        options = {} if pinyin is None else {"pinyin": pinyin}
        whole = ops.convert_to_numpy(layer(inputs, use_causal_mask=True, mask=mask, **options))
        cache = layer.empty_cache(inputs.shape[0], length)
        for i in range(length):
            options = {} if pinyin is None else {"pinyin": pinyin[:, i : i + 1]}
            index = ops.convert_to_tensor(i, "int32")
            step, cache = layer(
                inputs[:, i : i + 1], mask=mask, cache=cache, cache_index=index, **options
            )
            np.testing.assert_allclose(ops.convert_to_numpy(step)[:, 0], whole[:, i], atol=1e-5)
