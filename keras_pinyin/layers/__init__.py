"""The layers of pinyin models, each usable by itself in any Keras model."""

from keras_pinyin.layers.context_memory import ContextMemory
from keras_pinyin.layers.copy_head import CopyHead
from keras_pinyin.layers.decoder_layer import PinyinDecoderLayer
from keras_pinyin.layers.encoder_layer import PinyinEncoderLayer
from keras_pinyin.layers.global_attention import GlobalAttention
from keras_pinyin.layers.local_attention import LocalAttention
from keras_pinyin.layers.mixed_attention import MixedAttention
from keras_pinyin.layers.ngram_embedding import NGramEmbedding
from keras_pinyin.layers.ngram_memory import NGramMemory
from keras_pinyin.layers.pinyin_attention import PinyinAttention
from keras_pinyin.layers.pinyin_embedding import PinyinEmbedding
from keras_pinyin.layers.position_attention import PositionAttention
from keras_pinyin.layers.topic_memory import TopicMemory

__all__ = [
    "ContextMemory",
    "CopyHead",
    "GlobalAttention",
    "LocalAttention",
    "MixedAttention",
    "NGramEmbedding",
    "NGramMemory",
    "PinyinAttention",
    "PinyinDecoderLayer",
    "PinyinEmbedding",
    "PinyinEncoderLayer",
    "PositionAttention",
    "TopicMemory",
]
