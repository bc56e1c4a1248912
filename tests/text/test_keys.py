import unicodedata

import numpy as np
import pytest

from keras_pinyin.text import KeyTable, Lexicon, normalize_key
from keras_pinyin.text.keys import split_syllable

READINGS = ["zhong1", "zhong4", "zhou1", "xian1", "xi1", "an1", "lv4", "de5", "de2", "n2", "er2"]


@pytest.fixture(scope="module")
def keys():
    return KeyTable(READINGS)


def names(keys, text):
    return [keys.names[i] for i in keys.parse(text)]


def test_order_of_ids(keys):
    full = ["an", "de", "er", "lv", "xi", "xian", "zhong", "zhou"]
    prefixes = ["a", "d", "e", "l", "n", "x", "xia", "z", "zh", "zho", "zhon"]
    toned = ["an1", "de2", "de5", "er2", "lv4", "xi1", "xian1", "zhong1", "zhong4", "zhou1"]
    assert list(keys.names) == ["<pad>", "<any>", *full, *prefixes, *toned]
    assert (keys.first_prefix, keys.first_toned) == (10, 21)
    assert list(keys.syllables) == full
    assert keys.features.shape == (len(keys), 4)


def test_features_share_what_sounds_the_same(keys):
    row = {name: keys.features[i] for name, i in keys.ids.items()}
    assert row["<pad>"].tolist() == [0, 0, 0, 0]
    assert row["<any>"].tolist() == [0, 0, 0, 1]
    assert row["zhong4"].tolist() == [*row["zhong"][:2], 4, keys.ids["zhong"]]
    assert row["de5"][2] == 5
    assert row["zhong"][0] == row["zhou"][0] == row["zh"][0] == row["zho"][0] > 0
    assert row["zhong"][1] != row["zhou"][1]
    assert row["zh"][1] == row["zho"][1] == 0
    assert row["z"][0] == 0  # may still become zh
    assert row["an"][0] == row["er"][0] > 0  # no initial is known, not unknown


def test_features_stay_within_their_sizes():
    keys = Lexicon.default().keys
    assert (keys.features.max(axis=0) < keys.feature_sizes).all()
    assert keys.features.min() == 0
    full = keys.features[2 : keys.first_prefix]
    assert (full[:, [0, 1, 3]] > 0).all()
    assert len(np.unique(full[:, :2], axis=0)) == len(full)  # initial and final name a syllable


def test_untoned(keys):
    assert keys.names[keys.untoned[keys.ids["zhong4"]]] == "zhong"
    assert keys.untoned[: keys.first_toned].tolist() == list(range(keys.first_toned))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("zhong xian", ["zhong", "xian"]),
        ("  zhong'xi  an ", ["zhong", "xi", "an"]),
        (["zhong", "<any>", "z"], ["zhong", "<any>", "z"]),
        ("ZHONG1", ["zhong1"]),
        ("zhōng lǜ lü lu: LÜ", ["zhong1", "lv4", "lv", "lv", "lv"]),
        ("de0 de5", ["de5", "de5"]),
        ("xian4", ["xian"]),  # no hanzi has that tone
        ("zh1 n2", ["zh", "n"]),
        ("", []),
    ],
)
def test_parse(keys, text, expected):
    assert names(keys, text) == expected
    assert keys.parse(text).dtype == np.int32


def test_parse_takes_decomposed_tone_marks(keys):
    assert names(keys, unicodedata.normalize("NFD", "zhōng lǜ")) == ["zhong1", "lv4"]


@pytest.mark.parametrize("bad", ["zhomg", "zhong6", "5", "中", "v", "pad", "\u0308", "zhong²"])
def test_unknown_keys_are_named(keys, bad):
    with pytest.raises(ValueError, match="is no pinyin syllable") as error:
        keys.parse([bad])
    assert repr(bad) in str(error.value)


def test_unknown_key_suggests_near_ones(keys):
    with pytest.raises(ValueError, match="perhaps zhon"):
        keys.parse("zhomg")


@pytest.mark.parametrize(
    "typed, meant",
    [("jv", "ju"), ("XÜ4", "xu4"), ("lue4", "lve4"), ("nüe", "nve"), ("yuè", "yue4"), ("lu", "lu")],
)
def test_spellings_of_ü(typed, meant):
    assert normalize_key(typed) == meant


@pytest.mark.parametrize(
    "syllable, parts",
    [("zhong", ("zh", "ong")), ("an", ("", "an")), ("yuan", ("y", "uan")), ("zh", ("zh", ""))],
)
def test_split_syllable(syllable, parts):
    assert split_syllable(syllable) == parts


def test_prefixes_are_where_a_typist_may_stop(keys):
    def of(name):
        return [keys.names[i] for i in keys.prefixes(keys.ids[name])]

    assert of("zhong4") == ["z", "zh", "zho", "zhon"]
    assert of("xian") == ["x", "xia"]  # xi is a syllable of its own
    assert of("<any>") == of("<pad>") == []


def test_every_name_parses_to_itself():
    keys = Lexicon.default().keys
    assert keys.parse(list(keys.names)).tolist() == list(range(len(keys)))
