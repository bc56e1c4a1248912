"""Attention over the whole sentence."""

import keras
from keras import ops

from keras_pinyin.layers._attention import Attention


@keras.saving.register_keras_serializable(package="keras_pinyin")
class GlobalAttention(Attention):
    """Multi-head attention over the whole sequence, or over another one.

    Scaled dot-product attention (Vaswani et al., 2017, "Attention Is All You Need"), with an
    optional learned bias by relative position (Raffel et al., 2020).

    Args:
        num_heads: int.
        key_dim: int, width of a head.
        max_distance: int or None; relative positions are told apart up to it. None: no bias.
        dropout: float, on attention weights.
        zero_init_output: bool, start as a layer that gives zeros.

    Call arguments:
        inputs: float `[batch, length, dim]`.
        value: float `[batch, source, source_dim]` to attend to, for cross attention.
        mask: bool `[batch, keys]` of real positions, or `[batch, queries, keys]`.
        use_causal_mask: bool, see only positions up to one's own.
        cache, cache_index: one step of decoding: `inputs` is `[batch, 1, dim]`, `cache` from
            `empty_cache` or an earlier step, `cache_index` the int32 position. Returns
            `(output, cache)` then.

    Returns:
        float `[batch, length, dim]`.

    Raises:
        ValueError: if a size or `max_distance` is below one.

    Example:
        >>> layer = GlobalAttention(num_heads=2, key_dim=8)
        >>> tuple(layer(ops.ones((1, 5, 16)), use_causal_mask=True).shape)
        (1, 5, 16)
    """

    def __init__(self, num_heads, key_dim, max_distance=None, **kwargs):
        super().__init__(num_heads, key_dim, **kwargs)
        if max_distance is not None and max_distance < 1:
            raise ValueError(f"max_distance is {max_distance}, but must be None or at least 1.")
        self.max_distance = max_distance

    def build(self, inputs_shape, value_shape=None):
        value_shape = value_shape or inputs_shape
        self.query = self._dense("query", 1, inputs_shape[-1])
        self.key_value = self._dense("key_value", 2, value_shape[-1])
        if self.max_distance is not None:
            self._build_distances(self.max_distance)
        self._build_output(inputs_shape[-1])
        self.built = True

    def call(
        self,
        inputs,
        value=None,
        mask=None,
        use_causal_mask=False,
        training=None,
        cache=None,
        cache_index=None,
        projected=None,
        value_mask=None,
    ):
        if value is None and projected is None:
            return super().call(
                inputs,
                mask=mask,
                use_causal_mask=use_causal_mask,
                training=training,
                cache=cache,
                cache_index=cache_index,
            )
        key, value = self.project_value(value) if projected is None else projected
        query = self._heads(self.query(inputs))[0]
        if mask is None:
            mask = value_mask  # what Keras hands on by itself
        allowed = None
        if mask is not None:
            mask = ops.cast(mask, "bool")
            allowed = ops.expand_dims(mask if len(mask.shape) == 3 else ops.expand_dims(mask, 1), 1)
        return self._merge(self._attend(self._scaled_dot(query, key), value, allowed, training))

    def project_value(self, value):
        """Keys and values of a cross-attended sequence, to be passed as `projected`."""
        return tuple(self._heads(self.key_value(value), 2))

    def project(self, inputs):
        return self._heads(self.query(inputs))[0], *self.project_value(inputs)

    def scores(self, query, key, query_at, key_at):
        scores = self._scaled_dot(query, key)
        if self.max_distance is not None:
            scores = scores + self._distances(query_at, key_at, self.max_distance)
        return scores

    def get_config(self):
        return {**super().get_config(), "max_distance": self.max_distance}
