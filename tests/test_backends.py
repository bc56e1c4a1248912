"""Plain `pytest` runs in one backend; what uses Keras runs in the others beside it."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

OTHERS = [b for b in ("tensorflow", "jax", "torch") if b != keras.backend.backend()]
OUTPUTS = """
import sys
import numpy as np, keras
from keras import ops
from keras_pinyin.layers import *
from keras_pinyin.models import PinyinTransformer
from keras_pinyin.text import Lexicon
rng = np.random.default_rng(0)
x = rng.normal(size=(2, 9, 16)).astype("float32")
p = rng.normal(size=(2, 9, 12)).astype("float32")
ids = rng.integers(1, 6, (2, 9)).astype("int32")
mask = np.arange(9)[None] < np.array([[9], [6]])
heads = dict(local_heads=1, global_heads=1, pinyin_heads=1, position_heads=1, key_dim=8, window=3)
names = ("hanzi", "initial", "final", "tone", "syllable")
out = {}
def run(name, layer, *inputs, **options):
    layer(*inputs, **options)
    draw = np.random.default_rng(1)
    for w in layer.trainable_weights:
        w.assign(draw.normal(size=w.shape, scale=0.3).astype("float32"))
    result = layer(*inputs, **options)
    out[name] = ops.convert_to_numpy(result)
run("embedding", PinyinEmbedding(9, 9, 9, 9, 9, 16, 12), {n: ids for n in names})
run("local", LocalAttention(2, 8, window=2), x, mask=mask, use_causal_mask=True)
run("global", GlobalAttention(2, 8, max_distance=3), x, mask=mask)
run("pinyin", PinyinAttention(2, 8), x, p, mask=mask)
run("position", PositionAttention(2, 8, max_distance=3), x, mask=mask)
run("mixed", MixedAttention(**heads), x, pinyin=p, mask=mask)
run("encoder", PinyinEncoderLayer(ffn_dim=32, **heads), x, pinyin=p, mask=mask)
run("decoder", PinyinDecoderLayer(ffn_dim=32, **heads), x, x, pinyin=p, mask=mask)
run("ngrams", NGramEmbedding(101, 4, 16), ids)
memory = NGramMemory(50, 200, order=3)
memory.build((None, None, 2), (None, None, 4), (None, None, 16))
grams = rng.integers(1, 6, (40, 2))
memory.fill({2: (grams, -rng.uniform(0, 9, 40))}, -rng.uniform(1, 5, 50))
run("memory", memory, np.stack([ids, ids], -1), np.stack([ids] * 4, -1), x)
sounds = ids[..., None] % np.array([2, 3])
run("context", ContextMemory(), np.stack([ids] * 4, -1), sounds, ids, sounds, x)
topics = TopicMemory(50, 90, 8)
topics.build()
topics.enable_learning()
for table in topics.learned.values():
    table.assign(rng.normal(size=table.shape).astype("float32"))
topics.finish_learning()
run("topics", topics, np.stack([ids, 6 - ids, ids % 4, ids % 3 + 9], -1), sounds, ids)
assert np.ptp(out["topics"], axis=-1).min() > 0
near = rng.normal(size=(2, *ids.shape, 3, 16))
run("copies", CopyHead(), x, x, near[0], ids, near[1], x)
lexicon = Lexicon.load(sys.argv[2])
sizes = dict(memory_slots=400, key_memory_rows=512)
model = PinyinTransformer.from_lexicon(lexicon, "nano", pinyin_head=True, **sizes)
draw = np.random.default_rng(2)
for w in model.trainable_weights:
    w.assign(draw.normal(size=w.shape, scale=0.1).astype("float32"))
keys = lexicon.keys.parse("tian qi hen hao")[None]
sentences, scores = model.search(lexicon.vocabulary.encode("今天")[None], keys, n_best=3)
sentences, scores = map(ops.convert_to_numpy, (sentences, scores))
# Beams that no legal sentence is left for score -1e9, and hold anything.
out["sentences"], out["scores"] = sentences[scores > -1e8], scores[scores > -1e8]
readings = lexicon.keys.first_toned + np.arange(4, dtype="int32")
row = dict(hanzi=lexicon.vocabulary.encode("今天银行")[None], keys=np.zeros((1, 4), "int32"))
row.update(candidates=np.zeros((1, 4, 8), "int32"), readings=np.tile(readings, (1, 4, 1)))
out["readings"] = ops.convert_to_numpy(model(row)["pinyin"])
np.savez(sys.argv[1], **out)
"""


def test_same_weights_same_outputs_on_all_backends(tiny_lexicon, tmp_path):
    tiny_lexicon.save(tmp_path / "lexicon.tsv")
    outputs = {}
    for backend in ("tensorflow", "jax", "torch"):
        path = tmp_path / f"{backend}.npz"
        subprocess.run(
            [sys.executable, "-c", OUTPUTS, str(path), str(tmp_path / "lexicon.tsv")],
            env={**os.environ, "KERAS_BACKEND": backend},
            check=True,
            capture_output=True,
        )
        with np.load(path) as stored:
            outputs[backend] = dict(stored)
    for backend in ("jax", "torch"):
        for name, expected in outputs["tensorflow"].items():
            np.testing.assert_allclose(
                outputs[backend][name], expected, atol=1e-5, rtol=1e-5, err_msg=f"{backend} {name}"
            )


@pytest.mark.parametrize("backend", OTHERS)
def test_suite_in_another_backend(backend, suites_in_other_backends):
    process, log = suites_in_other_backends[backend]
    process.wait(timeout=3600)
    printed = log.read_text()
    assert process.returncode == 0, printed[-5000:]
    assert " passed" in printed
