"""How long an input method's user waits: sentences typed letter by letter.

    python benchmarks/keystrokes.py --sets FOLDER [--model FILE.tflite]

The time of a keystroke is processor time of one thread from the key to the candidates to show. Each
sentence is typed after its left context, letters without borders, up to 30 of them; space then
commits what comes first, and what may follow is predicted. Peak memory is that of a new process
which types a sentence.
"""

import argparse
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from common import report

from keras_pinyin.data.eval_sets import read_eval_set
from keras_pinyin.ime import Converter, Engine

ROOT = Path(__file__).resolve().parent.parent
LETTERS = 30
BANDS = ((1, 10), (11, 20), (21, LETTERS))
TYPE = """
import sys
from keras_pinyin.ime import Engine
engine = Engine.open(sys.argv[1] or None)
for key in (*sys.argv[2], "space"):
    engine.press(key)
    engine.state
with open("/proc/self/status") as status:
    print(next(int(line.split()[1]) for line in status if line.startswith("VmHWM")))
"""


class Counting(Converter):
    """A converter that counts what it had to run."""

    runs = 0

    def _run(self, context, keys):
        self.runs += 1
        return super()._run(context, keys)


def main(options):
    items = []
    for path in sorted(Path(options.sets).glob("*.tsv")):
        items += random.Random(0).sample(read_eval_set(path), options.sentences)
    converter = Counting(options.model)
    engine = Engine(converter)
    typed = {band: [] for band in (*BANDS, "space")}  # milliseconds and runs
    for item in items:
        engine.reset()
        engine.set_context(item.context)
        letters = item.keys.replace(" ", "")[:LETTERS]
        for number, key in enumerate((*letters, "space"), 1):
            runs, began = converter.runs, time.process_time()
            engine.press(key)
            shown = engine.state
            taken = 1e3 * (time.process_time() - began)
            assert shown.candidates, (item, key)
            band = next((b for b in BANDS if b[0] <= number <= b[1] and key != "space"), "space")
            typed[band].append((taken, converter.runs - runs))
        engine.take_commit()
    rows = [row(f"letters {a} to {b}", typed[a, b]) for a, b in BANDS]
    rows.append(row("all letters", [one for band in BANDS for one in typed[band]]))
    rows.append(row("space, with predictions", typed["space"]))
    command = [sys.executable, "-c", TYPE, options.model or "", "jintiantianqizhendehenbucuo"]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    report(
        "keystrokes",
        f"Keystrokes of {len(items)} sentences, milliseconds",
        ["", "keystrokes", "median", "95 %", "99 %", "longest", "runs of the model"],
        rows,
        f"Peak memory of a process that types: {int(run.stdout) / 1024:.0f} MB.",
    )


def row(name, typed):
    times, runs = np.array(typed).T
    shown = [f"{value:.1f}" for value in np.percentile(times, [50, 95, 99, 100])]
    return [name, len(times), *shown, f"{runs.mean():.2f}"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", required=True, help="folder of .tsv sets")
    parser.add_argument("--model", help="a .tflite file (default: the released one)")
    parser.add_argument("--sentences", type=int, default=20, help="of each set (default 20)")
    main(parser.parse_args())
