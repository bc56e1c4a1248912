"""Time to a fixed loss: growing layer by layer against training at full depth.

Both train the small preset without its counted memories on the default corpus, on the same
batches, for the same number of steps; the clock runs in steps only, since a long run hardly
notices compilation. The loss is the mean over 20 steps.

    KERAS_BACKEND=jax python benchmarks/layerwise.py
"""

import time

import keras
import numpy as np
from common import report

from keras_pinyin.data.pipeline import Batching, examples
from keras_pinyin.data.shards import corpus_shards, split_shards
from keras_pinyin.models import PinyinTransformer
from keras_pinyin.text.lexicon import Lexicon
from keras_pinyin.training.growth import grow
from keras_pinyin.training.loop import fit_resumable, learning_rate, stages

STEPS, WINDOW = 160, 20
BATCHING = Batching(positions=2048, lengths=(16,))


class Clock(keras.callbacks.Callback):
    """Seconds and loss of every step; a step that compiles counts as the one after it."""

    def __init__(self):
        super().__init__()
        self.seconds, self.losses, self.fresh = [], [], 0

    def on_train_begin(self, logs=None):
        self.fresh = len(self.seconds)

    def on_train_batch_begin(self, batch, logs=None):
        self.began = time.perf_counter()
        self.model.reset_metrics()

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(float(logs["loss"]))
        self.seconds.append(time.perf_counter() - self.began)
        if len(self.seconds) == self.fresh + 2:
            self.seconds[-2] = self.seconds[-1]


def train(layerwise, shards, lexicon):
    keras.utils.set_random_seed(0)
    clock, model, step = Clock(), None, 0
    depth = PinyinTransformer.sizes("small")["encoder_layers"]
    for layers, until in stages(depth, STEPS, layerwise):
        deeper = PinyinTransformer.from_lexicon(
            lexicon, "small", encoder_layers=layers, memory_slots=0, sound_memory_slots=0
        )
        model = deeper if model is None else grow(model, deeper)
        schedule = learning_rate(2e-3, STEPS, 30)
        optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.01, global_clipnorm=1.0)
        model.compile_for_conversion(optimizer)
        step = fit_resumable(
            model,
            lambda at: examples(shards, lexicon, BATCHING, seed=1, skip=at),
            first=step,
            steps=until,
            segment=STEPS,
            callbacks=[clock],
            verbose=2,
        )
    losses = np.convolve(clock.losses, np.full(WINDOW, 1 / WINDOW), "valid")
    return losses, np.cumsum(clock.seconds)[WINDOW - 1 :]


def main():
    lexicon = Lexicon.default()
    shards, _ = split_shards(corpus_shards(None, "runs"))
    runs = {
        "full depth": train(False, shards, lexicon),
        "layer by layer": train(True, shards, lexicon),
    }
    goals = [
        runs["full depth"][0][len(runs["full depth"][0]) * part // 4 - 1] for part in (2, 3, 4)
    ]
    rows = []
    for name, (losses, seconds) in runs.items():
        reached = [np.flatnonzero(losses <= goal) for goal in goals]
        times = [f"{seconds[found[0]]:.0f}" if len(found) else "not reached" for found in reached]
        rows.append([name, *times, f"{losses[-1]:.3f}", f"{seconds[-1]:.0f}"])
    report(
        "layerwise",
        f"Seconds to a loss: {STEPS} steps of {BATCHING.positions} positions, small, no counts",
        ["training", *(f"to {goal:.3f}" for goal in goals), "last loss", "seconds in all"],
        rows,
    )


if __name__ == "__main__":
    main()
