import itertools

import numpy as np
import pytest
from keras import ops

from keras_pinyin.decoding import beam_search

RNG = np.random.default_rng(0)
TABLE = np.log(RNG.dirichlet(np.ones(4), (2, 5, 4))).astype(
    "float32"
)  # [problem, index, last, next]


def search(problems, length, beams):
    table = ops.convert_to_tensor(TABLE[problems])
    rows = len(problems) * beams

    def step(state, recent, index):
        here = ops.take(ops.reshape(table, (len(problems), 5, 16)), index, axis=1)
        here = ops.reshape(ops.repeat(here, beams, axis=0), (rows, 4, 4))
        chosen = ops.one_hot(recent[:, -1], 4)
        log_probs = ops.squeeze(ops.matmul(ops.expand_dims(chosen, 1), here), 1)
        return log_probs, ops.tile(ops.expand_dims(ops.arange(4), 0), [rows, 1]), state + 1

    tokens, scores = beam_search(
        step,
        ops.zeros((rows, 1)),
        batch_size=len(problems),
        length=length,
        beams=beams,
        start=ops.zeros((len(problems), 1), "int32"),
    )
    return ops.convert_to_numpy(tokens), ops.convert_to_numpy(scores)


def brute_force(problem, length):
    scored = {
        path: sum(TABLE[problem, i, a, b] for i, (a, b) in enumerate(zip((0, *path), path)))
        for path in itertools.product(range(4), repeat=length)
    }
    return sorted(scored.items(), key=lambda item: -item[1])


@pytest.mark.parametrize("problem", [0, 1])
def test_equals_brute_force_with_enough_beams(problem):
    tokens, scores = search([problem], 3, beams=64)
    expected = brute_force(problem, 3)
    np.testing.assert_allclose(scores[0], [score for _, score in expected], atol=1e-4)
    assert [tuple(t) for t in tokens[0][:8].tolist()] == [path for path, _ in expected[:8]]


def test_rows_of_a_batch_do_not_mix():
    together, scores = search([0, 1], 5, beams=6)
    for row in (0, 1):
        alone, alone_scores = search([row], 5, beams=6)
        np.testing.assert_array_equal(together[row], alone[0])
        np.testing.assert_allclose(scores[row], alone_scores[0], atol=1e-5)


def test_beams_without_a_sequence_score_never():
    _, scores = search([0], 1, beams=6)
    assert (scores[0, :4] > -100).all() and (scores[0, 4:] < -1e8).all()


def test_no_beams():
    with pytest.raises(ValueError, match="at least one"):
        search([0], 1, beams=0)
