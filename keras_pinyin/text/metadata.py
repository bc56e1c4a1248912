"""Reads what a .tflite file says of itself: vocabulary, keys, lexicon, limits, model card.

A flatbuffer may carry named buffers beside the graph. Ours are JSON in UTF-8, compressed by zlib:
`keras_pinyin`, all that a host needs to convert, and `keras_pinyin.lexicon`, which most hosts leave
alone; and, as `SyllableScores.to_bytes` writes it, `keras_pinyin.syllables`. Reading needs Python's
standard library only.
"""

import json
import struct
import zlib
from pathlib import Path

FORMAT = 1
MAIN, LEXICON = "keras_pinyin", "keras_pinyin.lexicon"
SYLLABLES = "keras_pinyin.syllables"
# Places of fields in TFLite's schema (schema.fbs).
MODEL_BUFFERS, MODEL_METADATA, METADATA_NAME, METADATA_BUFFER, BUFFER_DATA = 4, 6, 0, 1, 0


def read_metadata(path_or_bytes, name="The content"):
    """Reads what `export_model` wrote inside a .tflite file; needs neither TensorFlow nor Keras.

    Args:
        path_or_bytes: path of a .tflite file, or its content.
        name: str, what to call content.

    Returns:
        dict: `format` int; `name`, `kind`, `version` str; `tokens` list of str by id, `first_hanzi`
        int, the id where hanzi begin; `keys` list of str by id, `first_prefix`, `first_toned` int,
        where kinds of keys begin; `text` dict, how text becomes tokens; `limits` dict of `context`,
        `keys`, `candidates` int; `shapes` dict of `context`, `keys`, an int where only that length
        goes in, or None; `beams` int; `card` str; `lexicon` dict hanzi -> dict toned reading ->
        count; `syllables` bytes, a table for `SyllableScores.from_bytes`, or None.

    Raises:
        ValueError: if the file cannot be read, is no .tflite file or carries nothing of ours.

    Example:
        >>> read_metadata(b"not a model")
        Traceback (most recent call last):
        ...
        ValueError: The content is no .tflite file: make one with recipes/export.py.
    """
    if isinstance(path_or_bytes, (bytes, bytearray, memoryview)):
        return _decode(bytes(path_or_bytes), name)
    return _decode(read_content(path_or_bytes), str(path_or_bytes))


def read_content(path):
    """The content of a .tflite file, bytes.

    Raises:
        ValueError: if it cannot be read, or is empty.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ValueError(
            f"{path} cannot be read ({error.strerror}): name a .tflite file."
        ) from error
    if not content:
        raise ValueError(f"{path} is empty: export it again.")
    return content


def _decode(content, what):
    if content[4:8] != b"TFL3":
        raise ValueError(f"{what} is no .tflite file: make one with recipes/export.py.")
    try:
        found = named_buffers(content)
        decoded = {
            name: json.loads(zlib.decompress(found[name]))
            for name in (MAIN, LEXICON)
            if name in found
        }
        version = int(decoded[MAIN]["format"]) if MAIN in decoded else FORMAT
    except (struct.error, LookupError, TypeError, ValueError, zlib.error) as error:
        raise ValueError(f"{what} is damaged ({error}): export or fetch it again.") from error
    if len(decoded) < 2:
        raise ValueError(f"{what} carries no vocabulary: make it with recipes/export.py.")
    if version > FORMAT:
        raise ValueError(
            f"{what} is of format {version}, and this keras_pinyin reads up to "
            f"{FORMAT}: update keras_pinyin."
        )
    extra = {"lexicon": decoded[LEXICON], "syllables": found.get(SYLLABLES)}
    return {**decoded[MAIN], **extra}


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
