"""Models assembled from the layers."""

from keras_pinyin.models.pinyin_transformer import PinyinTransformer

__all__ = ["PinyinTransformer"]
