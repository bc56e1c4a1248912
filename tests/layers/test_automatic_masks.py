"""The masks that `mask_zero=True` makes reach the layers as if they were passed."""

import numpy as np
import pytest
from keras import ops

from keras_pinyin.layers import (
    GlobalAttention,
    MixedAttention,
    PinyinAttention,
    PinyinDecoderLayer,
    PinyinEmbedding,
    PinyinEncoderLayer,
)

RNG = np.random.default_rng(0)
IDS = np.array([[0, 0, 3, 4, 5], [1, 2, 3, 4, 5]])  # padding in front, so that causal rows see it
PINYIN = RNG.normal(size=(2, 5, 12)).astype("float32")
OTHER = RNG.normal(size=(2, 5, 16)).astype("float32")
HEADS = dict(local_heads=1, global_heads=1, pinyin_heads=1, position_heads=1, key_dim=8, window=3)


@pytest.fixture
def embedded():
    layer = PinyinEmbedding(9, 9, 9, 9, 9, output_dim=16, max_length=12, mask_zero=True)
    names = ("hanzi", "initial", "final", "tone", "syllable")
    masked = layer({name: IDS for name in names})
    bare = ops.convert_to_tensor(ops.convert_to_numpy(masked))
    return masked, bare, IDS != 0


@pytest.mark.parametrize(
    "layer,others",
    [
        (GlobalAttention(2, 8), {}),
        (PinyinAttention(2, 8), {"pinyin": PINYIN}),
        (MixedAttention(**HEADS), {"pinyin": PINYIN}),
        (PinyinEncoderLayer(ffn_dim=32, **HEADS), {"pinyin": PINYIN}),
        (PinyinDecoderLayer(ffn_dim=32, **HEADS), {"pinyin": PINYIN, "encoder_output": OTHER}),
    ],
    ids=lambda x: type(x).__name__,
)
def test_inputs(layer, others, embedded):
    masked, bare, mask = embedded
    found = layer(masked, **others)
    handed_on = ops.convert_to_numpy(found._keras_mask)
    np.testing.assert_array_equal(handed_on, mask)
    found = ops.convert_to_numpy(found)
    np.testing.assert_allclose(
        found, ops.convert_to_numpy(layer(bare, **others, mask=mask)), atol=1e-6
    )
    without = ops.convert_to_numpy(layer(bare, **others))
    assert np.abs(found - without)[0, 2:].max() > 1e-5


@pytest.mark.parametrize(
    "layer,source,source_mask",
    [
        (GlobalAttention(2, 8), "value", "mask"),
        (PinyinDecoderLayer(ffn_dim=32, **{**HEADS, "pinyin_heads": 0}), "encoder_output", None),
    ],
    ids=lambda x: type(x).__name__,
)
def test_cross_attention(layer, source, source_mask, embedded):
    masked, bare, mask = embedded
    found = ops.convert_to_numpy(layer(OTHER, **{source: masked}))
    options = {source: bare, source_mask or "encoder_mask": mask}
    np.testing.assert_allclose(found, ops.convert_to_numpy(layer(OTHER, **options)), atol=1e-6)
    without = ops.convert_to_numpy(layer(OTHER, **{source: bare}))
    assert np.abs(found - without)[0].max() > 1e-5
    # The mask of the queries is none of the source's.
    found = ops.convert_to_numpy(GlobalAttention(2, 8)(masked, value=OTHER[:, :3]))
    assert found.shape == (2, 5, 16) and np.isfinite(found).all()
