"""Measures a model on sets of inputs: accuracy by register, with and without context, latency.

    python recipes/evaluate.py saved_models/mine --sets FOLDER --out report

A set is a .tsv: id, syllables, hanzi[, left context]. Without --sets, text held out of the default
corpus is measured. Writes report.md, report.json, and for every set the converter's output as
`id, best, others|..., microseconds, microseconds of the last key, ok`, which scoring scripts of
other engines read.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main(options):
    from rich.progress import track

    from keras_pinyin.metrics import score_conversions
    from keras_pinyin.models import Converter, PinyinTransformer

    model = PinyinTransformer.from_preset(options.model)
    sets = read_sets(options, model.lexicon)
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    converter = Converter(model, n_best=10, beams=options.beams)
    alone = Converter(model, n_best=10, beams=options.beams)
    rows = []
    for name, items in track(sets.items(), description="sets"):
        for kind in ("no context", "left context"):
            contexts = [item.context if kind == "left context" else "" for item in items]
            inputs = list(zip(contexts, (item.keys for item in items)))
            found = [[s for s, _ in best] for best in converter.convert_all(inputs)]
            latency = measure_latency(alone, inputs[: options.timed])
            result = score_conversions(found, [item.hanzi for item in items])
            rows.append({"set": name, "input": kind, **result, "median_ms": latency})
            lines = (
                f"{item.id}\t{best[0]}\t{'|'.join(best[1:])}\t{1000 * latency:.0f}"
                f"\t{1000 * latency:.0f}\tok\n"
                for item, best in zip(items, found)
            )
            suffix = "" if kind == "no context" else ".context"
            (out / f"{name}{suffix}.out.tsv").write_text("".join(lines), encoding="utf-8")
    (out / "report.json").write_text(json.dumps(rows, indent=1) + "\n")
    (out / "report.md").write_text(table(rows, options.model), encoding="utf-8")
    print((out / "report.md").read_text(encoding="utf-8"))


def read_sets(options, lexicon):
    from keras_pinyin.data.eval_sets import items_from_shards, read_eval_set
    from keras_pinyin.data.shards import corpus_shards, split_shards

    if options.sets:
        paths = sorted(Path(options.sets).glob("*.tsv"))
        if not paths:
            raise ValueError(f"{options.sets} holds no .tsv file: put evaluation sets there.")
        sets = {path.stem: read_eval_set(path) for path in paths}
        return {name: items[: options.limit or None] for name, items in sets.items()}
    _, held_out = split_shards(corpus_shards(None, "runs"), held_out=[0])
    return {"held out": items_from_shards(held_out, lexicon, limit=options.limit or 1500)}


def measure_latency(converter, inputs):
    """Median milliseconds of one input at a time, compiled beforehand; nan without inputs."""
    for _ in range(2):  # the first pass compiles
        times = []
        for item in inputs:
            began = time.perf_counter()
            converter.convert_all([item], batch_size=1)
            times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times) if inputs else float("nan")


def table(rows, name):
    lines = [
        f"`{name}` on {os.cpu_count()} cores, {platform.machine()}, backend "
        f"{os.environ['KERAS_BACKEND']}. Percent; 95% interval of characters by bootstrap.",
        "",
        "| set | input | characters | interval | sentences | in 5 | in 10 | median ms |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    means = [
        {
            key: statistics.mean(row[key] for row in rows if row["input"] == kind)
            for key in rows[0]
            if isinstance(rows[0][key], float)
        }
        | {"set": "mean", "input": kind}
        for kind in dict.fromkeys(row["input"] for row in rows)
    ]
    for row in [*rows, *means]:
        lines.append(
            f"| {row['set']} | {row['input']} | {100 * row['characters']:.2f} "
            f"| {100 * row['low']:.2f} to {100 * row['high']:.2f} | {100 * row['sentences_1']:.1f} "
            f"| {100 * row['sentences_5']:.1f} | {100 * row['sentences_10']:.1f} "
            f"| {row['median_ms']:.1f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a released name or a folder")
    parser.add_argument("--sets", help="folder of .tsv sets")
    parser.add_argument("--out", default="runs/report", help="folder for report.md and the rest")
    parser.add_argument("--limit", type=int, default=0, help="inputs of each set (default all)")
    parser.add_argument("--beams", type=int, default=16, help="beams of the search (default 16)")
    parser.add_argument("--timed", type=int, default=0, help="inputs timed one by one")
    try:
        main(parser.parse_args())
    except ValueError as error:
        sys.exit(print(f"evaluate.py: {error}", file=sys.stderr) or 2)
