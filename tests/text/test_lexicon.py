import numpy as np
import pytest

from keras_pinyin.text import FIRST_HANZI, Lexicon, standard_hanzi

ENTRIES = {
    "中": {"zhong1": 90, "zhong4": 10},
    "重": {"zhong4": 50, "chong2": 20},
    "周": {"zhou1": 30},
    "嗯": {"n2": 3, "en4": 1},
}


@pytest.fixture(scope="module")
def small():
    return Lexicon(ENTRIES)


@pytest.fixture(scope="module")
def default():
    return Lexicon.default()


def allowed(lexicon, key):
    return lexicon.vocabulary.decode(lexicon.candidates()[lexicon.keys.ids[key]])


@pytest.mark.parametrize(
    "key, hanzi",
    [
        ("zhong", "中重"),
        ("zhong4", "重中"),
        ("zhong1", "中"),
        ("zho", "中重周"),
        ("c", "重"),
        ("n", "嗯"),
        ("<any>", "中重周嗯"),
        ("<pad>", ""),
    ],
)
def test_candidates_by_the_count_of_that_reading(small, key, hanzi):
    assert allowed(small, key) == hanzi


def test_allows(small):
    keys, hanzi = small.keys.ids, small.vocabulary.ids
    assert small.allows(keys["chong"], hanzi["重"])
    assert not small.allows(keys["chong"], hanzi["中"])
    assert not small.allows(keys["zhong1"], hanzi["重"])
    assert small.allows(np.int32(1), hanzi["嗯"])


def test_a_limit_cuts_prefixes_but_no_syllable(default):
    table = default.candidates(192)
    assert table.dtype == np.int32
    assert table.shape == (len(default.keys), 192)
    used = (table > 0).sum(1)
    full = slice(2, default.keys.first_prefix)
    assert (used[full] > 0).all()
    assert used[full].max() < 192 == used[default.keys.ids["z"]]
    with pytest.raises(ValueError, match=r"has \d+ hanzi, over the limit of 8"):
        default.candidates(8)


def test_every_reading_of_the_default_lexicon_is_allowed(default):
    table = default.candidates()
    for hanzi, readings in default.entries.items():
        token = default.vocabulary.ids[hanzi]
        for reading in readings:
            key = default.keys.ids.get(reading)
            if key is None:  # an interjection, which is the beginning of a syllable as well
                assert default.allows(default.keys.parse(reading)[0], token)
            else:
                assert token in table[key]
                assert token in table[default.keys.untoned[key]]


def test_default_lexicon_orders_hanzi_by_count(default):
    totals = [sum(readings.values()) for readings in default.entries.values()]
    assert totals == sorted(totals, reverse=True)
    assert next(iter(default.entries)) == "的"


def test_standard_hanzi_are_all_there(default):
    table = standard_hanzi()
    assert len(table) == len(set(table)) == 8105
    assert set(table) <= set(default.entries)
    assert table[:3] == "一乙二"


def test_main_keys(small):
    main = {
        hanzi: small.keys.names[small.main_keys[FIRST_HANZI + i]] for i, hanzi in enumerate(ENTRIES)
    }
    assert main == {"中": "zhong", "重": "zhong", "周": "zhou", "嗯": "n"}
    assert not small.main_keys[:FIRST_HANZI].any()


def test_main_key_adds_up_tones():
    lexicon = Lexicon({"行": {"hang2": 40, "xing2": 30, "xing5": 20}})
    assert lexicon.keys.names[lexicon.main_keys[-1]] == "xing"


def test_save_and_load(small, tmp_path):
    path = tmp_path / "lexicon.tsv"
    path.write_text("old")
    small.save(path)
    assert path.read_text("utf-8").splitlines()[0] == "中\tzhong1:90 zhong4:10"
    again = Lexicon.load(path)
    assert list(again.entries.items()) == list(ENTRIES.items())
    assert [p.name for p in tmp_path.iterdir()] == ["lexicon.tsv"]


@pytest.mark.parametrize("line", ["中 zhong1:9", "中\tzhong1", "中\tzhong1:many", "中\t", ""])
def test_load_names_a_broken_line(tmp_path, line):
    path = tmp_path / "lexicon.tsv"
    path.write_text(f"周\tzhou1:3\n{line}\n国\tguo2:1\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"Line 2 of .*lexicon\.tsv"):
        Lexicon.load(path)


@pytest.mark.parametrize(
    "entries, named", [({}, "empty"), ({"中": {}}, "中"), ({"很": {"hen": 1}}, "'hen'")]
)
def test_bad_entries(entries, named):
    with pytest.raises(ValueError, match=named):
        Lexicon(entries)


def test_build():
    counts = {("的", "de5"): 5000, ("的", "xx5"): 4, ("中", "zhong1"): 900, ("囧", "jiong3"): 30}
    counts |= {("囍", "xi3"): 29, ("中", "zong1"): 1}
    lexicon = Lexicon.build(counts, min_count=30)
    assert set(standard_hanzi()) <= set(lexicon.entries)
    assert list(lexicon.entries)[:3] == ["的", "中", "囧"]
    assert "囍" not in lexicon.entries
    # Legal, though never seen; an odd reading is taken from a thousandth of the hanzi's count on.
    assert list(lexicon.entries["的"]) == ["de5", "di1", "di2", "di4"]
    assert lexicon.entries["中"] == {"zhong1": 900, "zong1": 1, "zhong4": 0}
    assert lexicon.entries["银"] == {"yin2": 0}
