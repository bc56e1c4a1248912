"""Converts pinyin with a .tflite file: needs numpy and ai_edge_litert, nothing else.

    python pinyin.py small.tflite "jin tian tian qi" --context 你好，
    python pinyin.py small.tflite --context 今天天     # what comes next

The file knows its vocabulary, its keys and its limits; the search is inside its graph. This module
is one file, to be copied into other programs.
"""

import argparse
import json
import mmap
import re
import struct
import sys
import unicodedata
import zlib

import numpy as np
from ai_edge_litert.interpreter import Interpreter

NEVER = -5e8  # scores below are of no sentence: fewer were possible than asked for
TONE_MARKS = {"\u0304": "1", "\u0301": "2", "\u030c": "3", "\u0300": "4"}


class PinyinConverter:
    """A converter of one .tflite file.

    Args:
        path: path of a file that `recipes/export.py` wrote.
        threads: int, of the runtime.

    Attributes:
        metadata: dict, what the file says of itself.

    Raises:
        ValueError: if the file cannot be read, or is of another kind.

    Example:
        >>> PinyinConverter("small.tflite").convert("你好，", "zhong guo", 1)  # doctest: +SKIP
        [('中国', -0.31)]
    """

    def __init__(self, path, threads=1):
        self.metadata = read_metadata(path)
        self.tokens, keys = self.metadata["tokens"], self.metadata["keys"]
        self.token_ids = {token: i for i, token in enumerate(self.tokens)}
        self.key_ids = {key: i for i, key in enumerate(keys)}
        self._full_width = str.maketrans(self.metadata["text"]["full_width"])
        self._runs = {self.token_ids[token] for token in self.metadata["text"]["runs"]}
        # Runners read the interpreter's memory without keeping it alive: it stays here.
        self._interpreter = Interpreter(str(path), num_threads=threads)
        self._convert = self._interpreter.get_signature_runner("convert")
        self._predict = self._interpreter.get_signature_runner("predict")

    def convert(self, context, keys, n_best=10):
        """The likeliest sentences for keys.

        Args:
            context: str, the text to the left; "" for none.
            keys: str of keys separated by spaces or apostrophes, or a list of keys.
            n_best: int, at most as many as the file gives.

        Returns:
            A list of (sentence, log-probability), best first.

        Raises:
            ValueError: if a key is unknown, there is none, or there are too many.
        """
        ids = self.parse(keys)
        length, limit = len(ids), self.metadata["limits"]["keys"]
        if not 0 < length <= limit:
            raise ValueError(
                f"{length} keys given, but a conversion takes 1 to {limit}: convert longer input "
                "in parts, each the context of the next."
            )
        fixed = self.metadata["shapes"]["keys"]
        padded = np.zeros((1, fixed or length), np.int32)
        padded[0, :length] = ids
        found = self._convert(context=self._context(context), keys=padded)
        return [
            ("".join(self.tokens[i] for i in row[:length] if i), float(score))
            for row, score in zip(found["sentences"][0][:n_best], found["scores"][0])
            if score > NEVER
        ]

    def predict(self, context, n_best=10):
        """The likeliest next hanzi after a text: a list of (hanzi, log-probability)."""
        found = self._predict(context=self._context(context))
        return [
            (self.tokens[i], float(score))
            for i, score in zip(found["hanzi"][0][:n_best], found["scores"][0])
            if score > NEVER
        ]

    def parse(self, keys):
        """Ids of keys, a list of int; raises ValueError for something that is no key."""
        if isinstance(keys, str):
            keys = re.split(r"[\s']+", keys.strip(" '"))
        return [self._key(key) for key in keys if key]

    def _key(self, key):
        name = key if key in ("<any>", "<pad>") else normalize_key(key)
        if name not in self.key_ids and name[-1:] in set("12345"):
            name = name[:-1]  # a tone that no hanzi of the syllable has
        if name not in self.key_ids:
            raise ValueError(
                f"{key!r} is no pinyin syllable or beginning of one: use full syllables, prefixes "
                "like zh, or <any>."
            )
        return self.key_ids[name]

    def encode(self, text):
        """Token ids of a text, a list of int. White space is dropped."""
        text = unicodedata.normalize("NFKC", text)
        text = re.sub(r"(?<=\d)[.,](?=\d)", "", text).replace("...", "…")
        found = []
        for char in text.translate(self._full_width):
            if char.isascii() and char.isdigit():
                index = self.token_ids["[NUM]"]
            elif char.isascii() and char.isalpha():
                index = self.token_ids["[LATIN]"]
            elif char == "\n":
                index = self.token_ids["[BOS]"]  # a line is a context of its own
            elif char in "\t\v\f\r \x85\xa0\u3000\u200b\ufeff":
                continue
            else:
                index = self.token_ids.get(char, self.token_ids["[UNK]"])
            if not (found and found[-1] == index and index in self._runs):
                found.append(index)
        return found

    def _context(self, text):
        ids = self.encode(text)[-self.metadata["limits"]["context"] :]
        padded = np.zeros((1, self.metadata["shapes"]["context"] or len(ids)), np.int32)
        if ids:
            padded[0, -len(ids) :] = ids
        return padded


def normalize_key(key):
    """Lower case, `v` for ü, tone marks and tone digits as one digit at the end, 5 neutral."""
    key = key.strip().lower().replace("u:", "v")
    tone, plain = "", []
    for char in unicodedata.normalize("NFD", key):
        if char in TONE_MARKS:
            tone = TONE_MARKS[char]
        elif char == "\u0308" and plain[-1:] == ["u"]:
            plain[-1] = "v"
        else:
            plain.append(char)
    key = "".join(plain)
    if key[-1:] in set("012345"):
        key, tone = key[:-1], key[-1].replace("0", "5")
    if key[:1] in set("jqxy") and key[1:2] == "v":
        key = f"{key[0]}u{key[2:]}"
    elif key[:3] in ("lue", "nue"):
        key = f"{key[0]}ve{key[3:]}"
    return key + tone


def read_metadata(path):
    """What a .tflite file says of itself (the buffer `keras_pinyin` of its flatbuffer), a dict."""
    try:
        with (
            open(path, "rb") as stream,
            mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            return json.loads(zlib.decompress(_named_buffer(content, b"keras_pinyin")))
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}).") from error
    except (ValueError, KeyError, IndexError, struct.error, zlib.error) as error:
        raise ValueError(f"{path} is no .tflite file made by recipes/export.py.") from error


def _named_buffer(content, wanted):
    def number(at):
        return struct.unpack_from("<I", content, at)[0]

    def field(table, index):
        layout = table - struct.unpack_from("<i", content, table)[0]
        if 4 + 2 * index >= struct.unpack_from("<H", content, layout)[0]:
            return 0
        offset = struct.unpack_from("<H", content, layout + 4 + 2 * index)[0]
        return table + offset if offset else 0

    def tables(at):
        start = at + number(at)
        return [i + number(i) for i in range(start + 4, start + 4 + 4 * number(start), 4)]

    def data(at):
        start = at + number(at)
        return bytes(content[start + 4 : start + 4 + number(start)])

    if content[4:8] != b"TFL3":
        raise ValueError("no flatbuffer of TFLite")
    model = number(0)  # fields by their places in TFLite's schema: 4 buffers, 6 metadata
    entry = {data(field(e, 0)): e for e in tables(field(model, 6))}[wanted]
    return data(field(tables(field(model, 4))[number(field(entry, 1))], 0))


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a .tflite file")
    parser.add_argument("keys", nargs="?", help='like "jin tian"; without it, what comes next')
    parser.add_argument("--context", default="", help="the text to the left")
    parser.add_argument("-n", type=int, default=5, help="how many (default 5)")
    options = parser.parse_args(argv)
    try:
        converter = PinyinConverter(options.model)
        if options.keys is None:
            found = converter.predict(options.context, options.n)
        else:
            found = converter.convert(options.context, options.keys, options.n)
    except ValueError as error:
        print(f"pinyin.py: {error}", file=sys.stderr)
        return 2
    for sentence, score in found:
        print(f"{sentence}\t{score:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
