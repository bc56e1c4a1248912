"""Token and key ids of a text."""

import re

import numpy as np

from keras_pinyin.text import FIRST_HANZI, label, unsure

UNSURE = 0x8000  # set in a key that pypinyin had to guess
RUN = re.compile(r"[^ ]+")


class Labeller:
    """Labels text with a `Lexicon`.

    Example:
        >>> from keras_pinyin.text import Lexicon
        >>> lexicon = Lexicon.default()
        >>> tokens, keys = Labeller(lexicon)("还没还钱。")
        >>> [lexicon.keys.names[int(k) % UNSURE] for k in keys]
        ['hai2', 'mei2', 'huan2', 'qian2', '<pad>']
    """

    def __init__(self, lexicon):
        self.vocabulary = lexicon.vocabulary
        self.key_ids = lexicon.keys.ids
        self.main_keys = lexicon.main_keys
        codes = [
            ord(t) if i >= FIRST_HANZI else 0x20 for i, t in enumerate(lexicon.vocabulary.tokens)
        ]
        self._codes = np.array(codes, np.uint32)

    def __call__(self, text):
        """uint16 `[tokens]` token ids, and as many ids of toned keys, 0 where there is no hanzi.

        A key that pypinyin guessed among several readings has `UNSURE` set.
        """
        tokens = self.vocabulary.encode(text)
        keys = np.zeros(len(tokens), np.uint16)
        hanzi = self._codes[tokens].tobytes().decode("utf-32-le")
        for run in RUN.finditer(hanzi):
            start, run = run.start(), run.group()
            for i, (reading, guess) in enumerate(zip(label(run), unsure(run)), start):
                key = self.key_ids.get(reading) or self.key_ids.get(reading.rstrip("12345"))
                if not key:
                    key = self.main_keys[tokens[i]]
                keys[i] = key | (UNSURE if guess else 0)
        return tokens, keys
