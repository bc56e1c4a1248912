"""What each part of the design is worth: the same training time without it.

    KERAS_BACKEND=jax python benchmarks/ablation.py --corpus FOLDER --sets FOLDER --seconds 150

Every row is a `small` model trained from nothing for as many seconds of processor time, one seed.
What was finished is kept in runs/short_runs and not run again.
"""

from common import RESULTS, report
from keras import ops
from short_runs import EACH, KEYS, Bench, arguments, table_row

from keras_pinyin.models import PinyinTransformer

HEADS = ("local", "global", "pinyin", "position")


class Unaligned(PinyinTransformer):
    """The decoder does not receive the encoder's state of its position."""

    def _decoder_input(self, before, here):
        return self.embedding.hanzi_embedding(before)


def without(kind):
    """The attention of the encoder with the heads of one kind given to the others."""
    attention = dict(PinyinTransformer.sizes("small")["attention"])
    others = [other for other in ("local", "global") if other != kind]
    for i in range(attention[f"{kind}_heads"]):
        attention[f"{others[i % len(others)]}_heads"] += 1
    attention[f"{kind}_heads"] = 0
    return {"attention": attention}


def variants(bench):
    """Name -> (function that makes the model of a depth, grown from, trained)."""

    def maker(kind=PinyinTransformer, **changes):
        def make(depth):
            more = {} if depth is None else {"encoder_layers": depth}
            return bench.model(kind, **{**changes, **more})

        return make

    no_counts = dict(memory_slots=0, sound_memory_slots=0, context_memory=False)
    yield "everything", maker(), None, True
    for kind in HEADS:
        yield f"no {kind} heads", maker(**without(kind)), None, True
    yield "no pinyin embedding", maker(use_pinyin=False), None, True
    yield "decoder input not aligned", maker(Unaligned), None, True
    yield "no decoder layer", maker(decoder_layers=0), None, True
    yield "encoder only", maker(decoder_layers=0, memory_slots=0), None, True
    yield "grown layer by layer", maker(), 1, True
    yield "no trained key memory", maker(key_memory_rows=0), None, True
    yield "no context memory", maker(context_memory=False), None, True
    yield "no sound memory", maker(sound_memory_slots=0), None, True
    yield "no written memory", maker(memory_slots=0), None, True
    yield "network only", maker(**no_counts), None, True
    yield "counts only", maker(), None, False


def main(options):
    bench = Bench(options.corpus, options.sets)
    rows = []
    for name, make, grown_from, trained in variants(bench):

        def run(make=make, grown_from=grown_from, trained=trained):
            if not trained:
                model = make(None)
                # Untrained scores are noise: only the memories speak.
                for head in (model.encoder_head, model.decoder_head):
                    head.kernel.assign(ops.zeros(head.kernel.shape))
                return {"hanzi": 0, "found": bench.measure(model)[:3]}
            result = bench.train(make, seconds=options.seconds, grown_from=grown_from)
            return {"hanzi": result["hanzi"], "found": bench.measure(result["model"])[:3]}

        rows.append(table_row(f"ablation {options.seconds}", name, run))
    report(
        "ablation",
        f"Parts of the model left out, {options.seconds:.0f} s of processor time each",
        ["model", "M hanzi seen", "characters", "sentences", "characters, left context"],
        rows,
        f"Percent, the mean of the sets, up to {EACH} sentences of {KEYS[0]} to {KEYS[-1]} keys of "
        "each; trained from nothing, one seed. A difference below about half a point may be "
        "chance. Heads that are left out go to the local or global kind. `counts only` is the "
        "untrained model with its network silenced.",
    )
    plot(rows)


def plot(rows):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axis = figure.subplots()
    names = [row[0] for row in rows][::-1]
    for offset, column, label in ((0.2, 2, "no context"), (-0.2, 4, "left context")):
        values = [100 - float(row[column]) for row in rows][::-1]
        axis.barh([i + offset for i in range(len(names))], values, 0.4, label=label)
    axis.set_yticks(range(len(names)), names)
    axis.set(xlabel="wrong characters, percent", title="At the same training time")
    axis.legend()
    figure.savefig(RESULTS / "ablation.png", dpi=100)


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=150, help="of training, each")
    main(parser.parse_args())
