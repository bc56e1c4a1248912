"""Candidates that the text to the left has used before."""

import keras
from keras import ops

EVIDENCE = 4


@keras.saving.register_keras_serializable(package="keras_pinyin")
class ContextMemory(keras.layers.Layer):
    """Scores candidates that occur in the context, more so where the sounds around them agree.

    A name or a term that was written once is likely to be written again, however rare it is: a
    cache (Kuhn and De Mori, 1990, "A Cache-Based Natural Language Model for Speech Recognition")
    with a pointer's sense of place (Merity et al., 2017, "Pointer Sentinel Mixture Models"). Four
    kinds of evidence each count once: the candidate occurs in the context; it occurs after the
    sound that stands before the position; before the sound that comes next; between both. What
    each is worth is linear in `state`, and learned.

    Args:
        initial_trust: float, what each kind of evidence adds before training, in nats.

    Call arguments:
        candidates: int `[batch, length, candidates]`, token ids; 0 is none.
        around: int `[batch, length, 2]`, ids of the sounds before and after a position; 0 is
            unknown and agrees with nothing.
        context: int `[batch, context_length]`, token ids; 0 is none.
        context_around: int `[batch, context_length, 2]`, the sounds around those.
        state: float `[batch, length, dim]`, what trust depends on.

    Returns:
        float `[batch, length, candidates]`, scores in nats to be added to others.

    Example:
        >>> memory = ContextMemory()
        >>> candidates, around = np.array([[[8, 9]]]), np.array([[[3, 4]]])
        >>> context, context_around = np.array([[9, 5]]), np.array([[[3, 6], [6, 7]]])
        >>> state = np.zeros((1, 1, 4), "float32")
        >>> scores = memory(candidates, around, context, context_around, state)
        >>> ops.convert_to_numpy(scores).tolist()  # 9 was written, and after sound 3
        [[[0.0, 1.0]]]
    """

    def __init__(self, initial_trust=0.5, **kwargs):
        super().__init__(**kwargs)
        self.initial_trust = initial_trust

    def build(
        self, candidates_shape, around_shape, context_shape, context_around_shape, state_shape
    ):
        self.trust = keras.layers.Dense(
            EVIDENCE,
            kernel_initializer="zeros",
            bias_initializer=keras.initializers.Constant(self.initial_trust),
            dtype=self.dtype_policy,
            name="trust",
        )
        self.trust.build(state_shape)
        self.built = True

    def call(self, candidates, around, context, context_around, state):
        trust = ops.expand_dims(self.trust(state), -2)  # [batch, length, 1, 4]
        dtype = trust.dtype
        candidates, context = ops.cast(candidates, "int32"), ops.cast(context, "int32")
        around = ops.expand_dims(ops.cast(around, "int32"), 2)  # [batch, length, 1, 2]
        there = ops.expand_dims(ops.cast(context_around, "int32"), 1)
        agree = ops.cast(ops.logical_and(around == there, around > 0), dtype)
        before, after = agree[..., 0], agree[..., 1]  # [batch, length, context_length]
        kinds = ops.stack([ops.ones_like(before), before, after, before * after], axis=-1)
        written = ops.expand_dims(ops.expand_dims(context, 1), 1)
        same = ops.logical_and(ops.expand_dims(candidates, -1) == written, written > 0)
        # [batch, length, candidates, context_length] by [batch, length, context_length, 4]
        evidence = ops.matmul(ops.cast(same, dtype), kinds)
        return ops.sum(ops.minimum(evidence, 1.0) * trust, axis=-1)

    def compute_output_shape(self, candidates_shape, *other_shapes):
        return tuple(candidates_shape)

    def get_config(self):
        return {**super().get_config(), "initial_trust": self.initial_trust}
