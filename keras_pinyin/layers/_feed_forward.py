"""The feed-forward block of encoder and decoder layers."""

import keras


class FeedForward(keras.layers.Layer):
    """Two dense layers on normalised inputs, added to them."""

    def __init__(self, ffn_dim, dropout, activation, zero_init, dtype):
        super().__init__(name="feed_forward", dtype=dtype)
        if activation == "gelu":
            activation = _gelu
        self.ffn_dim = ffn_dim
        self.norm = keras.layers.LayerNormalization(epsilon=1e-5, dtype=dtype, name="norm")
        self.inner = keras.layers.Dense(ffn_dim, activation=activation, dtype=dtype, name="inner")
        self.outer = None
        self.zero_init = zero_init
        self.dropout = keras.layers.Dropout(dropout, dtype=dtype) if dropout else None

    def build(self, input_shape):
        self.norm.build(input_shape)
        self.inner.build(input_shape)
        self.outer = keras.layers.Dense(
            input_shape[-1],
            kernel_initializer="zeros" if self.zero_init else "glorot_uniform",
            dtype=self.dtype_policy,
            name="outer",
        )
        self.outer.build((*input_shape[:-1], self.ffn_dim))
        self.built = True

    def call(self, inputs, training=None):
        x = self.outer(self.inner(self.norm(inputs)))
        if self.dropout is not None:
            x = self.dropout(x, training=training)
        return inputs + x

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)


def _gelu(x):
    return keras.activations.gelu(x, approximate=True)
