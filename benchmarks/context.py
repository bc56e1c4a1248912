"""What the left context brings, and which part of the released model it comes through.

KERAS_BACKEND=jax python benchmarks/context.py --sets FOLDER
"""

import argparse
import statistics
from pathlib import Path

from common import report
from keras import ops

from keras_pinyin.data.eval_sets import read_eval_set
from keras_pinyin.metrics import score_conversions
from keras_pinyin.models import Converter, PinyinTransformer

EACH = 500


def main(options):
    sets = {
        path.stem: read_eval_set(path)[: options.each]
        for path in sorted(Path(options.sets).glob("*.tsv"))
    }
    model = PinyinTransformer.from_preset("small")
    rows = [measure(model, sets, "no context", False), measure(model, sets, "context", True)]
    parts = {
        "ContextMemory": model.context_memory.trust.trainable_variables,
        "TopicMemory": [model.topic_memory.trust],
    }
    without = []
    for name, variables in parts.items():
        for variable in variables:
            variable.assign(ops.zeros(variable.shape))
        without.append(name)
        rows.append(measure(model, sets, f"context, without {' and '.join(without)}", True))
    report(
        "context",
        "What the left context brings, and through what",
        ["what converts", "characters", "sentences", *sets],
        rows,
        f"Percent, the mean of the sets, {options.each} inputs of each, ten beams; then characters "
        "of single sets. A part is left out by setting its trust to nothing: the others were "
        "trained beside it.",
    )


def measure(model, sets, name, with_context):
    converter = Converter(model, n_best=10, beams=10)
    results = []
    for items in sets.values():
        inputs = [(item.context if with_context else "", item.keys) for item in items]
        found = converter.convert_all(inputs, batch_size=50)
        best = [[sentence for sentence, _ in candidates] for candidates in found]
        results.append(score_conversions(best, [item.hanzi for item in items]))
    characters = [100 * result["characters"] for result in results]
    sentences = [100 * result["sentences_1"] for result in results]
    figures = [statistics.mean(characters), statistics.mean(sentences), *characters]
    found = [name, *(f"{figure:.2f}" for figure in figures)]
    print(found, flush=True)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", required=True, help="folder of development sets")
    parser.add_argument("--each", type=int, default=EACH, help="inputs of a set (500)")
    main(parser.parse_args())
