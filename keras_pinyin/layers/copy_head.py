"""Tokens that are copied from a source."""

import keras
import numpy as np
from keras import ops

SHARPNESS = 8.0
NEAREST = 0.5  # what a token counts for, of the next one's


@keras.saving.register_keras_serializable(package="keras_pinyin")
class CopyHead(keras.layers.Layer):
    """Lets a writer copy what its source says next, as well as choose from its vocabulary.

    A pointer-generator (See et al., 2017, "Get To The Point: Summarization with Pointer-Generator
    Networks") that need not learn where to point: it looks for the place of the source that comes
    after the tokens written last, as induction heads do (Olsson et al., 2022, "In-context Learning
    and Induction Heads"). From there training goes on: a matching of states that begins at nothing
    is added, and a gate says how likely the next token is a copy.

    Args:
        key_dim: int, width of the matching of states.

    Call arguments:
        logits: float `[batch, length, tokens]`, scores of the vocabulary.
        state: float `[batch, length, dim]`, the writer's.
        written: float `[batch, length, history, dim]`, embeddings of the tokens written before a
            position, the nearest last.
        source: int `[batch, source_length]`, token ids; 0 is none, and never copied.
        before: float `[batch, source_length, history, dim]`, embeddings of the tokens before each
            of the source, the nearest last.
        encoded: float `[batch, source_length, dim]`, states of the source.

    Returns:
        float `[batch, length, tokens]`, natural logarithms of probabilities.

    Example:
        >>> table = np.eye(6, dtype="float32")
        >>> source, before = np.array([[4, 3, 5]]), table[np.array([[[2], [4], [3]]])]
        >>> written = table[np.array([[[3]]])]  # in the source, 5 comes after it
        >>> state = np.zeros((1, 1, 6), "float32")
        >>> encoded = np.zeros((1, 3, 6), "float32")
        >>> found = CopyHead()(np.zeros((1, 1, 6)), state, written, source, before, encoded)
        >>> int(ops.argmax(found))
        5
    """

    def __init__(self, key_dim=64, **kwargs):
        super().__init__(**kwargs)
        self.key_dim = key_dim

    def build(
        self, logits_shape, state_shape, written_shape, source_shape, before_shape, encoded_shape
    ):
        def dense(name, units, shape, **options):
            layer = keras.layers.Dense(units, dtype=self.dtype_policy, name=name, **options)
            layer.build(shape)
            return layer

        self.query = dense("query", self.key_dim, state_shape, kernel_initializer="zeros")
        self.key = dense("key", self.key_dim, encoded_shape, use_bias=False)
        self.gate = dense("gate", 1, state_shape)
        self.sharpness = self.add_weight(
            name="sharpness", shape=(), initializer=keras.initializers.Constant(SHARPNESS)
        )
        history = written_shape[2]
        decay = NEAREST ** np.arange(history - 1, -1, -1, dtype="float32")[:, None]
        self.nearness = self.add_weight(
            name="nearness", shape=(history, 1), initializer=lambda *_, **__: decay
        )
        self.built = True

    def call(self, logits, state, written, source, before, encoded):
        there = ops.expand_dims(ops.cast(source, "int32") > 0, 1)  # [batch, 1, source_length]
        scores = ops.matmul(self.query(state), ops.transpose(self.key(encoded), (0, 2, 1)))
        same = ops.matmul(
            self._direction(written), ops.transpose(self._direction(before), (0, 2, 1))
        )
        sharpness = ops.cast(self.sharpness, "float32")
        scores = ops.cast(scores, "float32") + sharpness * ops.cast(same, "float32")
        pointed = ops.softmax(ops.where(there, scores, -1e9)) * ops.cast(there, "float32")
        tokens = ops.one_hot(ops.cast(source, "int32"), logits.shape[-1], dtype="float32")
        copied = ops.matmul(pointed, tokens)  # [batch, length, tokens]
        share = ops.sigmoid(ops.cast(self.gate(state), "float32"))
        # Without a source everything is the vocabulary's.
        share = share * ops.cast(ops.any(there, axis=-1, keepdims=True), "float32")
        chosen = ops.softmax(ops.cast(logits, "float32"))
        return ops.cast(ops.log((1 - share) * chosen + share * copied + 1e-9), self.compute_dtype)

    def _direction(self, tokens):
        """The direction that the last tokens `[..., history, dim]` point in, `[..., dim]`."""
        nearness = ops.cast(self.nearness, tokens.dtype)
        return ops.normalize(ops.sum(tokens * nearness, axis=-2), axis=-1, epsilon=1e-6)

    def compute_output_shape(self, logits_shape, *other_shapes):
        return tuple(logits_shape)

    def get_config(self):
        return {**super().get_config(), "key_dim": self.key_dim}
