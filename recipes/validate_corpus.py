# /// script
# requires-python = "==3.11.*"
# dependencies = [
#     "tensorflow-data-validation==1.16.1",
#     "dill",
#     "matplotlib>=3.9,<4",
#     "setuptools<81",
# ]
# ///
"""Validates labelled shards with TensorFlow Data Validation, and compares them with others.

Every folder of shards (`prepare_shards`, `recipes/label_with_beam.py`) is held against
`keras_pinyin/data/schema.pbtxt` and `checks.pbtxt`, and with `--against` for drift. Writes
`report.md` and `plots.png`; the exit status is 1 if there are anomalies. TFDV needs older packages
than the library, so uv makes an environment of its own from the lines above (pip install uv):

    uv run recipes/validate_corpus.py runs/shards-85146382
    uv run recipes/validate_corpus.py NEW_SHARDS --against OLD_SHARDS --out runs/validation
"""

import argparse
import itertools
import json
import logging
import math
import os
import sys
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# The package is not installed in that environment; what is used of it needs numpy only.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pyarrow as pa

from keras_pinyin.data.labelling import UNSURE
from keras_pinyin.data.shards import read_shards
from keras_pinyin.text import FIRST_HANZI, Lexicon
from keras_pinyin.text.vocabulary import LATIN, NUM, UNK

DATA = Path(__file__).resolve().parent.parent / "keras_pinyin" / "data"
COMMON = 3500  # hanzi that make up all but a hundredth of ordinary text


def shard_files(folder):
    """The shards of a folder, fold by fold, and its `summary.json`.

    Raises:
        ValueError: if it is no folder of shards.
    """
    folder = Path(folder)
    files = sorted(folder.glob("*.tfrecord"), key=lambda f: (fold_of(f), f.name))
    if not files or not (folder / "summary.json").exists():
        raise ValueError(
            f"{folder} is no folder of labelled shards: make one of text with "
            "recipes/label_with_beam.py or recipes/pretrain.py."
        )
    return files, json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def fold_of(path):
    return path.stem.rsplit("-", 1)[1]


def sample(files, summary, documents):
    """About `documents` documents of what `shard_files` found, spread evenly over it.

    Returns:
        dict: the arrays `tokens` and `keys` of all of them one after the other, `ends`, and
        `hanzi` and `documents` of the whole folder.

    Raises:
        ValueError: if a shard is damaged.
    """
    import tensorflow as tf

    total = sum(source["documents"] for source in summary.values())
    # A document's fold follows from a hash of its text: a few folds are a sample of them all.
    folds = sorted(set(map(fold_of, files)))
    read = set(folds[: math.ceil(len(folds) * documents / total)])
    files = [f for f in files if fold_of(f) in read]
    step = max(1, int(total * len(read) / len(folds) / documents))
    try:
        pairs = list(itertools.islice(read_shards(files), 0, None, step))
    except tf.errors.DataLossError as error:
        raise ValueError(f"A shard is damaged ({error.message}): label the text again.") from error
    tokens, keys = (np.concatenate(column).astype(np.int64) for column in zip(*pairs))
    ends = np.cumsum([len(tokens) for tokens, _ in pairs])
    hanzi = sum(source["hanzi"] for source in summary.values())
    return dict(tokens=tokens, keys=keys, ends=ends, hanzi=hanzi, documents=total)


def features(found, lexicon):
    """One row a document, an Arrow record batch: TFDV's input.

    `tokens` is the document's length; `hanzi` and `syllable` are lists; `run` is the mean length
    of runs of hanzi. The others are shares: `written` (tokens that are hanzi), `unknown`, `latin`
    and `number` of tokens; of what is hanzi or has a label, `agreement` (the lexicon has the
    label among the hanzi's readings); of hanzi, `guessed` (pypinyin had to choose among readings
    without a phrase to go by) and `rare` (not among the 3,500 most frequent).
    """
    tokens, keys, ends = found["tokens"], found["keys"], found["ends"]
    starts = np.r_[0, ends[:-1]]
    readings = keys & (UNSURE - 1)
    hanzi = tokens >= FIRST_HANZI
    allowed = np.zeros((len(lexicon.keys), len(lexicon.vocabulary)), bool)
    ids = lexicon.keys.ids
    for i, entry in enumerate(lexicon.entries.values(), FIRST_HANZI):
        for reading in entry:
            base = ids[reading.rstrip("12345")]
            allowed[[ids.get(reading, base), base], i] = True
    count = lambda mask: np.add.reduceat(mask.astype(np.int64), starts)
    begins = hanzi & ~np.r_[False, hanzi[:-1]]
    begins[starts] = hanzi[starts]
    size, written = ends - starts, np.maximum(count(hanzi), 1)
    columns = {
        "tokens": size,
        "run": count(hanzi) / np.maximum(count(begins), 1),
        "written": count(hanzi) / size,
        "unknown": count(tokens == UNK) / size,
        "latin": count(tokens == LATIN) / size,
        "number": count(tokens == NUM) / size,
        "agreement": count(allowed[readings, tokens]) / np.maximum(count(hanzi | (keys > 0)), 1),
        "guessed": count(keys >= UNSURE) / written,
        "rare": count(tokens >= FIRST_HANZI + COMMON) / written,
    }
    one = pa.array(np.arange(len(ends) + 1, dtype=np.int32))
    batch = {name: pa.ListArray.from_arrays(one, pa.array(v)) for name, v in columns.items()}
    rows = pa.array(np.r_[0, np.cumsum(count(hanzi))].astype(np.int32))
    syllables = lexicon.keys.untoned[readings[hanzi]]
    for name, table, ids in (
        ("hanzi", lexicon.vocabulary.tokens, tokens[hanzi]),
        ("syllable", lexicon.keys.names, syllables),
    ):
        words = pa.DictionaryArray.from_arrays(pa.array(ids), pa.array(table)).cast(pa.string())
        batch[name] = pa.ListArray.from_arrays(rows, words)
    return pa.RecordBatch.from_arrays(list(batch.values()), list(batch))


def validate(statistics, baseline):
    """Anomalies of some statistics, and their drift from others if there are any."""
    import tensorflow_data_validation as tfdv
    from google.protobuf import text_format
    from tensorflow_data_validation.anomalies.proto import custom_validation_config_pb2

    schema = tfdv.load_schema_text(str(DATA / "schema.pbtxt"))
    checks = text_format.Parse(
        (DATA / "checks.pbtxt").read_text(encoding="utf-8"),
        custom_validation_config_pb2.CustomValidationConfig(),
    )
    return tfdv.validate_statistics(
        statistics, schema, previous_statistics=baseline, custom_validation_config=checks
    )


def main(arguments):
    folders = [*arguments.shards, *filter(None, [arguments.against])]
    found = {folder: shard_files(folder) for folder in folders}

    import tensorflow_data_validation as tfdv
    from tensorflow_data_validation.statistics import stats_impl

    lexicon = Lexicon.load(arguments.lexicon) if arguments.lexicon else Lexicon.default()
    options = tfdv.StatsOptions(num_top_values=20, num_rank_histogram_buckets=10000)
    samples, statistics = {}, {}
    for folder, (files, summary) in found.items():
        samples[folder] = sample(files, summary, arguments.documents)
        batch = features(samples[folder], lexicon)
        samples[folder]["batch"] = batch
        statistics[folder] = stats_impl.generate_statistics_in_memory(batch, options)
    baseline = statistics.get(arguments.against)
    anomalies = {f: validate(statistics[f], baseline) for f in dict.fromkeys(arguments.shards)}
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    plot(samples, out / "plots.png")
    text = report(samples, statistics, anomalies, arguments.against)
    part = out / "report.md.part"
    part.write_text(text, encoding="utf-8")
    part.replace(out / "report.md")
    print(text)
    return any(a.anomaly_info for a in anomalies.values())


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def report(samples, statistics, anomalies, against):
    """The findings as markdown."""
    names = {f: Path(f).name for f in samples}
    parts = ["# Validation of labelled shards\n"]
    by_name = {
        folder: {f.path.step[0]: f for f in found.datasets[0].features}
        for folder, found in statistics.items()
    }
    for folder, found in anomalies.items():
        parts.append(f"## Anomalies of {names[folder]}\n")
        rows = [
            (
                name,
                "; ".join(
                    # The description of a check is in the short one, its SQL in the long one.
                    r.short_description if r.type == info.CUSTOM_VALIDATION else r.description
                    for r in info.reason
                ),
            )
            for name, info in sorted(found.anomaly_info.items())
        ]
        parts.append(table(["feature", "what is wrong"], rows) if rows else "None.\n")
        if found.drift_skew_info:
            parts.append(f"Drift from {names[against]}:\n")
            rows = [
                (".".join(info.path.step), f"{m.value:.3f}", f"{m.threshold:.3f}")
                for info in found.drift_skew_info
                for m in info.drift_measurements
            ]
            parts.append(table(["feature", "measured", "allowed"], rows))
    parts.append("## Statistics\n")
    rows = [("documents", *(f"{s['documents']:,}" for s in samples.values()))]
    rows += [("hanzi", *(f"{s['hanzi']:,}" for s in samples.values()))]
    rows += [("documents looked at", *(f"{len(s['ends']):,}" for s in samples.values()))]
    for name in ("hanzi", "syllable"):
        values = (by_name[f][name].string_stats.unique for f in samples)
        rows.append((f"different {name}", *(f"{v:,}" for v in values)))
    for name, feature in next(iter(by_name.values())).items():
        if feature.HasField("num_stats"):
            values = (by_name[f][name].num_stats for f in samples)
            rows.append(
                (f"{name}, mean (median)", *(f"{v.mean:.4g} ({v.median:.4g})" for v in values))
            )
    parts.append(table(["", *(names[f] for f in samples)], rows))
    for name in ("hanzi", "syllable"):
        parts.append(f"Most frequent, {name}:\n")
        rows = []
        for folder in samples:
            top = by_name[folder][name].string_stats.top_values
            rows.append((names[folder], " ".join(value.value for value in top)))
        parts.append(table(["shards", name], rows))
    parts.append("![lengths, frequencies and shares](plots.png)")
    return "\n".join(parts) + "\n"


def plot(samples, path):
    """Lengths, frequencies and shares, a colour for each folder."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, ((lengths, ranks), (syllables, shares)) = plt.subplots(2, 2, figsize=(13, 9))
    names = ("written", "unknown", "latin", "number", "guessed", "rare", "agreement")
    first = None
    for i, (folder, found) in enumerate(samples.items()):
        style, batch = dict(color=f"C{i}", label=Path(folder).name), found["batch"]
        column = lambda name: batch.column(name).flatten()
        size = np.diff(np.r_[0, found["ends"]])
        lengths.hist(
            size,
            np.geomspace(1, 1e5, 41),
            weights=np.full(len(size), 1 / len(size)),
            histtype="step",
            **style,
        )
        counts = np.sort(column("hanzi").value_counts().field(1).to_numpy())[::-1]
        ranks.loglog(np.arange(1, len(counts) + 1), counts / counts.sum(), **style)
        counts = dict(zip(*(f.to_pylist() for f in column("syllable").value_counts().flatten())))
        first = first or sorted(counts, key=counts.get, reverse=True)[:40]
        total = sum(counts.values())
        syllables.plot([100 * counts.get(s, 0) / total for s in first], "o", ms=4, **style)
        means = [100 * np.mean(column(name).to_numpy()) for name in names]
        width = 0.8 / len(samples)
        shares.barh(np.arange(len(names)) + i * width, np.maximum(means, 1e-2), width, **style)
    lengths.set(xscale="log", xlabel="tokens of a document", ylabel="share of documents")
    ranks.set(xlabel="rank of hanzi", ylabel="share of hanzi")
    syllables.set_xticks(range(len(first)), first, rotation=90)
    syllables.set(ylabel="% of syllables", xlabel="most frequent syllables of the first")
    shares.set_yticks(np.arange(len(names)) + 0.4 - width / 2, names)
    shares.set(xscale="log", xlabel="% (mean over documents)")
    shares.invert_yaxis()
    lengths.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=80)


def read_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shards", nargs="+", help="folders of labelled shards")
    parser.add_argument("--against", help="a folder that the others should be like")
    parser.add_argument("--documents", type=int, default=20000, help="looked at of each folder")
    parser.add_argument("--lexicon", help="lexicon.tsv of the labels; the package's by default")
    parser.add_argument("--out", default="runs/validation", help="folder of the report")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    warnings.filterwarnings("ignore")
    try:
        sys.exit(int(main(read_arguments())))
    except ValueError as error:
        sys.exit(print(f"validate_corpus.py: {error}", file=sys.stderr) or 2)
