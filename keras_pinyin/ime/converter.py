"""Conversion by a .tflite file: the search is inside its graph."""

import contextlib
import os
from functools import lru_cache
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from keras_pinyin.text import Lexicon, SyllableScores, read_metadata
from keras_pinyin.text.keys import ANY
from keras_pinyin.text.metadata import read_content
from keras_pinyin.text.vocabulary import BOS

PACKAGE = Path(__file__).resolve().parents[1]
PLACES = (PACKAGE / "tflite", PACKAGE.parent / "tflite")  # of a wheel, of a clone
NEVER = -5e8  # scores below are of no sentence: fewer were possible than asked for
REMEMBERED = 256  # results of calls


def released_file():
    """The path of the released .tflite file, or None where there is none."""
    return next((p / "small.tflite" for p in PLACES if (p / "small.tflite").is_file()), None)


class Converter:
    """Converts keys to hanzi, and predicts hanzi, by one exported file.

    Results are remembered: the same question again costs nothing. The file is read into memory:
    what happens to it afterwards does not matter.

    Args:
        path: path of a file that `recipes/export.py` wrote; the released one by default.
        threads: int, of the runtime.

    Attributes:
        lexicon: the `keras_pinyin.text.Lexicon` of the file.
        syllables: the `SyllableScores` of the file, or None.
        limits: dict of `context`, `keys`, `candidates`, int: the most a call takes or gives.

    Raises:
        ValueError: if the file cannot be read, is damaged or is of another kind.

    Example:
        >>> converter = Converter()
        >>> converter.convert("你好，", ["zhong", "guo"], 1)[0][0]
        '中国'
    """

    def __init__(self, path=None, *, threads=1):
        path = path or released_file()
        if path is None:
            raise ValueError("There is no released model here: name a .tflite file.")
        # Not by its path: the runtime would map the file, and break when someone overwrites it.
        content = read_content(path)
        metadata = read_metadata(content, str(path))
        try:
            self.lexicon, self.limits = Lexicon(metadata["lexicon"]), metadata["limits"]
            table, keys = metadata["syllables"], self.lexicon.keys
            self.syllables = SyllableScores.from_bytes(keys, table) if table else None
            self._tokens, self._shapes = self.lexicon.vocabulary.tokens, metadata["shapes"]
            if [list(self._tokens), list(self.lexicon.keys.names)] != [
                metadata["tokens"],
                metadata["keys"],
            ]:
                raise ValueError("another version of keras_pinyin numbered its hanzi and keys")
            with _silence():
                # Runners read the interpreter's memory without keeping it alive: it stays here.
                self._interpreter = Interpreter(model_content=content, num_threads=threads)
                self._convert = self._interpreter.get_signature_runner("convert")
                self._predict = self._interpreter.get_signature_runner("predict")
                # The first run is slow, and memory that grows step by step peaks higher.
                self._run((BOS,) * self.limits["context"], (ANY,) * min(32, self.limits["keys"]))
        except (ValueError, RuntimeError, LookupError, TypeError, AttributeError) as error:
            why = str(error).strip().split("\n")[0]
            raise ValueError(f"{path} cannot be run ({why}): export or fetch it again.") from error
        self._remembered = lru_cache(REMEMBERED)(self._run)

    def convert(self, context, keys, n_best=10):
        """The likeliest sentences for keys.

        Args:
            context: str, the text to the left; "" for none.
            keys: str of keys separated by spaces or apostrophes, or a list of keys.
            n_best: int, at most as many as the file gives.

        Returns:
            A list of (sentence, score), best first.

        Raises:
            ValueError: if a key is unknown, there is none, or there are too many.
        """
        ids = tuple(self.lexicon.keys.parse(keys).tolist())
        if not 0 < len(ids) <= self.limits["keys"]:
            raise ValueError(
                f"{len(ids)} keys given, but a conversion takes 1 to {self.limits['keys']}: "
                "convert longer input in parts, each the context of the next."
            )
        return list(self._remembered(self._encode(context), ids)[:n_best])

    def predict(self, context, n_best=10):
        """The likeliest next hanzi after a text: a list of (hanzi, log-probability)."""
        return list(self._remembered(self._encode(context), ())[:n_best])

    def _encode(self, text):
        # Much longer than what is kept: runs of digits or letters are one token.
        ids = self.lexicon.vocabulary.encode(text[-16 * self.limits["context"] :])
        return tuple(ids[-self.limits["context"] :].tolist())

    def _run(self, context, keys):
        """The answers to token ids and key ids, or to token ids alone, as a tuple."""
        padded = np.zeros((1, self._shapes["context"] or len(context)), np.int32)
        if context:
            padded[0, -len(context) :] = context
        if keys:
            typed = np.zeros((1, self._shapes["keys"] or len(keys)), np.int32)
            typed[0, : len(keys)] = keys
            found = self._convert(context=padded, keys=typed)
            rows = found["sentences"][0][:, : len(keys)]
        else:
            found = self._predict(context=padded)
            rows = found["hanzi"][0][:, None]
        return tuple(
            ("".join(self._tokens[i] for i in row if i), float(score))
            for row, score in zip(rows.tolist(), found["scores"][0])
            if score > NEVER
        )


@contextlib.contextmanager
def _silence():
    """Keeps the runtime's remarks, which are not Python's, from the terminal one types in."""
    try:
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # a process without them
        yield
        return
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
