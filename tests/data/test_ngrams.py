from collections import Counter

import numpy as np
import pytest

from keras_pinyin.data.ngrams import NGramCounter, SoundCounter, pack, select_ngrams, unpack

FIRST = 10


def documents(count, last):
    """Documents of ids 3 (punctuation), 4 (a number) and hanzi up to `last`, low ones frequent."""
    rng = np.random.default_rng(0)
    ids = np.array([3, 4, *range(FIRST, last + 1)])
    share = 1 / np.arange(1, len(ids) + 1)
    return [rng.choice(ids, rng.integers(1, 40), p=share / share.sum()) for _ in range(count)]


def naive_counts(docs, order):
    counts = {n: Counter() for n in range(1, order + 1)}
    for doc in docs:
        tokens = [2, *(t if t >= FIRST or t == 4 else 2 for t in doc.tolist())]
        tokens = [t for i, t in enumerate(tokens) if not (i and t == 2 == tokens[i - 1])]
        for n in counts:
            for i in range(len(tokens) - n + 1):
                gram = tuple(tokens[i : i + n])
                if gram[-1] >= FIRST and 2 not in gram[1:]:
                    counts[n][gram] += 1
    return counts


@pytest.mark.parametrize("chunk", [1 << 24, 50])
def test_counts_are_those_of_a_plain_loop(chunk):
    docs = documents(60, last=15)
    counter = NGramCounter(order=4, first_hanzi=FIRST, chunk=chunk)
    for doc in docs:
        counter.add(doc)
    for n, expected in naive_counts(docs, 4).items():
        grams, counts = counter.counts()[n]
        found = dict(zip(map(tuple, unpack(grams, n).tolist()), counts.tolist()))
        assert found == expected


def test_pack_and_unpack():
    tokens = np.random.default_rng(0).integers(0, 32768, 20)
    grams = unpack(pack(tokens, 4), 4)
    assert (grams == np.stack([tokens[i : i + 17] for i in range(4)], 1)).all()


def selected(capacity, shares=(0.5, 0.75)):
    counter = NGramCounter(order=3, first_hanzi=FIRST)
    for doc in documents(100, last=59):
        counter.add(doc)
    sound = np.arange(60) // 2
    return counter.counts(), select_ngrams(
        counter.counts(),
        vocabulary_size=60,
        capacity=capacity,
        sound=sound,
        homophone_shares=shares,
    )


def test_probabilities_of_a_context_sum_to_at_most_one():
    counts, table = selected(10**6, shares=(0.0, 0.0))
    assert np.exp(table.unigram).sum() == pytest.approx(1)
    for order, (grams, log_prob, _) in table.ngrams.items():
        totals = Counter()
        for gram, value in zip(map(tuple, grams.tolist()), log_prob):
            totals[gram[:-1]] += np.exp(value)
        assert max(totals.values()) < 1 + 1e-6
        # What is kept is likelier than the shorter n-gram says, and backed by counts.
        known = set(map(tuple, unpack(counts[order][0], order).tolist()))
        assert set(map(tuple, grams.tolist())) <= known


def test_log_probabilities_are_interpolated_absolute_discounting():
    counts, table = selected(10**6)
    grams, count = counts[2]
    pairs = dict(zip(map(tuple, unpack(grams, 2).tolist()), count.tolist()))
    once, twice = (sum(c == n for c in pairs.values()) for n in (1, 2))
    discount = once / (once + 2 * twice)
    ids, log_prob, _ = table.ngrams[2]
    assert len(ids) > 10
    for (before, hanzi), found in zip(ids.tolist(), log_prob):
        row = [c for (a, _), c in pairs.items() if a == before]
        backoff = discount * len(row) / sum(row)
        direct = (pairs[before, hanzi] - discount) / sum(row)
        expected = direct + backoff * np.exp(table.unigram[hanzi])
        assert found == pytest.approx(np.log(expected))


def test_selection_keeps_the_most_useful():
    _, everything = selected(10**6)
    _, few = selected(20)
    worth = np.sort(np.concatenate([w for _, _, w in everything.ngrams.values()]))[::-1]
    kept = np.concatenate([w for _, _, w in few.ngrams.values()])
    assert len(worth) > 20
    np.testing.assert_allclose(np.sort(kept)[::-1], worth[:20])


def test_each_order_has_its_own_share_of_homophones():
    worths = {
        shares: {order: worth for order, (_, _, worth) in selected(10**6, shares)[1].ngrams.items()}
        for shares in ((0.0, 0.0), (0.0, 1.0), (1.0, 1.0))
    }
    mixed = worths[0.0, 1.0]
    np.testing.assert_array_equal(mixed[2], worths[0.0, 0.0][2])
    np.testing.assert_array_equal(mixed[3], worths[1.0, 1.0][3])
    assert len(mixed[3]) < len(worths[0.0, 0.0][3])  # those without a homophone are worth nothing


def test_no_hanzi():
    counter = NGramCounter(order=2, first_hanzi=FIRST)
    counter.add(np.array([3, 4]))
    with pytest.raises(ValueError, match="no hanzi"):
        select_ngrams(
            counter.counts(),
            vocabulary_size=16,
            capacity=9,
            sound=np.zeros(16, int),
            homophone_shares=(0.5,),
        )


def test_words_count_inside_themselves_only():
    counter = NGramCounter(order=3, first_hanzi=FIRST)
    counter.add(np.array([10, 11]))
    counter.add_words([np.array([10, 11, 12]), np.array([12, 13])], np.array([5, 5]))
    found = {
        n: dict(zip(map(tuple, unpack(grams, n).tolist()), counts.tolist()))
        for n, (grams, counts) in counter.counts().items()
    }
    assert found[1] == {(10,): 1, (11,): 1}  # how often each is written alone, text tells
    assert found[2] == {(2, 10): 1, (10, 11): 6, (11, 12): 5, (12, 13): 5}
    assert found[3] == {(2, 10, 11): 1, (10, 11, 12): 5}


@pytest.mark.parametrize("chunk", [1 << 24, 30])
def test_sounds_around_a_hanzi_are_those_of_a_plain_loop(chunk):
    rng = np.random.default_rng(1)
    counter, expected = SoundCounter(chunk=chunk), {n: Counter() for n in (1, 2, 3, 4)}
    for _ in range(30):
        tokens = rng.integers(FIRST, 20, rng.integers(1, 15))
        sounds = np.where(rng.random(len(tokens)) < 0.2, 0, tokens // 2)
        counter.add(tokens, sounds)
        padded = [0, *sounds.tolist(), 0, 0]
        for i, hanzi in enumerate(tokens.tolist()):
            before, here, after, later = padded[i : i + 4]
            if here:
                gram = (later if after else 0, before, after, hanzi)
                for n in expected:
                    expected[n][gram[4 - n :]] += 1
    for n, (grams, counts) in counter.counts().items():
        found = dict(zip(map(tuple, unpack(grams, n).tolist()), counts.tolist()))
        assert found == expected[n]
