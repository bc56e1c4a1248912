"""What is chosen is remembered by a store; other scripts and emoji."""

import pytest

from keras_pinyin.ime import Converter, Engine, Options, UserStore

NAME = {"wang": "旺", "hao": "耗", "ran": "燃"}  # nobody's


@pytest.fixture(scope="module")
def converter():
    return Converter()


@pytest.fixture
def store(tmp_path):
    return UserStore(tmp_path / "words.db")


def choose(engine, text):
    """Turns pages until a candidate is there, and chooses it."""
    while text not in (texts := [candidate.text for candidate in engine.state.candidates]):
        assert engine.state.page + 1 < engine.state.pages, text
        engine.press("pagedown")
    engine.choose(texts.index(text))


def shown(engine, letters):
    """All candidates for letters."""
    engine.press("escape")
    for letter in letters:
        engine.press(letter)
    found = list(engine.state.candidates)
    while engine.state.page + 1 < engine.state.pages:
        engine.press("pagedown")
        found += engine.state.candidates
    engine.press("home")
    return [candidate.text for candidate in found]


def test_chosen_twice_comes_first(converter, store):
    engine = Engine(converter, store=store)
    first, _, third, *_ = shown(engine, "shishi")
    for _ in range(2):
        choose(engine, third)
        assert engine.take_commit() == third
        found = shown(engine, "shishi")
    assert found[0] == third and len(set(found)) == len(found)
    choose(engine, third)
    engine.close()
    again = Engine(converter, store=UserStore(store.path))
    assert shown(again, "shishi")[0] == third
    assert shown(Engine(converter), "shishi")[0] == first


def test_a_hanzi_chosen_twice_comes_first(converter, store):
    engine = Engine(converter, store=store)
    for _ in range(2):
        shown(engine, "shi")
        choose(engine, "嗜")
        shown(engine, "guo")
        choose(engine, "國")
    assert shown(engine, "shi")[0] == "嗜" and shown(engine, "guo")[0] == "國"
    assert "嗜" not in shown(engine, "womenshizhongguoren")[0]  # a hanzi is no word


def test_a_name_typed_by_its_hanzi_is_a_word_afterwards(converter, store):
    engine, name = Engine(converter, store=store), "".join(NAME.values())
    for times in (1, 2):
        assert (name in shown(engine, "".join(NAME))) == (times > 1)
        shown(engine, "".join(NAME))
        for hanzi in NAME.values():
            choose(engine, hanzi)
        assert engine.take_commit() == name
    assert [(word.text, word.weight) for word in store.entries()] == [(name, 2)]
    assert shown(engine, "".join(NAME))[0] == name
    assert shown(engine, "whr")[0] == name or name in shown(engine, "whr")
    sentence = shown(engine, "wodepengyoushi" + "".join(NAME))[0]
    assert sentence.startswith("我的朋友") and sentence.endswith(name)
    sentence = shown(engine, "".join(NAME) + "shiwodepengyou")[0]
    assert sentence.startswith(name) and sentence.endswith("我的朋友")


def test_what_is_proposed_first_is_no_new_word(converter, store):
    engine = Engine(converter, store=store)
    for letters in ("zhongguo", "zhegeAPPhaoyong"):
        shown(engine, letters)
        engine.press("space")
    assert store.entries() == []
    engine = Engine(converter, store=store, options=Options(learn=False))
    choose(engine, shown(engine, "shishi")[3])
    assert store.entries() == []


def test_typing_goes_on_without_the_store(converter, store, tmp_path):
    store.path.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 64)
    engine = Engine(converter, store=store)
    assert shown(engine, "zhongguo")[0] == "中国"
    assert "damaged" in engine.state.warning and "\n" not in engine.state.warning
    third = shown(engine, "shishi")[2]
    choose(engine, third)  # into a new file
    assert engine.take_commit() == third and engine.state.warning == ""
    assert [word.text for word in store.entries()] == [third]
    (tmp_path / "folder").mkdir()
    engine = Engine(converter, store=UserStore(tmp_path / "folder"))
    choose(engine, shown(engine, "shishi")[2])
    assert engine.take_commit() and "cannot be used" in engine.state.warning


def test_other_scripts(converter, store):
    engine = Engine(converter, store=store, options=Options(script="tw"))
    assert shown(engine, "toufa")[0] == "頭髮"
    engine.press("space")
    assert engine.take_commit() == "頭髮"
    plain = Engine(converter)
    for each, context in ((engine, "這個問題"), (plain, "这个问题")):
        each.set_context(context)
    assert len(shown(engine, "henfuza")[0]) == len(shown(plain, "henfuza")[0])
    choose(engine, shown(engine, "shishi")[2])
    (word,) = store.entries()
    assert word.text in shown(plain, "shishi")  # simplified, as the model knows it


def test_emoji(converter):
    engine = Engine(converter, options=Options(emoji=True))
    found = shown(engine, "pingguo")
    assert found[0] == "苹果" and "🍎" in found[:6]
    choose(engine, "🍎")
    assert engine.take_commit() == "🍎"
    assert "🍎" not in shown(Engine(converter), "pingguo")
