"""Candidates that fit what the text to the left is about."""

import keras
from keras import ops

from keras_pinyin.layers._buckets import is_prime
from keras_pinyin.layers._patterns import CODES, even_axes, fitted_patterns

# Below 2**15, as ids are, so that a sum of two products stays within 32 bits: of candidates, and of
# the sounds before and after them.
CANDIDATE, SOUNDS = 25771, (19423, 11827)
FEWEST = 8  # a few hanzi are no more than a hint
# Numbers of a row that one byte stands for. Every score depends on the few rows of contexts.
PARTS = {"contexts": 4, "candidates": 8, "pairs": 8}


@keras.saving.register_keras_serializable(package="keras_pinyin")
class TopicMemory(keras.layers.Layer):
    """Scores candidates by how well they go with the words to the left, however far those stand.

    Of gong shi one means 公式 where 函数 was written, and 攻势 in a war: triggers (Rosenfeld, 1996,
    "A Maximum Entropy Approach to Adaptive Statistical Language Modelling") as a log-bilinear
    model (Mnih and Hinton, 2007, "Three New Graphical Models for Statistical Language
    Modelling"). Every hanzi of the context has a row of `topics` numbers, and their sum is
    what the text is about. Every candidate has a row, and one with the sound before and one
    with the sound after it, which nearly tell the word; such pairs share rows by hashing. The
    products of these with what the text is about are the score; `trust` says what those of a
    candidate's own row and those of its pairs are worth. It takes some gathers where attention
    takes matrices, so two cores can teach it a hundred million hanzi in half an hour: see
    `keras_pinyin.training.topics`.

    A row is stored in a byte for every eight numbers, of contexts for every four: the number of one
    of 256 patterns (Jégou et al., 2011, "Product Quantization for Nearest Neighbor Search").
    Between `enable_learning` and `finish_learning` rows are what they are.

    Args:
        vocabulary_size: int, ids of hanzi and of sounds are below it; at most 32768.
        rows: int, rows for pairs; rounded up to a prime, at most 2**20.
        topics: int, width of a row, a multiple of 8.
        initial_trust: float, what `trust` is to begin with. It is to be set, not trained: of text
            that rows have learned from they are too sure.

    Call arguments:
        candidates: int `[batch, length, candidates]`, ids of hanzi; 0 is none.
        around: int `[batch, length, 2]`, ids of the sounds before and after a position, 0 for none.
        context: int `[batch, context_length]`, ids of hanzi; 0 is none.

    Returns:
        float `[batch, length, candidates]`, scores in nats to be added to others.

    Raises:
        ValueError: if a size is out of range.

    Example:
        >>> memory = TopicMemory(vocabulary_size=100, rows=50)
        >>> candidates, around = np.array([[[8, 9]]]), np.array([[[3, 4]]])
        >>> tuple(memory(candidates, around, np.array([[9, 5]])).shape)
        (1, 1, 2)
    """

    def __init__(self, vocabulary_size, rows, topics=32, initial_trust=1.0, **kwargs):
        super().__init__(**kwargs)
        if not 0 < vocabulary_size <= 1 << 15:
            raise ValueError(f"vocabulary_size is {vocabulary_size}, but must be 1 to 32768.")
        if not 0 < rows <= 1 << 20:
            raise ValueError(f"rows is {rows}, but must be 1 to {1 << 20}.")
        most = max(PARTS.values())
        if topics < most or topics % most:
            raise ValueError(f"topics is {topics}, but must be a multiple of {most}.")
        self.vocabulary_size = vocabulary_size
        self.rows = rows
        self.topics = topics
        self.initial_trust = initial_trust
        self.buckets = rows
        while not is_prime(self.buckets):
            self.buckets += 1
        self.learned = {}

    def build(self, *shapes):
        self.tables = {}
        for name, rows in self._sizes().items():
            parts = self.topics // PARTS[name]
            codes = self.add_weight(
                name=f"{name}_codes",
                shape=(rows, parts),
                dtype="uint8",
                initializer="zeros",
                trainable=False,
            )
            patterns = self.add_weight(
                name=f"{name}_patterns",
                shape=(parts * CODES, PARTS[name]),
                initializer=keras.initializers.RandomNormal(stddev=0.1),
                trainable=False,
            )
            self.tables[name] = codes, patterns
        self.trust = self.add_weight(
            name="trust",
            shape=(2,),
            initializer=keras.initializers.Constant(self.initial_trust),
            trainable=False,
        )
        self.built = True

    def _sizes(self):
        """Rows of each table: hanzi of contexts, hanzi that are candidates, pairs with a sound."""
        hanzi = self.vocabulary_size
        return {"contexts": hanzi, "candidates": hanzi, "pairs": self.buckets}

    def call(self, candidates, around, context):
        own, paired = self.candidate_rows(candidates, around)
        trust = ops.cast(self.trust, self.compute_dtype)
        rows = trust[0] * own + trust[1] * paired
        subject = ops.reshape(self.subject(context), (-1, 1, self.topics, 1))
        return ops.matmul(rows, subject)[..., 0]

    def subject(self, context):
        """What contexts are about, float `[batch, topics]`, 0 without any."""
        context = ops.cast(context, "int32")
        there = ops.cast(ops.expand_dims(context > 0, -1), self.compute_dtype)
        rows = ops.sum(self._take("contexts", context) * there, axis=1)
        return rows / ops.sqrt(ops.maximum(ops.sum(there, axis=1), FEWEST))

    def candidate_rows(self, candidates, around):
        """What each candidate and its pairs go with, two floats `[batch, length, n, topics]`."""
        candidates = ops.cast(candidates, "int32")
        pairs = self._take("pairs", self.pairs(candidates, around))
        return self._take("candidates", candidates), ops.sum(pairs, axis=-2)

    def pairs(self, candidates, around):
        """Rows of candidates with the sounds before and after, int32 `[batch, length, n, 2]`."""
        candidates, around = ops.cast(candidates, "int32"), ops.cast(around, "int32")
        mixed = [
            candidates * CANDIDATE + around[..., i : i + 1] * factor
            for i, factor in enumerate(SOUNDS)
        ]
        return ops.mod(ops.stack(mixed, axis=-1), self.buckets)

    def _take(self, name, row):
        if name in self.learned:
            return ops.cast(ops.take(self.learned[name], row, axis=0), self.compute_dtype)
        codes, patterns = self.tables[name]
        first = ops.arange(0, self.topics // PARTS[name] * CODES, CODES, dtype="int32")
        number = ops.cast(ops.take(codes, row, axis=0), "int32") + first
        rows = ops.take(patterns, number, axis=0)  # [..., parts, numbers]
        return ops.cast(ops.reshape(rows, (*ops.shape(row), self.topics)), self.compute_dtype)

    def enable_learning(self):
        """Makes every row a weight, which begins anew: `learned`, name -> float32 `[rows, topics]`.

        The names are "contexts", "candidates" and "pairs".
        """
        # As Keras's own `enable_lora` adds weights to a layer that is built.
        self._tracker.unlock()
        for name, rows in self._sizes().items():
            random = keras.initializers.RandomNormal(stddev=0.1, seed=0)
            self.learned[name] = self.add_weight(
                name=name,
                shape=(rows, self.topics),
                # A candidate that was never met goes with nothing.
                initializer=random if name == "contexts" else "zeros",
            )
        self._tracker.lock()

    def finish_learning(self, spread=None, importance=None):
        """Ends what `enable_learning` began, and stores the rows as the nearest patterns.

        Args:
            spread: float `[topics, topics]`, mean outer product of the subjects of contexts: where
                they differ most, patterns are to be closest. None for no preference.
            importance: dict name -> float `[rows]`, how much an error in each row matters, such as
                the sum of its squared gradients. None for all alike.

        Raises:
            ValueError: if `enable_learning` was not called.
        """
        if not self.learned:
            raise ValueError("This memory learns nothing: call enable_learning and train it first.")
        rows = {name: ops.convert_to_numpy(v) for name, v in self.learned.items()}
        importance = importance or dict.fromkeys(rows)
        if spread is not None:
            parts = self.topics // PARTS["pairs"]
            first, second = even_axes(spread, rows["pairs"], importance["pairs"], parts)
            axes = {"contexts": first, "candidates": second, "pairs": second}
            rows = {name: table @ axes[name] for name, table in rows.items()}
        for name, variable in self.learned.items():
            stored = fitted_patterns(rows[name], PARTS[name], importance[name])
            for target, value in zip(self.tables[name], stored):
                target.assign(value)
            self._untrack_variable(variable)
        self.learned = {}

    def compute_output_shape(self, candidates_shape, *other_shapes):
        return tuple(candidates_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "rows": self.rows,
            "topics": self.topics,
            "initial_trust": self.initial_trust,
        }
