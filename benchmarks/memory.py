"""The counted memories of the released model: accuracy against megabytes, and what words bring.

    python recipes/gather_words.py --out runs/words.txt
    KERAS_BACKEND=jax python benchmarks/memory.py --corpus FOLDER --sets FOLDER

The network stays as it is released; its memories are filled anew with other numbers of slots, once
without any words, and once with those of dictionaries but not of the list that was gathered. Only
the first row has what the released memories learned besides (`recipes/sentences.py --memories`).
"""

import copy
import statistics
from pathlib import Path

from common import RESULTS, report
from keras import ops
from short_runs import KEYS, RUNS, arguments

from keras_pinyin.data.eval_sets import read_eval_set
from keras_pinyin.data.memory import add_dictionaries, count_shards, fill_from, new_counters
from keras_pinyin.data.shards import prepare_shards, split_shards
from keras_pinyin.layers._buckets import EMPTY
from keras_pinyin.metrics import score_conversions
from keras_pinyin.models import Converter, PinyinTransformer
from keras_pinyin.models.weights import copy_weights
from keras_pinyin.text.lexicon import DATA

EACH = 200
SCALES = (0.125, 0.25, 0.5, 1, 1.7)  # a table holds 4.2 M slots at most
SHOWN = ("encyclopedia", "literature")


def main(options):
    released = PinyinTransformer.from_preset("small")
    shards = prepare_shards(options.corpus, RUNS, lexicon_path=DATA / "lexicon.tsv")
    training, _ = split_shards(shards, held_out=[0])
    sets = {
        path.stem: [i for i in read_eval_set(path) if len(i.keys.split()) in KEYS][:EACH]
        for path in sorted(Path(options.sets).glob("*.tsv"))
    }
    counters = new_counters()
    count_shards(counters, training, released.lexicon)
    rows = [measure(released, sets, "as released")]
    rows.append(row(released, counters, sets, 1, "without words"))
    with_dictionaries = copy.deepcopy(counters)
    add_dictionaries(with_dictionaries, released.lexicon)
    rows.append(row(released, with_dictionaries, sets, 1, "dictionaries"))
    del with_dictionaries
    add_dictionaries(counters, released.lexicon, RUNS / "words.txt")
    rows += [row(released, counters, sets, scale, "") for scale in SCALES]
    report(
        "memory",
        "Counted memories of the released model, filled with other numbers of n-grams",
        ["memories", "MB of them", "n-grams, M", "characters", "sentences", *SHOWN],
        rows,
        f"Percent without left context, the mean of the sets, up to {EACH} sentences of {KEYS[0]} "
        f"to {KEYS[-1]} keys of each; the last columns are characters of single sets. The network "
        "was trained beside the memories of the size that is released (x 1).",
    )
    plot(rows[-len(SCALES) :])


def row(released, counters, sets, scale, note):
    settings = released.settings
    slots = {name: int(scale * settings[name]) for name in ("memory_slots", "sound_memory_slots")}
    model = PinyinTransformer.from_lexicon(released.lexicon, "small", **slots)
    copy_weights(model, "small")
    fill_from(model, counters)
    return measure(model, sets, f"x {scale} {note}".strip())


def measure(model, sets, name):
    converter = Converter(model, n_best=10, beams=10)
    results = {}
    for register, items in sets.items():
        found = converter.convert_all([("", item.keys) for item in items], batch_size=50)
        best = [[sentence for sentence, _ in candidates] for candidates in found]
        results[register] = score_conversions(best, [item.hanzi for item in items])
    tables = [(memory.marks, memory.numbers) for memory in model.counted_memories]
    size = sum(ops.convert_to_numpy(part).nbytes for parts in tables for part in parts) / 1e6
    filled = sum((memory.read_slots()[0] != EMPTY).sum() for memory in model.counted_memories)
    means = [
        statistics.mean(r[key] for r in results.values()) for key in ("characters", "sentences_1")
    ]
    means += [results[register]["characters"] for register in SHOWN]
    found = [
        name,
        f"{size:.2f}",
        f"{filled / 1e6:.2f}",
        *(f"{100 * m:.2f}" for m in means),
    ]
    print(found, flush=True)
    return found


def plot(rows):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axis = figure.subplots()
    axis.semilogx([float(r[1]) for r in rows], [100 - float(r[3]) for r in rows], "o-")
    axis.set(xlabel="MB of counted memories", ylabel="wrong characters, percent")
    axis.grid(alpha=0.3, which="both")
    figure.savefig(RESULTS / "memory.png", dpi=100)


if __name__ == "__main__":
    main(arguments(__doc__).parse_args())
