import numpy as np
from keras import ops

from keras_pinyin.layers import ContextMemory
from layers.layer_test import run_layer_test

RNG = np.random.default_rng(0)
INPUTS = {
    "candidates": RNG.integers(0, 9, (2, 5, 4)).astype("int32"),
    "around": RNG.integers(0, 4, (2, 5, 2)).astype("int32"),
    "context": RNG.integers(0, 9, (2, 7)).astype("int32"),
    "context_around": RNG.integers(0, 4, (2, 7, 2)).astype("int32"),
    "state": RNG.normal(size=(2, 5, 8)).astype("float32"),
}


def test_layer(tmp_path):
    run_layer_test(ContextMemory, {}, INPUTS, shape=(2, 5, 4), tmp_path=tmp_path)


def test_each_kind_of_evidence_counts_once():
    layer = ContextMemory()
    layer(**INPUTS)
    layer.trust.bias.assign(np.array([1, 10, 100, 1000], "float32"))
    scores = ops.convert_to_numpy(layer(**INPUTS))
    for index in np.ndindex(scores.shape):
        row, place = index[:2]
        before, after = INPUTS["around"][row, place]
        kinds = set()
        for hanzi, sounds in zip(INPUTS["context"][row], INPUTS["context_around"][row]):
            if hanzi == INPUTS["candidates"][index] != 0:
                first, second = before == sounds[0] != 0, after == sounds[1] != 0
                kinds |= {1, 10 * first, 100 * second, 1000 * (first and second)}
        assert scores[index] == sum(kinds)
    assert len(np.unique(scores)) > 4


def test_no_context_no_score():
    nothing = {**INPUTS, "context": np.zeros((2, 7), "int32")}
    assert not ops.convert_to_numpy(ContextMemory()(**nothing)).any()
