"""Which keys a hanzi is typed with, and which hanzi a key brings up, in a tf.data graph."""

import numpy as np
import tensorflow as tf

from keras_pinyin.data.labelling import UNSURE
from keras_pinyin.text import FIRST_HANZI
from keras_pinyin.text.keys import ANY


class Typist:
    """Types labelled hanzi as people do: other readings, tones, prefixes.

    Args:
        lexicon: a `Lexicon`.
        batching: a `Batching`, for its rates and numbers of candidates.
    """

    def __init__(self, lexicon, batching):
        self.batching = batching
        keys = lexicon.keys
        candidates = lexicon.candidates()
        prefixes = np.zeros((len(keys), 6), np.int32)
        counts = np.ones(len(keys), np.int32)
        for index in range(len(keys)):
            cut = [*keys.prefixes(index)[:5], ANY]
            prefixes[index, : len(cut)] = cut
            prefixes[index, len(cut) :] = index
            counts[index] = max(len(cut), 1)
        readings, odds = _other_readings(lexicon, batching.other_reading)
        self.readings, self.reading_odds = tf.constant(readings), tf.constant(odds)
        self.untoned = tf.constant(keys.untoned)
        self.prefixes, self.prefix_count = tf.constant(prefixes), tf.constant(counts)
        self.allowed = tf.constant(candidates)
        self.allowed_count = tf.constant((candidates > 0).sum(1).astype(np.int32))

    def plain(self, labelled):
        """Untoned keys of labelled ones, int32 `[rows, length]`."""
        return tf.gather(self.untoned, labelled & (UNSURE - 1))

    def type(self, tokens, labelled, uniform):
        """Keys as they are typed.

        Args:
            tokens, labelled: int32 `[rows, length]`: hanzi, and toned keys with `UNSURE`.
            uniform: `uniform(salt, shape)` draws numbers from 0 to 1.

        Returns:
            int32 `[rows, length]`.
        """
        batching, shape = self.batching, tf.shape(tokens)
        rows = shape[0]
        # Where pypinyin guessed among readings, another may be what people type, and a tone would
        # teach the guess.
        guessed = labelled >= UNSURE
        with_tone = (uniform(1, [rows, 1]) < batching.tone_rate) & ~guessed
        keys = tf.where(with_tone, labelled & (UNSURE - 1), self.plain(labelled))
        drawn = uniform(7, shape)
        odds = tf.cumsum(tf.gather(self.reading_odds, tokens), axis=-1)  # [rows, length, 2]
        others = tf.gather(self.readings, tokens)
        other = tf.where(drawn < odds[..., 0], others[..., 0], others[..., 1])
        keys = tf.where(guessed & (drawn < odds[..., 1]), other, keys)
        cut_row = uniform(2, [rows, 1]) < batching.prefix_rate
        # Half of these rows end in an unfinished syllable, half have prefixes anywhere.
        ends = tf.concat([keys[:, 1:], tf.zeros([rows, 1], tf.int32)], 1) == 0
        anywhere = uniform(3, [rows, 1]) < 0.5
        cut = cut_row & (keys > 0) & tf.where(anywhere, uniform(4, shape) < 0.5, ends)
        choice = uniform(5, shape) * tf.cast(tf.gather(self.prefix_count, keys), tf.float32)
        prefix = tf.gather(self.prefixes, keys)  # [rows, length, 6]
        prefix = tf.gather(prefix, tf.cast(choice, tf.int32), batch_dims=2)
        return tf.where(cut, prefix, keys)

    def candidates(self, keys, uniform):
        """The most frequent hanzi of each key, and some of its tail.

        Returns:
            int32 `[rows, length, candidates]`.
        """
        batching = self.batching
        rows, length = tf.unstack(tf.shape(keys))
        count = tf.gather(self.allowed_count, keys)[..., None]
        drawn = batching.candidates - batching.frequent
        stride = tf.cast(tf.maximum(count - batching.frequent, drawn), tf.float32) / drawn
        strata = tf.range(drawn, dtype=tf.float32) + uniform(6, [rows, length, drawn])
        tail = batching.frequent + tf.cast(strata * stride, tf.int32)
        head = tf.zeros([rows, length, 1], tf.int32) + tf.range(batching.frequent)
        place = tf.minimum(tf.concat([head, tail], 2), self.allowed.shape[1] - 1)
        flat = keys[..., None] * self.allowed.shape[1] + place
        return tf.gather(tf.reshape(self.allowed, [-1]), flat)


def _other_readings(lexicon, rate):
    """Two untoned keys of every hanzi beside its main one, and how often they are typed for it."""
    keys, main = lexicon.keys, lexicon.main_keys
    readings = np.zeros((len(lexicon.vocabulary), 2), np.int32)
    odds = np.zeros(readings.shape, np.float32)
    totals = [sum(counts.values()) for counts in lexicon.entries.values()]
    sound = np.bincount(main[FIRST_HANZI:], weights=totals, minlength=len(keys))
    for i, counts in enumerate(lexicon.entries.values()):
        hanzi = FIRST_HANZI + i
        others = dict.fromkeys(keys.untoned[keys.ids[r]] for r in counts if r in keys.ids)
        others.pop(main[hanzi], None)
        for place, key in enumerate(list(others)[:2]):
            readings[hanzi, place] = key
            odds[hanzi, place] = rate * min(1, sound[key] / max(totals[i], 1))
    return readings, odds
