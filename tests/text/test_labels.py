import random

import pytest

from keras_pinyin.text import label, unsure
from keras_pinyin.text.labels import HANZI, segment_words

TEXT = """银行行长重新调整了重量，他还没还钱。长江很长，长大后要当一名音乐家，还是要快乐。
今天天气真好，我们去公园走一走，得了奖的同学都得去，慢慢地走到那块地里。
朝阳区的朝阳升起来了，他着急地睡着了，这件事了结不了。为了人民，为人民服务，以为人不会来。
绿色的绿豆，旅行的女儿，战略侵略，虐待疟疾；嗯，呣，哼，欸，这儿那儿，花儿朵朵。
重庆市有重大的困难，难民们处处受难，处理好处，都要好好学习，爱好学习的人。
行行出状元，人行道上的银行，薄薄的一本薄书，血淋淋的血，露出露水，恶心的恶人可恶。
只有一只鸟，几乎几个人，看着看守所，便宜方便，差不多出差，参加人参宴会，教书的教师。"""


def lazy(run):
    from pypinyin import Style, lazy_pinyin

    return lazy_pinyin(run, style=Style.TONE3, neutral_tone_with_five=True)


@pytest.mark.parametrize(
    "run, readings",
    [
        ("银行行长", "yin2 hang2 hang2 zhang3"),
        ("重新调整重量", "chong2 xin1 tiao2 zheng3 zhong4 liang4"),
        ("还没还钱", "hai2 mei2 huan2 qian2"),
        ("绿女", "lv4 nv3"),
        ("你的", "ni3 de5"),
        ("", ""),
    ],
)
def test_label(run, readings):
    assert label(run) == readings.split()


def test_label_agrees_with_lazy_pinyin():
    # On 549,000 hanzi of a corpus the two agree in every syllable.
    runs = HANZI.findall(TEXT)
    assert [label(run) for run in runs] == [lazy(run) for run in runs]


def test_label_agrees_with_lazy_pinyin_on_random_phrases():
    from pypinyin.constants import PHRASES_DICT

    rng = random.Random(0)
    phrases, hanzi = sorted(PHRASES_DICT), "".join(HANZI.findall(TEXT))
    same = total = 0
    for _ in range(1000):
        run = "".join(
            rng.choice(phrases) if rng.random() < 0.5 else rng.choice(hanzi) for _ in "12345"
        )
        run = "".join(HANZI.findall(run))
        found, expected = label(run), lazy(run)
        assert len(found) == len(run)
        same += sum(a == b for a, b in zip(found, expected))
        total += len(run)
    assert same / total >= 0.9999


def test_words_at_the_end_of_a_run_are_found():
    # 眼不见为净 begins like this, and pypinyin's own segmentation stops looking there.
    assert segment_words("眼不见") == ["眼", "不见"]
    assert segment_words("眼不见为净啊") == ["眼不见为净", "啊"]


def test_unknown_hanzi_label_themselves():
    unknown = "\U0002fffd"
    assert label(f"我{unknown}{unknown}的") == ["wo3", unknown, unknown, "de5"]


def test_unsure_is_where_no_phrase_covers_a_heteronym():
    assert unsure("银行行") == [False, False, True]
    assert unsure("我行") == [False, True]
    assert unsure("") == []


def test_label_and_unsure_are_as_long_as_the_run():
    for run in HANZI.findall(TEXT):
        assert len(label(run)) == len(unsure(run)) == len(run) == len("".join(segment_words(run)))


def test_import_needs_no_pypinyin():
    import subprocess
    import sys

    code = "import sys, keras_pinyin.text; print(sorted({'keras', 'pypinyin'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
