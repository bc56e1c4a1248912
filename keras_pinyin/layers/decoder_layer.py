"""A decoder layer of mixed attention."""

import keras
from keras import ops

from keras_pinyin.layers._feed_forward import FeedForward
from keras_pinyin.layers.global_attention import GlobalAttention
from keras_pinyin.layers.mixed_attention import MixedAttention


@keras.saving.register_keras_serializable(package="keras_pinyin")
class PinyinDecoderLayer(keras.layers.Layer):
    """Causal mixed attention, attention to the encoder, and a feed-forward block, all pre-norm.

    Args:
        ffn_dim: int, inner width of the feed-forward block.
        dropout: float.
        activation: str.
        zero_init_residual: bool, start as the identity.
        cross_heads: int, heads that attend to the encoder.
        attention: the arguments of `MixedAttention`.

    Call arguments:
        inputs: float `[batch, length, dim]`.
        encoder_output: float `[batch, source, source_dim]`; None in a step, which has it cached.
        pinyin: float `[batch, length, pinyin_dim]`, needed with pinyin heads only.
        mask: bool `[batch, length]`, True at real positions.
        encoder_mask: bool `[batch, source]`.
        cache, cache_index: one step of decoding: `inputs` is `[batch, 1, dim]`, `cache` from
            `empty_cache` or an earlier step, `cache_index` the int32 position. Returns
            `(output, cache)` then.

    The sentences of one source (beams, for instance) may be rows of `inputs` that follow each
    other, with one row of `encoder_output` and `encoder_mask` for all of them.

    Returns:
        float `[batch, length, dim]`.

    Example:
        >>> from keras import ops
        >>> heads = dict(local_heads=1, global_heads=1, pinyin_heads=0, position_heads=0, key_dim=8)
        >>> layer = PinyinDecoderLayer(ffn_dim=32, **heads)
        >>> tuple(layer(ops.ones((1, 5, 16)), ops.ones((1, 7, 16))).shape)
        (1, 5, 16)
    """

    def __init__(
        self,
        ffn_dim,
        dropout=0.0,
        activation="gelu",
        zero_init_residual=False,
        cross_heads=4,
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
            cross_heads=cross_heads,
            **attention,
        )
        norm = dict(epsilon=1e-5, dtype=self.dtype_policy)
        self.attention_norm = keras.layers.LayerNormalization(name="attention_norm", **norm)
        self.attention = MixedAttention(
            **attention,
            dropout=dropout,
            zero_init_output=zero_init_residual,
            dtype=self.dtype_policy,
            name="attention",
        )
        self.cross_norm = keras.layers.LayerNormalization(name="cross_norm", **norm)
        self.cross_attention = GlobalAttention(
            cross_heads,
            attention["key_dim"],
            dropout=dropout,
            zero_init_output=zero_init_residual,
            dtype=self.dtype_policy,
            name="cross_attention",
        )
        self.feed_forward = FeedForward(
            ffn_dim, dropout, activation, zero_init_residual, self.dtype_policy
        )
        self.supports_masking = True

    def build(self, inputs_shape, encoder_output_shape=None, pinyin_shape=None):
        self.attention_norm.build(inputs_shape)
        self.attention.build(inputs_shape, pinyin_shape)
        self.cross_norm.build(inputs_shape)
        self.cross_attention.build(inputs_shape, encoder_output_shape)
        self.feed_forward.build(inputs_shape)
        self.built = True

    def call(
        self,
        inputs,
        encoder_output=None,
        pinyin=None,
        mask=None,
        encoder_mask=None,
        training=None,
        cache=None,
        cache_index=None,
        inputs_mask=None,
        encoder_output_mask=None,
    ):
        # inputs_mask and encoder_output_mask are what Keras hands on by itself.
        if mask is None and cache is None:
            mask = inputs_mask
        if encoder_mask is None:
            encoder_mask = encoder_output_mask
        x = self.attention(
            self.attention_norm(inputs),
            pinyin=pinyin,
            mask=mask,
            use_causal_mask=True,
            training=training,
            cache=None if cache is None else cache["self"],
            cache_index=cache_index,
        )
        if cache is not None:
            x, written = x
            cache = {**cache, "self": written}
        inputs = inputs + x
        # Beams of one source attend to it side by side, as its queries.
        projected = None if cache is None else cache["cross"]
        sources = ops.shape(encoder_output if cache is None else projected[0])[0]
        query = ops.reshape(self.cross_norm(inputs), (sources, -1, inputs.shape[-1]))
        x = self.cross_attention(
            query, value=encoder_output, projected=projected, mask=encoder_mask, training=training
        )
        x = ops.reshape(x, ops.shape(inputs))
        output = self.feed_forward(inputs + x, training=training)
        return output if cache is None else (output, cache)

    def empty_cache(self, batch_size, length, encoder_output):
        """What `length` steps need: `self`, to be written, and `cross`, the encoder projected."""
        return {
            "self": self.attention.empty_cache(batch_size, length),
            "cross": self.cross_attention.project_value(encoder_output),
        }

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), **self.options}
