"""Readings of running text, from pypinyin."""

import functools
import re

HANZI = re.compile("[\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+")


def label(run):
    """Toned readings of a run of hanzi, as pypinyin's phrase dictionary has them.

    `lazy_pinyin` segments text by forward maximum match over its phrases and then converts word
    by word; here every word is converted once and remembered, which is the same and several
    times faster.

    Args:
        run: str of hanzi.

    Returns:
        A list of one reading a hanzi, like `zhong4`; neutral tone is 5, ü is `v`.

    Example:
        >>> label("重新调整重量")
        ['chong2', 'xin1', 'tiao2', 'zheng3', 'zhong4', 'liang4']
    """
    return [reading for word in segment_words(run) for reading in word_readings(word)]


def unsure(run):
    """Which readings of `label` pypinyin guessed: no phrase holds the hanzi, and it has several.

    Returns:
        A list of bool, one a hanzi.

    Example:
        >>> unsure("银行行")
        [False, False, True]
    """
    return [guess for word in segment_words(run) for guess in _guessed(word)]


def segment_words(run):
    """The words of pypinyin's own segmentation."""
    return _segmenter()(run)


@functools.cache
def _segmenter():
    from pypinyin.seg import mmseg

    return mmseg.seg.cut


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
    from pypinyin.constants import PHRASES_DICT

    if word in PHRASES_DICT:
        return (False,) * len(word)
    readings = pinyin(word, style=Style.TONE3, heteronym=True)
    return tuple(len(found) > 1 for found in readings)
