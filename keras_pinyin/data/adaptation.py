"""Adds what a user's own text says to memories that are full already."""

import numpy as np
from keras import ops

from keras_pinyin.data.memory import count_shards, new_counters, select_tables
from keras_pinyin.layers._buckets import SLOTS, find_slots, ngram_hashes
from keras_pinyin.layers._levels import LEVELS, nearest

BACKOFF = np.log(0.4)  # per order that is missing (Brants et al., 2007)


def adapt_memory(model, shards, *, share=0.3, room=0.25):
    """Mixes the n-grams of new text into the counted memories of a model.

    The counts that filled a memory are gone, but its log-probabilities are there, and within a
    bucket slots lie in order of worth. So the new n-grams that are worth most get the mixture
    `share * new + (1 - share) * old`, where old is what the memory said so far, by backoff where
    it had no such n-gram; one that it had changes in place, others take the last slots of their
    buckets, where empty or worth least.

    Args:
        model: a `PinyinTransformer` with a lexicon.
        shards: paths of shards of the new text.
        share: float, of the new text in a mixture.
        room: float, share of the slots that new n-grams may take.

    Returns:
        int, n-grams that were changed or found a place.

    Raises:
        ValueError: if the shards hold no hanzi.
    """
    counters = new_counters(model)
    count_shards(counters, shards, model.lexicon)
    return sum(mix(*found, share) for found in select_tables(model, counters, room))


def mix(memory, table, share):
    """Mixes an `NGramTable` into an `NGramMemory`, see `adapt_memory`; returns how many fit."""
    marks, stored = memory.read_slots()
    levels = ops.convert_to_numpy(memory.levels).reshape(-1, LEVELS)
    unigram = ops.convert_to_numpy(memory.unigram).astype(np.float64)
    if not table.ngrams:
        return 0

    def mixture(new, old):
        return np.logaddexp(np.log(share) + new, np.log1p(-share) + old)

    found = []
    for order, (ids, new, worth) in table.ngrams.items():
        log_prob = mixture(new, _said(ids, marks, stored, levels, unigram, memory))
        level = nearest(levels[order - 2], log_prob)
        found.append((*ngram_hashes(ids, memory.buckets), level, worth))
    both, mark, level, worth = (np.concatenate(column) for column in zip(*found))
    best = np.argsort(-worth, kind="stable")
    both, mark, level = both[best], mark[best], level[best]
    place = find_slots(marks, both, mark)
    old = place >= 0
    stored.reshape(-1)[place[old]] = level[old]
    # What is new: the best of a bucket take its last slots, half of them at most.
    fresh, bucket = np.flatnonzero(~old), both[:, 0]
    fresh = fresh[np.argsort(bucket[fresh], kind="stable")]
    rank = np.arange(len(fresh)) - np.searchsorted(bucket[fresh], bucket[fresh])
    fresh, rank = fresh[rank < SLOTS // 2], rank[rank < SLOTS // 2]
    slot = SLOTS - 1 - rank
    marks[bucket[fresh], slot] = mark[fresh]
    stored[bucket[fresh], slot] = level[fresh]
    memory.write_slots(marks, stored)
    memory.unigram.assign(mixture(table.unigram, unigram).astype("float32"))
    return int(old.sum()) + len(fresh)


def _said(ids, marks, stored, levels, unigram, memory):
    """Log-probabilities that a memory gives to n-grams, by backoff where it lacks them."""
    order = ids.shape[1]
    said = unigram[ids[:, -1]] + BACKOFF * (order - 1)
    for length in range(2, order + 1):
        place = find_slots(marks, *ngram_hashes(ids[:, order - length :], memory.buckets))
        hit = place >= 0
        value = levels[length - 2, stored.reshape(-1)[place[hit]]]
        said[hit] = value + BACKOFF * (order - length)
    return said
