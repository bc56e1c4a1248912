"""Attention by relative position alone."""

import keras
from keras import ops

from keras_pinyin.layers._attention import Attention


@keras.saving.register_keras_serializable(package="keras_pinyin")
class PositionAttention(Attention):
    """Multi-head attention whose scores depend on relative position and nothing else.

    A learned table gives the score of every distance up to `max_distance`; farther ones share
    the last. Cheap, since there are no queries and keys (Tay et al., 2021, "Synthesizer").

    Args:
        num_heads: int.
        key_dim: int, width of a head.
        max_distance: int.
        dropout: float, on attention weights.
        zero_init_output: bool, start as a layer that gives zeros.

    Call arguments:
        inputs: float `[batch, length, dim]`.
        mask: bool `[batch, length]`, or `[batch, queries, keys]`.
        use_causal_mask: bool, see only positions up to one's own.
        cache, cache_index: one step of decoding, as in `GlobalAttention`.

    Returns:
        float `[batch, length, dim]`.

    Raises:
        ValueError: if `max_distance` is below one.

    Example:
        >>> from keras import ops
        >>> layer = PositionAttention(num_heads=1, key_dim=8, max_distance=4)
        >>> tuple(layer(ops.ones((1, 5, 16))).shape)
        (1, 5, 16)
    """

    cached = ("value",)

    def __init__(self, num_heads, key_dim, max_distance, **kwargs):
        super().__init__(num_heads, key_dim, **kwargs)
        if max_distance < 1:
            raise ValueError(f"max_distance is {max_distance}, but must be at least 1.")
        self.max_distance = max_distance

    def build(self, input_shape):
        self.value = self._dense("value", 1, input_shape[-1])
        # Heads that all start flat would stay alike: let each begin with a taste of its own.
        self._build_distances(self.max_distance, keras.initializers.RandomNormal(stddev=1.0))
        self._build_output(input_shape[-1])
        self.built = True

    def project(self, inputs):
        return None, None, self._heads(self.value(inputs))[0]

    def scores(self, query, key, query_at, key_at):
        return ops.expand_dims(self._distances(query_at, key_at, self.max_distance), 0)

    def get_config(self):
        return {**super().get_config(), "max_distance": self.max_distance}
