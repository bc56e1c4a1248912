"""Fills a model's n-gram memory from labelled shards."""

from keras_pinyin.data.ngrams import NGramCounter, select_ngrams
from keras_pinyin.data.shards import read_shards
from keras_pinyin.text import FIRST_HANZI


def fill_memory(model, shards, capacity=0):
    """Counts the hanzi n-grams of shards in one pass and fills `model.memory` with the best.

    Args:
        model: a `PinyinTransformer` with a memory and a lexicon.
        shards: paths of shards.
        capacity: int, n-grams offered; 0 for as many as the memory has slots.

    Returns:
        int, n-grams that found a place.

    Raises:
        ValueError: if the shards hold no hanzi.
    """
    counter = NGramCounter(order=model.memory.order, first_hanzi=FIRST_HANZI)
    for tokens, _ in read_shards(shards):
        counter.add(tokens)
    table = select_ngrams(
        counter.counts(),
        vocabulary_size=model.settings["hanzi_size"],
        capacity=capacity or model.settings["memory_slots"],
        sound=model.lexicon.main_keys,
    )
    return model.memory.fill(table.ngrams, table.unigram)
