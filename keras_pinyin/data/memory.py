"""Fills a model's counted memories from labelled shards."""

from pathlib import Path

import numpy as np

from keras_pinyin.data.labelling import UNSURE
from keras_pinyin.data.ngrams import NGramCounter, SoundCounter, select_ngrams
from keras_pinyin.data.shards import read_shards
from keras_pinyin.data.words import read_words
from keras_pinyin.text import FIRST_HANZI

WORD_COUNT = 2  # as often as every word of the dictionaries is taken to occur


def new_counters():
    """What the memories of a model are filled from: `written` n-grams, and `heard` ones."""
    return {"written": NGramCounter(first_hanzi=FIRST_HANZI), "heard": SoundCounter()}


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


def fill_memory(model, shards=(), words=True, counts=None):
    """Counts shards in one pass and fills the memories of a model with what helps most.

    Args:
        model: a `PinyinTransformer` with a lexicon and `memory`, `sound_memory` or both.
        shards: paths of shards.
        words: bool, whether words of dictionaries are counted too (`read_words`).
        counts: folder of counts to add to those of the shards, see `read_counts`.

    Returns:
        int, n-grams that found a place.

    Raises:
        ValueError: if the shards hold no hanzi.
    """
    lexicon = model.lexicon
    memories = {"written": model.memory, "heard": model.sound_memory}
    counters = {n: c for n, c in new_counters().items() if memories[n] is not None}
    count_shards(counters, shards, lexicon)
    if counts is not None:
        read_counts(counters, counts)
    if words and "written" in counters:
        add_dictionaries(counters, lexicon)
    return fill_from(model, counters)


def add_dictionaries(counters, lexicon):
    """Counts the words of dictionaries, `WORD_COUNT` times each."""
    counters["written"].add_words(read_words(lexicon.vocabulary), WORD_COUNT)


def fill_from(model, counters):
    """Fills the memories of a model with the most useful of what was counted.

    Args:
        model: as for `fill_memory`.
        counters: dict, those of `new_counters` that the model has a memory for.

    Returns:
        int, n-grams that found a place.
    """
    filled = 0
    # A hanzi's sound is known when the sound memory is asked: only homophones compete.
    for name, memory, share in (
        ("written", model.memory, 0.5),
        ("heard", model.sound_memory, 1.0),
    ):
        if memory is not None:
            table = select_ngrams(
                counters[name].counts(),
                vocabulary_size=memory.vocabulary_size,
                capacity=int(1.5 * memory.capacity),  # buckets fill unevenly
                sound=model.lexicon.main_keys,
                homophone_share=share,
            )
            filled += memory.fill(table.ngrams, table.unigram)
    return filled
