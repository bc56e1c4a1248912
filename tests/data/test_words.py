import numpy as np
import pytest

from keras_pinyin.data.words import WORD_COUNT, read_words
from keras_pinyin.text import Lexicon

VOCABULARY = Lexicon.default().vocabulary


def read(path=None):
    words, counts = read_words(VOCABULARY, path)
    assert counts.dtype == np.int64 and len(words) == len(counts)
    return {VOCABULARY.decode(word): int(count) for word, count in zip(words, counts)}


def test_a_list_adds_to_the_dictionaries(tmp_path):
    plain = read()
    assert plain["北京"] == WORD_COUNT and set(plain.values()) == {WORD_COUNT}
    path = tmp_path / "words.txt"
    lines = ["\ufeff北京\t40\tns", "龙牙木种群 7", "", "莒光列岛", "上海", "T恤 9", "好 50"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = read(path)
    assert found.pop("龙牙木种群") == 7 and found.pop("莒光列岛") == WORD_COUNT
    assert found.pop("北京") == WORD_COUNT + 40 and plain.pop("北京")
    assert found == plain  # latin and single hanzi are no words, and a known one needs no count


@pytest.mark.parametrize("line", ["北京 很多", "北京 -3", "北京 0"])
def test_a_line_that_makes_no_sense(tmp_path, line):
    path = tmp_path / "words.txt"
    path.write_text(f"上海\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=f"Line 2 of .*{line}.*whole number above 0"):
        read(path)


def test_a_list_that_cannot_be_read(tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        read(tmp_path / "none.txt")
    (tmp_path / "old.txt").write_bytes("北京".encode("gbk"))
    with pytest.raises(ValueError, match="UTF-8"):
        read(tmp_path / "old.txt")
