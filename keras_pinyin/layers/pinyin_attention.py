"""Attention between positions that sound alike."""

import keras

from keras_pinyin.layers._attention import Attention


@keras.saving.register_keras_serializable(package="keras_pinyin")
class PinyinAttention(Attention):
    """Multi-head attention whose scores come from the pinyin, and values from the states.

    Same- and near-sounding positions find each other whatever their hanzi are.

    Args:
        num_heads: int.
        key_dim: int, width of a head.
        dropout: float, on attention weights.
        zero_init_output: bool, start as a layer that gives zeros.

    Call arguments:
        inputs: float `[batch, length, dim]`.
        pinyin: float `[batch, length, pinyin_dim]`, embeddings of the pinyin.
        mask: bool `[batch, length]`, or `[batch, queries, keys]`.
        use_causal_mask: bool, see only positions up to one's own.
        cache, cache_index: one step of decoding, as in `GlobalAttention`.

    Returns:
        float `[batch, length, dim]`.

    Raises:
        ValueError: if there is no pinyin.

    Example:
        >>> from keras import ops
        >>> layer = PinyinAttention(num_heads=1, key_dim=8)
        >>> tuple(layer(ops.ones((1, 5, 16)), ops.ones((1, 5, 12))).shape)
        (1, 5, 16)
    """

    def build(self, inputs_shape, pinyin_shape=None):
        pinyin_shape = pinyin_shape or inputs_shape
        self.query_key = self._dense("query_key", 2, pinyin_shape[-1])
        self.value = self._dense("value", 1, inputs_shape[-1])
        self._build_output(inputs_shape[-1])
        self.built = True

    def call(
        self,
        inputs,
        pinyin=None,
        mask=None,
        use_causal_mask=False,
        training=None,
        cache=None,
        cache_index=None,
        inputs_mask=None,
    ):
        if pinyin is None:
            raise ValueError("PinyinAttention got no pinyin: pass embeddings [batch, length, dim].")
        if mask is None and cache is None:
            mask = inputs_mask  # what Keras hands on by itself
        projected = self.project(inputs, pinyin)
        return self._answer(projected, mask, use_causal_mask, training, cache, cache_index)

    def project(self, inputs, pinyin):
        return *self._heads(self.query_key(pinyin), 2), self._heads(self.value(inputs))[0]

    def scores(self, query, key, query_at, key_at):
        return self._scaled_dot(query, key)
