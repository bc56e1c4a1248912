"""The arithmetic of a run on ten billion hanzi: files, hosts, bytes, hours, cost.

Rates of labelling, counting and reading are measured here, in seconds of processor time; that of
training is the one of `results/train_speed.md`; operations of a training step are counted by XLA.
What accelerators do and what anything costs are assumptions, named in the page and set below.

    KERAS_BACKEND=jax python benchmarks/ten_billion.py [--shards FOLDER_OF_MANY_SHARDS]
"""

import argparse
import itertools
import re
import tempfile
import time
from pathlib import Path

import numpy as np
from common import RESULTS, machine

from keras_pinyin.data.corpus import write_default_corpus
from keras_pinyin.data.memory import count_shards, new_counters
from keras_pinyin.data.pipeline import Batching, examples
from keras_pinyin.data.shards import label_file, read_shards
from keras_pinyin.models import PinyinTransformer
from keras_pinyin.text import Lexicon
from keras_pinyin.text.lexicon import DATA

HANZI = 10e9
FILE = 100e6  # bytes of a text file, one task of a worker
CORES = 16  # of a host
# Assumptions: peak of dense bfloat16 as the makers state it, and dollars an hour on demand.
DEVICES = {"A100": (312e12, 2.5), "H100": (989e12, 4.0), "TPU v5e": (197e12, 1.2)}
UTILISATION = {"small": 0.05, "base": 0.25}  # of the peak; small matrices fill little of it
CORE_HOUR = 0.05  # dollars
BYTE_MONTH = 0.02e-9  # dollars, object storage
NGRAM = 16  # bytes of an n-gram and its count


def processor_time(work):
    began = time.process_time()
    result = work()
    return result, time.process_time() - began


def operations(size, rows=64, length=32):
    """Floating-point operations of a training step, a position; backward is twice forward."""
    import jax

    model = PinyinTransformer.from_lexicon(Lexicon.default(), size)
    variables = [
        [jax.ShapeDtypeStruct(v.shape, v.dtype) for v in group]
        for group in (model.trainable_variables, model.non_trainable_variables)
    ]
    ids = jax.ShapeDtypeStruct((rows, length), "int32")
    candidates = jax.ShapeDtypeStruct((rows, length, Batching.candidates), "int32")
    inputs = {"hanzi": ids, "keys": ids, "candidates": candidates}
    step = jax.jit(lambda a, b, x: model.stateless_call(a, b, x)[0])
    flops = step.lower(*variables, inputs).cost_analysis()["flops"]
    return 3 * flops / (rows * length)


def growth(files, lexicon):
    """How many different n-grams of each order files have, and at half of them: hanzi, counts."""
    points, counters = [], new_counters()
    for part in (files[: len(files) // 2], files[len(files) // 2 :]):
        count_shards(counters, part, lexicon)
        found = {
            (name, order): len(grams)
            for name, counter in counters.items()
            for order, (grams, _) in counter.counts().items()
            if order > 1
        }
        points.append((int(counters["written"].counts()[1][1].sum()), found))
    return points


def measure(shards, folder):
    lexicon = Lexicon.default()
    text = write_default_corpus(folder / "corpus") / "news.txt"
    made = folder / "shards"
    made.mkdir()
    label_file(text, made, DATA / "lexicon.tsv")  # once for the caches of words
    for file in made.iterdir():
        file.unlink()
    (_, hanzi, _), labelling = processor_time(lambda: label_file(text, made, DATA / "lexicon.tsv"))
    own = sorted(made.glob("*.tfrecord"))
    points, counting = processor_time(lambda: growth(shards or own, lexicon))
    batching = Batching(shuffle=256)
    batches = examples(own, lexicon, batching).as_numpy_iterator()
    next(batches)
    some, reading = processor_time(lambda: list(itertools.islice(batches, 100)))
    keys = sum(int((inputs["keys"] > 0).sum()) for inputs, _, _ in some)
    tokens = sum(len(tokens) for tokens, _ in read_shards(own))
    return {
        "text": text.stat().st_size / hanzi,
        "bytes": sum(f.stat().st_size for f in own) / hanzi,
        "tokens": tokens / hanzi,
        "labelling": hanzi / labelling,
        "counting": points[-1][0] / counting,
        "reading": keys / reading,
        "positions": sum(inputs["keys"].size for inputs, _, _ in some) / keys,
        "points": points,
    }


def page(rates, flops, trained):
    def table(header, rows):
        lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
        return "\n".join(lines + ["| " + " | ".join(map(str, r)) + " |" for r in rows]) + "\n"

    text, shard_bytes = rates["text"] * HANZI, rates["bytes"] * HANZI
    files = int(np.ceil(text / FILE))
    hours = lambda rate: HANZI / rate / 3600
    work = [
        (name, f"{rates[name]:,.0f}", f"{hours(rates[name]):,.1f}")
        + (f"{60 * hours(rates[name]) / (8 * CORES):,.0f}", f"{hours(rates[name]) * CORE_HOUR:.2f}")
        for name in ("labelling", "counting", "reading")
    ]
    (half, before), (all_of, after) = rates["points"]
    grams, stored = [], 0
    for key, count in after.items():
        power = np.log(count / before[key]) / np.log(all_of / half)
        many = count * (HANZI / all_of) ** power
        stored += many * NGRAM
        grams.append((*key, f"{count:,}", f"{power:.2f}", f"{many / 1e9:.2f}"))
    train = []
    for size in flops:
        total = flops[size] * rates["positions"] * HANZI
        if size == "small":
            needed = hours(trained / rates["positions"])
            line = (size, f"{total:.2e}", "2 cores, measured", "1", "", f"{needed:,.0f}")
            train.append((*line, f"{needed * 2 * CORE_HOUR:,.0f}", ""))
        for name, (peak, price) in DEVICES.items():
            for count in (1, 8):
                speed = peak * UTILISATION[size] * count
                needed = total / speed / 3600
                cores = HANZI / (total / speed) / rates["reading"]
                line = (size, f"{total:.2e}", name, count, f"{100 * UTILISATION[size]:.0f}%")
                train.append((*line, f"{needed:,.2f}", f"{needed * count * price:,.0f}"))
                train[-1] += (f"{cores:,.0f}",)
    flop_line = ", ".join(f"`{size}` {value / 1e6:.0f} million" for size, value in flops.items())
    return f"""# Ten billion hanzi

`KERAS_BACKEND=jax python benchmarks/ten_billion.py` on {machine()}.

One pass over {HANZI:.0e} hanzi. Measured: bytes, rates (a core, in processor time), different
n-grams up to {all_of:,} hanzi, operations. **Assumed**: prices (${CORE_HOUR} a core-hour,
${BYTE_MONTH * 1e9:.2f} a GB-month, devices as below), peak bfloat16 operations a second as the
makers state them ({
        ", ".join(f"{n} {p / 1e12:.0f}e12" for n, (p, _) in DEVICES.items())
    }), the share
of the peak that is reached, and that devices add up. No accelerator was measured.

## Text and shards

{
        table(
            ["", "a hanzi", "in all"],
            [
                ("text, UTF-8", f"{rates['text']:.2f} bytes", f"{text / 1e9:,.0f} GB"),
                ("shards", f"{rates['bytes']:.2f} bytes", f"{shard_bytes / 1e9:,.0f} GB"),
                ("tokens", f"{rates['tokens']:.2f}", f"{rates['tokens'] * HANZI:.2e}"),
            ],
        )
    }
{files:,} text files of {FILE / 1e6:.0f} MB, one task each, and {20 * files:,} shards of
{shard_bytes / files / 20 / 1e6:.1f} MB. Keeping text and shards for a month costs
${(text + shard_bytes) * BYTE_MONTH:.0f}. The longest task, one file, takes
{FILE / rates["text"] / rates["labelling"] / 60:.1f} minutes of a core: more hosts than
{files // CORES:,} of {CORES} cores have nothing to do.

## Labelling, counting, reading

{
        table(
            [
                "",
                "hanzi a second and core",
                "core-hours",
                f"minutes on 8 hosts of {CORES} cores",
                "$",
            ],
            work,
        )
    }
`recipes/label_with_beam.py` does the first two. Reading is what `data.examples` does to make
batches, every pass.

## Different n-grams

{
        table(
            [
                "counter",
                "order",
                f"in {all_of:,} hanzi",
                "grow with hanzi to the power of",
                "billions, extrapolated",
            ],
            grams,
        )
    }
An extrapolation over a factor of {HANZI / all_of:,.0f} from the last doubling, so an upper bound
more than an estimate: growth slows. It is {stored / 1e9:,.0f} GB at {NGRAM} bytes each, in the
files of counts of the Beam pipeline. `select_ngrams` takes all of them on one host and sorts, which
at this size does not fit: give `NGramCounter` its `limit` (n-grams counted once are dropped over
it, 2 GB an order) and count a share of the folds.

## Training, one pass

A position costs {flop_line} operations in training (three times forward), and
{rates["positions"]:.2f} positions are read for each hanzi keyed.

{
        table(
            [
                "preset",
                "operations",
                "device",
                "devices",
                "of peak (assumed)",
                "hours",
                "$",
                "cores that read for it",
            ],
            train,
        )
    }
The last column is what reading costs: where it is larger than the host, the input pipeline is the
limit, not the device.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", help="folder whose folds 1 and 2 are counted for growth")
    shards = parser.parse_args().shards
    if shards:
        folds = ("01", "02")
        shards = [f for fold in folds for f in sorted(Path(shards).glob(f"*-{fold}.tfrecord"))]
    with tempfile.TemporaryDirectory() as folder:
        rates = measure(shards, Path(folder))
    speed = (RESULTS / "train_speed.md").read_text(encoding="utf-8")
    trained = float(re.search(r"^[|] ours [|] \d+ [|] (\d+) [|]", speed, re.MULTILINE)[1])
    text = page(rates, {size: operations(size) for size in ("small", "base")}, trained)
    (RESULTS / "ten_billion.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
