import csv
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from conftest import ROOT
from keras_pinyin.data.pipeline import Batching, examples
from keras_pinyin.models import PinyinTransformer
from keras_pinyin.text import Lexicon
from keras_pinyin.training import checkpoint as checkpoint_module
from keras_pinyin.training.checkpoint import Checkpoint
from keras_pinyin.training.curves import CurveLog, plot_curve
from keras_pinyin.training.growth import grow
from keras_pinyin.training.loop import fit_resumable, learning_rate, stages

TARGETS = ("hanzi", "encoder")
# TensorFlow takes longer to trace these models than to run them a few times.
FEW_STEPS = {"run_eagerly": keras.backend.backend() == "tensorflow"}


def with_labels(batch):
    keys = batch["keys"]
    labels = (batch["candidates"] == batch["hanzi"][..., None]).argmax(-1).astype("int32")
    weights = (keys > 0).astype("float32")
    return batch, dict.fromkeys(TARGETS, labels), dict.fromkeys(TARGETS, weights)


def test_accumulated_gradients_equal_the_large_batch(tiny_model, tiny_batch):
    inputs, labels, weights = with_labels(tiny_batch)
    start = tiny_model.get_weights()
    trainable = [ops.convert_to_numpy(w).copy() for w in tiny_model.trainable_weights]
    results = []
    for parts in (1, 2):
        tiny_model.set_weights(start)
        optimizer = keras.optimizers.SGD(
            0.5, gradient_accumulation_steps=parts if parts > 1 else None
        )
        tiny_model.compile_for_conversion(optimizer, **FEW_STEPS)
        for part in np.split(np.arange(2), parts):
            pick = lambda tree: {name: value[part] for name, value in tree.items()}
            tiny_model.train_on_batch(pick(inputs), pick(labels), pick(weights))
        results.append([ops.convert_to_numpy(w) for w in tiny_model.trainable_weights])
    moved = 0
    for one, two, before in zip(*results, trainable, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)
        moved += np.abs(one - before).max() > 1e-4
    assert moved > 10


class Steps(keras.callbacks.Callback):
    """Prints and counts the steps that a run takes."""

    taken = 0

    def on_train_batch_end(self, batch, logs=None):
        self.taken += 1
        print("step", flush=True)


def resumable_run(folder, lexicon, *shards):
    """Twelve steps in three epochs, from the checkpoint of the folder if there is one."""
    lexicon = Lexicon.load(lexicon)
    keras.utils.set_random_seed(7)
    model = PinyinTransformer.from_lexicon(
        lexicon, "nano", memory_slots=0, key_memory_rows=64, dropout=0.1
    )
    model.compile_for_conversion(keras.optimizers.Adam(1e-3), **FEW_STEPS)
    batching = Batching(positions=64, lengths=(32,), candidates=8, frequent=5, shuffle=32)
    steps = Steps()
    fit_resumable(
        model,
        lambda step: examples(shards, lexicon, batching, seed=1, skip=step),
        steps=12,
        segment=4,
        checkpoint=Path(folder, "c.npz"),
        callbacks=[CurveLog(Path(folder, "curve.csv")), steps],
        verbose=0,
    )
    return steps.taken


def curve(folder):
    with open(folder / "curve.csv") as stream:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(stream)]


def test_a_killed_run_goes_on_as_if_nothing_had_happened(tiny_shards, tiny_lexicon, tmp_path):
    tiny_lexicon.save(tmp_path / "lexicon.tsv")
    code = "import sys, test_training; print(test_training.resumable_run(*sys.argv[1:]))"

    def start(name):
        # Processes of their own: what other tests have set up must not tell two runs apart.
        (tmp_path / name).mkdir(exist_ok=True)
        arguments = [tmp_path / name, tmp_path / "lexicon.tsv", *tiny_shards]
        path = os.pathsep.join(map(str, (Path(__file__).parent, ROOT / "tests", ROOT)))
        return subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
        )

    def last(process):
        return process.communicate()[0].splitlines()[-1]

    assert last(start("whole")) == b"12"
    process = start("cut")
    for _ in range(6):  # inside the second epoch
        assert process.stdout.readline() == b"step\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert len(curve(tmp_path / "cut")) == 1
    assert last(start("cut")) == b"8"  # the first epoch is not taken again
    whole, cut = curve(tmp_path / "whole"), curve(tmp_path / "cut")
    assert [row["epoch"] for row in cut] == [0, 1, 2]
    for one, two in zip(whole, cut):
        assert one == pytest.approx(two, abs=1e-5)


@pytest.mark.once
def test_checkpoints_of_other_shapes_and_full_disks(
    tiny_model, tiny_lexicon, tmp_path, monkeypatch
):
    tiny_model.compile_for_conversion(keras.optimizers.SGD(0.1))
    checkpoint = Checkpoint(tmp_path / "c.npz")
    checkpoint.save(tiny_model, 5)
    good = checkpoint.path.read_bytes()
    other = PinyinTransformer.from_lexicon(tiny_lexicon, "nano", dim=32, memory_slots=4000)
    other.compile_for_conversion(keras.optimizers.SGD(0.1))
    with pytest.raises(ValueError, match=r"of another model: it has .* of shape"):
        checkpoint.restore(other)

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint_module.os, "fsync", full)
    with pytest.raises(ValueError, match="No space left on device.*intact"):
        checkpoint.save(tiny_model, 6)
    assert checkpoint.path.read_bytes() == good
    assert [f.name for f in tmp_path.iterdir()] == ["c.npz"]
    assert checkpoint.restore(tiny_model)["step"] == 5
    checkpoint.path.write_bytes(good[:1000])
    with pytest.raises(ValueError, match="cannot be read"):
        checkpoint.restore(tiny_model)


def test_growing_keeps_the_function(tiny_model, tiny_lexicon, tiny_batch):
    rng = np.random.default_rng(0)
    for weight in tiny_model.trainable_weights:
        weight.assign(ops.convert_to_numpy(weight) + rng.normal(size=weight.shape, scale=0.05))
    settings = {**tiny_model.settings, "encoder_layers": 3}
    deep = PinyinTransformer(**settings)
    deep.build()
    deep.set_lexicon(tiny_lexicon)
    before = ops.convert_to_numpy(tiny_model(tiny_batch)["hanzi"])
    after = ops.convert_to_numpy(grow(tiny_model, deep)(tiny_batch)["hanzi"])
    np.testing.assert_allclose(after, before, atol=1e-4)
    deep.compile_for_conversion(keras.optimizers.SGD(0.1), **FEW_STEPS)
    old = [ops.convert_to_numpy(w) for w in deep.encoder[2].trainable_weights]
    for _ in range(2):
        deep.train_on_batch(*with_labels(tiny_batch))
    moved = [
        np.abs(ops.convert_to_numpy(w) - o).max()
        for w, o in zip(deep.encoder[2].trainable_weights, old)
    ]
    assert sum(m > 0 for m in moved) > len(moved) // 2
    with pytest.raises(ValueError, match="cannot grow"):
        grow(deep, tiny_model)


@pytest.mark.once
def test_schedule_and_stages():
    schedule = learning_rate(1e-3, steps=100, warmup=10)
    values = [float(schedule(step)) for step in (0, 5, 10, 55, 100)]
    assert values == pytest.approx([0, 5e-4, 1e-3, 1e-3 * 0.505, 1e-5])
    assert stages(3, 90, layerwise=True) == [(1, 30), (2, 60), (3, 90)]
    assert stages(3, 90, layerwise=False) == [(3, 90)]


@pytest.mark.once
def test_curve_is_drawn(tmp_path):
    (tmp_path / "c.csv").write_text("epoch,loss,hanzi_accuracy\n0,2,0.1\n1,1,0.5\n")
    plot_curve(tmp_path / "c.csv", tmp_path / "c.png", steps_per_epoch=10)
    assert (tmp_path / "c.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.once
def test_fit_stops_where_it_is_told(tiny_model, tiny_batch):
    import tensorflow as tf

    tiny_model.compile_for_conversion(keras.optimizers.SGD(0.1), **FEW_STEPS)
    dataset = tf.data.Dataset.from_tensors(with_labels(tiny_batch)).repeat()
    assert fit_resumable(tiny_model, lambda n: dataset, steps=3, segment=2, verbose=0) == 3
    assert int(tiny_model.optimizer.iterations) == 3
    # A later stage goes on where the schedule was.
    assert fit_resumable(tiny_model, lambda n: dataset, first=4, steps=6, segment=2, verbose=0) == 6
    assert int(tiny_model.optimizer.iterations) == 6
