import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_pinyin.training.distribution import device_count, distribution

BACKEND = keras.backend.backend()
KINDS = {"jax": ("none", "data", "model=2"), "tensorflow": ("none", "data")}
DEVICES = {"jax": 4, "tensorflow": 2}  # simulated; TensorFlow traces a step once for each
RUN = """
import sys
import keras
import numpy as np
if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from keras_pinyin.data.pipeline import Batching, examples
from keras_pinyin.models import PinyinTransformer
from keras_pinyin.text import Lexicon
from keras_pinyin.training.distribution import device_count, distribution
out, kinds, devices, lexicon, *shards = sys.argv[1:]
counts = [device_count(kind) for kind in ("none", "data", "model=2")]
assert counts == [1, int(devices), int(devices) // 2], counts
lexicon = Lexicon.load(lexicon)
batching = Batching(positions=128, multiple=4, lengths=(32,), candidates=8, frequent=5, shuffle=9)
sizes = dict(memory_slots=400, sound_memory_slots=400, key_memory_rows=64)
learned = {}
for kind in kinds.split():
    keras.utils.set_random_seed(3)
    dataset = examples(shards, lexicon, batching, seed=1)
    with distribution(kind):
        model = PinyinTransformer.from_lexicon(lexicon, "nano", **sizes)
        model.compile_for_conversion(keras.optimizers.SGD(0.3))
        fitted = model.fit(dataset, epochs=3, steps_per_epoch=1, verbose=0)
    learned[f"{kind} loss"] = np.array(fitted.history["loss"])
    for i, weight in enumerate(model.trainable_weights):
        if kind == "model=2":
            shard = weight.value.addressable_shards[0].data
            learned[f"cut {i}"] = np.array(weight.shape) // np.array(shard.shape)
        learned[f"{kind} {i}"] = keras.ops.convert_to_numpy(weight)
np.savez(out, **learned)
"""


@pytest.mark.skipif(BACKEND == "torch", reason="several devices: jax, tensorflow")
def test_several_devices_learn_what_one_learns(tiny_shards, tiny_lexicon, tmp_path):
    tiny_lexicon.save(tmp_path / "lexicon.tsv")
    kinds, devices, out = KINDS[BACKEND], DEVICES[BACKEND], tmp_path / "learned.npz"
    simulated = f" --xla_force_host_platform_device_count={devices}"
    arguments = (out, " ".join(kinds), devices, tmp_path / "lexicon.tsv", *tiny_shards)
    subprocess.run(
        [sys.executable, "-c", RUN, *map(str, arguments)],
        env={**os.environ, "XLA_FLAGS": os.environ.get("XLA_FLAGS", "") + simulated},
        check=True,
    )
    with np.load(out) as stored:
        learned = dict(stored)
    losses = learned["none loss"]
    assert len(losses) == 3 and losses[2] < losses[0]
    weights = sum(name.startswith("none ") for name in learned) - 1
    assert weights > 20
    for kind in kinds[1:]:
        np.testing.assert_allclose(learned[f"{kind} loss"], losses, atol=1e-4, err_msg=kind)
        for i in range(weights):
            np.testing.assert_allclose(
                learned[f"{kind} {i}"], learned[f"none {i}"], atol=1e-4, err_msg=f"{kind} {i}"
            )
    if "model=2" in kinds:
        # Most of what is trained lies in halves on the devices.
        cut = [learned[f"cut {i}"].prod() for i in range(weights)]
        size = [learned[f"none {i}"].size for i in range(weights)]
        assert set(cut) == {1, 2}
        assert sum(s for s, c in zip(size, cut) if c == 2) > 0.8 * sum(size)


def test_other_ways_are_refused():
    for kind in ("model", "model=1", "model=x", "pipeline"):
        with pytest.raises(ValueError, match=f'no distribution {kind!r}: choose "none", "data"'):
            distribution(kind)
    if BACKEND != "jax":
        with pytest.raises(ValueError, match=f"needs the backend jax, not {BACKEND}"):
            distribution("model=2")
    if BACKEND == "torch":
        with pytest.raises(ValueError, match="jax or tensorflow, not torch"):
            distribution("data")
    else:
        with pytest.raises(ValueError, match="1 devices are no multiple of 7"):
            device_count("model=7")
