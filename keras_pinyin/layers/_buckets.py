"""Where the n-grams of a hashed table lie: in one of two buckets each."""

import numpy as np

SLOTS = 2
MOST_BUCKETS = 1 << 21  # more would not be hashed in 32 bits
FINGERPRINT_PRIME = 65521
FINGERPRINT_FACTOR = 32749
EMPTY = 65535  # the fingerprint of an empty slot, which is no remainder of the prime
FARTHEST = 8  # moves that may make room for an n-gram
CHUNKS = 64  # n-grams find places so many parts after each other, the best part first


def is_prime(n):
    """Whether a number, at least 0, can be the number of buckets."""
    return n > 3 and n % 2 and all(n % d for d in range(3, int(n**0.5) + 1, 2))


def factor(buckets):
    """What a bucket is multiplied with before the next token joins, within 32 bits."""
    return (1 << 31) // buckets - 32


def stride(buckets):
    """How far the second bucket moves on as the fingerprint grows by one."""
    return max(buckets // FINGERPRINT_PRIME, 1)


def ngram_hashes(ngrams, buckets):
    """The two buckets and the fingerprint of n-grams, the same numbers as the graph computes.

    Args:
        ngrams: int array `[n, order]` of token ids below 32768.
        buckets: int, a prime below 2**21.

    Returns:
        Buckets, int64 `[n, 2]`, and fingerprints, int64 `[n]`.
    """
    ngrams = np.asarray(ngrams, np.int64)
    bucket = np.full(len(ngrams), ngrams.shape[1], np.int64)
    mark = bucket.copy()
    for column in ngrams.T:
        bucket = (bucket * factor(buckets) + column) % buckets
        mark = (mark * FINGERPRINT_FACTOR + column) % FINGERPRINT_PRIME
    # As in cuckoo filters (Fan et al., 2014, "Cuckoo Filter: Practically Better Than Bloom").
    return np.stack([bucket, (bucket + (mark + 1) * stride(buckets)) % buckets], axis=1), mark


def find_slots(marks, both, mark):
    """The slots, numbered through all buckets, that hold n-grams; -1 for those that none holds.

    Args:
        marks: int `[buckets, 2]`, fingerprints of a table.
        both, mark: as `ngram_hashes` gives them.
    """
    there = (marks[both] == mark[:, None, None]).reshape(len(mark), -1)
    place = there.argmax(1)
    slot = both[np.arange(len(mark)), place // SLOTS] * SLOTS + place % SLOTS
    return np.where(there.any(1), slot, -1)


def fill_slots(both, buckets):
    """Gives n-grams a slot of one of their buckets; where there are too few, the best stay.

    Each goes where it is nearer to room, as far as is known, and moves another on to its other
    bucket (Khosla, 2013, "Balls into Bins Made Faster").

    Args:
        both: int `[n, 2]`, buckets of n-grams, the best n-gram first.
        buckets: int.

    Returns:
        int64 `[buckets, 2]`, the n-gram in each slot, best first in a bucket; -1 for none.
    """
    total = both.sum(axis=1)
    moves = np.zeros(buckets, np.int64)  # at least so many until one finds room, from here
    held = np.full((buckets, SLOTS), -1)
    for homeless in np.array_split(np.arange(len(both)), CHUNKS):
        target = both[homeless, moves[both[homeless]].argmin(axis=1)]
        while len(homeless):
            # One newcomer to a bucket at a time.
            bucket, first = np.unique(target, return_index=True)
            group = np.concatenate([held[bucket], homeless[first, None]], axis=1)
            other = np.where(group < 0, 0, total[group] - bucket[:, None])
            away = np.where(group < 0, -1, moves[other])
            nearest = away.min(axis=1)
            full = nearest >= FARTHEST
            moves[bucket] = np.maximum(moves[bucket], np.minimum(nearest + 1, FARTHEST))
            rows = np.arange(len(bucket))
            leaves = np.where(full, group.argmax(axis=1), away.argmin(axis=1))
            leaving, other = group[rows, leaves], other[rows, leaves]
            # Where there is no room the worst leaves, for good unless it finds a worse one.
            goes = (leaving >= 0) & (~full | (held[other].max(axis=1) > leaving))
            group[rows, leaves] = group[:, -1]
            held[bucket] = group[:, :-1]
            homeless = np.r_[np.delete(homeless, first), leaving[goes]]
            target = np.r_[np.delete(target, first), other[goes]]
    best = np.argsort(np.where(held < 0, len(both), held), axis=1)
    return np.take_along_axis(held, best, axis=1)
