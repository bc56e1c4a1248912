"""LocalAttention against GlobalAttention at 64, 512 and 4,096 positions.

KERAS_BACKEND=jax python benchmarks/local_attention.py
"""

import keras
import numpy as np
from common import best_time, report

from keras_pinyin.layers import GlobalAttention, LocalAttention

DIM, HEADS, WINDOW = 192, 6, 8


def main():
    rows = []
    for length in (64, 512, 4096):
        x = np.random.default_rng(0).normal(size=(max(1, 4096 // length), length, DIM))
        x = x.astype("float32")
        times = []
        for cls, options in ((LocalAttention, {"window": WINDOW}), (GlobalAttention, {})):
            inputs = keras.Input((length, DIM))
            layer = cls(num_heads=HEADS, key_dim=DIM // HEADS, **options)
            model = keras.Model(inputs, layer(inputs))
            model.compile(keras.optimizers.SGD(1e-3), "mse")
            times.append(best_time(lambda m=model: m.predict_on_batch(x)))
            times.append(best_time(lambda m=model: m.train_on_batch(x, x)))
        local, local_train, full, full_train = times
        rows.append(
            [length, f"{1e3 * local:.1f}", f"{1e3 * full:.1f}", f"{full / local:.1f}"]
            + [
                f"{1e3 * local_train:.1f}",
                f"{1e3 * full_train:.1f}",
                f"{full_train / local_train:.1f}",
            ]
        )
    report(
        "local_attention",
        f"LocalAttention (window {WINDOW}) against full attention, 4,096 positions a batch",
        ["length", "local ms", "full ms", "ratio", "local training ms", "full ms", "ratio"],
        rows,
    )


if __name__ == "__main__":
    main()
