"""Letters without borders, clean and with one slip: sentences that come out right.

    PEERS_SEP= python benchmarks/slips.py FILE.tflite --sets FOLDER [--peer NAME=COMMAND]

Each sentence is typed once as it is and once with a slip of every kind: two letters swapped, one
missing, one doubled, one taken for a neighbour on the keyboard. The readings of the letters are
converted, and the best score less the cost of the reading wins, as in the engine. A peer is a name
and a command, as `common.ask_peer` takes it; it gets the same letters, cut into as many pieces as
hanzi are wanted, which it joins again (PEERS_SEP) and answers with so many hanzi.

With --weights, what typing weighs against the converter is tried: choose the least that costs clean
sentences nothing, and set `WEIGHT` in keras_pinyin/ime/letters.py.
"""

import argparse
import random
import statistics
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from common import ask_peer, report

from keras_pinyin.data.eval_sets import read_eval_set
from keras_pinyin.ime import Converter, Letters
from keras_pinyin.ime.letters import WEIGHT
from keras_pinyin.ime.slips import DOUBLED, MISSING, NEIGHBOUR, SWAPPED, slips
from keras_pinyin.text import SyllableScores

CLEAN, KINDS = "clean", (SWAPPED, MISSING, DOUBLED, NEIGHBOUR)
READINGS = 3  # as many as the engine converts


def typed(item, rng):
    """dict kind -> letters: the sentence as it is, and with a slip of every kind."""
    letters = item.keys.replace(" ", "")
    made = defaultdict(list)
    for kind, text in slips(letters):
        if text.isalpha():
            made[kind].append(text)
    return {CLEAN: letters, **{kind: rng.choice(made[kind]) for kind in KINDS}}


def cut(letters, count):
    """Letters in so many pieces, with spaces between."""
    return " ".join([*letters[: count - 1], letters[count - 1 :]])


def best(converter, readings, weight):
    """The sentence with the best score less the cost of its reading."""
    found = [("", float("-inf"))]
    for reading in readings:
        if not any(reading.literal) and len(reading.keys) <= converter.limits["keys"]:
            text, score = converter.convert("", reading.keys, 1)[0]
            found.append((text, score - reading.cost * weight / WEIGHT))
    return max(found, key=lambda one: one[1])[0]


def main(options):
    rng, items = random.Random(0), []
    for path in sorted(Path(options.sets).glob("*.tsv")):
        found = read_eval_set(path)
        items += found[:: max(len(found) // options.limit, 1)][: options.limit]
    inputs = [(item, typed(item, rng)) for item in items]
    converter = Converter(options.file)
    table = converter.syllables
    if options.table:
        table = SyllableScores.from_bytes(converter.lexicon.keys, Path(options.table).read_bytes())
    right, times = defaultdict(lambda: defaultdict(int)), []
    for correct in (False, True):
        letters = Letters(converter.lexicon.keys, table, correct=correct)
        name = f"ours, correction {'on' if correct else 'off'}"
        for item, variants in inputs:
            for kind, text in variants.items():
                began = time.process_time()
                readings = letters.readings(text, READINGS)
                times.append(1e3 * (time.process_time() - began))
                for weight in options.weights:
                    shown = name if weight == WEIGHT else f"{name}, weight {weight}"
                    right[shown][kind] += best(converter, readings, weight) == item.hanzi
    for name, command in (peer.split("=", 1) for peer in options.peer):
        for kind in (CLEAN, *KINDS):
            asked = [
                replace(item, keys=cut(variants[kind], len(item.hanzi)))
                for item, variants in inputs
            ]
            answers = ask_peer(command, asked)
            right[name][kind] += sum(answers[item.id][0][0] == item.hanzi for item in asked)
    rows = []
    for name, counts in right.items():
        shares = {kind: 100 * count / len(items) for kind, count in counts.items()}
        slipped = statistics.mean(shares[kind] for kind in KINDS)
        rows.append([name, *(f"{shares[kind]:.1f}" for kind in (CLEAN, *KINDS)), f"{slipped:.1f}"])
    report(
        "slips",
        f"Letters without borders, {len(items)} sentences, with one slip in each",
        ["engine", CLEAN, *KINDS, "one slip"],
        rows,
        "Percent of sentences that are right at 1, without left context; the last column is the "
        "mean of the kinds. Reading the letters of a whole sentence anew takes "
        f"{statistics.median(times):.1f} ms of processor time in the median.",
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", help="a .tflite file")
    parser.add_argument("--sets", required=True, help="folder of .tsv sets")
    parser.add_argument("--table", help="syllables.bin to use instead of what the file carries")
    parser.add_argument("--peer", action="append", default=[], help="NAME=COMMAND, may be repeated")
    parser.add_argument("--limit", type=int, default=100, help="sentences of a set (default 100)")
    parser.add_argument("--weights", type=lambda s: [*map(float, s.split(","))], default=[WEIGHT])
    main(parser.parse_args())
