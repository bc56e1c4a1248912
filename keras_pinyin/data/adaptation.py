"""Adds what a user's own text says to memories that are full already."""

import numpy as np
from keras import ops

from keras_pinyin.data.memory import count_shards, new_counters, select_tables
from keras_pinyin.layers.ngram_memory import SLOTS, UNIT, ngram_hashes

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
    rows = ops.convert_to_numpy(memory.table)
    marks = rows[:, :SLOTS].astype(np.int64) * 256 + rows[:, SLOTS : 2 * SLOTS]
    values = rows[:, 2 * SLOTS :].copy()
    unigram = ops.convert_to_numpy(memory.unigram).astype(np.float64)
    if not table.ngrams:
        return 0
    found = [
        (*ngram_hashes(ids, memory.buckets), _said(ids, marks, values, unigram, memory), new, worth)
        for ids, new, worth in table.ngrams.values()
    ]
    bucket, mark, said, new, worth = (np.concatenate(column) for column in zip(*found))
    best = np.argsort(-worth, kind="stable")
    bucket, mark, said, new = bucket[best], mark[best], said[best], new[best]
    log_prob = np.logaddexp(np.log(share) + new, np.log1p(-share) + said)
    value = np.rint((np.clip(log_prob, -16.0, 0.0) + 16.0) / UNIT).astype(np.uint8)
    there = marks[bucket] == mark[:, None]  # [n, slots]
    old = there.any(1)
    values[bucket[old], there[old].argmax(1)] = value[old]
    # What is new: the best of a bucket take its last slots, half of them at most.
    fresh = np.flatnonzero(~old)
    fresh = fresh[np.argsort(bucket[fresh], kind="stable")]
    rank = np.arange(len(fresh)) - np.searchsorted(bucket[fresh], bucket[fresh])
    fresh, rank = fresh[rank < SLOTS // 2], rank[rank < SLOTS // 2]
    slot = SLOTS - 1 - rank
    marks[bucket[fresh], slot] = mark[fresh]
    values[bucket[fresh], slot] = value[fresh]
    memory.table.assign(np.concatenate([marks >> 8, marks & 255, values], axis=1).astype(np.uint8))
    mixture = np.logaddexp(np.log(share) + table.unigram, np.log1p(-share) + unigram)
    memory.unigram.assign(mixture.astype("float32"))
    return int(old.sum()) + len(fresh)


def _said(ids, marks, values, unigram, memory):
    """Log-probabilities that a memory gives to n-grams, by backoff where it lacks them."""
    order = ids.shape[1]
    said = unigram[ids[:, -1]] + BACKOFF * (order - 1)
    for length in range(2, order + 1):
        bucket, mark = ngram_hashes(ids[:, order - length :], memory.buckets)
        there = marks[bucket] == mark[:, None]
        hit = there.any(1)
        value = values[bucket[hit], there[hit].argmax(1)] * UNIT - 16.0
        said[hit] = value + BACKOFF * (order - length)
    return said
