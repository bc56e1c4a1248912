"""Making, saving and loading a `PinyinTransformer`."""

import json
import os
import shutil
from pathlib import Path

import keras
import numpy as np

from keras_pinyin.models.presets import SIZES
from keras_pinyin.models.weights import find_preset, load_half, save_half
from keras_pinyin.text import Lexicon


class Presets:
    """The part of `PinyinTransformer` that knows sizes, lexicons and folders."""

    @staticmethod
    def sizes(preset):
        """The settings of a size: "nano", "small" or "base"."""
        if preset not in SIZES:
            raise ValueError(f"There is no size {preset!r}: choose from {', '.join(SIZES)}.")
        return SIZES[preset]["config"]

    def get_compile_config(self):
        return {}  # how a model was trained is no part of it

    @classmethod
    def from_lexicon(cls, lexicon, preset="small", **changes):
        """A new model of a preset's size for a `Lexicon`; `changes` replace single settings."""
        keys, candidates = lexicon.keys, lexicon.candidates()
        model = cls(
            **{
                **cls.sizes(preset),
                "hanzi_size": len(lexicon.vocabulary),
                "key_size": len(keys),
                "feature_sizes": keys.feature_sizes,
                "homophones": int(candidates.shape[1]),
                "legal_pairs": int((candidates > 0).sum()),
                **changes,
            }
        )
        model.build()
        model.set_lexicon(lexicon)
        return model

    def set_lexicon(self, lexicon):
        """Writes the tables of a `Lexicon` into the model.

        Raises:
            ValueError: if the lexicon is of another size than the model.
        """
        sizes = (len(lexicon.vocabulary), len(lexicon.keys))
        mine = (self.settings["hanzi_size"], self.settings["key_size"])
        if sizes != mine:
            raise ValueError(
                f"The lexicon has {sizes[0]} tokens and {sizes[1]} keys, the model {mine[0]} and "
                f"{mine[1]}: use the lexicon that was saved with the model."
            )
        self.lexicon = lexicon
        self.key_features.assign(lexicon.keys.features)
        self.hanzi_key.assign(lexicon.main_keys)
        candidates = lexicon.candidates()
        self.legal.assign(candidates[candidates > 0])
        self.legal_start.assign(np.r_[0, np.cumsum((candidates > 0).sum(1))])

    def save_to_preset(self, folder):
        """Writes config, weights (half precision) and lexicon; a good folder is never left half."""
        folder = Path(folder)
        part = folder.with_name(folder.name + f".part{os.getpid()}")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            config = keras.saving.serialize_keras_object(self)
            (part / "config.json").write_text(json.dumps(config, indent=1) + "\n")
            save_half(self, part / "model.weights.npz")
            self._lexicon().save(part / "lexicon.tsv")
            if folder.exists():
                for other in folder.iterdir():  # the card and figures stay
                    if not (part / other.name).exists():
                        other.rename(part / other.name)
                shutil.rmtree(folder)
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    @classmethod
    def from_preset(cls, preset, load_weights=True):
        """Loads a model from a folder that `save_to_preset` wrote, or a released name.

        Raises:
            ValueError: if there is no such preset, or its weights are of another shape.
        """
        folder = find_preset(preset)
        model = keras.saving.deserialize_keras_object(
            json.loads((folder / "config.json").read_text())
        )
        if not model.built:
            model.build()
        if load_weights:
            load_half(model, folder / "model.weights.npz")
        model.set_lexicon(Lexicon.load(folder / "lexicon.tsv"))
        return model
