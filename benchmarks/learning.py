"""What learning is worth: a user types a document with 30 new names, then text without them.

    python benchmarks/learning.py --sets FOLDER [--model FILE.tflite]

Names of people, places and products are made up at random of common surnames, hanzi and endings;
those that the engine gets right by itself are left out. Each stands three times in a document: in
sentences of the sets, in the place of a name of its kind (by jieba). A simulated user types the
letters of each sentence without borders, takes the longest candidate that is right, as long as one
is missing, and turns pages to find it; one choice is the least. The same document is typed with
nothing remembered, and sentences without the names before and after it.
"""

import argparse
import random
import tempfile
import time
from collections import namedtuple
from pathlib import Path

import jieba.posseg
from common import report

from keras_pinyin.data.eval_sets import read_eval_set
from keras_pinyin.ime import Converter, Engine, Options
from keras_pinyin.ime.store import UserStore
from keras_pinyin.text import Lexicon

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
ENDINGS = {"ns": "湾镇村岭湖路桥坪", "nz": "云通宝盒灵派答视"}
KINDS = {"nr": 14, "ns": 8, "nz": 8}  # people, places, products
TIMES = 3  # that each name stands in the document
COMMON = slice(400, 2600)  # of the hanzi by frequency, those that names are made of
CLEAN = 300  # sentences without the names

Sentence = namedtuple("Sentence", "context keys text name start")
Typed = namedtuple("Typed", "choices pages first found")


def main(options):
    converter, generator = Converter(options.model), random.Random(options.seed)
    engine = Engine(converter, options=Options(predict=False))
    places, clean = find_places(options.sets, generator)
    document = write_document(engine, places, generator)
    forgetful = [type_sentence(engine, sentence) for sentence in document]
    before = [Typed(0, 0, first(engine, sentence), True) for sentence in clean]
    with tempfile.TemporaryDirectory() as folder:
        store = UserStore(Path(folder) / "words.db")
        engine = Engine(converter, store=store, options=Options(predict=False))
        learned = [type_sentence(engine, sentence) for sentence in document]
        words = len(store.entries())
        after = [Typed(0, 0, first(engine, sentence), True) for sentence in clean]
        going_on = [type_sentence(engine, sentence) for sentence in clean]
        engine.close()
    rows = [row("the document, nothing remembered", document, forgetful)]
    for turn in range(TIMES):
        turns = [i for i in range(len(document)) if i // (len(document) // TIMES) == turn]
        name = f"each name for the {('first', 'second', 'third')[turn]} time"
        rows.append(row(name, [document[i] for i in turns], [learned[i] for i in turns]))
    rows.append(row("other sentences, nothing remembered", clean, before))
    rows.append(row("the same after the document", clean, after))
    rows.append(row("the same, remembering them too", clean, going_on))
    names = list(dict.fromkeys(sentence.name for sentence in document))
    report(
        "learning",
        "Learning",
        [
            "typed",
            "sentences",
            "names right at once",
            "sentences right at once",
            "hanzi right at once",
            "choices a sentence",
            "pages turned a sentence",
            "never found",
        ],
        rows,
        f"Names: {'、'.join(names)}. After the document the store holds {words} words.",
    )


def find_places(sets, generator):
    """Sentences with a name to be replaced, by kind, and some without."""
    places, clean = {kind: [] for kind in KINDS}, []
    for path in sorted(Path(sets).glob("*.tsv")):
        for item in generator.sample(read_eval_set(path), 500):
            keys, start, found = tuple(item.keys.split()), 0, False
            if not 6 <= len(keys) <= 24 or len(keys) != len(item.hanzi):
                continue
            for word, kind in jieba.posseg.cut(item.hanzi):
                if kind in KINDS and len(word) > 1 and not found:
                    places[kind].append((item, start, start + len(word)))
                    found = True
                start += len(word)
            if not found:
                clean.append(Sentence(item.context, keys, item.hanzi, "", 0))
    return places, generator.sample(clean, CLEAN)


def write_document(engine, places, generator):
    """Sentences with names that the engine gets wrong, each name once, then again, and again."""
    common = list(Lexicon.default().entries.items())[COMMON]
    turns = [[] for _ in range(TIMES)]
    for kind, count in KINDS.items():
        spots = generator.sample(places[kind], len(places[kind]))
        wanted = len(turns[0]) + count
        while len(turns[0]) < wanted:
            name = "".join(generator.choice(common)[0] for _ in range(2))
            name = generator.choice(SURNAMES) + name if kind == "nr" else name
            name += generator.choice(ENDINGS[kind]) if kind in ENDINGS else ""
            keys = tuple(main_reading(hanzi) for hanzi in name)
            put_in = []
            for item, start, stop in spots[:TIMES]:
                typed = item.keys.split()
                put_in.append(
                    Sentence(
                        item.context,
                        (*typed[:start], *keys, *typed[stop:]),
                        item.hanzi[:start] + name + item.hanzi[stop:],
                        name,
                        start,
                    )
                )
            if not any(name_right(one, first(engine, one)) for one in put_in):
                spots = spots[TIMES:]
                for turn, sentence in zip(turns, put_in):
                    turn.append(sentence)
    for turn in turns:
        generator.shuffle(turn)
    return [sentence for turn in turns for sentence in turn]


def main_reading(hanzi, lexicon=Lexicon.default()):  # noqa: B008 (read once)
    readings = lexicon.entries[hanzi]
    return max(readings, key=readings.get).rstrip("12345")


def name_right(sentence, text):
    return text[sentence.start :].startswith(sentence.name)


def type_sentence(engine, sentence):
    """Types a sentence as the user does; what came first, and what it took."""
    engine.reset()
    engine.set_context(sentence.context)
    for letter in separated(sentence.keys):
        engine.press(letter)
    proposed, left, choices, pages = engine.state.candidates[0].text, sentence.text, 0, 0
    while engine.composing:
        best = None
        while True:
            state = engine.state
            for index, candidate in enumerate(state.candidates):
                right = candidate.text and left.startswith(candidate.text)
                if right and (best is None or len(candidate.text) > len(best[2])):
                    best = state.page, index, candidate.text
            # Longer ones come before shorter ones: what is right now, is the longest.
            if best or state.page + 1 == state.pages:
                break
            engine.press("pagedown")
        if best is None:
            engine.press("escape")
            return Typed(choices, pages, proposed, False)
        pages += engine.state.page
        engine.choose(best[1])
        left, choices = left[len(best[2]) :], choices + 1
    assert engine.take_commit() == sentence.text
    return Typed(choices, pages, proposed, True)


def first(engine, sentence):
    """What the engine proposes first."""
    letters = separated(sentence.keys)
    return engine.convert(letters, context=sentence.context, n_best=1)[0][0]


def separated(keys):
    """The letters of keys, with an apostrophe before a vowel, as one types xi'an."""
    return "".join(f"'{key}" if i and key[0] in "aoe" else key for i, key in enumerate(keys))


def row(name, sentences, typed):
    count = len(sentences)
    named = [sentence for sentence in sentences if sentence.name]
    names = sum(name_right(s, t.first) for s, t in zip(sentences, typed) if s.name)
    hanzi = sum(a == b for s, t in zip(sentences, typed) for a, b in zip(s.text, t.first))
    return [
        name,
        count,
        f"{names / len(named):.0%}" if named else "",
        f"{sum(s.text == t.first for s, t in zip(sentences, typed)) / count:.1%}",
        f"{hanzi / sum(len(sentence.text) for sentence in sentences):.1%}",
        *(
            [
                f"{sum(t.choices for t in typed) / count:.2f}",
                f"{sum(t.pages for t in typed) / count:.2f}",
                sum(not t.found for t in typed),
            ]
            if any(t.choices for t in typed)
            else [""] * 3
        ),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", required=True, help="folder of .tsv sets")
    parser.add_argument("--model", help="a .tflite file (default: the released one)")
    parser.add_argument("--seed", type=int, default=0, help="of names and sentences")
    began = time.time()
    main(parser.parse_args())
    print(f"{time.time() - began:.0f} s")
