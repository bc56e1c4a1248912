"""Token ids of hanzi and of what stands between them."""

import re
import unicodedata

import numpy as np

SPECIAL = ("[PAD]", "[MASK]", "[BOS]", "[UNK]", "[NUM]", "[LATIN]")
PUNCTUATION = "，。？！、：；“”‘’（）《》【】—…·～"
FIRST_HANZI = len(SPECIAL) + len(PUNCTUATION)
PAD, MASK, BOS, UNK, NUM, LATIN = range(6)

# What half-width text means by these marks in Chinese; NFKC goes the other way.
FULL_WIDTH = dict(zip(",?!:;()~", "，？！：；（）～"))
FULL_WIDTH |= dict(zip("―–⋯•「」『』", "——…·“”‘’"))
RUNS = (UNK, NUM, LATIN)  # runs of these, and of — and …, are one token


class HanziVocabulary:
    """Maps text to token ids and back.

    Ids: special tokens, punctuation, then the hanzi in the order given, from `FIRST_HANZI` on.
    A run of digits (with decimal points) is one `[NUM]`, a run of latin letters one `[LATIN]`.

    Args:
        hanzi: string or sequence of single characters, each once.

    Raises:
        ValueError: if a character is there twice, or something is not a single character.

    Example:
        >>> vocabulary = HanziVocabulary("的中国")
        >>> vocabulary.decode(vocabulary.encode("中国,2.5 abc"))
        '中国，[NUM][LATIN]'
    """

    def __init__(self, hanzi):
        self.hanzi = tuple(hanzi)
        self.tokens = (*SPECIAL, *PUNCTUATION, *self.hanzi)
        self.ids = {}
        for i, token in enumerate(self.tokens):
            if i >= FIRST_HANZI and len(token) != 1:
                raise ValueError(f"{token!r} is not one hanzi: give single characters.")
            if self.ids.setdefault(token, i) != i:
                raise ValueError(f"{token!r} is in the vocabulary twice: give each hanzi once.")
        # The last place stands for all characters from there on.
        table = np.full(
            2 + max(ord(token) for token in self.ids if len(token) == 1), UNK, np.uint16
        )
        for token, i in self.ids.items():
            if len(token) == 1:
                table[ord(token)] = i
        for half, full in FULL_WIDTH.items():
            table[ord(half)] = self.ids[full]
        table[ord("0") : ord("9") + 1] = NUM
        for first, last in ("az", "AZ"):
            table[ord(first) : ord(last) + 1] = LATIN
        table[0x0A] = BOS  # a line is a context of its own
        for space in (0x09, *range(0x0B, 0x0E), 0x20, 0x85, 0xA0, 0x3000, 0x200B, 0xFEFF):
            table[space] = PAD
        self._table = table
        self._runs = np.array([*RUNS, self.ids["—"], self.ids["…"]], np.uint16)

    def __len__(self):
        return len(self.tokens)

    def encode(self, text):
        """Token ids of a text, uint16 `[tokens]`. White space is dropped."""
        text = unicodedata.normalize("NFKC", text)
        text = re.sub(r"(?<=\d)[.,](?=\d)", "", text).replace("...", "…")
        codes = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
        ids = self._table[np.minimum(codes, len(self._table) - 1)]
        ids = ids[ids != PAD]
        if len(ids) > 1:
            again = (ids[1:] == ids[:-1]) & np.isin(ids[1:], self._runs)
            ids = ids[np.r_[True, ~again]]
        return ids

    def decode(self, ids):
        """The text of token ids; padding is left out."""
        return "".join(self.tokens[int(i)] for i in ids if i != PAD)

    def is_hanzi(self, ids):
        """Which ids are hanzi, bool of the same shape."""
        return np.asarray(ids) >= FIRST_HANZI
