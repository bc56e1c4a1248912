"""SavedModel and TFLite files that are whole converters, and what is written inside them."""

from keras_pinyin.export.export_model import KINDS, export_model
from keras_pinyin.export.export_task import export_task
from keras_pinyin.text.metadata import read_metadata

__all__ = ["KINDS", "export_model", "export_task", "read_metadata"]
