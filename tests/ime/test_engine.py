"""The engine as a host sees it, on the released file."""

import pytest

from keras_pinyin.ime import Candidate, Converter, Engine, Options
from keras_pinyin.ime.candidates import Proposer
from keras_pinyin.text import standard_hanzi


@pytest.fixture(scope="module")
def converter():
    return Converter()


@pytest.fixture
def engine(converter):
    return Engine(converter)


def type_keys(engine, keys):
    for key in keys.split() if " " in keys else keys:
        assert engine.press(key), key
    return engine.state


def texts(state):
    return [candidate.text for candidate in state.candidates]


def everything(engine):
    """The candidates of all pages."""
    found = list(engine.state.candidates)
    while engine.state.page + 1 < engine.state.pages:
        engine.press("pagedown")
        found += engine.state.candidates
    return found


def test_sentence_then_words_then_hanzi_without_repeats(engine, converter):
    state = type_keys(engine, "jintiantianqi")
    assert (state.preedit, state.caret) == ("jin tian tian qi", 16)
    assert state.candidates[0] == Candidate("今天天气", span=13, keys=("jin", "tian", "tian", "qi"))
    assert (state.highlighted, state.page) == (0, 0) and state.pages > 1
    assert len(state.candidates) == engine.options.page_size
    found = everything(engine)
    assert len({candidate.text for candidate in found}) == len(found)
    lengths = [len(candidate.keys) for candidate in found]
    assert lengths == sorted(lengths, reverse=True) and {1, 2, 4} <= set(lengths)
    spans = {len(candidate.keys): candidate.span for candidate in found}
    assert (spans[1], spans[2]) == (3, 7)
    assert "今天" in [candidate.text for candidate in found]
    lexicon = converter.lexicon
    hanzi = {c.text for c in found if len(c.keys) == 1}
    for other in "今金锦谨":  # the rare ones are there too
        assert other in hanzi
    for candidate in found:
        for hanzi, key in zip(candidate.text, candidate.keys):
            ids = lexicon.vocabulary.ids[hanzi], lexicon.keys.ids[key]
            assert lexicon.allows(ids[1], ids[0]), candidate


def test_space_commits_and_the_commit_is_handed_over_once(engine):
    type_keys(engine, "zhongguo")
    assert engine.press("space") and not engine.composing
    assert engine.take_commit() == "中国"
    assert engine.take_commit() == ""
    assert not engine.press("space")  # the application's


def test_a_shorter_choice_is_fixed_and_the_rest_converted_after_it(engine):
    type_keys(engine, "jintiantianqi")
    shorter = next(c for c in everything(engine) if c.text == "金")
    engine.press("home"), engine.press("end")
    while shorter not in engine.state.candidates:
        engine.press("=")
    engine.choose(engine.state.candidates.index(shorter))
    state = engine.state
    assert state.preedit == "金tian tian qi" and state.candidates[0].span == 10
    assert engine.take_commit() == ""
    engine.press("backspace")  # takes the choice back
    assert engine.state.preedit == "jin tian tian qi"
    engine.press("backspace")  # now a letter
    assert engine.state.preedit == "jin tian tian q"


def test_what_is_fixed_is_context_for_the_rest(engine):
    """她 once fixed is the context for what follows, as if it had been committed."""
    type_keys(engine, "tade")
    other = next(c for c in everything(engine) if c.text == "她")
    engine.press("escape")
    type_keys(engine, "tade")
    while other not in engine.state.candidates:
        engine.press("pagedown")
    engine.choose(engine.state.candidates.index(other))
    fixed = texts(engine.state)
    engine.press("escape")
    engine.set_context("她")
    assert texts(type_keys(engine, "de"))[:3] == fixed[:3]


def test_digits_choose_on_the_page(engine):
    state = type_keys(engine, "shi")
    assert engine.press("pagedown") and engine.state.page == 1
    second = engine.state.candidates[1]
    assert second not in state.candidates
    assert engine.press("2")
    assert engine.take_commit() == second.text
    type_keys(engine, "shi")
    assert engine.press("9") and engine.composing  # there is no ninth
    with pytest.raises(ValueError, match="There is no candidate 8: 7 are on the page"):
        engine.choose(8)


def test_highlight_moves_over_pages(engine):
    type_keys(engine, "shi")
    engine.press("up")
    assert engine.state.highlighted == 0
    for _ in range(7):
        engine.press("down")
    state = engine.state
    assert (state.page, state.highlighted) == (1, 0)
    engine.press("space")
    assert engine.take_commit() == state.candidates[0].text


def test_the_caret_moves_and_what_is_left_of_it_is_converted(engine):
    type_keys(engine, "jintianqi")
    for _ in range(2):
        engine.press("left")
    state = engine.state
    assert state.candidates[0].text == "今天" and state.caret == len("jin tian")
    type_keys(engine, "x")
    engine.press("backspace")
    assert engine.state.candidates[0].text == "今天"
    engine.press("space")
    assert engine.state.preedit == "今天qi" and engine.state.candidates[0].span == 2
    engine.press("home")
    engine.press("left")  # into the choice
    assert engine.state.preedit.replace(" ", "") == "jintianqi"
    assert engine.state.candidates[0].text == "今天" or engine.state.caret < len("jin tian")
    engine.press("home")
    engine.press("delete")
    assert engine.state.preedit.replace(" ", "") == "intianqi"


def test_enter_commits_letters_and_escape_drops_them(engine):
    type_keys(engine, "nihao")
    assert engine.press("enter") and engine.take_commit() == "nihao"
    type_keys(engine, "nihao")
    assert engine.press("escape") and engine.state.preedit == "" and engine.take_commit() == ""
    assert not engine.press("escape") and not engine.press("enter")


def test_apostrophes_are_borders(engine):
    state = type_keys(engine, "xi'an")
    assert state.preedit == "xi'an" and state.candidates[0].text == "西安"
    first = next(c for c in everything(engine) if c.span == 2)
    while first not in engine.state.candidates:
        engine.press("pageup")
    engine.choose(engine.state.candidates.index(first))
    assert engine.state.preedit == first.text + "an"
    engine.press("backspace")
    assert engine.state.preedit == "xi'an"


def test_marks_are_full_width_and_commit_what_is_there(engine):
    type_keys(engine, "nihao")
    for key in ',"':
        assert engine.press(key)
    type_keys(engine, "zhongguo")
    for key in '"!<>\\^':
        assert engine.press(key)
    assert engine.take_commit() == "你好，“中国”！《》、……"
    assert engine.press(":") and engine.take_commit() == "："
    engine.set_context("3")
    assert not engine.press(".") and not engine.press("1")
    assert not engine.press(":") and engine.take_commit() == ""
    assert engine.press(",") and engine.take_commit() == "，"


def test_marks_may_stay_as_they_are(converter):
    engine = Engine(converter, options=Options(punctuation=False))
    type_keys(engine, "nihao")
    assert not engine.press(",")  # the application's, after what was committed
    assert engine.take_commit() == "你好"


def test_words_and_numbers_stay_inside_a_sentence(engine):
    state = type_keys(engine, "zhegeAPPhaoyong")
    assert state.candidates[0].text == "这个APP好用"
    assert state.preedit == "zhe ge APP hao yong"
    engine.press("escape")
    state = type_keys(engine, "MP3")
    assert state.candidates[0].text == "MP3"
    engine.press("space")
    assert engine.take_commit() == "MP3"


def test_predictions_follow_a_commit(engine):
    type_keys(engine, "jintian")
    engine.press("space")
    state = engine.state
    assert state.preedit == "" and state.candidates and state.highlighted == -1
    assert all(candidate.span == 0 for candidate in state.candidates)
    engine.press("2")
    assert engine.take_commit() == "今天" + state.candidates[1].text
    assert engine.state.candidates
    assert not engine.press("space") and not engine.state.candidates
    engine.set_context("今天")
    type_keys(engine, "de")  # anything typed dismisses them
    assert engine.state.preedit == "de"


def test_predictions_are_longer_where_the_model_is_sure(converter):
    lengths = []
    for context in ("中华人民共", "谢谢大", "经济发", "社会主", "我在北"):
        found = Proposer(converter, None, None).next_words(context)
        for candidate in found:
            lengths.append(len(candidate.text))
            for i in range(1, len(candidate.text)):
                following = converter.predict(context + candidate.text[:i])
                assert following[0][0] == candidate.text[i]
    assert max(lengths) > 1


def test_predictions_are_an_option(converter):
    engine = Engine(converter, options=Options(predict=False))
    type_keys(engine, "jintian")
    engine.press("space")
    assert engine.take_commit() and engine.state.candidates == ()


def test_traditional_forms_come_last(converter):
    engine = Engine(converter, options=Options(correct=False))  # no hanzi of letters not typed
    type_keys(engine, "guo")
    found = [candidate.text for candidate in everything(engine)]
    standard = set(standard_hanzi())
    others = [text for text in found if text not in standard]
    assert "國" in others and found[-len(others) :] == others


def test_a_hanzi_of_several_traditional_forms(converter):
    engine = Engine(converter, options=Options(script="tw", correct=False))
    type_keys(engine, "fa")
    found = [candidate.text for candidate in everything(engine)]
    assert "髮" in found and found.index("髮") == found.index("發") + 1
    engine.reset()
    type_keys(engine, "fa")
    while "髮" not in (shown := [candidate.text for candidate in engine.state.candidates]):
        engine.press("pagedown")
    engine.choose(shown.index("髮"))
    assert engine.take_commit() == "髮"


def test_context_decides(engine):
    engine.set_context("她走了，我很想")
    assert type_keys(engine, "ta").candidates[0].text == "她"
    engine.reset()
    assert engine.state.preedit == "" and not engine.composing


def test_long_input_is_converted_in_parts(engine):
    letters = "jintiantianqihenhao" * 10
    state = type_keys(engine, letters)
    best = state.candidates[0]
    assert best.span == len(letters) and best.text == "今天天气很好" * 10
    type_keys(engine, "a" * 50)  # more letters than are taken
    assert len(engine.state.preedit.replace(" ", "")) == 200
    engine.press("space")
    assert engine.take_commit().startswith("今天天气很好")


def test_keys_that_are_not_for_the_engine(engine):
    for key in ("f1", "enter", "backspace", "left", "1", "é", "，", "😀", ""):
        assert not engine.press(key), key
    type_keys(engine, "hao")
    assert not engine.press("f1") and engine.composing
    assert not engine.press("，") and engine.take_commit() == "好"


def test_schemes(converter):
    engine = Engine(converter, options=Options(scheme="xiaohe"))
    assert type_keys(engine, "vsgo").candidates[0].text == "中国"
    engine = Engine(converter, options=Options(scheme="nine-key"))
    state = type_keys(engine, "94664486")
    assert engine.letters == "94664486" and state.candidates[0].keys[0] == "zhong"
    engine.choose(0)
    assert engine.take_commit() == state.candidates[0].text


@pytest.mark.parametrize(
    "options,message",
    [
        (dict(page_size=0), "page_size is 0"),
        (dict(page_size=10), "page_size is 10"),
        (dict(script="old"), "no script 'old'"),
        (dict(scheme="old"), "no scheme 'old'"),
        (dict(fuzzy=("a/b",)), "no fuzzy pair 'a/b'"),
    ],
)
def test_options_out_of_range(converter, options, message):
    with pytest.raises(ValueError, match=message):
        Engine(converter, options=Options(**options))
