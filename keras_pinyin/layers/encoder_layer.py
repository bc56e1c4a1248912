"""An encoder layer of mixed attention."""

import keras

from keras_pinyin.layers._feed_forward import FeedForward
from keras_pinyin.layers.mixed_attention import MixedAttention


@keras.saving.register_keras_serializable(package="keras_pinyin")
class PinyinEncoderLayer(keras.layers.Layer):
    """Mixed attention and a feed-forward block, each normalised before and added after.

    Pre-norm as in Xiong et al., 2020, "On Layer Normalization in the Transformer Architecture".

    Args:
        ffn_dim: int, inner width of the feed-forward block.
        dropout: float.
        activation: str.
        zero_init_residual: bool, start as the identity: a model grown by such a layer computes
            what it computed before.
        attention: the arguments of `MixedAttention`.

    Call arguments:
        inputs: float `[batch, length, dim]`.
        pinyin: float `[batch, length, pinyin_dim]`, needed with pinyin heads only.
        mask: bool `[batch, length]`, True at real positions.

    Returns:
        float `[batch, length, dim]`.

    Example:
        >>> from keras import ops
        >>> heads = dict(local_heads=1, global_heads=1, pinyin_heads=0, position_heads=0, key_dim=8)
        >>> layer = PinyinEncoderLayer(ffn_dim=32, **heads)
        >>> tuple(layer(ops.ones((1, 5, 16))).shape)
        (1, 5, 16)
    """

    def __init__(
        self,
        ffn_dim,
        dropout=0.0,
        activation="gelu",
        zero_init_residual=False,
        name=None,
        dtype=None,
        **attention,
    ):
        super().__init__(name=name, dtype=dtype)
        self.options = dict(
            ffn_dim=ffn_dim,
            dropout=dropout,
            activation=activation,
            zero_init_residual=zero_init_residual,
            **attention,
        )
        self.attention_norm = keras.layers.LayerNormalization(
            epsilon=1e-5, dtype=self.dtype_policy, name="attention_norm"
        )
        self.attention = MixedAttention(
            **attention,
            dropout=dropout,
            zero_init_output=zero_init_residual,
            dtype=self.dtype_policy,
            name="attention",
        )
        self.feed_forward = FeedForward(
            ffn_dim, dropout, activation, zero_init_residual, self.dtype_policy
        )
        self.supports_masking = True

    def build(self, inputs_shape, pinyin_shape=None):
        self.attention_norm.build(inputs_shape)
        self.attention.build(inputs_shape, pinyin_shape)
        self.feed_forward.build(inputs_shape)
        self.built = True

    def call(self, inputs, pinyin=None, mask=None, training=None, inputs_mask=None):
        if mask is None:
            mask = inputs_mask  # what Keras hands on by itself
        x = self.attention(self.attention_norm(inputs), pinyin=pinyin, mask=mask, training=training)
        return self.feed_forward(inputs + x, training=training)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), **self.options}
