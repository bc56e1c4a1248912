"""What the task models share: a pretrained encoder inside, and folders that load again."""

import keras

from keras_pinyin.models._saving import Presets
from keras_pinyin.models.pinyin_transformer import PinyinTransformer


class Task(Presets, keras.Model):
    """A model on a `PinyinTransformer`; `save_to_preset` and `from_preset` work as for that.

    Args:
        backbone: a built `PinyinTransformer`.
    """

    def __init__(self, backbone, **kwargs):
        super().__init__(**kwargs)
        self.backbone = backbone

    @property
    def lexicon(self):
        return self.backbone.lexicon

    def set_lexicon(self, lexicon):
        self.backbone.set_lexicon(lexicon)

    def _lexicon(self):
        return self.backbone._lexicon()

    def get_config(self):
        backbone = keras.saving.serialize_keras_object(self.backbone)
        return {**super().get_config(), "backbone": backbone}

    @classmethod
    def from_config(cls, config):
        backbone = config["backbone"]
        if not isinstance(backbone, PinyinTransformer):
            backbone = keras.saving.deserialize_keras_object(backbone)
        if not backbone.built:
            backbone.build()
        return cls(**{**config, "backbone": backbone})
