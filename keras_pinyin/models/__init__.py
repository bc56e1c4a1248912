"""Models assembled from the layers."""

from keras_pinyin.models.converter import Converter
from keras_pinyin.models.pinyin_transformer import PinyinTransformer
from keras_pinyin.models.reading_tagger import ReadingTagger
from keras_pinyin.models.spelling_corrector import SpellingCorrector
from keras_pinyin.models.text_classifier import TextClassifier
from keras_pinyin.models.weights import default_preset, find_preset

__all__ = [
    "Converter",
    "PinyinTransformer",
    "ReadingTagger",
    "SpellingCorrector",
    "TextClassifier",
    "default_preset",
    "find_preset",
]
