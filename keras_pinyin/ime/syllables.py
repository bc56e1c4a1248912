"""How likely syllables follow each other."""

import numpy as np


class SyllableScores:
    """Costs in nats of a key after the keys before it.

    Args:
        bigrams: float32 `[keys, keys]`, cost of each key (column) after each (row); row 0 is the
            beginning, or what follows something that is no key.
    """

    def __init__(self, bigrams):
        self._bigrams = bigrams

    @classmethod
    def even(cls, keys):
        """Scores under which all syllables are alike."""
        count, end = keys.first_prefix - 2, keys.first_toned
        share = np.ones(end, np.float32)
        for key in range(keys.first_prefix, end):
            share[key] = sum(name.startswith(keys.names[key]) for name in keys.syllables) or 1
        row = np.log(count) - np.log(share)
        row[:2] = 0.0
        return cls(np.tile(row.astype(np.float32), (end, 1)))

    def rows(self, recent):
        """Costs of every key after pairs of keys, float32 `[pairs, keys]`."""
        return self._bigrams[[last for _, last in recent]]
