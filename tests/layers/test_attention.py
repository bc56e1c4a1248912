import keras
import numpy as np
import pytest
from keras import ops

from keras_pinyin.layers import (
    GlobalAttention,
    LocalAttention,
    MixedAttention,
    PinyinAttention,
    PositionAttention,
)
from layers.layer_test import check_masks, check_steps, run_layer_test

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 11, 16)).astype("float32")
PINYIN = RNG.normal(size=(2, 11, 12)).astype("float32")
# The sizes agree, so that JAX compiles each operation once for all tests.
MIXED = dict(
    local_heads=2,
    global_heads=2,
    pinyin_heads=2,
    position_heads=2,
    key_dim=8,
    window=3,
    max_distance=4,
)
KINDS = [
    (GlobalAttention, dict(num_heads=2, key_dim=8, max_distance=4), False),
    (LocalAttention, dict(num_heads=2, key_dim=8, window=3), False),
    (PinyinAttention, dict(num_heads=2, key_dim=8), True),
    (PositionAttention, dict(num_heads=2, key_dim=8, max_distance=4), False),
    (MixedAttention, MIXED, True),
]


def randomized(layer, *inputs):
    """Weights that start at zero, such as distance biases, would hide mistakes."""
    layer(*inputs)
    layer.set_weights([RNG.normal(size=w.shape, scale=0.5) for w in layer.get_weights()])
    return layer


@pytest.mark.parametrize("cls,kwargs,sounds", KINDS)
def test_layer(cls, kwargs, sounds, tmp_path):
    inputs = {"inputs": X, **({"pinyin": PINYIN} if sounds else {})}
    run_layer_test(cls, kwargs, inputs, shape=X.shape, tmp_path=tmp_path)


@pytest.mark.parametrize("cls,kwargs,sounds", KINDS)
def test_masks_and_steps(cls, kwargs, sounds):
    others = (PINYIN,) if sounds else ()
    layer = randomized(cls(**kwargs), X, *others)
    check_masks(layer, X, others=others)
    check_steps(layer, X, *others)


@pytest.mark.parametrize("length", [1, 3, 7, 12])
@pytest.mark.parametrize("causal", [False, True])
def test_local_attention_is_full_attention_in_a_band(length, causal):
    local = randomized(LocalAttention(num_heads=2, key_dim=8, window=3), X)
    x = RNG.normal(size=(2, length, 16)).astype("float32")
    mask = np.arange(length) < max(length - 1, 1)
    mask = np.stack([mask, np.ones(length, bool)])
    at = np.arange(length)
    query, key, value = local.project(ops.convert_to_tensor(x))
    apart = at[None] - at[:, None]
    band = (np.abs(apart) <= 3) & (apart <= 0 if causal else True)
    allowed = band[None, None] & mask[:, None, None, :]
    full = local._attend(local.scores(query, key, at, at), value, allowed, None)
    expected = ops.convert_to_numpy(local._merge(full))
    found = ops.convert_to_numpy(local(x, mask=mask, use_causal_mask=causal))
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    "cls,kwargs,sounds", [kind for kind in KINDS if kind[0] is not LocalAttention]
)
def test_a_square_mask_may_hide_the_future(cls, kwargs, sounds):
    if cls is MixedAttention:
        kwargs = {**kwargs, "local_heads": 0}
    others = (PINYIN,) if sounds else ()
    layer = randomized(cls(**kwargs), X, *others)
    mask = np.broadcast_to(np.tril(np.ones((11, 11), bool)), (2, 11, 11))
    found, expected = layer(X, *others, mask=mask), layer(X, *others, use_causal_mask=True)
    np.testing.assert_allclose(*map(ops.convert_to_numpy, (found, expected)), atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
@pytest.mark.parametrize("cls,kwargs,sounds", KINDS)
def test_who_sees_nothing_gets_nothing(cls, kwargs, sounds, dtype):
    layer = cls(**kwargs, dtype=dtype)
    mask = np.array([[False] * 11, [True] * 11])
    out = layer(X, *((PINYIN,) if sounds else ()), mask=mask)
    out = ops.convert_to_numpy(ops.cast(out, "float32"))
    assert np.isfinite(out).all() and not out[0].any() and out[1].all()


def test_global_attention_is_the_stock_one():
    layer = randomized(GlobalAttention(2, 8), X)
    stock = keras.layers.MultiHeadAttention(2, 8)
    stock(X, X)
    key_value = [np.split(w, 2, axis=-1) for w in layer.key_value.get_weights()]
    parts = [
        layer.query.get_weights(),
        *([w[part] for w in key_value] for part in (0, 1)),
        layer.output_projection.get_weights(),
    ]
    flat = [w for part in parts for w in part]
    stock.set_weights([w.reshape(old.shape) for w, old in zip(flat, stock.get_weights())])
    mask = np.arange(11) < np.array([[11], [7]])
    expected = stock(X, X, attention_mask=mask[:, None], use_causal_mask=True)
    found = layer(X, mask=mask, use_causal_mask=True)
    np.testing.assert_allclose(*map(ops.convert_to_numpy, (found, expected)), atol=1e-5)


def test_mixed_attention_is_the_sum_of_its_kinds():
    layer = randomized(MixedAttention(**MIXED), X, PINYIN)
    parts = [
        ops.convert_to_numpy(part(X, PINYIN) if name == "pinyin" else part(X))
        for name, part in layer.kinds.items()
    ]
    assert len(parts) == 4
    np.testing.assert_allclose(ops.convert_to_numpy(layer(X, PINYIN)), sum(parts), atol=1e-5)


def test_local_attention_rejects_a_square_mask():
    with pytest.raises(ValueError, match="padding mask"):
        LocalAttention(2, 8, window=3)(X, mask=np.ones((2, 11, 11), bool))


def test_cross_attention_and_its_projection():
    layer = GlobalAttention(2, 8)
    value = RNG.normal(size=(2, 5, 20)).astype("float32")
    mask = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], bool)
    whole = layer(X, value=value, mask=mask)
    again = layer(X, projected=layer.project_value(value), mask=mask)
    np.testing.assert_allclose(*map(ops.convert_to_numpy, (whole, again)), atol=1e-6)
    value[0, 3:] = 9.0
    np.testing.assert_allclose(
        *map(ops.convert_to_numpy, (whole, layer(X, value=value, mask=mask))), atol=1e-5
    )


def test_position_attention_ignores_content_in_its_scores():
    layer = PositionAttention(num_heads=1, key_dim=8, max_distance=4)
    doubled = ops.convert_to_numpy(layer(2 * X)) - ops.convert_to_numpy(layer(np.zeros_like(X)))
    single = ops.convert_to_numpy(layer(X)) - ops.convert_to_numpy(layer(np.zeros_like(X)))
    np.testing.assert_allclose(doubled, 2 * single, atol=1e-4)  # linear: weights do not move


def test_pinyin_attention_scores_by_pinyin_alone():
    layer = PinyinAttention(num_heads=1, key_dim=8)
    same_sound = np.repeat(PINYIN[:, :1], 11, axis=1)
    out = ops.convert_to_numpy(layer(X, same_sound))
    np.testing.assert_allclose(out, np.repeat(out[:, :1], 11, axis=1), atol=1e-5)


@pytest.mark.parametrize("kind", ["local_heads", "global_heads", "pinyin_heads", "position_heads"])
def test_mixed_attention_without_one_kind(kind):
    layer = MixedAttention(**{**MIXED, kind: 0})
    assert layer(X, pinyin=PINYIN).shape == X.shape
    assert kind.split("_")[0] not in layer.kinds


def test_bad_arguments():
    with pytest.raises(ValueError, match="no head"):
        MixedAttention(0, 0, 0, 0, key_dim=8)
    with pytest.raises(ValueError, match="pinyin"):
        MixedAttention(**MIXED)(X)
    with pytest.raises(ValueError, match="window is 0"):
        LocalAttention(1, 8, window=0)
    with pytest.raises(ValueError, match="max_distance is 0"):
        GlobalAttention(1, 8, max_distance=0)
