"""Accuracy against hanzi seen and against parameters, fitted, and what a day on one GPU would give.

    KERAS_BACKEND=jax python benchmarks/scaling.py --corpus FOLDER --sets FOLDER

Every point is a training of its own with its own decay of the learning rate, from nothing, with
filled memories. What was finished is kept in runs/short_runs and not run again.
"""

import numpy as np
from common import RESULTS, report
from short_runs import EACH, KEYS, Bench, arguments, parameters, remembered

from keras_pinyin.models import PinyinTransformer

HANZI = (50_000, 100_000, 200_000, 400_000)
WIDTHS = {48: 1, 96: 2, 192: 3, 288: 4}  # width -> encoder layers
AT = 100_000  # hanzi seen by models of every width
PEAK_FLOPS, UTILISATION = 989e12, 0.3  # one H100 in bfloat16, and how much of it: assumptions


def settings(width):
    return dict(
        dim=width, ffn_dim=4 * width, decoder_ffn_dim=4 * width // 3, encoder_layers=WIDTHS[width]
    )


def main(options):
    bench = Bench(options.corpus, options.sets)

    def point(width, hanzi):
        def run():
            def make(depth):
                changes = settings(width)
                return bench.model(**{**changes, "encoder_layers": depth or WIDTHS[width]})

            result = bench.train(make, hanzi=hanzi)
            model = result.pop("model")
            return {
                **result,
                "found": bench.measure(model)[:3],
                "parameters": parameters(model),
            }

        found = remembered(f"scaling {width} {hanzi}", run)
        print(width, hanzi, found, flush=True)
        return found

    by_hanzi = [point(192, hanzi) for hanzi in HANZI]
    by_size = [point(width, AT) for width in WIDTHS]
    released = PinyinTransformer.from_preset("small")
    known = bench.measure(released)[:3]
    rows = [
        [
            f"{p['parameters'] / 1e6:.2f}",
            f"{p['hanzi'] / 1e6:.3f}",
            f"{p['seconds']:.0f}",
            *(f"{x:.2f}" for x in p["found"]),
        ]
        for p in by_hanzi + [p for p in by_size if p["parameters"] != by_hanzi[0]["parameters"]]
    ]
    seen, size = fit(by_hanzi, "hanzi"), fit(by_size, "parameters")
    day = 86_400 * PEAK_FLOPS * UTILISATION / (6 * inner(released))
    note = (
        f"Wrong characters without left context go as hanzi^{-seen[1]:+.3f} "
        f"(largest miss of the fit {seen[2]:.2f} points) and as parameters^{-size[1]:+.3f} "
        f"({size[2]:.2f} points).\n\n"
        f"The fit over hanzi, drawn on to the 21 M hanzi that the released network has seen, says "
        f"{100 - predict(seen, 21e6):.2f}% of characters; the released model, which was also "
        f"trained on whole sentences, has {known[0]:.2f}% on the same sentences.\n\n"
        f"One H100 for a day, at an assumed {UTILISATION:.0%} of its {PEAK_FLOPS / 1e12:.0f} "
        f"TFLOP/s, is {day / 1e9:.0f} billion hanzi for `small` ({6 * inner(released) / 1e6:.0f} "
        f"MFLOP a hanzi): far beyond the 124 M hanzi at hand. Eight times over this text (1 "
        f"billion) the fit says {100 - predict(seen, 1e9):.2f}%, for a network eight times as "
        f"large {100 - predict(seen, 1e9) * 8 ** -size[1]:.2f}%. Both are drawn on far past what "
        f"was measured, and text that repeats teaches less: take them for a direction.\n\n"
        f"Percent, the mean of the sets, up to {EACH} sentences of {KEYS[0]} to {KEYS[-1]} keys "
        f"of each, one seed."
    )
    report(
        "scaling",
        "Accuracy against hanzi seen and parameters",
        ["M parameters", "M hanzi", "s", "characters", "sentences", "characters, left context"],
        rows,
        note,
    )
    plot(by_hanzi, by_size, seen, size)


def inner(model):
    """Weights that are multiplied with every hanzi: those of the layers, not of tables."""
    return sum(
        np.prod(w.shape)
        for w in model.trainable_weights
        if len(w.shape) == 2 and "embedding" not in w.path and "key_memory/table" not in w.path
    )


def fit(points, name):
    """Factor, exponent and largest miss of `errors = factor * x ** -exponent`."""
    x = np.log([p[name] for p in points])
    errors = np.array([100 - p["found"][0] for p in points])
    slope, start = np.polyfit(x, np.log(errors), 1)
    missed = np.abs(np.exp(start + slope * x) - errors).max()
    return np.exp(start), -slope, missed


def predict(found, x):
    return found[0] * x ** -found[1]


def plot(by_hanzi, by_size, seen, size):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.5), layout="constrained")
    for axis, points, name, found in zip(
        figure.subplots(1, 2), (by_hanzi, by_size), ("hanzi", "parameters"), (seen, size)
    ):
        x = np.array([p[name] for p in points])
        axis.loglog(x, [100 - p["found"][0] for p in points], "o")
        axis.loglog(x, predict(found, x), "-")
        axis.set(xlabel=name, ylabel="wrong characters, percent")
        axis.grid(alpha=0.3, which="both")
    figure.savefig(RESULTS / "scaling.png", dpi=100)


if __name__ == "__main__":
    main(arguments(__doc__).parse_args())
