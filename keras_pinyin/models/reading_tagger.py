"""The reading of each hanzi of a text."""

import keras
import numpy as np
from keras import ops

from keras_pinyin.models._task import Task
from keras_pinyin.models._tokens import masked
from keras_pinyin.text import FIRST_HANZI
from keras_pinyin.text.labels import HANZI

READINGS = 8  # the most that a hanzi has


@keras.saving.register_keras_serializable(package="keras_pinyin")
class ReadingTagger(Task):
    """Chooses among the toned readings that the lexicon has for each hanzi.

    A reading is scored by its embedding and the encoder's state; it starts with the logarithm
    of how often the hanzi is read so, and the network learns when it is read otherwise.

    Args:
        backbone: a built `PinyinTransformer` with a lexicon.

    Call arguments:
        hanzi: int32 `[batch, length]`, tokens, 0 for padding.

    Returns:
        float `[batch, length, 8]`, logits of the readings in the order of `readings`, -1e9 where
        there is none.

    Example:
        >>> from keras_pinyin.models import PinyinTransformer
        >>> from keras_pinyin.text import Lexicon
        >>> backbone = PinyinTransformer.from_lexicon(Lexicon.default(), "nano")
        >>> ReadingTagger(backbone).read("银行。")  # untrained: the most frequent readings
        ['yin2', 'xing2', '。']
    """

    def __init__(self, backbone, **kwargs):
        super().__init__(backbone, **kwargs)
        settings = backbone.settings
        self.reading_head = keras.layers.Dense(
            settings["dim"], kernel_initializer="zeros", name="reading_head"
        )
        self.reading_embedding = keras.layers.Embedding(
            settings["key_size"], settings["dim"], name="reading_embedding"
        )
        self.build()
        if backbone.lexicon is not None:
            self._fill(backbone.lexicon)

    def build(self, input_shape=None):
        settings = self.backbone.settings
        self.reading_head.build((None, None, settings["dim"]))
        self.reading_embedding.build((None, None))
        shape = (settings["hanzi_size"], READINGS)
        self.readings = self.add_weight(
            name="readings", shape=shape, dtype="int32", initializer="zeros", trainable=False
        )
        self.prior = self.add_weight(name="prior", shape=shape, initializer="zeros")
        self.built = True

    def _fill(self, lexicon):
        table, prior = reading_table(lexicon)
        self.readings.assign(table)
        self.prior.assign(prior)

    def call(self, hanzi, training=None):
        hanzi = ops.cast(hanzi, "int32")
        encoded, _, _, _ = self.backbone.encode(hanzi, ops.zeros_like(hanzi), training=training)
        readings = ops.take(self.readings, hanzi, axis=0)  # [batch, length, 8]
        table = self.reading_embedding(readings)
        state = ops.expand_dims(self.reading_head(encoded), -1)
        scores = ops.squeeze(ops.matmul(table, state), -1)
        scores = scores + ops.cast(ops.take(self.prior, hanzi, axis=0), scores.dtype)
        return masked(scores, readings > 0)

    def read(self, text):
        """The reading of each token of a text like `zhong1`; what is no hanzi stays as it is.

        Texts longer than 96 tokens are read in parts.
        """
        lexicon = self._lexicon()
        tokens = lexicon.vocabulary.encode(text).astype("int32")
        table, found = ops.convert_to_numpy(self.readings), []
        for start in range(0, len(tokens), 96):
            part = tokens[start : start + 96]
            best = ops.convert_to_numpy(self(part[None]))[0].argmax(-1)
            for token, place in zip(part, best):
                key = int(table[token, place])
                name = lexicon.vocabulary.tokens[token]
                found.append(lexicon.keys.names[key] if key and HANZI.match(name) else name)
        return found


def reading_table(lexicon):
    """Toned keys of each token, most frequent first, and logarithms of how often they are read.

    Returns:
        int32 and float32 `[vocabulary, 8]`; 0 where there is no reading.
    """
    table = np.zeros((len(lexicon.vocabulary), READINGS), np.int32)
    prior = np.zeros(table.shape, np.float32)
    for row, readings in enumerate(lexicon.entries.values(), FIRST_HANZI):
        best = sorted(readings.items(), key=lambda item: -item[1])
        best = [(lexicon.keys.ids[r], n) for r, n in best if r in lexicon.keys.ids][:READINGS]
        total = sum(n + 1 for _, n in best)
        for place, (key, count) in enumerate(best):
            table[row, place], prior[row, place] = key, np.log((count + 1) / total)
    return table, prior
