import numpy as np
import pytest
from keras import ops

from keras_pinyin.layers import NGramEmbedding


def rows(layer, ids):
    return ops.convert_to_numpy(layer(np.array(ids, "int32")))


def test_beyond_the_ends_is_id_zero():
    layer = NGramEmbedding(rows=9973, row_dim=4, output_dim=8)
    alone, padded = rows(layer, [[5, 6, 7]]), rows(layer, [[0, 0, 5, 6, 7, 0, 0, 0]])
    np.testing.assert_allclose(padded[:, 2:5], alone, atol=1e-6)


@pytest.mark.parametrize("span", [(-1, 0), (0, 1), (-2, 0), (-1, 1), (0, 2), (1, 2)])
def test_a_span_sees_its_offsets_and_nothing_else(span):
    layer = NGramEmbedding(rows=1 << 20, row_dim=4, output_dim=8, spans=[span])
    ids = np.arange(100, 109)[None]
    plain = rows(layer, ids)
    for place in range(9):
        changed = ids.copy()
        changed[0, place] = 999
        moved = np.flatnonzero(np.abs(rows(layer, changed) - plain).max(-1)[0] > 1e-6)
        expected = [p for p in range(9) if span[0] <= place - p <= span[1]]
        assert moved.tolist() == expected


def test_rows_are_those_of_python_integers():
    """The graph has 32-bit integers only; Python has no limit: both must agree."""
    layer = NGramEmbedding(rows=(1 << 20) - 3, row_dim=1, output_dim=4, spans=[(-2, 0)])
    ids = np.random.default_rng(0).integers(32000, 32768, (4, 50))
    layer(ids)
    layer.table.assign(np.arange(layer.rows, dtype="float32")[:, None])
    factor = (1 << 31) // layer.rows - 32 | 1
    expected = [
        (((a % layer.rows * factor + b) % layer.rows) * factor + c) % layer.rows
        for line in ids.tolist()
        for a, b, c in zip(line, line[1:], line[2:])
    ]
    found = ops.convert_to_numpy(layer.rows_around(ids))[:, 2:, 0]
    assert found.ravel().tolist() == expected


def test_a_packed_table_has_the_nearest_of_sixteen_values():
    layer = NGramEmbedding(rows=997, row_dim=6, output_dim=8)
    ids = np.random.default_rng(0).integers(0, 300, (3, 11))
    layer(ids)
    exact, table = ops.convert_to_numpy(layer.rows_around(ids)), ops.convert_to_numpy(layer.table)
    layer.pack()
    found = ops.convert_to_numpy(layer.rows_around(ids))
    values = np.unique(found)
    assert found.shape == exact.shape and 10 < len(values) <= 16
    nearest = np.abs(exact[..., None] - values).min(-1)
    np.testing.assert_allclose(np.abs(exact - found), nearest, atol=1e-7)
    assert np.sqrt(np.mean(nearest**2)) < 0.15 * table.std()
    np.testing.assert_array_equal(ops.convert_to_numpy(layer.table), table)


def test_bad_arguments():
    with pytest.raises(ValueError, match="not built"):
        NGramEmbedding(rows=9, row_dim=2, output_dim=4).pack()
    odd = NGramEmbedding(rows=9, row_dim=3, output_dim=4)
    odd(np.zeros((1, 2), "int32"))
    with pytest.raises(ValueError, match="3 wide is odd"):
        odd.pack()
    with pytest.raises(ValueError, match="rows is 0"):
        NGramEmbedding(rows=0, row_dim=2, output_dim=4)
    with pytest.raises(ValueError, match="first <= last"):
        NGramEmbedding(rows=9, row_dim=2, output_dim=4, spans=[(1, 0)])
