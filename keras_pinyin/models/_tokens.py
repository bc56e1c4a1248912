"""Special tokens, as the graph treats them."""

from keras import ops

from keras_pinyin.text import FIRST_HANZI

MASK, BOS = 1, 2
LAST_TRANSPARENT = 5  # ids up to here (numbers and latin among them) do not end a context
NEVER = -1e9


def boundaries(tokens):
    """Punctuation becomes the boundary token that counted contexts start with."""
    inside = ops.logical_and(tokens > LAST_TRANSPARENT, tokens < FIRST_HANZI)
    inside = ops.logical_or(inside, tokens < BOS)
    return ops.where(inside, BOS, tokens)


def masked(scores, legal):
    return ops.where(
        legal, scores, ops.cast(NEVER if scores.dtype != "float16" else -6e4, scores.dtype)
    )
