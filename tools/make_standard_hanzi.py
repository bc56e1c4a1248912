"""Writes keras_pinyin/text/data/standard_hanzi.txt from Unihan's kTGH field.

kTGH numbers the 8,105 hanzi of the Table of General Standard Chinese Characters (2013): 3,500 of
level one, 3,000 of level two, 1,605 of level three; a line each. Debian's package `unicode-data`
carries Unihan (Unicode licence v3).

    apt-get install unicode-data && python tools/make_standard_hanzi.py
"""

import argparse
import bz2
from pathlib import Path

SOURCE = "/usr/share/unicode/Unihan_OtherMappings.txt.bz2"
TARGET = Path(__file__).parent.parent / "keras_pinyin/text/data/standard_hanzi.txt"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", nargs="?", default=SOURCE, help="Unihan_OtherMappings.txt.bz2")
    place = {}
    with bz2.open(parser.parse_args().source, "rt", encoding="utf-8") as stream:
        for line in stream:
            fields = line.rstrip("\n").split("\t")
            if len(fields) == 3 and fields[1] == "kTGH":
                place[int(fields[2].split(":")[1])] = chr(int(fields[0][2:], 16))
    hanzi = [place[i] for i in range(1, 8106)]
    levels = hanzi[:3500], hanzi[3500:6500], hanzi[6500:]
    TARGET.write_text("".join("".join(level) + "\n" for level in levels), encoding="utf-8")
    print(f"{len(hanzi)} hanzi in {TARGET.name}")


if __name__ == "__main__":
    main()
