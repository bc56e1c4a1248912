"""How likely syllables follow each other: a small table that goes with a model."""

import struct
import zlib

import numpy as np

FILE = "syllables.bin"  # in the folder of a model
STEP = 0.5  # nats: costs are kept in so many
HEADER = struct.Struct("<4sHI")  # magic, syllables, trigrams
MAGIC = b"SYL1"
NEVER = 30.0  # nats, of what cannot be


class SyllableScores:
    """Costs of syllables, and of the beginnings of syllables, after the two before.

    Args:
        keys: a `KeyTable`.
        bigrams: uint8 `[1 + syllables, syllables]`, costs in half nats of each syllable (column)
            after each (row); the first row is what begins a run.
        trigrams: int32 `[trigrams, 3]`, sorted, ids of keys, 0 first where a run begins; those
            that the bigrams misjudge.
        costs: uint8 `[trigrams]`, of their last syllables.

    Raises:
        ValueError: if the table is for other keys.

    Example:
        >>> from keras_pinyin.text import KeyTable
        >>> keys = KeyTable(["ni3", "hao3"])
        >>> scores = SyllableScores.even(keys)
        >>> float(scores.rows([(0, keys.ids["ni"])])[0, keys.ids["hao"]].round(2))
        0.5
    """

    def __init__(self, keys, bigrams, trigrams=(), costs=()):
        self.bigrams = np.asarray(bigrams, np.uint8)
        self.trigrams = np.asarray(trigrams, np.int32).reshape(-1, 3)
        self.costs = np.asarray(costs, np.uint8)
        count = keys.first_prefix - 2
        if self.bigrams.shape != (1 + count, count):
            raise ValueError(
                f"The table is of {self.bigrams.shape[1]} syllables, but the keys have {count}: "
                "make it again with these keys."
            )
        self._widen(keys)
        self._group()

    @classmethod
    def even(cls, keys):
        """Scores under which all syllables are alike."""
        count = keys.first_prefix - 2
        return cls(keys, np.full((1 + count, count), round(np.log(count) / STEP)))

    @classmethod
    def from_bytes(cls, keys, content):
        """Reads what `to_bytes` wrote.

        Raises:
            ValueError: if the content is damaged or for other keys.
        """
        try:
            magic, count, number = HEADER.unpack_from(content)
            flat = np.frombuffer(zlib.decompress(content[HEADER.size :]), np.uint8)
            if magic != MAGIC or len(flat) != count * (2 + count) + 4 * number:
                raise ValueError("the length does not fit")
        except (struct.error, zlib.error, ValueError) as error:
            raise ValueError(f"The table of syllables is damaged ({error}).") from error
        alone, bigrams, gaps, costs = np.split(
            flat, np.cumsum([count, count * (1 + count), 3 * number])
        )
        bigrams = bigrams.reshape(count, 1 + count).T + alone
        codes = np.cumsum(gaps.reshape(3, number).T.astype(np.int64) @ [1, 1 << 8, 1 << 16])
        side = 1 + count
        trigrams = np.stack([codes // side**2, codes // side % side, codes % side], axis=1)
        return cls(keys, bigrams, np.where(trigrams > 0, trigrams + 1, 0), costs)

    def to_bytes(self):
        """The table as bytes, compressed."""
        count = self.bigrams.shape[1]
        alone = self.bigrams[0]  # close to the others of its column, so they are kept from there
        codes = np.maximum(self.trigrams - 1, 0).astype(np.int64)
        codes = codes @ [(1 + count) ** 2, 1 + count, 1]
        gaps = np.diff(codes, prepend=0)
        if len(gaps) and not 0 <= gaps.min() <= gaps.max() < 1 << 24:
            raise ValueError("Trigrams are not sorted, or too far from each other to be kept.")
        flat = [alone, (self.bigrams - alone).T, *(gaps >> shift & 255 for shift in (0, 8, 16))]
        flat = b"".join(part.astype(np.uint8).tobytes() for part in [*flat, self.costs])
        return HEADER.pack(MAGIC, count, len(gaps)) + zlib.compress(flat, 9)

    def rows(self, recent):
        """Costs of every key after pairs of keys.

        Args:
            recent: list of (int, int), the ids of the last keys but one and of the last, 0 where
                there is none.

        Returns:
            float32 `[pairs, keys]`, in nats; 0 for ids that are neither syllable nor beginning.
        """
        pairs = np.array(recent, np.int64).reshape(-1, 2)
        rows = self._wide[pairs[:, 1]]
        if len(self.trigrams):
            codes = self._codes(*pairs.T)
            places = np.minimum(np.searchsorted(self._pairs, codes), len(self._pairs) - 1)
            for number in np.flatnonzero(self._pairs[places] == codes).tolist():
                place, row = places[number], rows[number]
                known = slice(self._starts[place], self._starts[place + 1])
                row[2 : len(self.bigrams) + 1] += self._less[place]
                row[self.trigrams[known, 2]] = STEP * self.costs[known]
        return rows

    def _codes(self, first, second):
        """One number for a pair of keys, in the order of pairs."""
        return first * len(self._wide) + second

    def _widen(self, keys):
        """Bigrams with what begins syllables as keys too, in nats: float32 `[keys, keys]`."""
        count, end = len(self.bigrams) - 1, keys.first_toned
        belongs = np.zeros((end, count), bool)
        belongs[2 : 2 + count] = np.eye(count, dtype=bool)
        for key in range(keys.first_prefix, end):
            belongs[key] = [name.startswith(keys.names[key]) for name in keys.syllables]
        after = np.exp(-STEP * self.bigrams.astype(np.float32))
        # What follows a beginning follows any syllable that begins so.
        likely = after[0] * belongs
        mixed = likely @ after[1:] / np.maximum(likely.sum(axis=1, keepdims=True), 1e-30)
        mixed[:2] = after[0]
        mixed[2 : 2 + count] = after[1:]
        total = np.minimum(mixed @ belongs.T, 1.0)
        self._wide = -np.log(np.maximum(total, np.exp(-NEVER))).astype(np.float32)
        self._wide[:, :2] = 0.0

    def _group(self):
        """Where trigrams of a pair begin, and what the other syllables after it lose.

        Arrays: a dict of pairs would take some ten megabytes.
        """
        if not len(self.trigrams):
            return
        first, second, third = self.trigrams.T
        self._pairs, starts = np.unique(
            self._codes(first.astype(np.int64), second), return_index=True
        )
        self._starts = np.r_[starts, len(first)]
        mass = np.add.reduceat(np.exp(-STEP * self.costs.astype(np.float32)), starts)
        below = np.add.reduceat(np.exp(-self._wide[second, third]), starts)
        less = -np.log(np.maximum(1 - mass, 0.02) / np.maximum(1 - below, 0.02))
        self._less = less.astype(np.float32)
