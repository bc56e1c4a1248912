"""The engine of an input method on one .tflite file; needs numpy and the LiteRT runtime only."""

from keras_pinyin.ime.composition import Candidate
from keras_pinyin.ime.converter import Converter, released_file
from keras_pinyin.ime.engine import Engine, State
from keras_pinyin.ime.letters import Letters
from keras_pinyin.ime.options import Options

__all__ = ["Candidate", "Converter", "Engine", "Letters", "Options", "State", "released_file"]
