"""What `test_other_layers.py` leaves out: precision, boundaries, trust by order."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_pinyin.layers import NGramMemory
from keras_pinyin.layers._buckets import ngram_hashes

GRAMS = np.array([[7, 8], [7, 9], [2, 8]])
VALUES = np.array([-0.1, -2.0, -4.0])
HISTORY = np.array([[[5, 5, 7]], [[5, 5, 2]]], "int32")  # [batch, 1, order - 1]
CANDIDATES = np.array([[[8, 9, 10]], [[8, 9, 10]]], "int32")
STATE = np.zeros((2, 1, 4), "float32")


def filled(dtype=None):
    memory = NGramMemory(20, 200, order=4, dtype=dtype)
    memory(HISTORY, CANDIDATES, STATE)
    memory.fill({2: (GRAMS, VALUES)}, np.linspace(-9, -5, 20))
    return memory


def test_a_boundary_is_a_context_like_any_other():
    value, order = map(ops.convert_to_numpy, filled().look_up(HISTORY, CANDIDATES))
    assert order[:, 0].tolist() == [[1, 1, 0], [1, 0, 0]]
    np.testing.assert_allclose(value[0, 0, :2], [-0.1, -2.0], atol=1e-5)
    np.testing.assert_allclose(value[1, 0, 0], -4.0, atol=1e-5)


def test_an_untrained_memory_backs_off_by_a_constant_per_order():
    memory = filled()
    scores = ops.convert_to_numpy(memory(HISTORY, CANDIDATES, STATE))
    values, orders = map(ops.convert_to_numpy, memory.look_up(HISTORY, CANDIDATES))
    by_order = {o: (scores - values)[orders == o] for o in (0, 1)}
    assert np.ptp(by_order[0]) < 1e-4 and np.ptp(by_order[1]) < 1e-4
    assert by_order[1][0] - by_order[0][0] == pytest.approx(-np.log(0.4), abs=1e-3)


@pytest.mark.parametrize("dtype", ["mixed_float16", "float16"])
def test_half_precision_scores_are_the_same(dtype):
    scores = filled(dtype)(HISTORY, CANDIDATES, STATE)
    expected = filled()(HISTORY, CANDIDATES, STATE)
    np.testing.assert_allclose(
        ops.convert_to_numpy(ops.cast(scores, "float32")), ops.convert_to_numpy(expected), atol=0.02
    )


def test_the_largest_ids_and_tables_stay_within_32_bits():
    """The graph has 32-bit integers only; Python has no limit: both must agree."""
    memory = NGramMemory(1 << 15, (4 << 20) - 200, order=4)
    memory.build((1, 3), (1, 1), (1, 4))
    ids = np.random.default_rng(0).integers(32000, 32768, (500, 4))
    memory.fill({4: (ids, np.full(500, -1.0))}, np.zeros(1 << 15))
    value, order = memory.look_up(ids[:, :3], ids[:, 3:])
    assert (ops.convert_to_numpy(order) == 3).all()
    np.testing.assert_allclose(ops.convert_to_numpy(value), -1.0, atol=1e-5)
    bucket, mark = ngram_hashes(ids, memory.buckets)
    assert bucket.min() >= 0 and bucket.max() < memory.buckets and mark.max() < 65535


def test_every_ngram_learns_by_itself_and_is_filled_in_again():
    memory = NGramMemory(20, 200, order=4)
    memory(HISTORY, CANDIDATES, STATE)
    sizes = [tuple(weight.shape) for weight in memory.weights]
    memory.trust.trainable = False
    memory.enable_learning()
    table, unigram = {2: (GRAMS, VALUES), 3: ([[5, 7, 9]], [-1.0])}, np.linspace(-9, -5, 20)
    assert memory.fill(table, unigram) == 4

    def said():
        return [ops.convert_to_numpy(x) for x in memory.look_up(HISTORY, CANDIDATES)]

    before, orders = said()
    assert orders[:, 0].tolist() == [[1, 2, 0], [1, 0, 0]]
    np.testing.assert_allclose(before[0, 0, :2], [-0.1, -1.0], atol=1e-6)  # as given, unrounded

    history, candidates, state = keras.Input((1, 3)), keras.Input((1, 3)), keras.Input((1, 4))
    model = keras.Model([history, candidates, state], memory(history, candidates, state))
    loss = lambda right, scores: -ops.sum(right * ops.log_softmax(scores), axis=-1)
    model.compile(keras.optimizers.SGD(1.0), loss=loss)
    assert [weight.name for weight in model.trainable_weights] == ["values"]
    right = np.array([[[1.0, 0, 0]], [[0, 0, 1]]], "float32")
    for _ in range(5):
        model.train_on_batch([HISTORY, CANDIDATES, STATE], right)
    after, _ = said()
    moved = (after - before)[:, 0]
    assert moved[0, 0] > 0.1 and moved[0, 1] < -0.1 and moved[1, 0] < -0.1
    assert np.abs(moved[0, 2]) + np.abs(moved[1, 1:]).max() == 0  # nothing is stored of those

    learned = memory.finish_learning()
    assert [tuple(weight.shape) for weight in memory.weights] == sizes
    np.testing.assert_allclose(said()[0], before, atol=1e-5)
    # As the memory is filled from other text, where an n-gram is new and another is gone.
    table = {2: (GRAMS[[0, 2]], VALUES[[0, 2]]), 3: ([[5, 7, 10]], [-3.0])}
    memory.fill(table, unigram, learned)
    again, _ = said()
    np.testing.assert_allclose(again[:, 0, 0], after[:, 0, 0], atol=1e-5)
    assert again[0, 0, 2] == pytest.approx(-3.0, abs=1e-5)
    with pytest.raises(ValueError, match="learns nothing: call enable_learning"):
        memory.finish_learning()
    smaller = NGramMemory(20, 100, order=4)
    smaller(HISTORY, CANDIDATES, STATE)
    with pytest.raises(ValueError, match="of 101 buckets, but there are 53"):
        smaller.fill(table, unigram, learned)
