"""English words as people write them inside Chinese text."""

import functools
import math
from importlib import resources

LONGEST_WORD = 14  # letters


@functools.cache
def word_costs():
    """dict word in lower case -> float, nats: how rare it is among such words.

    Example:
        >>> costs = word_costs()
        >>> costs["app"] < costs["opensource"]
        True
    """
    text = (resources.files("keras_pinyin.ime") / "words.tsv").read_text(encoding="utf-8")
    counts = {word: int(n) for word, n in (line.split("\t") for line in text.splitlines())}
    total = sum(counts.values())
    return {word: math.log(total / count) for word, count in counts.items()}
