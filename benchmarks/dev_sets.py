"""A model and other engines on the same inputs: the tables of a model card.

    python recipes/evaluate.py saved_models/small --sets FOLDER --out REPORT
    python benchmarks/dev_sets.py --sets FOLDER --report REPORT --peer libime=PROGRAM

A peer is a name and a command, as `common.ask_peer` takes it. Two tables: accuracy by set, and how
often hanzi of one sound that users complain of are taken for each other.
"""

import argparse
import statistics
from pathlib import Path

from common import ask_peer, read_answers, report

from keras_pinyin.data.eval_sets import read_eval_set
from keras_pinyin.metrics import score_conversions

OURS = {"small": ".out.tsv", "small, left context": ".context.out.tsv"}
GROUPS = ("他她它", "的得地", "在再", "吧把", "那哪", "做作", "有又", "以已", "像向", "和合")


def main(options):
    peers = dict(peer.split("=", 1) for peer in options.peer)
    answered = {}  # set -> (items, engine -> id -> (candidates, milliseconds))
    for path in sorted(Path(options.sets).glob("*.tsv")):
        items = read_eval_set(path)
        answers = {
            name: read_answers((Path(options.report) / (path.stem + suffix)).read_text("utf-8"))
            for name, suffix in OURS.items()
        }
        answered[path.stem] = (
            items,
            answers | {name: ask_peer(command, items) for name, command in peers.items()},
        )
    report_accuracy(answered)
    report_confusions(answered)


def report_accuracy(answered):
    rows, errors, shares = [], {}, {}
    for stem, (items, answers) in answered.items():
        for name, found in answers.items():
            candidates = [found[item.id][0] for item in items]
            result = score_conversions(candidates, [item.hanzi for item in items])
            errors[stem, name] = 1 - result["characters"]
            shown = [result[key] for key in ("characters", "sentences_1", "sentences_5")]
            shown.append(result["sentences_10"])
            shares.setdefault(name, []).append(shown)
            interval = f"{100 * result['low']:.2f} to {100 * result['high']:.2f}"
            rows.append([stem, name, *row(shown, interval)])
    for name, shown in shares.items():
        rows.append(["mean", name, *row(map(statistics.mean, zip(*shown)), "")])
    notes = ["Percent; 95% interval of characters by bootstrap."]
    for ours in OURS if "libime" in shares else ():
        ratios = {stem: errors[stem, ours] / errors[stem, "libime"] for stem in answered}
        each = ", ".join(f"{stem} {ratio:.2f}" for stem, ratio in ratios.items())
        notes.append(
            f"Character errors of {ours} against libime's: {statistics.mean(ratios.values()):.2f} "
            f"in the mean of the sets; {each}."
        )
    report(
        "small_dev_sets",
        "The released model and other engines on the development sets",
        ["set", "engine", "characters", "interval", "sentences", "in 5", "in 10"],
        rows,
        "\n\n".join(notes),
    )


def row(shares, interval):
    characters, *sentences = shares
    return [f"{100 * characters:.2f}", interval, *(f"{100 * share:.1f}" for share in sentences)]


def report_confusions(answered):
    asked, wrong = dict.fromkeys(GROUPS, 0), {}
    for items, answers in answered.values():
        for item in items:
            for group in GROUPS:
                places = [i for i, hanzi in enumerate(item.hanzi) if hanzi in group]
                asked[group] += len(places)
                for name, found in answers.items():
                    best = found[item.id][0][0]
                    errors = wrong.setdefault(name, dict.fromkeys(GROUPS, 0))
                    errors[group] += sum(
                        best[i : i + 1] != item.hanzi[i] and best[i : i + 1] in set(group)
                        for i in places
                    )
    report(
        "confusions",
        "Hanzi of one sound taken for each other",
        ["hanzi", "asked for", *wrong],
        [
            [group, count, *(f"{100 * errors[group] / count:.2f}" for errors in wrong.values())]
            for group, count in asked.items()
            if count
        ],
        "Percent of those asked for in whose place the best sentence has another of the group.",
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", required=True, help="folder of .tsv sets")
    parser.add_argument("--report", required=True, help="what recipes/evaluate.py wrote")
    parser.add_argument("--peer", action="append", default=[], help="NAME=COMMAND, may be repeated")
    main(parser.parse_args())
