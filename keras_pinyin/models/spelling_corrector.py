"""Homophones put right."""

import keras
import numpy as np
from keras import ops

from keras_pinyin.models._task import Task
from keras_pinyin.models._tokens import masked
from keras_pinyin.text import FIRST_HANZI, label
from keras_pinyin.text.labels import HANZI

CANDIDATES = 32  # what is written, and the most frequent hanzi of its sound


@keras.saving.register_keras_serializable(package="keras_pinyin")
class SpellingCorrector(Task):
    """Says which hanzi of the same sound was meant by each hanzi of a text.

    A noisy channel: the conversion model says how likely each hanzi is, given all sounds and the
    hanzi to the left; what is written gets a bonus, learned for each hanzi, since most of what
    people write is right. So all that was pretrained, the counted memories too, is used.

    Args:
        backbone: a built, aligned `PinyinTransformer`.

    Call arguments:
        inputs: dict of int32 `[batch, length]`: `hanzi`, the text as written; `keys`, how it
            sounds, 0 where there is no hanzi.

    Returns:
        float `[batch, length, 32]`, logits of `choices`: first what is written.

    Example:
        >>> from keras_pinyin.models import PinyinTransformer
        >>> from keras_pinyin.text import Lexicon
        >>> backbone = PinyinTransformer.from_lexicon(Lexicon.default(), "nano")
        >>> len(SpellingCorrector(backbone).correct("我在也不去了。"))
        7
    """

    def __init__(self, backbone, **kwargs):
        super().__init__(backbone, **kwargs)
        if not backbone.settings["aligned"]:
            raise ValueError("Correction needs a model that knows sounds: one of aligned=True.")
        self.keep = keras.layers.Dense(
            1,
            kernel_initializer="zeros",
            bias_initializer=keras.initializers.Constant(4.0),
            name="keep",
        )
        self.build()

    def build(self, input_shape=None):
        self.keep.build((None, None, self.backbone.settings["dim"]))
        self.built = True

    def choices(self, hanzi, keys):
        """What is written, then the most frequent others of the sound: int32 `[..., 32]`."""
        written = ops.expand_dims(ops.cast(hanzi, "int32"), -1)
        others = self.backbone.allowed(ops.cast(keys, "int32"))[..., : CANDIDATES - 1]
        return ops.concatenate([written, ops.where(others == written, 0, others)], axis=-1)

    def call(self, inputs, training=None):
        hanzi, keys = inputs["hanzi"], inputs["keys"]
        choices = self.choices(hanzi, keys)
        said = self.backbone(
            {"hanzi": hanzi, "keys": keys, "candidates": choices}, training=training
        )["hanzi"]
        # What people mistake depends on the hanzi.
        bonus = self.keep(self.backbone.embedding.hanzi_embedding(ops.cast(hanzi, "int32")))
        bonus = ops.pad(bonus, [[0, 0], [0, 0], [0, choices.shape[-1] - 1]])
        return masked(said + ops.cast(bonus, said.dtype), choices > 0)

    def correct(self, text, surer=0.0):
        """A text with homophones put right, as the vocabulary writes it.

        Args:
            text: str; 96 tokens at a time are read.
            surer: float, nats by which another hanzi must win over what is written.
        """
        lexicon, found = self._lexicon(), []
        tokens = lexicon.vocabulary.encode(text)
        keys = sounds(tokens, lexicon)
        for start in range(0, len(tokens), 96):
            part = slice(start, start + 96)
            inputs = {"hanzi": tokens[None, part].astype("int32"), "keys": keys[None, part]}
            scores = ops.convert_to_numpy(self(inputs))[0]
            scores[:, 0] += surer
            choices = ops.convert_to_numpy(self.choices(inputs["hanzi"], inputs["keys"]))[0]
            best = choices[np.arange(len(scores)), scores.argmax(-1)]
            found.append(np.where(keys[part] > 0, best, tokens[part]))
        return lexicon.vocabulary.decode(np.concatenate(found)) if found else ""


def sounds(tokens, lexicon):
    """Untoned keys of how a text is read, int32 `[tokens]`, 0 where there is no hanzi.

    Args:
        tokens: int array of token ids, right or wrong hanzi.
        lexicon: a `Lexicon`.
    """
    names = lexicon.vocabulary.tokens
    text = "".join(names[t] if t >= FIRST_HANZI else " " for t in tokens)
    keys = np.zeros(len(tokens), np.int32)
    for run in HANZI.finditer(text):
        for place, reading in enumerate(label(run.group()), run.start()):
            known = lexicon.keys.ids.get(reading.rstrip("12345"))
            keys[place] = known or lexicon.main_keys[tokens[place]]
    return keys
