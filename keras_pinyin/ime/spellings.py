"""Which keys some letters may stand for, and what that costs."""

import numpy as np

from keras_pinyin.ime.schemes import find_scheme
from keras_pinyin.ime.slips import DOUBLED, MISSING, NEIGHBOUR, SWAPPED, slips, sounds_like
from keras_pinyin.text.keys import INITIALS

# Nats. Chosen on the development sets; benchmarks/slips.py measures what comes of them.
FUZZY_COST = 1.0
UNFINISHED = 1.5  # a beginning of a syllable, at the very end
INITIAL = 4.0  # a first letter (or zh, ch, sh) for a syllable, elsewhere
AGAIN = 3.5  # less, if the key before is a beginning of a syllable too
SLIP = {SWAPPED: 5.2, MISSING: 6.7, DOUBLED: 5.2, NEIGHBOUR: 6.7}
NO_INITIALS = ("ng", "hn", "hng")  # interjections, in the table of keys as beginnings


class Spellings:
    """Tables of what is typed for keys.

    Args:
        keys: a `keras_pinyin.text.KeyTable`.
        scheme: str, of `schemes.SCHEMES`.
        fuzzy: pairs of `slips.FUZZY`.
        correct: bool, whether slips count as typing.

    Attributes:
        typed: dict str -> (ids of keys, costs, what each costs less after a beginning of a
            syllable), wherever it stands.
        unfinished: the same of beginnings of syllables, at the end of the letters.
        exact: the same of syllables as they are spelled.
        longest: int, of the strings. letters: set of the characters that spell.
    """

    def __init__(self, keys, *, scheme="full", fuzzy=(), correct=True):
        spell = find_scheme(scheme)
        syllables = range(2, keys.first_prefix)
        exact, typed, unfinished = {}, {}, {}
        for key in syllables:
            name = keys.names[key]
            for text in spell(name):
                _put(exact, text, key, 0.0)
                _put(typed, text, key, 0.0)
                if correct and text.isascii():
                    for kind, slip in slips(text):
                        _put(typed, slip, key, SLIP[kind])
            for other, count in sounds_like(name, fuzzy).items():
                for text in spell(other):
                    _put(typed, text, key, count * FUZZY_COST)
        for key in range(keys.first_prefix, keys.first_toned):
            name = keys.names[key]
            if name in NO_INITIALS:
                continue
            others = {name: 0, **(sounds_like(name, fuzzy) if name in INITIALS else {})}
            for other, count in others.items():
                for text in spell(other):
                    _put(unfinished, text, key, UNFINISHED + count * FUZZY_COST)
                    if name in INITIALS:
                        _put(typed, text, key, INITIAL + count * FUZZY_COST)
        self.exact = _arrays(exact, keys.first_prefix)
        self.typed = _arrays(typed, keys.first_prefix)
        self.unfinished = _arrays(unfinished, len(keys.names))
        self.longest = max(map(len, typed))
        self.letters = {letter for text in exact for letter in text}


def _put(table, text, key, cost):
    found = table.setdefault(text, {})
    found[key] = min(cost, found.get(key, cost))


def _arrays(table, first_prefix):
    found = {}
    for text, costs in table.items():
        ids = np.array(list(costs), np.intp)
        saving = np.where(ids >= first_prefix, np.float32(AGAIN), np.float32(0))
        found[text] = ids, np.array(list(costs.values()), np.float32), saving
    return found
