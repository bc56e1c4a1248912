import numpy as np
from keras import ops

from keras_pinyin.layers import CopyHead
from layers.layer_test import run_layer_test

RNG = np.random.default_rng(0)
TABLE = np.eye(9, dtype="float32")
SOURCE = np.array([[3, 4, 5, 3, 6], [7, 8, 0, 0, 0]], "int32")


def before(tokens, size=3, start=2):
    padded = np.pad(tokens, [(0, 0), (size, 0)], constant_values=start)
    return TABLE[np.stack([padded[:, i : i + tokens.shape[1]] for i in range(size)], -1)]


def inputs(target):
    shape = (*target.shape, 8)
    return {
        "logits": RNG.normal(size=(*target.shape, 9)).astype("float32"),
        "state": RNG.normal(size=shape).astype("float32"),
        "written": before(target),
        "source": SOURCE,
        "before": before(SOURCE),
        "encoded": RNG.normal(size=(2, 5, 8)).astype("float32"),
    }


def test_layer(tmp_path):
    target = np.array([[3, 4, 5, 3], [7, 8, 1, 1]], "int32")
    run_layer_test(CopyHead, {"key_dim": 4}, inputs(target), shape=(2, 4, 9), tmp_path=tmp_path)


def copies(layer, given):
    """Where a copy is certain, what would be copied, `[batch, length]`."""
    layer(**given)
    layer.gate.bias.assign([50.0])
    return ops.convert_to_numpy(ops.argmax(layer(**given), -1))


def test_untrained_it_copies_what_comes_next():
    # The token 1 was put in: the text goes on after it. 3 comes twice, and what follows each is
    # told by what stood before.
    target = np.array([[3, 4, 1, 5, 3, 6], [7, 8, 1, 1, 1, 1]], "int32")
    found = copies(CopyHead(), inputs(target))
    np.testing.assert_array_equal(found[0], [3, 4, 5, 5, 3, 6])
    np.testing.assert_array_equal(found[1, :2], [7, 8])


def test_probabilities_with_and_without_a_source():
    target = np.array([[3, 4, 5], [7, 8, 1]], "int32")
    given = inputs(target)
    log_probs = ops.convert_to_numpy(CopyHead()(**given))
    np.testing.assert_allclose(np.exp(log_probs).sum(-1), 1, atol=1e-5)
    given["source"] = np.zeros_like(SOURCE)
    alone = ops.convert_to_numpy(CopyHead()(**given))
    wanted = ops.convert_to_numpy(ops.log_softmax(given["logits"]))
    np.testing.assert_allclose(alone, wanted, atol=1e-5)
