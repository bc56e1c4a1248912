"""What a .tflite file says of itself: vocabulary, keys, lexicon, limits, model card.

A flatbuffer may carry named buffers beside the graph. Ours are JSON in UTF-8, compressed by zlib:
`keras_pinyin`, all that a host needs to convert, and `keras_pinyin.lexicon`, which most hosts leave
alone. Reading needs Python's standard library only.
"""

import json
import mmap
import struct
import zlib
from pathlib import Path

FORMAT = 1
MAIN, LEXICON = "keras_pinyin", "keras_pinyin.lexicon"
# Places of fields in TFLite's schema (schema.fbs).
MODEL_BUFFERS, MODEL_METADATA, METADATA_NAME, METADATA_BUFFER, BUFFER_DATA = 4, 6, 0, 1, 0


def read_metadata(path_or_bytes):
    """Reads what `export_model` wrote inside a .tflite file; needs neither TensorFlow nor Keras.

    Args:
        path_or_bytes: path of a .tflite file, or its content.

    Returns:
        dict: `format` int; `name`, `kind`, `version` str; `tokens` list of str by id, `first_hanzi`
        int, the id where hanzi begin; `keys` list of str by id, `first_prefix`, `first_toned` int,
        where kinds of keys begin; `text` dict, how text becomes tokens; `limits` dict of `context`,
        `keys`, `candidates` int; `shapes` dict of `context`, `keys`, an int where only that length
        goes in, or None; `beams` int; `card` str; `lexicon` dict hanzi -> dict toned reading ->
        count.

    Raises:
        ValueError: if the file cannot be read, is no .tflite file or carries nothing of ours.

    Example:
        >>> read_metadata(b"not a model")
        Traceback (most recent call last):
        ...
        ValueError: The content is no .tflite file: make one with recipes/export.py.
    """
    if isinstance(path_or_bytes, (bytes, bytearray, memoryview)):
        return _decode(bytes(path_or_bytes), "The content")
    try:
        with (
            open(path_or_bytes, "rb") as stream,
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            return _decode(content, str(path_or_bytes))
    except OSError as error:
        raise ValueError(
            f"{path_or_bytes} cannot be read ({error.strerror}): name a .tflite file."
        ) from error
    except ValueError as error:
        if "empty file" not in str(error):
            raise
        raise ValueError(f"{path_or_bytes} is empty: export it again.") from error


def _decode(content, what):
    if bytes(content[4:8]) != b"TFL3":
        raise ValueError(f"{what} is no .tflite file: make one with recipes/export.py.")
    try:
        found = named_buffers(content)
        decoded = {
            name: json.loads(zlib.decompress(found[name]))
            for name in (MAIN, LEXICON)
            if name in found
        }
    except (struct.error, IndexError, ValueError, zlib.error) as error:
        raise ValueError(f"{what} is damaged ({error}): export or fetch it again.") from error
    if len(decoded) < 2:
        raise ValueError(f"{what} carries no vocabulary: make it with recipes/export.py.")
    if decoded[MAIN]["format"] > FORMAT:
        raise ValueError(
            f"{what} is of format {decoded[MAIN]['format']}, and this keras_pinyin reads up to "
            f"{FORMAT}: update keras_pinyin."
        )
    return {**decoded[MAIN], "lexicon": decoded[LEXICON]}


def named_buffers(content):
    """The named buffers of a .tflite flatbuffer, as a dict name -> bytes."""

    def number(at):
        return struct.unpack_from("<I", content, at)[0]

    def field(table, index):
        """Where a field of a table lies, 0 if it is not there."""
        layout = table - struct.unpack_from("<i", content, table)[0]
        if 4 + 2 * index >= struct.unpack_from("<H", content, layout)[0]:
            return 0
        offset = struct.unpack_from("<H", content, layout + 4 + 2 * index)[0]
        return table + offset if offset else 0

    def vector(at):
        """First element and length of the vector that a field points to."""
        start = at + number(at) if at else 0
        return (start + 4, number(start)) if at else (0, 0)

    def tables(at):
        start, count = vector(at)
        return [i + number(i) for i in range(start, start + 4 * count, 4)]

    def data(at):
        start, count = vector(at)
        return bytes(content[start : start + count])

    model = number(0)
    buffers = tables(field(model, MODEL_BUFFERS))
    found = {}
    for entry in tables(field(model, MODEL_METADATA)):
        at = field(entry, METADATA_BUFFER)
        buffer = buffers[number(at) if at else 0]
        name = data(field(entry, METADATA_NAME)).decode("utf-8")
        found[name] = data(field(buffer, BUFFER_DATA))
    return found


def describe(model, preset, *, kind, name, version, n_best, beams, limits, fixed):
    """The metadata of one file, as `read_metadata` gives it back."""
    from keras_pinyin.text import FIRST_HANZI, vocabulary

    lexicon, card = model.lexicon, Path(preset) / "README.md"
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
    lexicon = described.pop("lexicon")
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    for name, value in ((MAIN, described), (LEXICON, lexicon)):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        entry = schema.MetadataT()
        entry.name, entry.buffer = name, len(model.buffers)
        model.metadata = [*(model.metadata or []), entry]
        buffer = schema.BufferT()
        buffer.data = zlib.compress(text.encode("utf-8"), 9)
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
