"""Writes into a .tflite file what it says of itself, for `keras_pinyin.text.metadata` to read."""

import json
import zlib
from pathlib import Path

from keras_pinyin.text import FIRST_HANZI, vocabulary
from keras_pinyin.text.metadata import FORMAT, LEXICON, MAIN, SYLLABLES
from keras_pinyin.text.syllables import FILE


def describe(model, preset, *, kind, name, version, n_best, beams, limits, fixed):
    """The metadata of one file, as `keras_pinyin.text.read_metadata` gives it back."""
    lexicon, card, syllables = model.lexicon, Path(preset) / "README.md", Path(preset) / FILE
    tokens = lexicon.vocabulary.tokens
    return {
        "format": FORMAT,
        "name": name,
        "kind": kind,
        "version": version,
        "tokens": list(tokens),
        "first_hanzi": FIRST_HANZI,
        "keys": list(lexicon.keys.names),
        "first_prefix": lexicon.keys.first_prefix,
        "first_toned": lexicon.keys.first_toned,
        "text": {
            "full_width": vocabulary.FULL_WIDTH,
            "runs": [*(tokens[i] for i in vocabulary.RUNS), "—", "…"],
        },
        "limits": {**limits, "candidates": n_best},
        "shapes": {key: size if fixed else None for key, size in limits.items()},
        "beams": beams,
        "card": card.read_text(encoding="utf-8") if card.is_file() else "",
        "lexicon": lexicon.entries,
        "syllables": syllables.read_bytes() if syllables.is_file() else None,
    }


def add_metadata(content, described):
    """A .tflite file with `described` inside.

    Args:
        content: bytes of a .tflite file.
        described: dict, as `describe` gives.

    Returns:
        bytes.
    """
    import flatbuffers
    from tensorflow.lite.python import schema_py_generated as schema

    described = dict(described)
    lexicon, syllables = described.pop("lexicon"), described.pop("syllables")
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    buffers = {SYLLABLES: syllables} if syllables else {}
    for name, value in ((MAIN, described), (LEXICON, lexicon)):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        buffers[name] = zlib.compress(text.encode("utf-8"), 9)
    for name, value in buffers.items():
        entry = schema.MetadataT()
        entry.name, entry.buffer = name, len(model.buffers)
        model.metadata = [*(model.metadata or []), entry]
        buffer = schema.BufferT()
        buffer.data = value
        model.buffers.append(buffer)
    model.buffers = [_Aligned(buffer.data) for buffer in model.buffers]
    builder = flatbuffers.Builder(len(content) + (1 << 20))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


class _Aligned:
    """A buffer that begins at a multiple of 16 bytes, as runtimes that map files want it.

    The classes that TensorFlow generates for Python forget that rule of the schema.
    """

    def __init__(self, data):
        self.data = b"" if data is None else bytes(data)

    def Pack(self, builder):
        from tensorflow.lite.python import schema_py_generated as schema

        if self.data:
            builder.StartVector(1, len(self.data), 16)
            builder.head = builder.Head() - len(self.data)
            builder.Bytes[builder.Head() : builder.Head() + len(self.data)] = self.data
            data = builder.EndVector()
        schema.BufferStart(builder)
        if self.data:
            schema.BufferAddData(builder, data)
        return schema.BufferEnd(builder)
