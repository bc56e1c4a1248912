"""Writes keras_pinyin/text/data/lexicon.tsv from a folder of text.

Hanzi and readings come from pypinyin, the standard table and the text, labelled by pypinyin.

    python tools/make_lexicon.py FOLDER
"""

import argparse
import multiprocessing
from collections import Counter
from pathlib import Path

from keras_pinyin.data.corpus import corpus_files, read_documents
from keras_pinyin.text.labels import HANZI, segment_words, word_readings
from keras_pinyin.text.lexicon import Lexicon

TARGET = Path(__file__).parent.parent / "keras_pinyin/text/data/lexicon.tsv"


def count_words(job):
    path, every = job
    words = Counter()
    for number, document in enumerate(read_documents(path)):
        if number % every == 0:
            for run in HANZI.findall(document):
                words.update(segment_words(run))
    return words


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", help="folder of .txt, .txt.xz, .txt.gz files")
    parser.add_argument("--every", type=int, default=4, help="use each n-th document (default 4)")
    parser.add_argument("--min-count", type=int, default=30, help="for hanzi outside the table")
    options = parser.parse_args()
    files = sorted(corpus_files(options.corpus), key=lambda f: -f.stat().st_size)
    words = Counter()
    with multiprocessing.Pool() as pool:
        for found in pool.imap_unordered(count_words, [(f, options.every) for f in files]):
            words.update(found)
    counts = Counter()
    for word, count in words.items():
        for hanzi, reading in zip(word, word_readings(word)):
            counts[hanzi, reading] += count
    lexicon = Lexicon.build(counts, min_count=options.min_count)
    lexicon.save(TARGET)
    widest = lexicon.candidates().shape[1]
    print(f"{len(lexicon.entries)} hanzi, {len(lexicon.keys)} keys, up to {widest} hanzi a key")


if __name__ == "__main__":
    main()
