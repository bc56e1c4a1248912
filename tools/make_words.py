"""Writes keras_pinyin/ime/words.tsv: English words as they stand in Chinese text.

    python tools/make_words.py CORPUS...

Each is a file or a folder as recipes/pretrain.py takes it. A word counts once a document, in
whatever case; one that is written in capitals nearly everywhere needs no list, capitals being no
pinyin, and one that reads as syllables (women, china) would be in the way.
"""

import re
import sys
from collections import Counter
from pathlib import Path

from keras_pinyin.data.corpus import corpus_files, read_documents
from keras_pinyin.text import Lexicon, segment

LEAST = 8  # documents
WORD = re.compile(r"(?<![A-Za-z0-9_./@<-])[A-Za-z]{2,14}(?![A-Za-z0-9_/@>=(-])")
PLACE = Path(__file__).resolve().parent.parent / "keras_pinyin" / "ime" / "words.tsv"


def main(corpora):
    counts, lower = Counter(), Counter()
    for path in (path for corpus in corpora for path in corpus_files(corpus)):
        for text in read_documents(path):
            words = set(WORD.findall(text))
            counts.update({word.lower() for word in words})
            lower.update({word.lower() for word in words if not word.isupper()})
    keys = Lexicon.default().keys
    found = [
        (word, count)
        for word, count in counts.most_common()
        if count >= LEAST and 5 * lower[word] >= count and not is_pinyin(word, keys)
    ]
    PLACE.write_text("".join(f"{word}\t{count}\n" for word, count in found), encoding="utf-8")
    print(f"{len(found)} words, the rarest in {found[-1][1]} documents")


def is_pinyin(word, keys):
    try:
        return set(segment(word, keys, n_best=1)[0]) <= set(keys.syllables)
    except ValueError:
        return False


if __name__ == "__main__":
    main(sys.argv[1:])
