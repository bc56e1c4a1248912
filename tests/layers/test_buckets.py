"""Every n-gram has two buckets, and the best find room."""

import numpy as np

from keras_pinyin.layers._buckets import EMPTY, SLOTS, fill_slots, find_slots, ngram_hashes

BUCKETS = 1009
RNG = np.random.default_rng(0)


def hashed(count):
    return ngram_hashes(RNG.choice(1 << 15, (count, 3)), BUCKETS)


def test_nearly_all_slots_fill_before_an_ngram_is_left_out():
    both, _ = hashed(int(0.85 * SLOTS * BUCKETS))
    held = fill_slots(both, BUCKETS)
    placed = held[held >= 0]
    assert len(np.unique(placed)) == len(placed) == len(both)
    bucket = np.nonzero(held >= 0)[0]
    assert (both[placed] == bucket[:, None]).any(1).all()
    # Of one bucket each, a fifth would find it full.
    _, sizes = np.unique(both[:, 0], return_counts=True)
    assert np.maximum(sizes - SLOTS, 0).sum() > 0.2 * len(both)


def test_the_best_stay_where_there_are_too_many():
    room = SLOTS * BUCKETS
    both, _ = hashed(3 * room)
    held = fill_slots(both, BUCKETS)
    assert (held >= 0).mean() > 0.999
    kept = np.isin(np.arange(3 * room), held)
    assert kept[:room].mean() > 0.9
    # Of one bucket of four each, a fifth would find it full.
    _, sizes = np.unique(both[:room, 0] // 2, return_counts=True)
    assert 0.18 < np.maximum(sizes - 2 * SLOTS, 0).sum() / room < 0.22
    assert kept[: int(0.8 * room)].mean() > 0.95
    assert kept[int(1.4 * room) :].mean() < 0.02
    assert (np.diff(held, axis=1) > 0).all()  # best first


def test_slots_are_found_by_bucket_and_fingerprint():
    both, mark = hashed(1500)
    held = fill_slots(both, BUCKETS)
    marks = np.where(held >= 0, mark[held], EMPTY)
    place = find_slots(marks, both, mark)
    right = held.reshape(-1)[place] == np.arange(1500)
    assert (place >= 0).all() and right.mean() > 0.999  # or one with the same fingerprint
    other_both, other_mark = hashed(1500)
    assert (find_slots(marks, other_both, other_mark) < 0).mean() > 0.99
