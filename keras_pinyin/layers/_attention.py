"""What the attention layers share: heads, masks, relative positions, one-step decoding."""

import keras
from keras import ops


class Attention(keras.layers.Layer):
    """Base of the attention layers; a kind defines `project` and `scores`.

    `project` gives query, key and value `[batch, heads, length, key_dim]` (None where a kind has
    no use for one), and `scores(query, key, query_at, key_at)` the attention scores
    `[batch, heads, queries, keys]` of positions `query_at`, `key_at` (int32 vectors).

    Args:
        num_heads: int.
        key_dim: int, width of a head.
        dropout: float, on the attention weights.
        zero_init_output: bool, start the output projection at zero: the layer adds nothing.
    """

    window = None  # how far a position sees, None for everything

    def __init__(self, num_heads, key_dim, dropout=0.0, zero_init_output=False, **kwargs):
        super().__init__(**kwargs)
        if num_heads < 1 or key_dim < 1:
            raise ValueError(
                f"num_heads is {num_heads} and key_dim {key_dim}, but both must be at least 1."
            )
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.dropout = dropout
        self.zero_init_output = zero_init_output
        self.supports_masking = True
        self._dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy) if dropout else None

    def _dense(self, name, parts, input_dim):
        layer = keras.layers.Dense(
            parts * self.num_heads * self.key_dim, dtype=self.dtype_policy, name=name
        )
        layer.build((None, None, input_dim))
        return layer

    def _build_output(self, output_dim):
        self.output_projection = keras.layers.Dense(
            output_dim,
            kernel_initializer="zeros" if self.zero_init_output else "glorot_uniform",
            dtype=self.dtype_policy,
            name="output",
        )
        self.output_projection.build((None, None, self.num_heads * self.key_dim))

    def _build_distances(self, distance, initializer="zeros"):
        self.distance_bias = self.add_weight(
            name="distance_bias",
            shape=(2 * distance + 1, self.num_heads),
            initializer=initializer,
        )

    def _distances(self, query_at, key_at, limit):
        """Bias by relative position `[heads, queries, keys]`, clipped at `limit`."""
        apart = ops.expand_dims(key_at, 0) - ops.expand_dims(query_at, 1)
        rows = ops.take(self.distance_bias, ops.clip(apart, -limit, limit) + limit, axis=0)
        return ops.transpose(ops.cast(rows, self.compute_dtype), (2, 0, 1))

    def _heads(self, x, parts=1):
        """`[batch, length, parts * heads * dim]` to a list of `[batch, heads, length, dim]`."""
        # No -1 for the batch here and below: beside an unknown length it would hide a known batch.
        batch, length, _ = ops.shape(x)
        x = ops.reshape(x, (batch, length, parts * self.num_heads, self.key_dim))
        x = ops.transpose(x, (0, 2, 1, 3))
        return [x[:, i * self.num_heads : (i + 1) * self.num_heads] for i in range(parts)]

    def _merge(self, x):
        """`[batch, heads, length, dim]` to the output `[batch, length, output_dim]`."""
        batch, _, length, _ = ops.shape(x)
        x = ops.transpose(x, (0, 2, 1, 3))
        x = ops.reshape(x, (batch, length, self.num_heads * self.key_dim))
        return self.output_projection(x)

    def _attend(self, scores, value, allowed, training):
        """Masked softmax of `scores` times `value`; a query that sees nothing gives zeros."""
        if allowed is not None:
            lowest = ops.cast(-3e4 if self.compute_dtype == "float16" else -1e9, scores.dtype)
            scores = ops.where(allowed, scores, lowest)
        weights = ops.softmax(scores, axis=-1)
        if allowed is not None:
            weights = weights * ops.cast(allowed, weights.dtype)
        if self._dropout is not None:
            weights = self._dropout(weights, training=training)
        return ops.matmul(weights, value)

    def _scaled_dot(self, query, key):
        scale = ops.cast(self.key_dim**-0.5, query.dtype)
        return ops.matmul(query * scale, ops.transpose(key, (0, 1, 3, 2)))

    def _allowed(self, mask, query_at, key_at, causal):
        """Which keys a query may see, bool broadcastable to `[batch, heads, queries, keys]`."""
        allowed = None
        if mask is not None:
            mask = ops.cast(mask, "bool")
            allowed = ops.expand_dims(mask, 1)
            if len(mask.shape) == 2:
                allowed = ops.expand_dims(allowed, 1)
        apart = ops.expand_dims(key_at, 0) - ops.expand_dims(query_at, 1)  # [queries, keys]
        band = None
        if causal:
            band = apart <= 0
        if self.window is not None:
            # Not the absolute value: of integers, older TFLite runtimes do not know it.
            near = ops.logical_and(apart <= self.window, apart >= -self.window)
            band = near if band is None else ops.logical_and(band, near)
        if band is None:
            return allowed
        band = ops.expand_dims(ops.expand_dims(band, 0), 0)
        return band if allowed is None else ops.logical_and(allowed, band)

    def call(
        self,
        inputs,
        mask=None,
        use_causal_mask=False,
        training=None,
        cache=None,
        cache_index=None,
    ):
        projected = self.project(inputs)
        return self._answer(projected, mask, use_causal_mask, training, cache, cache_index)

    def _answer(self, projected, mask, causal, training, cache, cache_index):
        if cache is not None:
            return self._step(*projected, mask, training, cache, cache_index)
        return self._merge(self._all(*projected, mask, causal, training))

    def _all(self, query, key, value, mask, causal, training):
        at = ops.arange(ops.shape(value)[2], dtype="int32")
        scores = self.scores(query, key, at, at)
        return self._attend(scores, value, self._allowed(mask, at, at, causal), training)

    def _step(self, query, key, value, mask, training, cache, cache_index):
        """One position: `inputs` were `[batch, 1, dim]`, `cache` holds the earlier ones."""
        at = ops.arange(ops.shape(cache["value"])[2], dtype="int32")
        here = ops.reshape(ops.equal(at, cache_index), (1, 1, -1, 1))
        cache = {
            name: ops.where(here, new, cache[name])
            for name, new in (("key", key), ("value", value))
            if new is not None
        }
        query_at = ops.reshape(ops.cast(cache_index, "int32"), (1,))
        scores = self.scores(query, cache.get("key"), query_at, at)
        allowed = self._allowed(mask, query_at, at, causal=True)
        return self._merge(self._attend(scores, cache["value"], allowed, training)), cache

    def empty_cache(self, batch_size, length):
        """Zeros for `length` steps of decoding: dict of `[batch, heads, length, key_dim]`."""
        shape = (batch_size, self.num_heads, length, self.key_dim)
        return {name: ops.zeros(shape, dtype=self.compute_dtype) for name in self.cached}

    cached = ("key", "value")

    def compute_mask(self, inputs, mask=None):
        return mask if mask is not None and len(mask.shape) == 2 else None

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "dropout": self.dropout,
            "zero_init_output": self.zero_init_output,
        }
