import numpy as np
import pytest
from keras import ops

from keras_pinyin.layers import TopicMemory
from layers.layer_test import run_layer_test

RNG = np.random.default_rng(0)
INPUTS = {
    "candidates": RNG.integers(1, 50, (2, 5, 4)).astype("int32"),
    "around": RNG.integers(0, 40, (2, 5, 2)).astype("int32"),
    "context": np.array([[0, 0, 7, 8, 9, 7], [0, 12, 13, 14, 15, 49]], "int32"),
}
SIZES = dict(vocabulary_size=50, rows=90, topics=16)


def taught():
    layer = TopicMemory(**SIZES)
    layer(**INPUTS)
    layer.enable_learning()
    rng = np.random.default_rng(1)
    for weight in layer.learned.values():
        weight.assign(rng.normal(size=weight.shape))
    return layer


def test_layer(tmp_path):
    run_layer_test(TopicMemory, SIZES, INPUTS, shape=(2, 5, 4), tmp_path=tmp_path)


def test_the_score_is_the_product_of_context_and_candidate():
    layer = taught()
    layer.trust.assign([0.5, 0.25])
    contexts, candidates, pairs = map(ops.convert_to_numpy, layer.learned.values())
    found = ops.convert_to_numpy(layer(**INPUTS))
    near = ops.convert_to_numpy(layer.pairs(INPUTS["candidates"], INPUTS["around"]))
    for b, context in enumerate(INPUTS["context"]):
        subject = contexts[context[context > 0]].sum(0) / np.sqrt(8)  # fewer than eight hanzi
        rows = 0.5 * candidates[INPUTS["candidates"][b]] + 0.25 * pairs[near[b]].sum(-2)
        np.testing.assert_allclose(found[b], rows @ subject, atol=1e-4)


def test_what_was_learned_is_stored_as_patterns():
    layer = taught()
    pairs = layer.learned["pairs"]
    never = ops.convert_to_numpy(pairs).copy()
    never[50:] = 0
    pairs.assign(never)
    exact = ops.convert_to_numpy(layer(**INPUTS))
    layer.finish_learning()
    # There are fewer rows than patterns, so each has its own, but for such as share by chance.
    stored = ops.convert_to_numpy(layer(**INPUTS))
    assert np.corrcoef(stored.reshape(-1), exact.reshape(-1))[0, 1] > 0.99
    assert not ops.convert_to_numpy(layer._take("pairs", np.arange(50, 90))).any()
    with pytest.raises(ValueError, match="enable_learning"):
        layer.finish_learning()


def test_many_rows_share_patterns():
    layer = TopicMemory(vocabulary_size=50, rows=3000, topics=8)
    layer(**INPUTS)
    layer.enable_learning()
    pairs = layer.learned["pairs"]
    table = np.random.default_rng(2).normal(size=pairs.shape).astype("float32")
    pairs.assign(table)
    layer.finish_learning()
    stored = ops.convert_to_numpy(layer._take("pairs", np.arange(len(table))))
    assert len(np.unique(stored, axis=0)) <= 256
    # What a bit a number can tell of eight normal ones at best: a quarter is lost.
    assert 0.25 < ((stored - table) ** 2).sum() / (table**2).sum() < 0.4


def test_what_matters_is_stored_closer():
    rng = np.random.default_rng(3)
    layer = TopicMemory(vocabulary_size=50, rows=3000, topics=16)
    layer(**INPUTS)
    contexts, candidates, pairs = (
        rng.normal(size=(rows, 16)).astype("float32") for rows in (50, 50, layer.buckets)
    )
    contexts[:, 2:] *= 0.05  # subjects differ in two numbers and hardly in the others
    exact = contexts @ pairs.T

    def lost(spread, importance):
        layer.enable_learning()
        for name, table in zip(layer.learned, (contexts, candidates, pairs)):
            layer.learned[name].assign(table)
        layer.finish_learning(spread, importance)
        first, second = (
            ops.convert_to_numpy(layer._take(name, np.arange(rows)))
            for name, rows in (("contexts", 50), ("pairs", layer.buckets))
        )
        return ((first @ second.T - exact) ** 2).mean(axis=0)

    spread = contexts.T @ contexts / 50
    often = np.arange(layer.buckets) < 100
    importance = {"contexts": None, "candidates": None, "pairs": 0.01 + often}
    plain, turned, weighed = lost(None, None), lost(spread, None), lost(spread, importance)
    assert turned.mean() < 0.5 * plain.mean()
    assert weighed[often].mean() < 0.5 * turned[often].mean()


def test_rows_depend_on_the_sounds_around_and_stay_within_32_bits():
    layer = TopicMemory(1 << 15, 1 << 20)
    candidates = RNG.integers(32000, 32768, (1, 200, 5))
    around = RNG.integers(32000, 32768, (1, 200, 2))
    pairs = ops.convert_to_numpy(layer.pairs(candidates, around)).astype(np.int64)
    assert pairs.min() >= 0 and pairs.max() < layer.buckets
    pair = zip(np.repeat(candidates, 2), np.tile(around, 5).reshape(-1), [0, 1] * candidates.size)
    distinct = len(set(pair))
    assert 0.99 * distinct < len(np.unique(pairs)) <= distinct  # few rows are shared


def test_no_context_no_score():
    nothing = {**INPUTS, "context": np.zeros((2, 6), "int32")}
    assert not ops.convert_to_numpy(taught()(**nothing)).any()
    assert ops.convert_to_numpy(taught()(**INPUTS)).any()


def test_an_untaught_memory_prefers_nothing():
    scores = ops.convert_to_numpy(TopicMemory(**SIZES)(**INPUTS))
    assert np.ptp(scores, axis=-1).max() < 1e-6


def test_bad_sizes_are_refused():
    for changed, message in (
        (dict(vocabulary_size=40000), "vocabulary_size is 40000"),
        (dict(rows=0), "rows is 0"),
        (dict(topics=12), "topics is 12"),
    ):
        with pytest.raises(ValueError, match=message):
            TopicMemory(**{**SIZES, **changed})
