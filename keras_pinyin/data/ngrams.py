"""Counts the hanzi n-grams of a corpus and keeps those that help conversion most."""

from dataclasses import dataclass

import numpy as np

BITS = 15  # a token id; four of them fit one unsigned 64-bit integer
MASK = np.uint64((1 << BITS) - 1)
SHIFT = np.uint64(BITS)


def pack(tokens, order):
    """Every n-gram of a token sequence as one integer, uint64 `[len(tokens) - order + 1]`."""
    length = max(len(tokens) - order + 1, 0)
    packed = np.zeros(length, np.uint64)
    for start in range(order):
        packed = (packed << SHIFT) | tokens[start : start + length].astype(np.uint64)
    return packed


def unpack(packed, order):
    """The inverse of `pack`: int32 `[n, order]`."""
    shifts = np.arange(order - 1, -1, -1, dtype=np.uint64) * SHIFT
    return ((packed[:, None] >> shifts) & MASK).astype(np.int32)


def merge_counts(pairs):
    """Adds up (sorted n-grams, counts) pairs: one such pair, every n-gram in it once.

    Example:
        >>> a, b = (np.uint64([3, 7]), np.int64([1, 1])), (np.uint64([7]), np.int64([5]))
        >>> [x.tolist() for x in merge_counts([a, b])]
        [[3, 7], [1, 6]]
    """
    grams, counts = (np.concatenate(column) for column in zip(*pairs))
    if not len(grams):
        return grams, counts
    by_gram = np.argsort(grams, kind="stable")
    grams = grams[by_gram]
    first = np.flatnonzero(np.r_[True, grams[1:] != grams[:-1]])
    return grams[first], np.add.reduceat(counts[by_gram], first)


class _Counter:
    """Counts n-grams packed into integers, in bounded memory.

    Args:
        order: int, the longest n-gram, at most 4.
        chunk: int, tokens sorted at a time.
        limit: int, n-grams of one order held; over it those counted once are dropped.
    """

    def __init__(self, *, order=4, chunk=1 << 24, limit=1 << 27):
        if not 2 <= order <= 4:
            raise ValueError(f"order is {order}, but n-grams of 2 to 4 hanzi are counted.")
        self.order = order
        self.chunk = chunk
        self.limit = limit
        self._waiting = []
        self._size = 0
        empty = (np.zeros(0, np.uint64), np.zeros(0, np.int64))
        self._counts = {n: empty for n in range(1, order + 1)}

    def _wait(self, item, size):
        self._waiting.append(item)
        self._size += size
        if self._size >= self.chunk:
            self._flush()

    def _flush(self):
        if not self._waiting:
            return
        waiting, self._waiting, self._size = self._waiting, [], 0
        for n, grams in self._grams(waiting):
            grams = np.sort(grams)
            first = np.flatnonzero(np.r_[True, grams[1:] != grams[:-1]]) if len(grams) else []
            self.add_counts(n, grams[first], np.diff(np.r_[first, len(grams)]).astype(np.int64))

    def add_counts(self, n, grams, counts):
        """Adds n-grams counted elsewhere: uint64 as `pack` makes them, and int64."""
        grams, counts = merge_counts([self._counts[n], (grams, counts)])
        if len(grams) > self.limit:
            grams, counts = grams[counts > 1], counts[counts > 1]
        self._counts[n] = grams, counts

    def counts(self):
        """dict order -> (sorted uint64 n-grams, int64 counts)."""
        self._flush()
        return self._counts


class NGramCounter(_Counter):
    """Counts n-grams of written text that end in a hanzi.

    Everything that is neither hanzi, number nor latin ends a context: it becomes `boundary`,
    which n-grams may start with but not contain further on.

    Args:
        first_hanzi: int, ids from here on are hanzi.
        boundary: int, the id that stands for every boundary.
        transparent: ids below `first_hanzi` that contexts keep (number, latin).
        options: `order`, the longest n-gram, at most 4; `chunk`, tokens sorted at a time;
            `limit`, n-grams of one order held: over it those counted once are dropped.

    Example:
        >>> counter = NGramCounter(order=2, first_hanzi=10)
        >>> counter.add(np.array([12, 13, 12, 13], np.uint16))
        >>> grams, counts = counter.counts()[2]
        >>> dict(zip(map(tuple, unpack(grams, 2).tolist()), counts.tolist()))
        {(2, 12): 1, (12, 13): 2, (13, 12): 1}
    """

    def __init__(self, *, first_hanzi, boundary=2, transparent=(4, 5), **options):
        super().__init__(**options)
        self.first_hanzi = first_hanzi
        self.boundary = boundary
        self.transparent = tuple(transparent)

    def add(self, tokens):
        """Counts one document, an int array of token ids."""
        tokens = np.asarray(tokens, np.uint16)
        keep = (tokens >= self.first_hanzi) | np.isin(tokens, self.transparent)
        tokens = np.r_[np.uint16(self.boundary), np.where(keep, tokens, self.boundary)]
        self._wait(tokens, len(tokens))

    def add_words(self, words, times):
        """Counts what lies inside words: nothing is said of their ends, nor of single hanzi.

        How often a hanzi is written alone, text tells; a list of names and terms does not.

        Args:
            words: list of int arrays of hanzi ids.
            times: int array, how often each is counted.
        """
        if not words:
            return
        flat = np.concatenate(words)
        word = np.repeat(np.arange(len(words)), [len(w) for w in words])
        for n in range(2, self.order + 1):
            grams = pack(flat, n)
            inside = word[: len(grams)] == word[n - 1 :]
            self.add_counts(n, grams[inside], times[word[: len(grams)][inside]])

    def _grams(self, waiting):
        tokens = np.concatenate(waiting).astype(np.uint16)
        boundary = tokens == self.boundary
        tokens = tokens[np.r_[True, ~(boundary[1:] & boundary[:-1])]]
        hanzi, boundary = tokens >= self.first_hanzi, tokens == self.boundary
        for n in range(1, self.order + 1):
            grams = pack(tokens, n)
            valid = hanzi[n - 1 :].copy()
            for inside in range(1, n - 1):
                valid &= ~boundary[inside : inside + len(valid)]
            yield n, grams[valid]


class SoundCounter(_Counter):
    """Counts hanzi with the syllables around them, what is heard before anything is written.

    The n-grams are `(next syllable, hanzi)`, `(syllable before, next, hanzi)` and `(next but one,
    before, next, hanzi)`, with 0 for whatever is no syllable.

    Args:
        options: `chunk` and `limit`, as for `NGramCounter`.
    """

    def add(self, tokens, syllables):
        """Counts one document: ids of tokens, and of their syllables, 0 where there is none."""
        self._wait((np.r_[tokens, 0], np.r_[syllables, 0]), len(tokens) + 1)

    def _grams(self, waiting):
        tokens, syllables = (np.concatenate(column).astype(np.uint64) for column in zip(*waiting))
        padded = np.r_[np.uint64(0), syllables, np.zeros(2, np.uint64)]
        typed = syllables > 0
        before, after, later = (padded[i : i + len(tokens)][typed] for i in (0, 2, 3))
        later = np.where(after == 0, 0, later)
        columns = [tokens[typed], after, before, later]
        grams = np.zeros(len(after), np.uint64)
        for n, column in enumerate(columns[: self.order], 1):
            grams = grams | (column << np.uint64(BITS * (n - 1)))
            yield n, grams


@dataclass
class NGramTable:
    """What `NGramMemory.fill` takes: `ngrams` by order, and `unigram` log-probabilities."""

    ngrams: dict
    unigram: np.ndarray


def select_ngrams(counts, *, vocabulary_size, capacity, sound, homophone_shares):
    """Turns counts into log-probabilities and keeps the `capacity` most useful n-grams.

    Probabilities are interpolated absolute discounting (Ney et al., 1994) on the raw counts.
    An n-gram is worth its count times what it adds to the log-probability that the shorter
    n-gram gives already (the weighted difference of Seymore and Rosenfeld, 1996, "Scalable
    backoff language models"). Since a converter chooses among homophones only, a share of the
    worth is measured on the probability among the hanzi of the same sound.

    Args:
        counts: as `NGramCounter.counts` gives them.
        vocabulary_size: int.
        capacity: int, n-grams to keep.
        sound: int array `[vocabulary_size]`, the same number for hanzi of the same main reading.
        homophone_shares: floats, 0 to 1, of n-grams of two, three and four.

    Returns:
        An `NGramTable`, n-grams with their log-probabilities (nats) and priorities.
    """
    grams, count = counts[1]
    total = int(count.sum())
    if not total:
        raise ValueError("The counts hold no hanzi: give text with Chinese characters in it.")
    unigram = np.full(vocabulary_size, 0.1)
    unigram[grams.astype(np.int64)] += count
    unigram /= unigram.sum()
    sound_mass = np.bincount(sound, weights=unigram)
    levels = {}

    def shorter(order, grams):
        """Probability of the last hanzi, and of its sound, after the context of `order`."""
        last = (grams & MASK).astype(np.int64)
        if order == 1:
            return unigram[last], sound_mass[sound[last]]
        level = levels[order]
        prob, mass = np.empty(len(grams)), np.empty(len(grams))
        place = np.minimum(np.searchsorted(level["grams"], grams), len(level["grams"]) - 1)
        hit = level["grams"][place] == grams
        prob[hit], mass[hit] = level["prob"][place[hit]], level["mass"][place[hit]]
        missing = grams[~hit]
        contexts = missing >> SHIFT
        at = np.minimum(np.searchsorted(level["contexts"], contexts), len(level["contexts"]) - 1)
        left = np.where(level["contexts"][at] == contexts, level["left"][at], 1.0)
        below = shorter(order - 1, missing & np.uint64((1 << BITS * (order - 1)) - 1))
        prob[~hit], mass[~hit] = left * below[0], left * below[1]
        return prob, mass

    kept = {}
    for order in range(2, max(counts) + 1):
        grams, count = counts[order]
        if not (count > 1).any():
            break
        contexts = grams >> SHIFT
        change = np.r_[True, contexts[1:] != contexts[:-1]]
        first, group = np.flatnonzero(change), np.cumsum(change) - 1
        context_count = np.add.reduceat(count, first)
        once, twice = int((count == 1).sum()), int((count == 2).sum())
        discount = once / max(once + 2 * twice, 1)
        # Longer n-grams seen once never pay for their bytes: they only make room for backoff.
        seen = np.ones(len(grams), bool) if order == 2 else count > 1
        full_contexts = contexts[first]
        grams, count, group = grams[seen], count[seen], group[seen]
        direct = (count - discount) / context_count[group]
        left = 1.0 - np.bincount(group, weights=direct, minlength=len(first))
        prob_below, mass_below = shorter(
            order - 1, grams & np.uint64((1 << BITS * (order - 1)) - 1)
        )
        prob = direct + left[group] * prob_below
        last = (grams & MASK).astype(np.int64)
        same = (group.astype(np.int64) << 16) | sound[last]
        _, inverse = np.unique(same, return_inverse=True)
        mass = np.bincount(inverse, weights=direct)[inverse] + left[group] * mass_below
        levels[order] = dict(grams=grams, prob=prob, mass=mass, contexts=full_contexts, left=left)
        gain = np.log(prob) - np.log(prob_below)
        among = np.log(np.minimum(prob / mass, 1)) - np.log(np.minimum(prob_below / mass_below, 1))
        share = homophone_shares[order - 2]
        worth = count * ((1 - share) * gain + share * among)
        kept[order] = grams, np.log(np.minimum(prob, 1.0)), worth

    worths = np.concatenate([worth for _, _, worth in kept.values()])
    least = -np.inf
    if len(worths) > capacity:
        least = np.partition(worths, len(worths) - capacity)[len(worths) - capacity]
    ngrams = {}
    for order, (grams, log_prob, worth) in kept.items():
        good = worth >= max(least, 1e-9)
        ngrams[order] = unpack(grams[good], order), log_prob[good], worth[good]
    return NGramTable(ngrams, np.log(unigram))
