import random

import pytest

from keras_pinyin.text import Lexicon, segment


@pytest.fixture(scope="module")
def keys():
    return Lexicon.default().keys


def readings(letters, keys, **options):
    return [" ".join(reading) for reading in segment(letters, keys, **options)]


@pytest.mark.parametrize(
    "letters, expected",
    [
        ("xian", ["xian", "xi an"]),
        ("fangan", ["fang an", "fan gan"]),
        ("xianshi", ["xian shi", "xi an shi"]),
        ("xi'an", ["xi an"]),
        ("XI AN", ["xi an"]),
        ("xi1an1", ["xi1 an1"]),
        ("ni3hao", ["ni3 hao", "ni3 ha o"]),
        ("jint", ["jin t"]),
        ("nih", ["ni h"]),
        ("zh", ["zh"]),
        ("n", ["n"]),
        ("wmqbj", ["w m q b j"]),
        ("wohenxh", ["wo hen x h"]),
        ("zh'g", ["zh g"]),
        ("lüse", ["lv se"]),
        ("lu:se", ["lv se"]),
        ("lue", ["lve", "lu e"]),
        ("jvzi", ["ju zi"]),
    ],
)
def test_segment(letters, expected, keys):
    assert readings(letters, keys) == expected


def test_tone_marks(keys):
    assert readings("zhōngguó", keys)[0] == "zhong1 guo2"


def test_n_best(keys):
    found = readings("xiananxianan", keys, n_best=3)
    assert len(found) == 3
    assert readings("xiananxianan", keys)[:3] == found
    assert len(readings("xianxianxianxianxian", keys)) == 8


def test_joined_syllables_can_be_read_again(keys):
    rng = random.Random(0)
    for _ in range(300):
        typed = rng.choices(keys.syllables, k=rng.randrange(1, 7))
        found = segment("'".join(typed), keys)
        assert typed in found
        for reading in segment("".join(typed), keys):
            assert "".join(reading) == "".join(typed)
            assert set(reading) <= set(keys.syllables)
            assert len(keys.parse(reading)) == len(reading)
            assert len(reading) <= sum(map(len, typed))


def test_fewest_keys_come_first(keys):
    rng = random.Random(1)
    for _ in range(300):
        typed = rng.choices(keys.syllables, k=4)
        found = segment("".join(typed), keys)
        lengths = [len(reading) for reading in found]
        assert lengths == sorted(lengths)
        assert lengths[0] <= len(typed)
        assert len({tuple(reading) for reading in found}) == len(found)


@pytest.mark.parametrize("bad", ["zhong9", "你好", "vvv", "ni?hao", "1"])
def test_what_is_no_pinyin_is_named(bad, keys):
    with pytest.raises(ValueError, match="cannot be read as pinyin"):
        segment(bad, keys)


@pytest.mark.parametrize("empty", ["", "  ", "'"])
def test_no_letters(empty, keys):
    with pytest.raises(ValueError, match="no letters"):
        segment(empty, keys)
