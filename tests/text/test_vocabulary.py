import random

import numpy as np
import pytest

from keras_pinyin.text import FIRST_HANZI, HanziVocabulary
from keras_pinyin.text.vocabulary import BOS, LATIN, MASK, NUM, PAD, PUNCTUATION, UNK

VOCABULARY = HanziVocabulary("的一是中国人我爱𠙶〇")


def tokens(text):
    return [VOCABULARY.tokens[i] for i in VOCABULARY.encode(text)]


def test_ids_are_special_then_punctuation_then_hanzi():
    assert (PAD, MASK, BOS, UNK, NUM, LATIN) == (0, 1, 2, 3, 4, 5)
    assert VOCABULARY.tokens[6:FIRST_HANZI] == tuple("，。？！、：；“”‘’（）《》【】—…·～")
    assert VOCABULARY.ids["的"] == FIRST_HANZI
    assert len(VOCABULARY) == FIRST_HANZI + 10


def test_encode_is_uint16_in_order():
    ids = VOCABULARY.encode("中国人")
    assert ids.dtype == np.uint16
    assert ids.tolist() == [FIRST_HANZI + 3, FIRST_HANZI + 4, FIRST_HANZI + 5]


def test_hanzi_outside_the_basic_plane():
    assert tokens("我𠙶〇") == ["我", "𠙶", "〇"]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("我,爱?中!国:人;", "我，爱？中！国：人；"),
        ("(我)", "（我）"),
        ("我～~", "我～～"),
        ("我……爱...", "我…爱…"),
        ("我——爱–", "我—爱—"),
        ("“我”‘爱’", "“我”‘爱’"),
        ("「我」", "“我”"),
        ("《我》【爱】·、。", "《我》【爱】·、。"),
        ("\u2f08", "人"),  # the radical 人, which is a character of its own
    ],
)
def test_punctuation_is_full_width(text, expected):
    assert tokens(text) == list(expected)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("中2024国", ["中", "[NUM]", "国"]),
        ("3.14", ["[NUM]"]),
        ("1,234.5", ["[NUM]"]),
        ("１２", ["[NUM]"]),
        ("1, 2", ["[NUM]", "，", "[NUM]"]),
        ("Hello中ＡＢ", ["[LATIN]", "中", "[LATIN]"]),
        ("B2B", ["[LATIN]", "[NUM]", "[LATIN]"]),
        ("我龘龘龘爱", ["我", "[UNK]", "爱"]),
        ("我😀", ["我", "[UNK]"]),
        ("一一", ["一", "一"]),
        ("。。", ["。", "。"]),
    ],
)
def test_runs_are_one_token(text, expected):
    assert tokens(text) == expected


def test_white_space_is_dropped_and_a_line_begins_anew():
    assert tokens("我 爱\u3000\t中\r\n国\u00a0") == ["我", "爱", "中", "[BOS]", "国"]


def test_empty_text():
    assert VOCABULARY.encode("").tolist() == []
    assert VOCABULARY.encode(" ").tolist() == []
    assert VOCABULARY.decode([]) == ""


def test_decode_undoes_encode_for_hanzi_and_punctuation():
    # A run of — or … is one token; everything else comes back as it was.
    alphabet = [*VOCABULARY.hanzi, *(p for p in PUNCTUATION if p not in "—…")]
    rng = random.Random(0)
    for _ in range(200):
        text = "".join(rng.choices(alphabet, k=rng.randrange(40)))
        assert VOCABULARY.decode(VOCABULARY.encode(text)) == text


def test_decode_leaves_padding_out():
    assert VOCABULARY.decode([FIRST_HANZI, 0, 0]) == "的"


def test_is_hanzi():
    ids = np.array([[PAD, NUM], [FIRST_HANZI - 1, FIRST_HANZI]])
    assert VOCABULARY.is_hanzi(ids).tolist() == [[False, False], [False, True]]


@pytest.mark.parametrize("hanzi, named", [("中国中", "中"), (["中国"], "中国"), ("中，", "，")])
def test_bad_vocabulary(hanzi, named):
    with pytest.raises(ValueError, match=f"'{named}'"):
        HanziVocabulary(hanzi)
