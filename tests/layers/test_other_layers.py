import keras
import numpy as np
import pytest
from keras import ops

from keras_pinyin.layers import (
    NGramEmbedding,
    NGramMemory,
    PinyinDecoderLayer,
    PinyinEmbedding,
    PinyinEncoderLayer,
)
from keras_pinyin.layers._levels import LEVELS
from layers.layer_test import check_masks, run_layer_test

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 9, 16)).astype("float32")
PINYIN = RNG.normal(size=(2, 9, 12)).astype("float32")
SOURCE = RNG.normal(size=(2, 7, 16)).astype("float32")
HEADS = dict(local_heads=1, global_heads=1, pinyin_heads=1, position_heads=1, key_dim=8, window=3)
SIZES = dict(hanzi_size=50, initial_size=25, final_size=40, tone_size=6, syllable_size=90)
IDS = {
    name: RNG.integers(0, SIZES.get(f"{name}_size", 3), (2, 9)).astype("int32")
    for name in ("hanzi", "initial", "final", "tone", "syllable", "segment")
}


@pytest.mark.parametrize("combine", ["sum", "concat"])
def test_pinyin_embedding(combine, tmp_path):
    kwargs = dict(SIZES, output_dim=16, max_length=12, features={"segment": 3}, combine=combine)
    run_layer_test(PinyinEmbedding, kwargs, {"inputs": IDS}, shape=(2, 9, 16), tmp_path=tmp_path)


def test_pinyin_embedding_parts_positions_and_mask():
    layer = PinyinEmbedding(**SIZES, output_dim=16, max_length=12, mask_zero=True)
    zero = {name: np.zeros((1, 3), "int32") for name in IDS}
    mask = layer.compute_mask({**zero, "syllable": np.array([[0, 4, 0]])})
    assert ops.convert_to_numpy(mask).tolist() == [[False, True, False]]
    shifted = layer({**zero, "position": np.array([[2, 1, 0]])})
    plain = layer(zero)
    np.testing.assert_allclose(
        ops.convert_to_numpy(shifted)[:, ::-1], ops.convert_to_numpy(plain), atol=1e-6
    )
    with pytest.raises(ValueError, match="13 positions"):
        layer({name: np.zeros((1, 13), "int32") for name in IDS})
    with pytest.raises(ValueError, match="no 'tone'"):
        layer({name: ids for name, ids in zero.items() if name != "tone"})
    with pytest.raises(ValueError, match="combine"):
        PinyinEmbedding(**SIZES, output_dim=16, max_length=12, combine="product")


def test_encoder_layer(tmp_path):
    run_layer_test(
        PinyinEncoderLayer,
        dict(HEADS, ffn_dim=32),
        {"inputs": X, "pinyin": PINYIN},
        shape=X.shape,
        tmp_path=tmp_path,
    )
    layer = PinyinEncoderLayer(**HEADS, ffn_dim=32)
    layer(X, pinyin=PINYIN)
    check_masks(layer, X, others=(PINYIN,), causal=False)


def test_decoder_layer(tmp_path):
    run_layer_test(
        PinyinDecoderLayer,
        dict(HEADS, ffn_dim=32),
        {"inputs": X, "encoder_output": SOURCE, "pinyin": PINYIN},
        shape=X.shape,
        tmp_path=tmp_path,
    )


def test_decoder_steps_are_one_causal_pass():
    layer = PinyinDecoderLayer(**HEADS, ffn_dim=32)
    mask = np.array([[1] * 7, [1] * 5 + [0] * 2], bool)
    whole = ops.convert_to_numpy(layer(X, SOURCE, pinyin=PINYIN, encoder_mask=mask))
    cache = layer.empty_cache(2, 9, ops.convert_to_tensor(SOURCE))
    for i in range(9):
        step, cache = layer(
            X[:, i : i + 1],
            None,
            pinyin=PINYIN[:, i : i + 1],
            encoder_mask=mask,
            cache=cache,
            cache_index=ops.convert_to_tensor(i, "int32"),
        )
        np.testing.assert_allclose(ops.convert_to_numpy(step)[:, 0], whole[:, i], atol=1e-5)


@pytest.mark.parametrize("cls", [PinyinEncoderLayer, PinyinDecoderLayer])
def test_zero_init_residual_is_the_identity(cls):
    layer = cls(**HEADS, ffn_dim=32, zero_init_residual=True)
    inputs = (X, SOURCE) if cls is PinyinDecoderLayer else (X,)
    np.testing.assert_allclose(ops.convert_to_numpy(layer(*inputs, pinyin=PINYIN)), X, atol=1e-6)


def test_ngram_embedding(tmp_path):
    ids = RNG.integers(0, 30000, (2, 9)).astype("int32")
    kwargs = dict(rows=997, row_dim=4, output_dim=16)
    run_layer_test(NGramEmbedding, kwargs, {"inputs": ids}, shape=(2, 9, 16), tmp_path=tmp_path)


def test_ngram_embedding_finds_the_same_ngram_again():
    layer = NGramEmbedding(rows=1 << 17, row_dim=4, output_dim=16)
    out = ops.convert_to_numpy(layer(np.array([[9, 5, 6, 7, 8, 1, 3], [2, 5, 6, 7, 8, 1, 4]])))
    np.testing.assert_allclose(out[0, 3], out[1, 3], atol=1e-6)  # 5 6 7 8 1 around
    assert np.abs(out[0, 1] - out[1, 1]).max() > 1e-6  # sees the token before


@pytest.fixture
def filled_memory():
    rng = np.random.default_rng(0)
    grams = {n: np.unique(rng.integers(1, 200, (300, n)), axis=0) for n in (2, 3, 4)}
    values = {n: rng.choice(-rng.uniform(0, 15, LEVELS), len(g)) for n, g in grams.items()}
    memory = NGramMemory(vocabulary_size=200, capacity=12000, order=4)
    memory(np.zeros((1, 3), "int32"), np.zeros((1, 2), "int32"), np.zeros((1, 8), "float32"))
    unigram = -rng.uniform(1, 10, 200)
    kept = memory.fill({n: (grams[n], values[n]) for n in grams}, unigram)
    return memory, grams, values, unigram, kept


def test_memory_finds_what_it_was_given(filled_memory):
    memory, grams, values, unigram, kept = filled_memory
    assert kept == sum(map(len, grams.values()))
    stored = {tuple(g): v for n in grams for g, v in zip(grams[n].tolist(), values[n])}
    for n in grams:
        history = np.concatenate([np.zeros((len(grams[n]), 4 - n), int), grams[n][:, :-1]], 1)
        value, order = memory.look_up(history, grams[n][:, -1:])
        np.testing.assert_allclose(ops.convert_to_numpy(value)[:, 0], values[n], atol=1e-5)
        assert (ops.convert_to_numpy(order) == n - 1).all()
    history = RNG.integers(1, 200, (500, 3))
    candidates = RNG.integers(1, 200, (500, 7))
    value, order = map(ops.convert_to_numpy, memory.look_up(history, candidates))
    for h, row, values_row, order_row in zip(history.tolist(), candidates.tolist(), value, order):
        for w, v, o in zip(row, values_row, order_row):
            found = next((n for n in (4, 3, 2) if (*h[4 - n :], w) in stored), 1)
            assert o == found - 1
            expected = unigram[w] if found == 1 else stored[(*h[4 - found :], w)]
            assert abs(v - expected) < 1e-5


def test_memory_stores_the_nearest_of_sixteen_levels():
    memory = NGramMemory(vocabulary_size=200, capacity=60000, order=2)
    memory.build((1, 1), (1, 1), (1, 4))
    grams = np.stack(np.meshgrid(np.arange(100), np.arange(50)), -1).reshape(-1, 2)
    values = -RNG.gamma(2.0, 1.0, len(grams))
    memory.fill({2: (grams, values)}, np.zeros(200))
    value = ops.convert_to_numpy(memory.look_up(grams[:, :1], grams[:, 1:])[0])[:, 0]
    levels = np.unique(value)
    assert len(levels) == LEVELS
    nearest = np.abs(values[:, None] - levels).min(axis=1)
    np.testing.assert_allclose(np.abs(values - value), nearest, atol=1e-5)
    assert np.sqrt(np.mean(nearest**2)) < 0.15 * values.std()


def test_memory_keeps_the_first_where_a_bucket_overflows():
    grams = np.stack(np.meshgrid(np.arange(40), np.arange(40)), -1).reshape(-1, 2)
    memory = NGramMemory(vocabulary_size=40, capacity=400, order=2)
    memory.build((1, 1), (1, 1), (1, 4))
    worth = RNG.permutation(len(grams))
    kept = memory.fill({2: (grams, np.full(len(grams), -1.0), worth)}, np.zeros(40))
    assert 350 < kept <= 4 * memory.buckets < len(grams)
    found = ops.convert_to_numpy(memory.look_up(grams[:, :1], grams[:, 1:])[1])[:, 0] == 1
    assert worth[found].mean() > worth[~found].mean() + 200


def test_memory_learns_trust_and_survives_saving(filled_memory, tmp_path):
    memory, *_ = filled_memory
    inputs = {
        "history": RNG.integers(1, 200, (2, 5, 3)).astype("int32"),
        "candidates": RNG.integers(1, 200, (2, 5, 4)).astype("int32"),
        "state": RNG.normal(size=(2, 5, 8)).astype("float32"),
    }
    symbols = {k: keras.Input((None, v.shape[-1]), dtype=str(v.dtype)) for k, v in inputs.items()}
    model = keras.Model(symbols, memory(*symbols.values()))
    before = memory.get_weights()
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    model.train_on_batch(inputs, np.zeros((2, 5, 4), "float32"))
    moved = [np.abs(a - b).max() > 0 for a, b in zip(before, memory.get_weights())]
    names = [w.path.rsplit("/", 2)[-2:] for w in memory.weights]
    assert {tuple(n) for n, m in zip(names, moved) if m} == {("trust", "kernel"), ("trust", "bias")}
    model.save(tmp_path / "memory.keras")
    loaded = keras.models.load_model(tmp_path / "memory.keras")
    np.testing.assert_allclose(
        *map(ops.convert_to_numpy, (loaded(inputs), model(inputs))), atol=1e-6
    )


def test_memory_bad_arguments():
    with pytest.raises(ValueError, match="order is 5"):
        NGramMemory(100, 100, order=5)
    memory = NGramMemory(100, 100, order=2)
    with pytest.raises(ValueError, match="no table yet"):
        memory.fill({}, np.zeros(100))
    memory.build((1, 1), (1, 1), (1, 4))
    with pytest.raises(ValueError, match="100"):
        memory.fill({2: (np.array([[1, 100]]), np.array([-1.0]))}, np.zeros(100))
