"""What rows of a batch teach: conversion, or to tell hanzi and pinyin that were hidden."""

import numpy as np
import tensorflow as tf

from keras_pinyin.data.labelling import UNSURE
from keras_pinyin.text import FIRST_HANZI
from keras_pinyin.text.keys import ANY

OBJECTIVES = ("conversion", "masked_hanzi", "masked_pinyin", "next_hanzi")
MASKED = 0.25  # of the words of a row
HEARD = 0.5  # of the masked words: their pinyin is shown
READINGS, OWN = 8, 4  # what a reading is told from, and how many of them are the hanzi's own


def read_mix(text):
    """Objectives and their weights, the shares of rows that they get.

    Args:
        text: names, separated by commas, each with `=weight` if it is not 1.

    Returns:
        dict name -> float.

    Raises:
        ValueError: if a name is unknown, comes twice, or a weight is no positive number.

    Example:
        >>> read_mix("conversion,masked_hanzi=0.5")
        {'conversion': 1.0, 'masked_hanzi': 0.5}
    """
    mix = {}
    for part in text.split(","):
        name, _, weight = (piece.strip() for piece in part.partition("="))
        if name not in OBJECTIVES:
            raise ValueError(
                f"There is no objective {name!r}: choose from {', '.join(OBJECTIVES)}."
            )
        if name in mix:
            raise ValueError(f"The objective {name} is there twice: name it once.")
        try:
            mix[name] = float(weight or 1)
        except ValueError:
            mix[name] = 0.0
        if not 0 < mix[name] < float("inf"):
            raise ValueError(
                f"The weight of {name} is {weight!r}, but must be a number above 0: "
                "leave out what is not wanted."
            )
    return mix


class Objectives:
    """Rewrites rows of conversion so that each carries one objective of a mix.

    - `masked_hanzi` (whole words, by jieba; Cui et al., 2021, "Pre-Training with Whole Word
      Masking for Chinese BERT"): the rest of the row is read on both sides. The key of a masked
      hanzi is its syllable, or `<any>`.
    - `masked_pinyin`: the row is read, but for the pinyin of some hanzi, which is to be told.
    - `next_hanzi`: from a place in the row on, all keys are `<any>`.

    Under `<any>` every hanzi is possible, and a few are drawn. The vocabulary is in order of
    frequency: each candidate is drawn from a stretch of it, and the longer the stretch, the more
    hanzi it stands for. Their logarithms are added to the scores, so that the softmax over the
    few is, on average, the one over all (Jean et al., 2015, "On Using Very Large Target
    Vocabulary for Neural Machine Translation").

    Args:
        lexicon: a `Lexicon`.
        mix: dict name -> weight, as `read_mix` gives it.
        candidates: int, hanzi that the softmax of a position is restricted to.
    """

    def __init__(self, lexicon, mix, candidates):
        reached = np.cumsum([mix.get(name, 0.0) for name in OBJECTIVES])
        self.reached = tf.constant(reached / reached[-1], tf.float32)
        self.tokens = lexicon.vocabulary.tokens
        self.edges = stretches(len(self.tokens) - FIRST_HANZI, candidates)
        keys = lexicon.keys
        self.toned = (keys.first_toned, len(keys))
        own = np.zeros((len(self.tokens), OWN), np.int32)
        for i, readings in enumerate(lexicon.entries.values()):
            known = [keys.ids[reading] for reading in readings if reading in keys.ids][:OWN]
            own[FIRST_HANZI + i, : len(known)] = known
        self.own = tf.constant(own)

    def hide(self, tokens, labelled, keys, uniform):
        """Keys of the objectives instead of those of conversion.

        Args:
            tokens, labelled, keys: int32 `[rows, length]`: hanzi, toned keys with `UNSURE`, and
                keys as they are typed.
            uniform: `uniform(salt, shape)` draws numbers from 0 to 1.

        Returns:
            keys: int32 `[rows, length]`. hidden: bool, where the key says nothing of the hanzi.
            asked: bool, where the pinyin is to be told.
        """
        shape = tf.shape(tokens)
        objective = tf.searchsorted(self.reached, uniform(8, [shape[0]]), side="right")
        rows = {name: (objective == i)[:, None] for i, name in enumerate(OBJECTIVES)}
        run = keys > 0
        # Words are masked as a whole, and at least one of a row.
        first = tf.numpy_function(self._word_starts, [tokens, run & rows["masked_hanzi"]], tf.int32)
        first = tf.ensure_shape(first, tokens.shape)
        sure = run & ((labelled < UNSURE) | ~rows["masked_pinyin"])
        drawn = tf.where(sure, tf.gather(uniform(9, shape), first, batch_dims=1), 1.0)
        lowest = tf.reduce_min(drawn, axis=1, keepdims=True)
        masked = sure & (drawn <= tf.maximum(lowest, MASKED))
        heard = tf.gather(uniform(10, shape), first, batch_dims=1) < HEARD
        place = tf.cumsum(tf.cast(run, tf.float32), axis=1) - 1.0
        size = tf.reduce_sum(tf.cast(run, tf.float32), axis=1, keepdims=True)
        unwritten = run & (place >= tf.floor(uniform(11, [shape[0], 1]) * size))
        keys = tf.where(rows["conversion"] | (rows["masked_hanzi"] & masked), keys, 0)
        hidden = (rows["masked_hanzi"] & masked & ~heard) | (rows["next_hanzi"] & unwritten)
        return tf.where(hidden, ANY, keys), hidden, rows["masked_pinyin"] & masked

    def _word_starts(self, tokens, wanted):
        """Where the word of each position begins, int32 `[rows, length]`; itself if not wanted."""
        import jieba

        jieba.setLogLevel("WARNING")
        starts = np.tile(np.arange(tokens.shape[1], dtype=np.int32), (len(tokens), 1))
        for row, here, start in zip(tokens, wanted, starts):
            at = np.flatnonzero(here)
            if len(at):
                place = at[0]
                for word in jieba.cut("".join(self.tokens[i] for i in row[at])):
                    start[place : place + len(word)] = place
                    place += len(word)
        return starts

    def draw(self, tokens, candidates, hidden, uniform):
        """Candidates from the whole vocabulary where the key says nothing.

        Returns:
            candidates: int32 `[rows, length, candidates]`. offsets: float32 of the same shape,
            logarithms of how many hanzi each stands for.
        """
        width = np.diff(self.edges)
        drawn = tf.cast(uniform(12, tf.shape(candidates)) * width.astype("float32"), tf.int32)
        drawn = tf.where(width > 0, FIRST_HANZI + self.edges[:-1] + drawn, 0)
        gold = tokens[..., None]
        stretch = (gold - FIRST_HANZI >= self.edges[:-1]) & (gold - FIRST_HANZI < self.edges[1:])
        drawn = tf.where(stretch, gold, drawn)
        offsets = tf.where(hidden[..., None], np.log(np.maximum(width, 1)).astype("float32"), 0.0)
        return tf.where(hidden[..., None], drawn, candidates), offsets

    def readings(self, tokens, asked, uniform):
        """Toned keys that a reading is told from, int32 `[rows, length, 8]`, 0 for none."""
        own = tf.gather(self.own, tokens)
        low, high = self.toned
        shape = [*tf.unstack(tf.shape(tokens)), READINGS - OWN]
        other = low + tf.cast(uniform(13, shape) * (high - low), tf.int32)
        again = tf.reduce_any(other[..., None] == own[:, :, None], axis=-1)
        readings = tf.concat([own, tf.where(again, 0, other)], axis=-1)
        return tf.where(asked[..., None], readings, 0)


def stretches(size, parts):
    """Edges of the stretches of a vocabulary in order of frequency, int32 `[parts + 1]`.

    By Zipf's law stretches whose lengths grow by a factor are about equally likely.

    Example:
        >>> stretches(100, 6).tolist()
        [0, 1, 4, 9, 21, 46, 100]
    """
    edges = np.geomspace(1, size + 1, parts + 1).round().astype(np.int32) - 1
    for i in range(1, parts):
        edges[i] = max(edges[i], edges[i - 1] + 1)
    return np.minimum(edges, size)
