"""Splits unbroken letters into keys."""

import re

from keras_pinyin.text.keys import TONES, normalize_key

LONGEST = len("zhuang1")


def segment(letters, keys, *, n_best=8):
    """The likeliest ways to read letters as keys.

    Apostrophes, spaces and tone digits force a border. The last syllable may be unfinished;
    elsewhere prefixes are used only where full syllables do not fit. Fewer keys come first, then
    longer first syllables.

    Args:
        letters: str, like `jintiantianqi`, `xi'an` or `xi1an1`.
        keys: a `KeyTable`.
        n_best: int, how many readings at most.

    Returns:
        A list of lists of keys as `normalize_key` writes them, best first.

    Raises:
        ValueError: if the letters cannot be read as pinyin.

    Example:
        >>> from keras_pinyin.text import Lexicon
        >>> segment("xian", Lexicon.default().keys)
        [['xian'], ['xi', 'an']]
    """
    pieces = [piece for piece in re.split(r"[\s']+", letters.strip().lower()) if piece]
    if not pieces:
        raise ValueError("There are no letters to convert: type pinyin, like nihao.")
    readings = [((0, 0), [])]
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        found = _split(piece, keys, n_best, last)
        joined = [
            ((cost[0] + more[0], cost[1] + more[1]), done + part)
            for cost, done in readings
            for more, part in found
        ]
        readings = sorted(joined, key=_rank)[:n_best]
    return [reading for _, reading in readings]


def _rank(reading):
    (prefixes, count), parts = reading
    return prefixes, count, [-len(part) for part in parts]


def _split(piece, keys, n_best, unfinished):
    """Readings of one piece, each ((prefixes, keys), parts)."""
    full = set(keys.syllables)
    best = [[] for _ in range(len(piece) + 1)]  # readings of piece[:end]
    best[0] = [((0, 0), [])]
    for end in range(1, len(piece) + 1):
        for start in range(max(0, end - LONGEST), end):
            part = normalize_key(piece[start:end])
            complete = part in full or (part[-1] in TONES and part[:-1] in full)
            if not complete and keys.ids.get(part, 0) < 2:
                continue
            # An unfinished syllable is what one expects at the very end, and odd before.
            cost = 0 if complete else 1 if unfinished and end == len(piece) else 3
            best[end] += [
                ((prefixes + cost, count + 1), [*done, part])
                for (prefixes, count), done in best[start]
            ]
        best[end] = sorted(best[end], key=_rank)[:n_best]
    found = best[-1]
    if not found:
        raise ValueError(
            f"{piece!r} cannot be read as pinyin: use syllables like zhong or beginnings of them."
        )
    # Prefixes are a last resort: they go when full syllables do.
    least = found[0][0][0]
    return [reading for reading in found if reading[0][0] == least]
