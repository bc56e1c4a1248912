"""Special tokens, as the graph treats them."""

from keras import ops

from keras_pinyin.text import FIRST_HANZI

MASK, BOS = 1, 2
COPIED = 4  # tokens that tell where in a source a copy goes on
LAST_TRANSPARENT = 5  # ids up to here (numbers and latin among them) do not end a context
NEVER = -1e9


def boundaries(tokens):
    """Punctuation becomes the boundary token that counted contexts start with."""
    inside = ops.logical_and(tokens > LAST_TRANSPARENT, tokens < FIRST_HANZI)
    inside = ops.logical_or(inside, tokens < BOS)
    return ops.where(inside, BOS, tokens)


def history(tokens, size):
    """The `size` tokens before each of `[batch, length]`, the nearest last, BOS at the start."""
    return windows(ops.pad(tokens, [[0, 0], [size, 0]], constant_values=BOS), size)


def windows(tokens, size):
    """The `size` tokens before each but the first `size`, `[batch, length - size, size]`."""
    length = ops.shape(tokens)[1] - size
    return ops.stack([tokens[:, i : i + length] for i in range(size)], axis=-1)


def masked(scores, legal):
    return ops.where(
        legal, scores, ops.cast(NEVER if scores.dtype != "float16" else -6e4, scores.dtype)
    )
