"""Decoding step by step inside a graph, as beam search does it, and the same in TFLite."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_pinyin.layers import PinyinDecoderLayer, PinyinEncoderLayer

RNG = np.random.default_rng(0)
HEADS = dict(local_heads=1, global_heads=1, pinyin_heads=1, position_heads=1, key_dim=8, window=3)


def inputs(length):
    x, pinyin = (RNG.normal(size=(1, length, dim)).astype("float32") for dim in (16, 12))
    return {"x": x, "pinyin": pinyin, "mask": np.arange(length)[None] != 1}


@pytest.fixture(scope="module")
def layers():
    encoder = PinyinEncoderLayer(ffn_dim=32, **HEADS)
    decoder = PinyinDecoderLayer(ffn_dim=32, **HEADS)
    first = inputs(6)
    decoder(first["x"], encoder(first["x"], first["pinyin"]), first["pinyin"])
    for layer in (encoder, decoder):
        layer.set_weights([RNG.normal(size=w.shape, scale=0.3) for w in layer.get_weights()])
    return encoder, decoder


def whole(encoder, decoder, x, pinyin, mask):
    encoded = encoder(x, pinyin=pinyin, mask=mask)
    return decoder(x, encoded, pinyin=pinyin, encoder_mask=mask)


def looped(encoder, decoder, x, pinyin, mask):
    encoded = encoder(x, pinyin=pinyin, mask=mask)
    length = ops.shape(x)[1]
    empty = decoder.empty_cache(1, length, encoded)

    def at(i, x):
        row = ops.take(x, ops.expand_dims(i, 0), axis=1)
        return ops.reshape(row, (1, 1, x.shape[-1]))

    def step(i, written, cache):
        output, cache = decoder(
            at(i, x),
            pinyin=at(i, pinyin),
            encoder_mask=mask,
            cache={"self": cache, "cross": empty["cross"]},
            cache_index=i,
        )
        here = ops.reshape(ops.equal(ops.arange(length, dtype="int32"), i), (1, length, 1))
        return i + 1, ops.where(here, output, written), cache["self"]

    start = (ops.zeros((), "int32"), ops.zeros((1, length, 16)), empty["self"])
    return ops.while_loop(lambda i, written, cache: i < length, step, start)[1]


def test_steps_in_a_while_loop(layers):
    given = {name: ops.convert_to_tensor(x) for name, x in inputs(6).items()}
    expected = ops.convert_to_numpy(whole(*layers, **given))
    if keras.backend.backend() == "jax":
        import jax

        found = jax.jit(lambda given: looped(*layers, **given))(given)
    elif keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        found = tf.function(lambda given: looped(*layers, **given))(given)
    else:
        found = looped(*layers, **given)
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, atol=1e-5)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only TensorFlow converts")
def test_tflite_with_built_in_operators_at_any_length(layers):
    import tensorflow as tf

    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            self.kept = [weight.value for layer in layers for weight in layer.weights]

        @tf.function(
            input_signature=[
                tf.TensorSpec((1, None, 16), tf.float32, name="x"),
                tf.TensorSpec((1, None, 12), tf.float32, name="pinyin"),
                tf.TensorSpec((1, None), tf.bool, name="mask"),
            ]
        )
        def run(self, x, pinyin, mask):
            return {"y": looped(*layers, x, pinyin, mask)}

    module = Module()
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.run.get_concrete_function()], module
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    # The runner reads the interpreter's memory but does not keep it alive: hold on to it.
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    runner = interpreter.get_signature_runner()
    for length in (6, 1, 9):
        given = inputs(length)
        expected = ops.convert_to_numpy(whole(*layers, **given))
        np.testing.assert_allclose(runner(**given)["y"], expected, atol=1e-5)
