"""The graphs behind the files: signatures, SavedModel, conversion to TFLite. Needs TensorFlow."""

import warnings
from unittest import mock

import keras
import tensorflow as tf


def write_saved_model(model, folder, *, n_best, beams, context=None, keys=None):
    """Writes a SavedModel with the signatures `convert` and `predict`.

    Args:
        model: a `PinyinTransformer`, on the TensorFlow backend.
        folder: path.
        n_best, beams: int, fixed in the graph.
        context, keys: int, the lengths that go in, or None for any.
    """

    def convert(context, keys):
        sentences, scores = model.search(context, keys, n_best=n_best, beams=beams)
        return {"sentences": sentences, "scores": scores}

    def predict(context):
        hanzi, scores = model.next_hanzi(context, n_best=n_best)
        return {"hanzi": hanzi, "scores": scores}

    context = tf.TensorSpec((1, context), tf.int32, name="context")
    keys = tf.TensorSpec((1, keys), tf.int32, name="keys")
    write_signatures(
        model, folder, {"convert": (convert, [context, keys]), "predict": (predict, [context])}
    )


def write_signatures(model, folder, signatures):
    """Writes functions of a model as the signatures of a SavedModel, in few operators.

    Args:
        model: a `keras.Model`, on the TensorFlow backend.
        folder: path.
        signatures: dict name -> (function, list of `tf.TensorSpec`).
    """
    # Not keras.export.ExportArchive: it writes every weight twice.
    module = tf.Module()
    module.weights = [weight.value for weight in model.weights]
    functions = {
        name: tf.function(function, input_signature=specs, autograph=False)
        for name, (function, specs) in signatures.items()
    }
    with warnings.catch_warnings(), _few_operators():
        # A first position attends to itself alone: Keras wonders at a softmax of one number.
        warnings.filterwarnings("ignore", message="You are using a softmax over axis")
        tf.saved_model.save(module, str(folder), signatures=functions)


def _few_operators():
    """Lets Keras trace `take` and `matmul` into fewer operators, as a context manager.

    There an index may count from the end, and a tensor of any shape be multiplied, for three to ten
    operators a call; on a phone each takes as long as the product of two small matrices.
    """
    numpy = keras.src.backend.numpy  # no public name leads here
    take, matmul = numpy.take, numpy.matmul

    def gather(x, indices, axis=None):
        if axis is None:
            return take(x, indices)
        return tf.gather(*map(keras.ops.convert_to_tensor, (x, indices)), axis=axis)

    def multiply(a, b):
        *rows, inner = a.shape
        if len(rows) < 2 or len(b.shape) != 2 or rows.count(None) > 1:
            return matmul(a, b)
        product = tf.matmul(tf.reshape(a, (-1, inner)), keras.ops.convert_to_tensor(b))
        return tf.reshape(product, [-1 if n is None else n for n in (*rows, b.shape[1])])

    return mock.patch.multiple(numpy, take=gather, matmul=multiply)


def to_tflite(saved_model, kind):
    """Converts all signatures of a SavedModel, with built-in operators only.

    Args:
        saved_model: folder that `write_signatures` wrote.
        kind: "float32", "float16" (weights), or anything else: weights of 8 bits, activations
            quantized as they come.

    Returns:
        bytes of a .tflite file.

    Raises:
        RuntimeError: if an operator of the graph is none of TFLite's own.
    """
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if kind != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    content = converter.convert()
    foreign = foreign_operators(content)
    if foreign:
        raise RuntimeError(f"The graph has operators that are not built in: {', '.join(foreign)}.")
    return content


def foreign_operators(content):
    """Names of the operators of a .tflite file that are not built in (Flex or custom)."""
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    foreign = []
    for code in model.operatorCodes:
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        if code.customCode is not None or number == schema.BuiltinOperator.CUSTOM:
            foreign.append((code.customCode or b"custom").decode())
    return sorted(foreign)
