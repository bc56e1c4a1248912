"""A trained hash table of n-grams around each position."""

import keras
from keras import ops

from keras_pinyin.layers._levels import PAIRS, fitted_levels, nearest, packed

SPANS = ((-1, 0), (0, 1), (-2, 0), (-1, 1), (0, 2))


@keras.saving.register_keras_serializable(package="keras_pinyin")
class NGramEmbedding(keras.layers.Layer):
    """Adds what a trained table remembers of the n-grams around each position.

    Each position looks up the n-grams that start and end at the offsets of `spans`, joins their
    rows and projects them to `output_dim`. Rows are shared by hashing, without regard to
    collisions, as in Svenstrup et al., 2017, "Hash Embeddings for Efficient Word
    Representations". A few gathers per position hold what would take layers of a dense model.
    A trained table does with four bits a number: see `pack`.

    Args:
        rows: int, rows of the table, at most 2**20.
        row_dim: int, width of a row.
        output_dim: int, width of the output.
        spans: pairs of offsets (first, last), both included. The default is the bigrams and
            trigrams that touch a position.

    Call arguments:
        inputs: int `[batch, length]`, ids below 2**15; beyond the ends counts as id 0.

    Returns:
        float `[batch, length, output_dim]`.

    Example:
        >>> layer = NGramEmbedding(rows=1000, row_dim=8, output_dim=16)
        >>> tuple(layer(ops.convert_to_tensor([[5, 6, 7, 8]])).shape)
        (1, 4, 16)
    """

    def __init__(self, rows, row_dim, output_dim, spans=SPANS, **kwargs):
        super().__init__(**kwargs)
        if not 0 < rows <= 1 << 20:
            raise ValueError(f"rows is {rows}, but must be 1 to {1 << 20}.")
        self.rows = rows
        self.row_dim = row_dim
        self.output_dim = output_dim
        self.spans = tuple(tuple(span) for span in spans)
        if any(first > last for first, last in self.spans) or not self.spans:
            raise ValueError(f"spans is {spans}, but needs pairs (first, last), first <= last.")
        self._packed = None

    def build(self, input_shape):
        self.table = self.add_weight(
            name="table",
            shape=(self.rows, self.row_dim),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
        )
        self.projection = keras.layers.Dense(
            self.output_dim, use_bias=False, dtype=self.dtype_policy, name="projection"
        )
        self.projection.build((*input_shape, self.row_dim * len(self.spans)))
        self.built = True

    def call(self, inputs):
        return self.projection(self.rows_around(inputs))

    def rows_around(self, inputs):
        """The joined rows of every position, float `[batch, length, spans * row_dim]`."""
        inputs = ops.cast(inputs, "int32")
        length = ops.shape(inputs)[1]
        before = max(0, -min(first for first, _ in self.spans))
        after = max(0, max(last for _, last in self.spans))
        padded = ops.pad(inputs, [[0, 0], [before, after]])
        factor = (1 << 31) // self.rows - 32 | 1  # odd, and every product stays within 32 bits
        found = []
        for number, (first, last) in enumerate(self.spans):
            row = None
            for offset in range(first, last + 1):
                token = padded[:, before + offset : before + offset + length]
                row = token + 7919 * number if row is None else row * factor + token
                row = ops.mod(row, self.rows)
            found.append(self._look_up(row))  # [batch, length, row_dim]
        return ops.cast(ops.concatenate(found, axis=-1), self.compute_dtype)

    def _look_up(self, row):
        if self._packed is None:
            return ops.take(self.table, row, axis=0)
        table, values = (ops.array(part) for part in self._packed)
        pairs = ops.cast(ops.take(table, row, axis=0), "int32")
        halves = ops.take(values, pairs, axis=0)  # [batch, length, row_dim / 2, 2]
        return ops.reshape(halves, (*ops.shape(row), self.row_dim))

    def pack(self):
        """Looks rows up in a copy of the table in four bits a number from here on.

        The copy is for graphs that are written next: it holds the nearest of 16 values each, and
        the table itself, which training changes and saving keeps, is as it was.

        Raises:
            ValueError: if the layer has no table yet, or rows of an odd width.
        """
        if not self.built or self.row_dim % 2:
            raise ValueError(
                f"A table of rows {self.row_dim} wide "
                + ("is odd: pack one of even width." if self.built else "is not built: call it.")
            )
        table = ops.convert_to_numpy(self.table)
        levels = fitted_levels(table.reshape(-1).astype("float64"))
        numbers = nearest(levels, table.reshape(-1)).reshape(table.shape)
        self._packed = packed(numbers), levels[PAIRS].astype("float32")

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.output_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "rows": self.rows,
            "row_dim": self.row_dim,
            "output_dim": self.output_dim,
            "spans": [list(span) for span in self.spans],
        }
