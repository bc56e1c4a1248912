"""What of a choice is a new word."""

import pytest

from keras_pinyin.ime import Candidate, Converter, Letters, UserStore
from keras_pinyin.ime.user_words import UserWords, _new


def new(text, best, *pieces):
    assert "".join(pieces) == text and len(best) == len(text)
    return [text[start:stop] for (start, stop), _ in _new(text, best, [len(p) for p in pieces])]


@pytest.mark.parametrize(
    "best,pieces,words",
    [
        ("法国总理州城遭表示赞赏", ["法国总理", "周诚", "早表示赞赏"], ["周诚早"]),
        ("于是怀着小车放出来", ["于是", "扶着萧", "距", "妨", "出来"], ["扶着萧距妨"]),
        ("谢方逵则通过描绘", ["谢访", "愧则通过描绘"], ["谢访愧"]),  # the surname, too
        ("没有人知道老宣", ["没有人知道", "牢", "悬"], ["牢悬"]),
        ("我们是王浩然", ["我们是", "王", "昊", "然"], ["王昊然"]),  # one differs
        ("我们再来一次", ["我们", "在来一次"], []),
        ("我们去上海吧", ["我们去上海", "八"], []),  # one hanzi is no word
        ("今天州城遭来看小车放", ["今天", "周诚早", "来看", "萧距妨"], ["周诚早", "萧距妨"]),
        ("今天天气很好", ["今天天气很好"], []),
        ("实时", ["适时"], ["适时"]),
        ("是", ["嗜"], ["嗜"]),
        ("一二三四五六七八九" * 2, ["九八七六五四三二一" * 2], []),  # that long is no word
    ],
)
def test_new_words_are_where_the_text_differs(best, pieces, words):
    assert new("".join(pieces), best, *pieces) == words


def test_proposed_words_are_strengthened_or_weakened(tmp_path):
    converter, store = Converter(), UserStore(tmp_path / "words.db")
    words, keys = UserWords(store), ["wang", "hao", "ran"]

    def commit(*texts):
        syllables = iter(["zhong", "guo", "de", *keys, "de", "peng", "you"])
        choices = [Candidate(t, keys=tuple(next(syllables) for _ in t)) for t in texts]
        words.learn(converter, "你好，", choices)
        return {word.text: word.weight for word in store.entries()}

    assert commit("中国的", "旺耗", "燃的朋友") == {"旺耗燃": 1.0}
    assert commit("中国的", "旺耗燃", "的朋友") == {"旺耗燃": 2.0}
    best = words.mix(converter, "", ["jiao", *keys], converter.convert("", ["jiao", *keys]))
    assert best[0][0].endswith("旺耗燃")
    after = commit("中国的", "望好", "然的朋友")  # refused
    assert after.pop("旺耗燃") == 1.0 and list(after.values()) == [1.0]
    store.close()


def test_what_two_sentences_share_is_the_word(tmp_path):
    converter, store = Converter(), UserStore(tmp_path / "words.db")
    words = UserWords(store)

    def commit(text, keys):
        choices = [Candidate(t, keys=(key,)) for t, key in zip(text, keys.split())]
        words.learn(converter, "", choices)
        return {word.text: word.weight for word in store.entries()}

    store.learn("", ["lu", "qin", "ge", "yan"], "麓寝鸽厌")  # cut badly
    found = commit("他们在麓寝鸽等你", "ta men zai lu qin ge deng ni")
    assert found["麓寝鸽"] == 2.0 and store.overlapping("寝鸽") and not store.overlapping("鸽")


def test_letters_that_are_spelled_exactly_can_always_be_had():
    letters = Letters(Converter().lexicon.keys, Converter().syllables)
    for typed, keys in (("nangpai", ("nang", "pai")), ("lunudao", ("lu", "nu", "dao"))):
        assert keys in [reading.keys for reading in letters.readings(typed, 3)]
