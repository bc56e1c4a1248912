"""Training speed of our small preset against keras-hub's stock layers of the same dimensions.

The stock model has TransformerEncoder and TransformerDecoder layers of the same number and width,
embeddings of the same sizes and a full softmax over the vocabulary, as one would build it. Both
train on the same batches in the same run; steps alternate, so that a busy machine slows both.

    KERAS_BACKEND=jax python benchmarks/train_speed.py
"""

import statistics
import time

import keras
import keras_hub
import numpy as np
from common import report

from keras_pinyin.models import PinyinTransformer
from keras_pinyin.text import Lexicon

LENGTH, ROWS, CANDIDATES, REPEATS = 16, 256, 32, 7


def stock(settings):
    hanzi = keras.Input((None,), dtype="int32", name="hanzi")
    keys = keras.Input((None,), dtype="int32", name="keys")
    dim, heads = settings["dim"], 6
    embed = keras_hub.layers.TokenAndPositionEmbedding
    x = embed(settings["key_size"], 128, dim)(keys)
    for _ in range(settings["encoder_layers"]):
        x = keras_hub.layers.TransformerEncoder(settings["ffn_dim"], heads)(x)
    y = embed(settings["hanzi_size"], 128, dim)(hanzi)
    for _ in range(settings["decoder_layers"]):
        y = keras_hub.layers.TransformerDecoder(settings["decoder_ffn_dim"], heads)(y, x)
    logits = keras.layers.Dense(settings["hanzi_size"])(y)
    model = keras.Model({"hanzi": hanzi, "keys": keys}, logits)
    model.compile(
        keras.optimizers.AdamW(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    return model


def main():
    lexicon = Lexicon.default()
    rng = np.random.default_rng(0)
    hanzi = rng.integers(30, 4000, (ROWS, LENGTH)).astype("int32")
    keys = rng.integers(2, 400, (ROWS, LENGTH)).astype("int32")
    candidates = rng.integers(30, 4000, (ROWS, LENGTH, CANDIDATES)).astype("int32")
    ours_batch = {"hanzi": hanzi, "keys": keys, "candidates": candidates}
    labels = np.zeros((ROWS, LENGTH), "int32")
    outputs = dict.fromkeys(("hanzi", "encoder"), labels)
    candidates_runs = {}

    def add(name, **changes):
        model = PinyinTransformer.from_lexicon(lexicon, "small", **changes)
        model.compile_for_conversion(keras.optimizers.AdamW(1e-3))
        candidates_runs[name] = lambda: model.train_on_batch(ours_batch, outputs)
        return model

    settings = add("ours").settings
    add("ours, no memories", memory_slots=0, key_memory_rows=0)
    model = stock(settings)
    previous = {"hanzi": np.pad(hanzi[:, :-1], [(0, 0), (1, 0)]), "keys": keys}
    candidates_runs["keras-hub, full softmax"] = lambda: model.train_on_batch(previous, hanzi)
    times = {name: [] for name in candidates_runs}
    for run in candidates_runs.values():
        run()
    for _ in range(REPEATS):
        for name, run in candidates_runs.items():
            began = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(values) for name, values in times.items()}
    base = medians["keras-hub, full softmax"]
    rows = [
        [name, f"{1e3 * value:.0f}", f"{ROWS * LENGTH / value:.0f}", f"{base / value:.2f}"]
        for name, value in medians.items()
    ]
    report(
        "train_speed",
        f"Training step of {ROWS} rows of {LENGTH} keys, small preset, AdamW",
        ["model", "ms a step", "hanzi a second", "against keras-hub"],
        rows,
    )


if __name__ == "__main__":
    main()
