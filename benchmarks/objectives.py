"""Mixes of pretraining objectives, each trained for the same processor time.

    KERAS_BACKEND=jax python benchmarks/objectives.py --corpus FOLDER --sets FOLDER --seconds 120

Every row is a `small` model trained from nothing, one seed. What was finished is kept in
runs/short_runs and not run again.
"""

from dataclasses import replace

import numpy as np
from common import report
from short_runs import BATCHING, EACH, KEYS, Bench, arguments, table_row

from keras_pinyin.data.objectives import read_mix
from keras_pinyin.models._search import FORETOLD
from keras_pinyin.text import FIRST_HANZI
from keras_pinyin.text.keys import ANY

# Two rows of three convert, so that what the third teaches is compared at the same cost.
MIXES = {
    "conversion": "conversion",
    "and masked hanzi": "conversion=2,masked_hanzi=1",
    "and masked pinyin": "conversion=2,masked_pinyin=1",
    "and next hanzi": "conversion=2,next_hanzi=1",
    "and all three": "conversion=6,masked_hanzi=1,masked_pinyin=1,next_hanzi=1",
}
CONTEXT, SENTENCES, ROWS = 12, 40, 8  # tokens on the left, sentences of a set, rows of a batch


def told(bench, model, *, both_sides):
    """Percent of hanzi without a key that the network tells first, of the most frequent 3,000.

    Every fourth hanzi of a sentence is hidden and the others are shown (`both_sides`), or all of
    its second half is: then each is told from what is written before it.
    """
    vocabulary = bench.lexicon.vocabulary
    length = CONTEXT + KEYS[-1]
    tokens = np.zeros((len(bench.sets) * SENTENCES, length), np.int32)
    keys = np.zeros_like(tokens)
    items = [item for part in bench.sets.values() for item in part[:SENTENCES]]
    for row, hidden, item in zip(tokens, keys, items):
        context = vocabulary.encode(item.context)[-CONTEXT:]
        text = np.r_[context, vocabulary.encode(item.hanzi)]
        row[: len(text)] = text
        first = len(context)
        places = slice(first + 2, len(text), 4) if both_sides else slice(first + 6, len(text))
        hidden[places] = ANY
    words = np.arange(FIRST_HANZI, FIRST_HANZI + FORETOLD, dtype=np.int32)
    candidates = np.broadcast_to(words, (ROWS, length, FORETOLD))
    right = []
    for start in range(0, len(items) - ROWS + 1, ROWS):
        part = slice(start, start + ROWS)
        inputs = {"hanzi": tokens[part], "keys": keys[part], "candidates": candidates}
        found = words[model.predict_on_batch(inputs)["hanzi"].argmax(-1)]
        right += (found == tokens[part])[keys[part] > 0].tolist()
    return 100 * float(np.mean(right))


def main(options):
    bench = Bench(options.corpus, options.sets)
    rows = []
    for name, text in MIXES.items():
        mix = read_mix(text)

        def run(mix=mix):
            pinyin = "masked_pinyin" in mix
            result = bench.train(
                lambda depth: bench.model(pinyin_head=pinyin),
                seconds=options.seconds,
                batching=replace(BATCHING, objectives=mix),
            )
            model = result["model"]
            found = [*bench.measure(model), *(told(bench, model, both_sides=b) for b in (1, 0))]
            return {"hanzi": result["hanzi"], "found": found}

        rows.append(table_row(f"objectives {options.seconds:g}", name, run))
    report(
        "objectives",
        f"Pretraining objectives, {options.seconds:g} s of processor time each",
        [
            "objectives",
            "M hanzi asked",
            "characters",
            "sentences",
            "characters, left context",
            "sentences, left context",
            "masked hanzi",
            "next hanzi",
        ],
        rows,
        f"Percent. Conversion: the mean of the sets, up to {EACH} sentences of {KEYS[0]} to "
        f"{KEYS[-1]} keys of each; a difference below about half a point may be chance. Masked and "
        f"next hanzi: told first of the most frequent {FORETOLD:,} without any key, "
        f"{SENTENCES} sentences of each set. In mixes two rows of three convert. One seed.",
    )


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="of training, each")
    main(parser.parse_args())
