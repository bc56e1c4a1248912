"""Fills a model's counted memories from labelled shards."""

import itertools
import json
from pathlib import Path

import numpy as np

from keras_pinyin.data.labelling import UNSURE
from keras_pinyin.data.ngrams import NGramCounter, SoundCounter, select_ngrams
from keras_pinyin.data.shards import read_shards
from keras_pinyin.data.words import read_words
from keras_pinyin.text import FIRST_HANZI

HELD_OUT = "held_out.json"  # beside counts: the folds that they left out


def new_counters(model=None):
    """What memories are filled from: `written` n-grams and `heard` ones, or what `model` has."""
    counters = {"written": NGramCounter(first_hanzi=FIRST_HANZI), "heard": SoundCounter()}
    if model is None:
        return counters
    return {name: counters[name] for name, memory, _ in _memories(model)}


def _memories(model):
    """Name, memory, and how far only homophones compete in each order, of what a model has."""
    # The more is written before a hanzi, the surer it tells the sound; the sound memory is asked
    # when the sound is known.
    both = (
        ("written", model.memory, (0.5, 0.75, 1.0)),
        ("heard", model.sound_memory, (1.0, 1.0, 1.0)),
    )
    return [entry for entry in both if entry[1] is not None]


def count_shards(counters, shards, lexicon):
    """Counts the documents of shards.

    Args:
        counters: dict, some of `new_counters`.
        shards: paths of shards.
        lexicon: the `Lexicon` they were labelled with.
    """
    syllables = lexicon.keys.features[:, 3]
    for tokens, keys in read_shards(shards):
        if "written" in counters:
            counters["written"].add(tokens)
        if "heard" in counters:
            counters["heard"].add(tokens, syllables[keys & (UNSURE - 1)])


def read_counts(counters, folder):
    """Adds counts that `recipes/label_with_beam.py` wrote.

    Args:
        counters: dict, some of `new_counters`.
        folder: its folder `counts`.

    Raises:
        ValueError: if there are none in it, or not all.
    """
    for name, counter in counters.items():
        for order in range(1, counter.order + 1):
            files = sorted(Path(folder).glob(f"{name}-{order}-*.npz"))
            if not files or len(files) != int(files[0].stem.rsplit("-", 1)[1]):
                raise ValueError(
                    f"{folder} holds {len(files)} counts {name}-{order}-*.npz, which is not all: "
                    "let recipes/label_with_beam.py finish."
                )
            parts = []
            for file in files:
                with np.load(file) as part:
                    parts.append((part["grams"], part["counts"]))
            counter.add_counts(order, *map(np.concatenate, zip(*parts)))


def check_held_out(folder, folds):
    """Raises ValueError unless counts left out folds of the text.

    Args:
        folder: folder `counts` that `recipes/label_with_beam.py` wrote.
        folds: iterable of int.
    """
    path, folds = Path(folder) / HELD_OUT, set(folds)
    if not path.is_file():
        raise ValueError(
            f"{folder} does not say which folds were left out of its counts ({HELD_OUT}): count "
            "with recipes/label_with_beam.py."
        )
    counted = folds.difference(json.loads(path.read_text(encoding="utf-8")))
    if counted:
        name = lambda folds: ",".join(map(str, sorted(folds)))
        raise ValueError(
            f"The counts in {folder} hold the folds {name(counted)}, which are to be learned from "
            f"or measured on: count with recipes/label_with_beam.py --held-out {name(folds)}."
        )


def fill_memory(model, shards=(), words=None, counts=None, learned=None):
    """Counts shards in one pass and fills the memories of a model with what helps most.

    Args:
        model: a `PinyinTransformer` with a lexicon and `memory`, `sound_memory` or both.
        shards: paths of shards.
        words: path of a word list to count besides dictionaries, or None, see `read_words`.
        counts: folder of counts to add to those of the shards, see `read_counts`.
        learned: what `learned_memories` returned, or None.

    Returns:
        int, n-grams that found a place.

    Raises:
        ValueError: if the shards hold no hanzi, or the word list cannot be read.
    """
    lexicon, counters = model.lexicon, new_counters(model)
    count_shards(counters, shards, lexicon)
    if counts is not None:
        read_counts(counters, counts)
    add_dictionaries(counters, lexicon, words)
    return fill_from(model, counters, learned)


def add_dictionaries(counters, lexicon, words=None):
    """Counts the words of dictionaries and of a word list, see `read_words`, as written."""
    if "written" in counters:
        counters["written"].add_words(*read_words(lexicon.vocabulary, words))


def fill_from(model, counters, learned=None):
    """Fills the memories of a model with the most useful of what was counted.

    Args:
        model, learned: as for `fill_memory`.
        counters: dict, those of `new_counters` that the model has a memory for.

    Returns:
        int, n-grams that found a place.
    """
    # Not every n-gram finds room: more are chosen than there are slots.
    tables = zip(select_tables(model, counters, 2.0), learned or itertools.repeat(None))
    return sum(
        memory.fill(table.ngrams, table.unigram, change) for (memory, table), change in tables
    )


def select_tables(model, counters, room):
    """Yields each memory of a model with the `NGramTable` of what helps it most.

    Args:
        model, counters: as for `fill_from`.
        room: float, n-grams to choose, as a share of the slots.
    """
    for name, memory, shares in _memories(model):
        yield (
            memory,
            select_ngrams(
                counters[name].counts(),
                vocabulary_size=memory.vocabulary_size,
                capacity=int(room * memory.capacity),
                sound=model.lexicon.main_keys,
                homophone_shares=shares,
            ),
        )
