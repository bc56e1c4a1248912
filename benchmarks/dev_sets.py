"""A model and other engines on the same inputs: the table of a model card.

    python recipes/evaluate.py saved_models/small --sets FOLDER --out REPORT
    python benchmarks/dev_sets.py --sets FOLDER --report REPORT --peer libime=PROGRAM

A peer is a name and a command, as `common.ask_peer` takes it.
"""

import argparse
import statistics
from pathlib import Path

from common import ask_peer, read_answers, report

from keras_pinyin.data.eval_sets import read_eval_set
from keras_pinyin.metrics import score_conversions

OURS = {"small": ".out.tsv", "small, left context": ".context.out.tsv"}


def main(options):
    rows, errors = [], {}
    peers = dict(peer.split("=", 1) for peer in options.peer)
    means = {name: [] for name in (*OURS, *peers)}
    for path in sorted(Path(options.sets).glob("*.tsv")):
        items = read_eval_set(path)
        answers = {
            name: read_answers((Path(options.report) / (path.stem + suffix)).read_text("utf-8"))
            for name, suffix in OURS.items()
        }
        answers |= {name: ask_peer(command, items) for name, command in peers.items()}
        for name, found in answers.items():
            candidates = [found[item.id][0] for item in items]
            result = score_conversions(candidates, [item.hanzi for item in items])
            errors[path.stem, name] = 1 - result["characters"]
            shown = [result[key] for key in ("characters", "sentences_1", "sentences_5")]
            shown.append(result["sentences_10"])
            means[name].append(shown)
            interval = f"{100 * result['low']:.2f} to {100 * result['high']:.2f}"
            rows.append([path.stem, name, *row(shown, interval)])
    for name, shown in means.items():
        rows.append(["mean", name, *row(map(statistics.mean, zip(*shown)), "")])
    sets = dict.fromkeys(name for name, _ in errors)
    notes = []
    for ours in OURS if "libime" in peers else ():
        ratios = {name: errors[name, ours] / errors[name, "libime"] for name in sets}
        each = ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items())
        notes.append(
            f"Character errors of {ours} against libime's: {statistics.mean(ratios.values()):.2f} "
            f"in the mean of the sets; {each}."
        )
    report(
        "small_dev_sets",
        "The released model and other engines on the development sets",
        ["set", "engine", "characters", "interval", "sentences", "in 5", "in 10"],
        rows,
        "\n\n".join(["Percent; 95% interval of characters by bootstrap.", *notes]),
    )


def row(shares, interval):
    characters, *sentences = shares
    return [f"{100 * characters:.2f}", interval, *(f"{100 * share:.1f}" for share in sentences)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", required=True, help="folder of .tsv sets")
    parser.add_argument("--report", required=True, help="what recipes/evaluate.py wrote")
    parser.add_argument("--peer", action="append", default=[], help="NAME=COMMAND, may be repeated")
    main(parser.parse_args())
