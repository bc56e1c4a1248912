"""Raw letters to keys, with the table of syllables of the released model."""

import random
from itertools import pairwise
from pathlib import Path

import pytest

from keras_pinyin.ime import Letters
from keras_pinyin.ime.schemes import SCHEMES, find_scheme
from keras_pinyin.ime.slips import FUZZY, NEIGHBOURS, slips, sounds_like
from keras_pinyin.ime.words import word_costs
from keras_pinyin.text import Lexicon, SyllableScores

TABLE = Path(__file__).parents[2] / "saved_models" / "small" / "syllables.bin"
SENTENCES = (
    "jin tian tian qi bu cuo",
    "wo men ming tian qu bei jing",
    "zhong guo ren min yin hang",
    "ta shuo de hua hen you dao li",
    "zhe ge wen ti yi jing jie jue le",
    "xi wang ni neng lai can jia wo de sheng ri",
)


@pytest.fixture(scope="module")
def keys():
    return Lexicon.default().keys


@pytest.fixture(scope="module")
def scores(keys):
    return SyllableScores.from_bytes(keys, TABLE.read_bytes())


@pytest.fixture(scope="module")
def letters(keys, scores):
    return Letters(keys, scores)


def found(letters, raw, n_best=4):
    return [" ".join(reading.keys) for reading in letters.readings(raw, n_best)]


@pytest.mark.parametrize(
    "raw, expected",
    [
        ("jintiantianqibucuo", "jin tian tian qi bu cuo"),
        ("xi'an", "xi an"),
        ("fangan", "fang an"),
        ("fan'gan", "fan gan"),
        ("''ni''hao''", "ni hao"),
        ("jint", "jin t"),
        ("jintianzh", "jin tian zh"),
        ("jintianzho", "jin tian zho"),
        ("wmqbj", "w m q b j"),
        ("zg", "z g"),
        ("nh", "n h"),
        ("wsn", "w s n"),
        ("woxqbeij", "wo x q bei j"),
        ("lvse", "lv se"),
        ("nüren", "nv ren"),
        ("jvzi", "ju zi"),
        ("celue", "ce lve"),
        ("zhegeAPPhaoyong", "zhe ge APP hao yong"),
        ("zhegeapphaoyong", "zhe ge app hao yong"),
        ("woyongWindowshaole", "wo yong Windows hao le"),
        ("wodegithubzhanghao", "wo de github zhang hao"),
        ("woyou3ge", "wo you 3 ge"),
        ("banben2.0lai,le", "ban ben 2 . 0 lai , le"),
        ("women", "wo men"),
        ("你hao", "你 hao"),
    ],
)
def test_best_reading(letters, raw, expected):
    assert found(letters, raw)[0] == expected


def test_both_readings_of_what_is_ambiguous(letters):
    assert found(letters, "xian")[:2] == ["xian", "xi an"]
    assert set(found(letters, "fangan")) >= {"fang an", "fan gan"}


def test_every_keystroke_has_a_reading_of_all_letters(letters, keys):
    for sentence in SENTENCES:
        raw = sentence.replace(" ", "")
        for end in range(1, len(raw) + 1):
            best = letters.readings(raw[:end])[0]
            assert not any(best.literal), raw[:end]
            assert set(best.keys) <= keys.ids.keys()
            assert best.spans[0][0] == 0 and best.spans[-1][1] == end
        assert found(letters, raw)[0] == sentence


def test_slips_are_mended_and_cost(letters):
    rng, mended, asked = random.Random(0), 0, 0
    for sentence in SENTENCES:
        raw = sentence.replace(" ", "")
        assert letters.readings(raw)[0].cost == 0
        by_kind = {}
        for kind, text in slips(raw):
            by_kind.setdefault(kind, []).append(text)
        for kind, made in by_kind.items():
            for text in rng.sample(made, 6):
                asked += 1
                for reading in letters.readings(text):
                    if " ".join(reading.keys) == sentence:
                        mended += 1
                        assert reading.cost > 0, (kind, text)
    assert mended > 0.8 * asked, (mended, asked)


@pytest.mark.parametrize("raw", ["nhiaoma", "nihoama", "nihaaoma", "bihaoma", "nihoma"])
def test_each_kind_of_slip(letters, keys, scores, raw):
    assert "ni hao ma" in found(letters, raw)
    assert "ni hao ma" not in found(Letters(keys, scores, correct=False), raw)


def test_a_border_stops_slips(letters):
    for reading in letters.readings("ni'hao'a"):
        assert len(reading.keys) >= 3


def test_fuzzy_sounds(keys, scores):
    plain = Letters(keys, scores, correct=False)
    for pair, typed, meant in (
        ("z/zh", "zongguo", "zhong guo"),
        ("c/ch", "cifan", "chi fan"),
        ("s/sh", "sangban", "shang ban"),
        ("n/l", "lihao", "ni hao"),
        ("f/h", "fuilai", "hui lai"),
        ("an/ang", "ganbi", "gang bi"),
        ("en/eng", "fenjing", "feng jing"),
        ("in/ing", "xinqi", "xing qi"),
    ):
        assert meant not in found(plain, typed)
        fuzzy = Letters(keys, scores, fuzzy=[pair], correct=False)
        assert meant in found(fuzzy, typed), pair
        assert found(fuzzy, meant.replace(" ", ""))[0] == meant
    with pytest.raises(ValueError, match="no fuzzy pair 'b/p'"):
        Letters(keys, fuzzy=["b/p"])
    assert sounds_like("lan", FUZZY) == {"lang": 1, "nan": 1, "nang": 2}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_schemes(keys, scores, scheme):
    letters, spell = Letters(keys, scores, scheme=scheme), find_scheme(scheme)
    for sentence in SENTENCES:
        raw = "".join(spell(key)[0] for key in sentence.split())
        assert sentence in found(letters, raw), raw
        assert letters.readings(raw[:-1])
    with pytest.raises(ValueError, match="no scheme 'wubi'"):
        Letters(keys, scheme="wubi")


@pytest.mark.parametrize(
    "scheme, typed",
    [
        ("xiaohe", "vsgorfmbybhh"),
        ("ziranma", "vsgorfmnynhh"),
        ("microsoft", "vsgorfmnynhh"),
        ("nine-key", "946644867366469464264"),
    ],
)
def test_known_spellings(keys, scores, scheme, typed):
    assert found(Letters(keys, scores, scheme=scheme), typed)[0] == "zhong guo ren min yin hang"


def test_double_pinyin_is_two_keys_a_syllable(keys):
    for scheme in ("xiaohe", "ziranma", "microsoft"):
        for syllable in keys.syllables:
            assert {len(text) for text in find_scheme(scheme)(syllable)} == {2}, syllable
    for scheme, spelled in (
        ("xiaohe", "aa ah er xt ul vl jk lv"),
        ("ziranma", "aa ah er xt ud vd jy lv"),
        ("microsoft", "oa oh or xt ud vd j; ly"),
    ):
        spell = find_scheme(scheme)
        said = ("a", "ang", "er", "xue", "shuang", "zhuang", "jing", "lv")
        assert " ".join(spell(syllable)[0] for syllable in said) == spelled


def test_any_string_is_read(keys, scores):
    rng = random.Random(7)
    pool = "abcdefghijklmnopqrstuvwxyz" * 3 + "ABZ019'' ;,.\n\t\0üÜéß你好，😀\ud800\u200d"
    known = [Letters(keys, scores), Letters(keys, scheme="nine-key", fuzzy=FUZZY)]
    for _ in range(150):
        raw = "".join(rng.choices(pool, k=rng.randrange(24)))
        for letters in known:
            for reading in letters.readings(raw):
                pieces = list(zip(reading.keys, reading.spans, reading.literal, strict=True))
                assert pieces and reading.cost >= 0
                assert all(literal or key in keys.ids for key, _, literal in pieces)
                spans = [span for _, span, _ in pieces]
                assert all(a[1] <= b[0] for a, b in pairwise(spans))
                for key, (start, end), literal in pieces:
                    assert start < end and (not literal or raw[start:end] == key)
            assert letters.readings(raw) or not raw.strip("' 1")
    assert known[0].readings("") == known[0].readings("''") == []


def test_what_is_remembered_changes_nothing(keys, scores):
    letters = Letters(keys, scores)
    for raw in (
        "jintian",
        "jintiantianqi",
        "jinqian",
        "jint",
        "jintian",
        "x" * 200,
        "jintiantianqi",
    ):
        assert letters.readings(raw) == Letters(keys, scores).readings(raw)
    assert len(letters._places) <= 128


def test_words_and_neighbours():
    costs = word_costs()
    assert costs["app"] < costs["javascript"] and "women" not in costs and "china" not in costs
    assert sorted(NEIGHBOURS["s"]) == sorted("awedxz") and sorted(NEIGHBOURS["5"]) == list("2468")
