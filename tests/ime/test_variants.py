"""Traditional characters and emoji."""

import sys

import pytest

from keras_pinyin.ime import variants


def test_scripts_differ_and_words_decide():
    text = "他的头发里面发现干燥的面条，为什么"
    assert variants.to_script(text, "simplified") == text
    assert variants.to_script(text, "s2t") == "他的頭髮裏面發現乾燥的麪條，爲什麼"
    assert variants.to_script(text, "tw") == "他的頭髮裡面發現乾燥的麵條，為什麼"
    assert variants.to_script(text, "hk") == "他的頭髮裏面發現乾燥的麪條，為什麼"
    for script in ("s2t", "tw", "hk"):
        assert variants.to_simplified(variants.to_script(text, script)) == text
    with pytest.raises(ValueError, match="no script 'old': choose from simplified, s2t, tw, hk"):
        variants.to_script(text, "old")


def test_one_hanzi_has_all_its_forms():
    assert variants.forms("发", "tw") == ["發", "髮"] and variants.forms("里", "tw") == ["裡", "里"]
    assert variants.forms("里", "s2t")[0] == "裏" and "裡" in variants.forms("里", "s2t")
    assert variants.forms("头发", "tw") == ["頭髮"] and variants.forms("好", "tw") == ["好"]
    assert variants.forms("发", "simplified") == ["发"]
    for hanzi, found in variants._forms().items():
        for script, others in found.items():
            shown = variants.forms(hanzi, script)
            assert len(set(shown)) == len(shown) == 1 + len(others)
            # The learner knows them by the hanzi they stand for.
            assert all(variants.to_simplified(form) == hanzi for form in others), (hanzi, others)


def test_without_opencc_one_sentence_names_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "opencc", None)
    variants._opencc.cache_clear()
    assert variants.to_script("里面", "simplified") == "里面"
    with pytest.raises(ValueError, match=r"pip install 'keras-pinyin\[ime\]'"):
        variants.to_script("里面", "tw")


def test_emoji_of_names_and_keywords_only():
    assert variants.emoji_for("红苹果") == ["🍎"]
    assert variants.emoji_for("苹果") == ["🍎", "🍏"]
    assert "😀" in variants.emoji_for("高兴") and "😄" in variants.emoji_for("笑")
    assert variants.emoji_for("中国")[0] == "🇨🇳"  # a flag's name before a dragon's keyword
    assert variants.emoji_for("高兴地") == variants.emoji_for("") == []
    words = variants._emoji()
    assert len(words) > 5000 and all(0 < len(found.split()) <= 5 for found in words.values())
