"""One label for a text."""

import keras
import numpy as np
from keras import ops

from keras_pinyin.models._task import Task


@keras.saving.register_keras_serializable(package="keras_pinyin")
class TextClassifier(Task):
    """Tells the class of a text from the mean and the maximum of the encoder's states.

    Args:
        backbone: a built `PinyinTransformer`.
        classes: list of str, names of the classes.
        dropout: float, before the last layer.

    Call arguments:
        hanzi: int32 `[batch, length]`, tokens, 0 for padding.

    Returns:
        float `[batch, classes]`, logits.

    Example:
        >>> from keras_pinyin.models import PinyinTransformer
        >>> from keras_pinyin.text import Lexicon
        >>> backbone = PinyinTransformer.from_lexicon(Lexicon.default(), "nano")
        >>> model = TextClassifier(backbone, ["bad", "good"])
        >>> tuple(model(np.array([[30, 31, 0]])).shape)
        (1, 2)
    """

    def __init__(self, backbone, classes, dropout=0.1, **kwargs):
        super().__init__(backbone, **kwargs)
        self.classes = list(classes)
        self.rate = dropout
        self.pooled = keras.layers.Dense(
            backbone.settings["dim"], activation="tanh", name="class_pooled"
        )
        self.dropout = keras.layers.Dropout(dropout, name="class_dropout")
        self.head = keras.layers.Dense(len(self.classes), name="class_head")
        self.build()

    def build(self, input_shape=None):
        dim = self.backbone.settings["dim"]
        self.pooled.build((None, 2 * dim))
        self.head.build((None, dim))
        self.built = True

    def call(self, hanzi, training=None):
        hanzi = ops.cast(hanzi, "int32")
        encoded, _, _, mask = self.backbone.encode(hanzi, ops.zeros_like(hanzi), training=training)
        there = ops.expand_dims(ops.cast(mask, encoded.dtype), -1)  # [batch, length, 1]
        count = ops.maximum(ops.sum(there, axis=1), 1.0)
        mean = ops.sum(encoded * there, axis=1) / count
        shown = ops.where(there > 0, encoded, -100.0)
        # Not `ops.max`: JAX finds by equality where its gradient goes, and values that are
        # computed again may differ in the last bit; then it divides 0 by 0.
        most = ops.top_k(ops.transpose(shown, [0, 2, 1]), 1)[0][..., 0]
        x = self.pooled(ops.concatenate([mean, most], axis=-1))
        return self.head(self.dropout(x, training=training))

    def classify(self, texts, length=96):
        """Names of the likeliest classes of texts, cut to `length` tokens, and probabilities."""
        rows = np.zeros((len(texts), length), np.int32)
        for row, text in zip(rows, texts):
            tokens = self._lexicon().vocabulary.encode(text)[:length]
            row[: len(tokens)] = tokens
        found = ops.convert_to_numpy(ops.softmax(self(rows)))
        return [(self.classes[row.argmax()], float(row.max())) for row in found]

    def get_config(self):
        return {**super().get_config(), "classes": self.classes, "dropout": self.rate}
