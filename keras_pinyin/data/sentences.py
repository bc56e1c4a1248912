"""Which sentences a set of shards holds."""

import numpy as np

from keras_pinyin.data.shards import read_shards

SHORTEST = 4  # shorter ones say nothing: they are everywhere


class SeenSentences:
    """The runs of hanzi, between punctuation, of some shards, by their hashes in this process.

    Text repeats itself. A sentence that the memories have counted teaches a network to trust them
    more than it should where a sentence is new.

    Args:
        shards: paths of shards.

    Example:
        >>> seen = SeenSentences(paths)  # doctest: +SKIP
        >>> np.array([70, 90, 3000, 8], np.int32) in seen  # doctest: +SKIP
        False
    """

    def __init__(self, shards):
        hashes = []
        for tokens, keys in read_shards(shards):
            ends = np.flatnonzero(np.diff(np.r_[False, keys > 0, False]))
            text = tokens.tobytes()
            hashes.append(
                np.fromiter(
                    (hash(text[2 * i : 2 * j]) for i, j in ends.reshape(-1, 2).tolist()), np.int64
                )
            )
        self._hashes = np.unique(np.concatenate(hashes))

    def __contains__(self, hanzi):
        """Whether a sentence, an int vector of token ids, occurs as a whole; not if short."""
        if len(hanzi) < SHORTEST:
            return False
        mark = hash(np.asarray(hanzi, "<u2").tobytes())
        place = np.searchsorted(self._hashes, mark)
        return place < len(self._hashes) and self._hashes[place] == mark
