"""The engine of an input method on one .tflite file; needs numpy and the LiteRT runtime only."""

from keras_pinyin.ime.converter import Converter, released_file
from keras_pinyin.ime.engine import Engine
from keras_pinyin.ime.letters import Letters
from keras_pinyin.ime.options import Options
from keras_pinyin.ime.state import Candidate, State
from keras_pinyin.ime.store import UserStore

__all__ = [
    "Candidate",
    "Converter",
    "Engine",
    "Letters",
    "Options",
    "State",
    "UserStore",
    "released_file",
]
