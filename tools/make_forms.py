"""Writes keras_pinyin/ime/forms.tsv: traditional hanzi that one simplified hanzi may stand for.

    python tools/make_forms.py

Each line is a simplified hanzi and, for OpenCC's standard, Taiwan and Hong Kong, the forms besides
the one that OpenCC writes for it when it stands alone: those that OpenCC simplifies to it and that
Big5, which no hanzi is in that only simplified text has, knows; common ones first.
"""

from pathlib import Path

from opencc import OpenCC

from keras_pinyin.ime.variants import CONVERSIONS
from keras_pinyin.text import Lexicon

RARE = 0xC9  # Big5's first byte from here on
PLACE = Path(__file__).resolve().parent.parent / "keras_pinyin" / "ime" / "forms.tsv"


def convert(name, hanzi):
    """dict hanzi -> what OpenCC makes of it alone."""
    return dict(zip(hanzi, OpenCC(name).convert("\n".join(hanzi)).split("\n")))


def rarity(form):
    """Big5 begins with common hanzi."""
    code = form.encode("big5")
    return not 0xA4 <= code[0] < RARE, code


def main():
    known = [token for token in Lexicon.default().vocabulary.tokens if len(token) == 1]
    every = [chr(code) for code in range(0x3400, 0xA000)]
    simplified = convert("t2s", every)
    columns = []
    for script, name in CONVERSIONS.items():
        first = convert(name, known)
        standard = {c: c for c in every} if script == "s2t" else convert(f"t2{script}", every)
        forms = {hanzi: set() for hanzi in known}
        for traditional, hanzi in simplified.items():
            form = standard[traditional]
            if hanzi in forms and form != first[hanzi] and form.encode("big5", "ignore"):
                forms[hanzi].add(form)
        columns.append(
            {hanzi: "".join(sorted(found, key=rarity)) for hanzi, found in forms.items()}
        )
    lines = ("\t".join((hanzi, *(column[hanzi] for column in columns))) for hanzi in sorted(known))
    lines = [line for line in lines if line[1:].strip()]
    PLACE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} hanzi of more than one form")


if __name__ == "__main__":
    main()
