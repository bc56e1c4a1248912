"""Writes tables.js: the tables and numbers that the page has from the library.

Usage: python tflite/web/tables.py
"""

import json
from pathlib import Path

from keras_pinyin.ime import (
    candidates,
    engine,
    letters,
    options,
    punctuation,
    schemes,
    slips,
    spellings,
    store,
    user_words,
    words,
)
from keras_pinyin.text import keys, syllables

SHARED = {
    candidates: "READINGS SHOWN_READINGS WINDOW SENTENCES WORDS HANZI EMOJI ODD JUNK EXTENDED "
    "FORETOLD SURE",
    engine: "KEPT MOST_LETTERS",
    keys: "INITIALS VOWELS",
    letters: "BEAM LITERAL_BEAM SWAP_BEAM REMEMBERED MARGIN ENTER LETTER WORD BORDERS WEIGHT",
    punctuation: "MARKS PAIRS",
    schemes: "PAD DOUBLE_PINYIN RETROFLEX",
    slips: "FUZZY NEIGHBOURS",
    spellings: "FUZZY_COST UNFINISHED INITIAL AGAIN SLIP NO_INITIALS",
    store: "LIMIT SPARED LONGEST LEAST MOST",
    syllables: "STEP NEVER",
    user_words: "TWICE GAIN MOST_GAIN UNKNOWN SHORT LONGEST",
    words: "LONGEST_WORD",
}


def render():
    """The content of tables.js: one object a module of the library."""
    lines = ["// Written by tables.py: change the library, not this."]
    for module, names in SHARED.items():
        found = {name: getattr(module, name) for name in names.split()}
        text = json.dumps(found, ensure_ascii=False, default=sorted)
        lines.append(f"export const {module.__name__.rpartition('.')[2]} = {text};")
    lines.append(f"export const options = {json.dumps(vars(options.Options()))};")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("tables.js").write_text(render(), encoding="utf-8")
