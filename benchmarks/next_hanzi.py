"""How often the next hanzi is among those that are proposed without a key.

python benchmarks/next_hanzi.py FILE.tflite --sets FOLDER
"""

import argparse
from pathlib import Path

from common import report

from keras_pinyin.data.eval_sets import read_eval_set
from keras_pinyin.ime import Converter

EACH = 60  # sentences of a set; in each, the hanzi in the middle and the last are asked for


def main(options):
    converter = Converter(options.file)
    rows, everything = [], []
    for path in sorted(Path(options.sets).glob("*.tsv")):
        places = []  # where the right hanzi stands among the proposed ones
        for item in read_eval_set(path)[:EACH]:
            for at in (len(item.hanzi) // 2, len(item.hanzi) - 1):
                found = [text for text, _ in converter.predict(item.context + item.hanzi[:at])]
                places.append(found.index(item.hanzi[at]) if item.hanzi[at] in found else 99)
        rows.append([path.stem, *shares(places)])
        everything += places
    rows.append(["all", *shares(everything)])
    report(
        "next_hanzi",
        f"Next hanzi without a key, {len(everything)} places",
        ["set", "first", "in 5", "in 10"],
        rows,
        "Percent.",
    )


def shares(places):
    return [f"{100 * sum(p < n for p in places) / len(places):.1f}" for n in (1, 5, 10)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", help="a .tflite file")
    parser.add_argument("--sets", required=True, help="folder of .tsv sets")
    main(parser.parse_args())
