"""Counts how syllables follow each other in labelled shards."""

from pathlib import Path

import numpy as np

from keras_pinyin.data.labelling import UNSURE
from keras_pinyin.data.ngrams import NGramCounter, unpack
from keras_pinyin.data.shards import read_shards
from keras_pinyin.text.files import write_whole
from keras_pinyin.text.syllables import FILE, NEVER, STEP, SyllableScores

BOUNDARY = 1  # no syllable has this id
DISCOUNT = 0.75  # of counts (Ney, Essen and Kneser, 1994)


def count_syllables(shards, keys, trigrams=32_000):
    """The table of syllables that goes with a model.

    Args:
        shards: paths of shards.
        keys: a `KeyTable`.
        trigrams: int, how many to keep: those that are worth most beside the bigrams.

    Returns:
        A `SyllableScores`.
    """
    counter = NGramCounter(order=3, first_hanzi=2, boundary=BOUNDARY, transparent=())
    for _, typed in read_shards(shards):
        syllables = keys.untoned[typed & (UNSURE - 1)]
        counter.add(np.where(syllables < keys.first_prefix, syllables, 0))
    counts = {n: (unpack(grams, n), count) for n, (grams, count) in counter.counts().items()}
    alone = np.full(keys.first_prefix, 0.5)
    alone[:2] = 0.0
    grams, count = counts[1]
    alone[grams[:, 0]] += count
    pairs = np.zeros((keys.first_prefix, keys.first_prefix))
    grams, count = counts[2]
    pairs[grams[:, 0], grams[:, 1]] = count
    after = _interpolate(pairs, alone / alone.sum())
    grams, costs = _trigrams(*counts[3], after, trigrams)
    grams[grams == BOUNDARY] = 0
    cost = -np.log(np.maximum(after[BOUNDARY:, 2:], np.exp(-NEVER)))
    return SyllableScores(keys, _quantize(cost), grams, _quantize(costs))


def write_syllables(shards, keys, folder):
    """Counts syllables and puts the table into the folder of a model, for export to find.

    Args:
        shards: paths of shards.
        keys: the `KeyTable` of the model.
        folder: path.
    """
    write_whole(Path(folder) / FILE, count_syllables(shards, keys).to_bytes())


def _interpolate(pairs, alone):
    """Probabilities of syllables after syllables, discounted for what was never seen."""
    total = np.maximum(pairs.sum(axis=1, keepdims=True), 1)
    left = np.where(pairs.any(axis=1, keepdims=True), 0.0, 1.0)
    left += DISCOUNT * (pairs > 0).sum(axis=1, keepdims=True) / total
    return np.maximum(pairs - DISCOUNT, 0) / total + left * alone


def _trigrams(grams, count, after, wanted):
    """The trigrams that are worth most, sorted, and costs of their last syllables."""
    if not len(grams):
        return np.zeros((0, 3), np.int32), np.zeros(0)
    change = (grams[1:, :2] != grams[:-1, :2]).any(axis=1)
    first, group = np.flatnonzero(np.r_[True, change]), np.cumsum(np.r_[False, change])
    total = np.add.reduceat(count, first)[group]
    left = DISCOUNT * np.bincount(group)[group] / total
    below = after[grams[:, 1], grams[:, 2]]
    likely = np.maximum(count - DISCOUNT, 0) / total + left * below
    worth = count * np.log(likely / below)
    best = np.sort(np.argsort(-worth, kind="stable")[:wanted])
    best = best[worth[best] > 0]
    return grams[best], -np.log(likely[best])


def _quantize(cost):
    return np.minimum(np.round(cost / STEP), 255).astype(np.uint8)
