"""Keys, syllables, hanzi and their readings; no Keras."""

from keras_pinyin.text.keys import KeyTable, normalize_key
from keras_pinyin.text.labels import label, unsure
from keras_pinyin.text.lexicon import Lexicon, standard_hanzi
from keras_pinyin.text.metadata import read_metadata
from keras_pinyin.text.segmentation import segment
from keras_pinyin.text.syllables import SyllableScores
from keras_pinyin.text.vocabulary import FIRST_HANZI, HanziVocabulary

__all__ = [
    "FIRST_HANZI",
    "HanziVocabulary",
    "KeyTable",
    "Lexicon",
    "SyllableScores",
    "label",
    "normalize_key",
    "read_metadata",
    "segment",
    "standard_hanzi",
    "unsure",
]
