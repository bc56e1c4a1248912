"""Sets of inputs with what was meant."""

from dataclasses import dataclass
from pathlib import Path

from keras_pinyin.data.labelling import UNSURE
from keras_pinyin.data.shards import read_shards
from keras_pinyin.text import FIRST_HANZI


@dataclass(frozen=True)
class Item:
    """One input: syllables separated by spaces, the hanzi meant, the text to the left."""

    id: str
    keys: str
    hanzi: str
    context: str = ""


def read_eval_set(path):
    """Reads a `.tsv`: id, syllables, hanzi and optionally left context.

    Raises:
        ValueError: if the file has no line of that form.
    """
    items = []
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), 1):
        fields = line.split("\t")
        if len(fields) < 3 or len(fields[1].split()) != len(fields[2]):
            raise ValueError(
                f"Line {number} of {path} is not id, syllables, hanzi[, context] with a syllable "
                "for each hanzi: correct it."
            )
        items.append(Item(*fields[:4]))
    if not items:
        raise ValueError(f"{path} is empty: give a set with one input a line.")
    return items


def items_from_shards(paths, lexicon, *, limit, least=3, most=25):
    """Takes evenly spread runs of hanzi out of labelled shards, as evaluation items."""
    found, names, vocabulary = [], lexicon.keys.names, lexicon.vocabulary
    for tokens, keys in read_shards(paths):
        start = 0
        for end in range(1, len(tokens) + 1):
            if end < len(tokens) and (tokens[end] >= FIRST_HANZI) == (tokens[start] >= FIRST_HANZI):
                continue
            if tokens[start] >= FIRST_HANZI and least <= end - start <= most:
                typed = (names[int(k) % UNSURE].rstrip("12345") for k in keys[start:end])
                context = vocabulary.decode(tokens[max(0, start - 32) : start])
                hanzi = vocabulary.decode(tokens[start:end])
                found.append(Item(str(len(found)), " ".join(typed), hanzi, context))
            start = end
    step = max(len(found) // limit, 1)
    return found[::step][:limit]
