"""Which hanzi has which readings, and how often."""

from collections import Counter, defaultdict
from functools import cached_property
from importlib import resources
from pathlib import Path

import numpy as np

from keras_pinyin.text.files import write_whole
from keras_pinyin.text.keys import KeyTable
from keras_pinyin.text.vocabulary import FIRST_HANZI, HanziVocabulary

DATA = resources.files("keras_pinyin.text") / "data"


class Lexicon:
    """The hanzi a model writes, their toned readings, and counts of both.

    A lexicon fixes everything that depends on the language: the vocabulary (hanzi by falling
    count), the keys, and which hanzi a key allows.

    Args:
        entries: dict hanzi -> dict toned reading -> count, in order of the vocabulary.

    Raises:
        ValueError: if there is no hanzi, or one without a reading or with one that is not toned.

    Example:
        >>> lexicon = Lexicon({"中": {"zhong1": 9, "zhong4": 1}, "重": {"zhong4": 5, "chong2": 2}})
        >>> row = lexicon.candidates()[lexicon.keys.ids["zhong4"]]
        >>> lexicon.vocabulary.decode(row)
        '重中'
    """

    def __init__(self, entries):
        if not entries:
            raise ValueError("The lexicon is empty: give hanzi with their readings.")
        for hanzi, readings in entries.items():
            if not readings:
                raise ValueError(f"{hanzi} has no reading: give it one, or leave it out.")
            for reading in readings:
                if not is_reading(reading):
                    raise ValueError(
                        f"{reading!r} is no toned reading of {hanzi}: write it like zhong1, "
                        "with 5 for the neutral tone and v for ü."
                    )
        self.entries = entries
        self.vocabulary = HanziVocabulary(entries)
        self.keys = KeyTable({reading for readings in entries.values() for reading in readings})

    @classmethod
    def default(cls):
        """The lexicon that comes with the package."""
        return cls.load(DATA / "lexicon.tsv")

    @classmethod
    def load(cls, path):
        """Reads a `lexicon.tsv`: `hanzi<TAB>reading:count reading:count...` a line, in order."""
        entries = {}
        path = path if hasattr(path, "read_text") else Path(path)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                hanzi, readings = line.split("\t")
                pairs = (pair.split(":") for pair in readings.split(" "))
                entries[hanzi] = {reading: int(count) for reading, count in pairs}
            except ValueError as error:
                raise ValueError(
                    f"Line {number} of {path} is {line!r}, but should be hanzi, a tab and "
                    "reading:count pairs: restore the file."
                ) from error
        return cls(entries)

    def save(self, path):
        """Writes a `lexicon.tsv`, replacing an old one only when complete."""
        lines = (
            hanzi + "\t" + " ".join(f"{reading}:{count}" for reading, count in readings.items())
            for hanzi, readings in self.entries.items()
        )
        write_whole(path, "\n".join(lines) + "\n")

    @classmethod
    def build(cls, counts, *, min_count=30):
        """A lexicon from counted readings.

        All 8,105 hanzi of the Table of General Standard Chinese Characters are in it, and others
        that occur `min_count` times. Readings come from pypinyin's dictionary and from the
        counts, where they make up at least a thousandth.

        Args:
            counts: dict (hanzi, toned reading) -> count.
            min_count: int.
        """
        from pypinyin import Style, pinyin

        by_hanzi = defaultdict(Counter)
        for (hanzi, reading), count in counts.items():
            by_hanzi[hanzi][reading] += count
        wanted = set(standard_hanzi())
        wanted |= {h for h, c in by_hanzi.items() if c.total() >= min_count}
        entries = {}
        for hanzi in wanted:
            seen = by_hanzi[hanzi]
            known = pinyin(hanzi, style=Style.TONE3, heteronym=True, neutral_tone_with_five=True)[0]
            readings = {r: seen[r] for r in known if is_reading(r)}
            readings |= {
                r: c for r, c in seen.items() if c * 1000 >= seen.total() and is_reading(r)
            }
            if readings:
                entries[hanzi] = dict(sorted(readings.items(), key=lambda item: -item[1]))
        order = sorted(entries, key=lambda hanzi: (-by_hanzi[hanzi].total(), hanzi))
        return cls({hanzi: entries[hanzi] for hanzi in order})

    @cached_property
    def main_keys(self):
        """The untoned key of the most frequent reading of each token, int32 `[vocabulary]`."""
        keys = np.zeros(len(self.vocabulary), np.int32)
        for i, readings in enumerate(self.entries.values()):
            totals = Counter()
            for reading, count in readings.items():
                totals[self.keys.ids[reading.rstrip("12345")]] += count
            keys[FIRST_HANZI + i] = totals.most_common(1)[0][0]
        return keys

    @cached_property
    def _allowed(self):
        totals = [Counter() for _ in self.keys.names]
        for i, readings in enumerate(self.entries.values()):
            hanzi, everywhere = FIRST_HANZI + i, sum(readings.values())
            totals[1][hanzi] += everywhere
            for reading, count in readings.items():
                base = reading.rstrip("12345")
                for name in {reading, *(base[:n] for n in range(1, len(base) + 1))}:
                    index = self.keys.ids.get(name)
                    exact = name in (base, reading)
                    # A full syllable as prefix of a longer one (xi of xian) means itself alone.
                    if index is not None and (exact or index >= self.keys.first_prefix):
                        totals[index][hanzi] += count
        return totals

    def candidates(self, limit=None):
        """The hanzi that each key allows, most frequent reading first, 0-padded.

        Args:
            limit: int, columns; by default as many as the largest set of homophones has. Prefixes
                and `<any>` keep their most frequent hanzi.

        Returns:
            int32 `[keys, limit]`.

        Raises:
            ValueError: if a full syllable has more hanzi than the limit.
        """
        needed = max(len(c) for c in self._allowed[2 : self.keys.first_prefix])
        limit = limit or -(-needed // 8) * 8
        if needed > limit:
            raise ValueError(f"A syllable has {needed} hanzi, over the limit of {limit}: raise it.")
        table = np.zeros((len(self.keys), limit), np.int32)
        for index, counts in enumerate(self._allowed):
            row = sorted(counts, key=lambda hanzi: (-counts[hanzi], hanzi))[:limit]
            table[index, : len(row)] = row
        return table

    def allows(self, key, hanzi):
        """Whether a key id allows a hanzi id."""
        return int(hanzi) in self._allowed[int(key)]


def is_reading(reading):
    """Whether a string is an ASCII syllable with a tone digit."""
    return reading[:-1].isascii() and reading[:-1].isalpha() and reading[-1:] in set("12345")


def standard_hanzi():
    """The 8,105 hanzi of the Table of General Standard Chinese Characters (2013)."""
    return (DATA / "standard_hanzi.txt").read_text(encoding="utf-8").replace("\n", "")
