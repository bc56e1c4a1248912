import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_pinyin.training.distribution import distribution

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
assert device_count("data") == 2
lexicon = Lexicon.load(sys.argv[1])
batching = Batching(positions=128, multiple=2, lengths=(32,), candidates=8, frequent=5, shuffle=9)
learned = {}
for kind in ("none", "data"):
    keras.utils.set_random_seed(3)
    dataset = examples(sys.argv[3:], lexicon, batching, seed=1)
    sizes = dict(memory_slots=400, sound_memory_slots=400, key_memory_rows=64)
    with distribution(kind):
        model = PinyinTransformer.from_lexicon(lexicon, "nano", **sizes)
        model.compile_for_conversion(keras.optimizers.SGD(0.3))
        model.fit(dataset, steps_per_epoch=3, verbose=0)
    for i, weight in enumerate(model.trainable_weights):
        learned[f"{kind}{i}"] = keras.ops.convert_to_numpy(weight)
np.savez(sys.argv[2], **learned)
"""


@pytest.mark.skipif(keras.backend.backend() == "torch", reason="several devices: jax, tensorflow")
def test_two_devices_learn_what_one_learns(tiny_shards, tiny_lexicon, tmp_path):
    tiny_lexicon.save(tmp_path / "lexicon.tsv")
    flags = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=2"
    out = tmp_path / "learned.npz"
    subprocess.run(
        [sys.executable, "-c", RUN, *map(str, (tmp_path / "lexicon.tsv", out, *tiny_shards))],
        env={**os.environ, "XLA_FLAGS": flags},
        check=True,
    )
    with np.load(out) as stored:
        learned = dict(stored)
    assert len(learned) > 20
    for i in range(len(learned) // 2):
        np.testing.assert_allclose(learned[f"none{i}"], learned[f"data{i}"], atol=1e-4)


def test_other_ways_are_refused():
    with pytest.raises(ValueError, match='choose "none" or "data"'):
        distribution("model")
    if keras.backend.backend() == "torch":
        with pytest.raises(ValueError, match="not torch"):
            distribution("data")
