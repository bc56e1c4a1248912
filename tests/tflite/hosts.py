"""What every host must read as the library does."""

import random
import re

from keras_pinyin.export import read_metadata
from keras_pinyin.text import Lexicon, segment

TEXTS = (
    "",
    "今天,3.14 ok...",
    "ｆｕｌｌ①今\n天　天——…!?\u200b",
    "é龘今龘龘天",
    '“‘"’”・～~「天」『气』⋯•―–',
    "½ ² ٣.٤ 1.",
    "好\U00020bb7\U0001f600\U0001f600天\t\r气",
    "今天天气真好，我们去公园走一走。" * 5,
)
TYPED = ("jin tian", "JĪN1 tian'qi zh", "<any> hǎo hao5 z", "  hao  ", "", "tian\u3000qi\x85hao")
LETTERS = (
    *("jintiantianqi", "xian", "fangan", "XI'AN", "xi1an1", "ni3hao", "wmqbj", "wohenxh", "zh'g"),
    *("lüse", "lu:se", "lue", "jvzi", "zhōngguó", "xiananxianan", "xianxianxianxianxian"),
    *("zhong9", "你好", "vvv", "ni?hao", "", "hao''", " ''hao ", "hao xian'gang", "n", "hng"),
)


def answer_or_refusal(function, *arguments):
    try:
        return function(*arguments)
    except ValueError as error:
        return str(error)


def reading_questions(model):
    """Questions to a host of a model, and what the library answers."""
    lexicon = Lexicon(read_metadata(model)["lexicon"])
    asked = [(["encode", text], lexicon.vocabulary.encode(text).tolist()) for text in TEXTS]
    for typed in (*TYPED, "hao xyz"):
        found = answer_or_refusal(lambda: lexicon.keys.parse(typed).tolist())
        if isinstance(found, str):  # the library proposes what may have been meant
            found = re.sub(r", perhaps [^:]*", "", found)
        asked.append((["parse", typed], found))
    rng = random.Random(0)
    unlikely = ["".join(rng.choices("aeiounghzjqx'1", k=9)) for _ in range(300)]
    for letters in (*LETTERS, *unlikely):
        for best in (1, 3, 8):
            found = answer_or_refusal(lambda: segment(letters, lexicon.keys, n_best=best))
            asked.append((["segment", letters, best], found))
    return asked
