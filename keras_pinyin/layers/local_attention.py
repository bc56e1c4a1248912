"""Attention within a window."""

import keras
from keras import ops

from keras_pinyin.layers._attention import Attention


@keras.saving.register_keras_serializable(package="keras_pinyin")
class LocalAttention(Attention):
    """Multi-head attention of each position to its neighbours, at a cost linear in the length.

    The sequence is cut into blocks as long as the window; a block attends to itself and to the
    blocks beside it, with everything outside the window masked (Child et al., 2019; Beltagy et
    al., 2020, "Longformer"). A learned bias tells the relative positions of the window apart.

    Args:
        num_heads: int.
        key_dim: int, width of a head.
        window: int, how many positions to either side are seen.
        dropout: float, on attention weights.
        zero_init_output: bool, start as a layer that gives zeros.

    Call arguments:
        inputs: float `[batch, length, dim]`.
        mask: bool `[batch, length]`, True at real positions.
        use_causal_mask: bool, see only positions up to one's own.
        cache, cache_index: one step of decoding, as in `GlobalAttention`.

    Returns:
        float `[batch, length, dim]`.

    Raises:
        ValueError: if the window is below one, or the mask is not `[batch, length]`.

    Example:
        >>> layer = LocalAttention(num_heads=2, key_dim=8, window=3)
        >>> tuple(layer(ops.ones((1, 10, 16))).shape)
        (1, 10, 16)
    """

    def __init__(self, num_heads, key_dim, window, **kwargs):
        super().__init__(num_heads, key_dim, **kwargs)
        if window < 1:
            raise ValueError(f"window is {window}, but must be at least 1.")
        self.window = window

    def build(self, input_shape):
        self.query_key_value = self._dense("query_key_value", 3, input_shape[-1])
        self._build_distances(self.window)
        self._build_output(input_shape[-1])
        self.built = True

    def project(self, inputs):
        return self._heads(self.query_key_value(inputs), 3)

    def scores(self, query, key, query_at, key_at):
        return self._scaled_dot(query, key) + self._distances(query_at, key_at, self.window)

    def _all(self, query, key, value, mask, causal, training):
        if mask is not None and len(mask.shape) != 2:
            raise ValueError(
                f"LocalAttention got a mask of {len(mask.shape)} dimensions: give a padding mask "
                "[batch, length]; use_causal_mask=True hides the future."
            )
        # Blocks join the batch, since TFLite broadcasts no more than four dimensions everywhere.
        size, heads, dim = self.window, self.num_heads, self.key_dim
        batch, _, length, _ = ops.shape(query)
        blocks = (length + size - 1) // size
        end = blocks * size - length

        def own(x):  # [batch, heads, length, dim] to [batch * blocks, heads, size, dim]
            x = ops.pad(x, [[0, 0], [0, 0], [0, end], [0, 0]])
            x = ops.transpose(ops.reshape(x, (batch, heads, blocks, size * dim)), (0, 2, 1, 3))
            return ops.reshape(x, (-1, heads, size, dim))

        def around(x):  # [batch, heads, length, dim] to [batch * blocks, heads, 3 * size, dim]
            x = ops.pad(x, [[0, 0], [0, 0], [size, size + end], [0, 0]])
            x = ops.reshape(x, (batch, heads, blocks + 2, size * dim))
            x = ops.concatenate([x[:, :, :-2], x[:, :, 1:-1], x[:, :, 2:]], axis=-1)
            return ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, heads, 3 * size, dim))

        at = ops.arange(size, dtype="int32")
        around_at = ops.arange(3 * size, dtype="int32") - size
        scores = self.scores(own(query), around(key), at, around_at)
        real = ops.ones((batch, length), "int32") if mask is None else ops.cast(mask, "int32")
        real = ops.pad(real, [[0, 0], [size, size + end]])
        real = ops.reshape(real, (batch, blocks + 2, size))
        real = ops.concatenate([real[:, :-2], real[:, 1:-1], real[:, 2:]], axis=-1)
        real = ops.cast(ops.reshape(real, (-1, 3 * size)), "bool")
        allowed = self._allowed(real, at, around_at, causal)  # [batch * blocks, 1, size, 3 * size]
        out = self._attend(scores, around(value), allowed, training)
        out = ops.reshape(out, (batch, blocks, heads, size * dim))
        out = ops.reshape(ops.transpose(out, (0, 2, 1, 3)), (batch, heads, blocks * size, dim))
        return out[:, :, :length]

    def get_config(self):
        return {**super().get_config(), "window": self.window}
