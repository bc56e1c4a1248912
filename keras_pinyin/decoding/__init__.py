"""Search for the best sentences."""

from keras_pinyin.decoding.beam_search import beam_search

__all__ = ["beam_search"]
