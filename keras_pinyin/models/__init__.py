"""Models assembled from the layers."""

from keras_pinyin.models.converter import Converter
from keras_pinyin.models.pinyin_transformer import PinyinTransformer
from keras_pinyin.models.weights import default_preset, find_preset

__all__ = ["Converter", "PinyinTransformer", "default_preset", "find_preset"]
