"""Fills a model's counted memories from labelled shards."""

from keras_pinyin.data.labelling import UNSURE
from keras_pinyin.data.ngrams import NGramCounter, SoundCounter, select_ngrams
from keras_pinyin.data.shards import read_shards
from keras_pinyin.data.words import read_words
from keras_pinyin.text import FIRST_HANZI

WORD_COUNT = 2  # as often as every word of the dictionaries is taken to occur


def fill_memory(model, shards, words=True):
    """Counts shards in one pass and fills the memories of a model with what helps most.

    Args:
        model: a `PinyinTransformer` with a lexicon and `memory`, `sound_memory` or both.
        shards: paths of shards.
        words: bool, whether words of dictionaries are counted too (`read_words`).

    Returns:
        int, n-grams that found a place.

    Raises:
        ValueError: if the shards hold no hanzi.
    """
    lexicon = model.lexicon
    written = NGramCounter(first_hanzi=FIRST_HANZI)
    heard = SoundCounter()
    syllables = lexicon.keys.features[:, 3]
    for tokens, keys in read_shards(shards):
        if model.memory is not None:
            written.add(tokens)
        if model.sound_memory is not None:
            heard.add(tokens, syllables[keys & (UNSURE - 1)])
    if model.memory is not None and words:
        written.add_words(read_words(lexicon.vocabulary), WORD_COUNT)
    # A hanzi's sound is known when the sound memory is asked: only homophones compete.
    filled = 0
    for memory, counter, share in (
        (model.memory, written, 0.5),
        (model.sound_memory, heard, 1.0),
    ):
        if memory is not None:
            table = select_ngrams(
                counter.counts(),
                vocabulary_size=memory.vocabulary_size,
                capacity=int(1.5 * memory.capacity),  # buckets fill unevenly
                sound=lexicon.main_keys,
                homophone_share=share,
            )
            filled += memory.fill(table.ngrams, table.unigram)
    return filled
