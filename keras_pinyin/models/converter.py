"""Conversion of many inputs at once, compiled."""

import keras
import numpy as np

from keras_pinyin.models._search import MAX_CONTEXT

LENGTHS = (
    4,
    8,
    12,
    16,
    24,
    32,
    64,
    96,
)  # key counts that batches are padded to; each compiled once


class Converter(keras.Model):
    """A `PinyinTransformer`'s search behind Keras's compiled `predict_on_batch`.

    Args:
        model: a `PinyinTransformer` with a lexicon.
        n_best: int, sentences per input.
        options: further arguments of `PinyinTransformer.search`.

    Example:
        >>> from keras_pinyin.models import PinyinTransformer
        >>> from keras_pinyin.text import Lexicon
        >>> converter = Converter(PinyinTransformer.from_lexicon(Lexicon.default(), "nano"))
        >>> len(converter.convert_all([("", "ni hao"), ("今天", "tian qi")])[1][0][0])
        2
    """

    def __init__(self, model, n_best=10, **options):
        super().__init__()
        self.model = model
        self.n_best = n_best
        self.options = options
        self.compile(jit_compile=keras.backend.backend() == "jax")

    def call(self, inputs):
        return self.model.search(
            inputs["context"], inputs["keys"], n_best=self.n_best, **self.options
        )

    def convert_all(self, inputs, batch_size=32):
        """Converts `(context, keys)` pairs: strings as `PinyinTransformer.convert` takes them.

        Returns:
            A list of one list of (sentence, score) an input, best first.

        Raises:
            ValueError: as `PinyinTransformer.convert`.
        """
        parsed = [self.model.parse(context, keys) for context, keys in inputs]
        order = sorted(range(len(parsed)), key=lambda i: (len(parsed[i][0]) > 0, len(parsed[i][1])))
        results = [None] * len(parsed)
        start = 0
        while start < len(order):
            with_context = len(parsed[order[start]][0]) > 0
            longest = next(n for n in LENGTHS if n >= len(parsed[order[start]][1]))
            chosen = [
                i
                for i in order[start : start + batch_size]
                if len(parsed[i][1]) <= longest and (len(parsed[i][0]) > 0) == with_context
            ]
            start += len(chosen)
            context = np.zeros((batch_size, MAX_CONTEXT if with_context else 0), np.int32)
            keys = np.zeros((batch_size, longest), np.int32)
            keys[:, 0] = 1  # rows beyond the last input are not left empty
            for row, i in enumerate(chosen):
                if len(parsed[i][0]):
                    context[row, -len(parsed[i][0]) :] = parsed[i][0]
                keys[row] = 0
                keys[row, : len(parsed[i][1])] = parsed[i][1]
            sentences, scores = self.predict_on_batch({"context": context, "keys": keys})
            for row, i in enumerate(chosen):
                results[i] = self.model.readable(sentences[row], scores[row])
        return results
