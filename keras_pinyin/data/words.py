"""Words of dictionaries: names, idioms and terms that a corpus may lack."""

from collections import Counter
from importlib import resources
from pathlib import Path

import numpy as np

from keras_pinyin.text import FIRST_HANZI

WORD_COUNT = 2  # as often as a word of a dictionary is taken to occur


def read_words(vocabulary, path=None):
    """Words as token ids, and how often each is taken to occur.

    Those of jieba's dictionary and of pypinyin's phrases (both MIT), `WORD_COUNT` times each, and
    those of a word list besides.

    Args:
        vocabulary: a `Vocabulary`; words with other hanzi than its own are left out.
        path: of UTF-8 text, a word a line, or a word and its count with a tab or space between,
            as jieba's own dictionaries have it; what else a line says is not read. A word without
            a count is counted `WORD_COUNT` times, unless it is known already.

    Returns:
        A list of int arrays, two to eight hanzi each, and an int64 array of counts.

    Raises:
        ValueError: if the list cannot be read, or a count in it is no whole number above 0.
    """
    from pypinyin.phrases_dict import phrases_dict

    lines = resources.files("jieba").joinpath("dict.txt").read_text(encoding="utf-8").splitlines()
    words = {line.split(" ", 1)[0] for line in lines} | set(phrases_dict)
    counts = Counter(dict.fromkeys(words, WORD_COUNT))
    for word, count in _read_list(path) if path else ():
        if count:
            counts[word] += count
        else:
            counts.setdefault(word, WORD_COUNT)
    known = set(vocabulary.tokens[FIRST_HANZI:])
    words = sorted(word for word in counts if 2 <= len(word) <= 8 and known.issuperset(word))
    if not words:
        return [], np.zeros(0, np.int64)
    tokens = vocabulary.encode("".join(words)).astype(np.int64)
    ends = np.cumsum([len(word) for word in words])
    return np.split(tokens, ends[:-1]), np.array([counts[word] for word in words], np.int64)


def _read_list(path):
    """Pairs of a word and its count, None where the line has none."""
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"The word list {path} cannot be read ({error}): give UTF-8 text, a word a line."
        ) from error
    for number, line in enumerate(lines, 1):
        word, *rest = line.split() or [""]
        if rest and not (rest[0].isdecimal() and int(rest[0])):
            raise ValueError(
                f"Line {number} of {path} is {line!r}, but should be a word, or a word and its "
                "count, a whole number above 0."
            )
        if word:
            yield word, int(rest[0]) if rest else None
