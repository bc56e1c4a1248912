"""Words of dictionaries: names, idioms and terms that a corpus may lack."""

from importlib import resources

import numpy as np

from keras_pinyin.text import FIRST_HANZI


def read_words(vocabulary):
    """The words of jieba's dictionary and of pypinyin's phrases (both MIT) as token ids.

    Args:
        vocabulary: a `Vocabulary`; words with other hanzi than its own are left out.

    Returns:
        A list of int arrays, two to eight hanzi each.
    """
    from pypinyin.phrases_dict import phrases_dict

    lines = resources.files("jieba").joinpath("dict.txt").read_text(encoding="utf-8").splitlines()
    words = sorted({line.split(" ", 1)[0] for line in lines} | set(phrases_dict))
    known = set(vocabulary.tokens[FIRST_HANZI:])
    words = [word for word in words if 2 <= len(word) <= 8 and known.issuperset(word)]
    if not words:
        return []
    tokens = vocabulary.encode("".join(words)).astype(np.int64)
    return np.split(tokens, np.cumsum([len(word) for word in words])[:-1])
