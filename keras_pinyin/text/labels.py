"""Readings of running text, from pypinyin."""

import functools
import re

HANZI = re.compile("[\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+")


def label(run):
    """Toned readings of a run of hanzi, as pypinyin's phrase dictionary has them.

    `pypinyin.lazy_pinyin` segments text by forward maximum match over its phrases and then
    converts word by word; here every word is converted once and remembered, which gives the same
    readings some twenty times faster.

    Args:
        run: str of hanzi.

    Returns:
        A list of one reading a hanzi, like `zhong4`; neutral tone is 5, ü is `v`.

    Example:
        >>> label("重新调整重量")
        ['chong2', 'xin1', 'tiao2', 'zheng3', 'zhong4', 'liang4']
    """
    readings = []
    for word in segment_words(run):
        readings += word_readings(word)
    return readings


def unsure(run):
    """Which readings of `label` pypinyin guessed: no phrase holds the hanzi, and it has several.

    Returns:
        A list of bool, one a hanzi.

    Example:
        >>> unsure("银行行")
        [False, False, True]
    """
    guesses = []
    for word in segment_words(run):
        guesses += _guessed(word)
    return guesses


def segment_words(run):
    """The phrases of pypinyin's dictionary in a run, longest first from the left, as a list.

    This is pypinyin's own segmentation but for one thing: where a run ends in the beginning of a
    phrase (眼不见 of 眼不见为净), pypinyin gives up on the words in there.

    Example:
        >>> segment_words("银行行长好")
        ['银行', '行长', '好']
    """
    phrases, longest = _phrases()
    words, start, end = [], 0, len(run)
    while start < end:
        stop = start + longest.get(run[start : start + 2], 1)
        while stop > start + 1 and (word := run[start:stop]) not in phrases:
            stop -= 1
        if stop == start + 1:
            word = run[start]
        words.append(word)
        start = stop
    return words


@functools.cache
def _phrases():
    """pypinyin's phrases, and the length of the longest one that begins with two given hanzi."""
    from pypinyin.constants import PHRASES_DICT

    longest = {}
    for phrase in PHRASES_DICT:
        longest[phrase[:2]] = max(longest.get(phrase[:2], 1), len(phrase))
    return PHRASES_DICT, longest


@functools.cache
def word_readings(word):
    """The toned readings of one word of `segment_words`."""
    from pypinyin import Style, lazy_pinyin

    readings = lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True)
    # A hanzi that pypinyin does not know comes back as it is, joined with its neighbours.
    return tuple(readings) if len(readings) == len(word) else tuple(word)


@functools.cache
def _guessed(word):
    from pypinyin import Style, pinyin

    if len(word) > 1:
        return (False,) * len(word)
    readings = pinyin(word, style=Style.TONE3, heteronym=True)
    return (len(readings[0]) > 1,)
