"""The released model: Keras, SavedModel and TFLite say the same, eight bits nearly so."""

import importlib.util

import keras
import numpy as np
import pytest

from conftest import ROOT
from keras_pinyin.models import Converter, PinyinTransformer

LINES, BEAMS = 500, 10
RELEASED = ROOT / "saved_models" / "small"

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="only TensorFlow converts"
)


@pytest.fixture(scope="module")
def model():
    return PinyinTransformer.from_preset(RELEASED)


@pytest.fixture(scope="module")
def lines(model, tmp_path_factory):
    """Context, keys and hanzi of the default corpus: every tenth has no context."""
    from keras_pinyin.data.corpus import corpus_files, read_documents, write_default_corpus
    from keras_pinyin.text.labels import HANZI, label

    found, folder = [], write_default_corpus(tmp_path_factory.mktemp("text") / "corpus")
    for document in read_documents(corpus_files(folder)[0]):
        for run in HANZI.finditer(document):
            hanzi = run.group()
            if 3 <= len(hanzi) <= 12:
                context = document[max(0, run.start() - 20) : run.start()]
                keys = [reading.rstrip("12345") for reading in label(hanzi)]
                found.append((context if len(found) % 10 else "", keys, hanzi))
        if len(found) == LINES:
            return found
    raise AssertionError(f"only {len(found)} lines")


@pytest.fixture(scope="module")
def by_keras(model, lines):
    return Converter(model, beams=BEAMS).convert_all([line[:2] for line in lines])


def test_float32_files_give_what_keras_gives(model, lines, by_keras, tmp_path):
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    from keras_pinyin.export.graph import to_tflite, write_saved_model

    write_saved_model(model, tmp_path / "saved", n_best=10, beams=BEAMS)
    saved = tf.saved_model.load(str(tmp_path / "saved")).signatures["convert"]
    interpreter = Interpreter(model_content=to_tflite(tmp_path / "saved", "float32"))
    lite = interpreter.get_signature_runner("convert")
    for (text, typed, _), best in zip(lines, by_keras):
        context, keys = (ids[None] for ids in model.parse(text, typed))
        outputs = saved(context=tf.constant(context), keys=tf.constant(keys))
        for found in (
            {name: value.numpy() for name, value in outputs.items()},
            lite(context=context, keys=keys),
        ):
            scores = found["scores"][0][: len(best)]
            np.testing.assert_allclose(scores, [score for _, score in best], atol=1e-4, rtol=1e-5)
            sentences = [model.lexicon.vocabulary.decode(ids) for ids in found["sentences"][0]]
            # Two sentences whose scores are as good as equal may change places.
            apart = scores[0] - scores[1] > 2e-4 if len(scores) > 1 else True
            assert not apart or sentences[0] == best[0][0]


def test_eight_bits_lose_little(lines, by_keras):
    spec = importlib.util.spec_from_file_location("host", ROOT / "tflite" / "python" / "pinyin.py")
    host = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(host)
    converter = host.PinyinConverter(ROOT / "tflite" / "small.tflite")
    found = [converter.convert(text, typed)[0][0] for text, typed, _ in lines]
    expected = [best[0][0] for best in by_keras]
    hanzi = [line[2] for line in lines]
    right = lambda answers: sum(a == b for x, y in zip(answers, hanzi) for a, b in zip(x, y))
    total = sum(map(len, hanzi))
    assert right(found) >= right(expected) - 0.002 * total
    sentences = lambda answers: sum(x == y for x, y in zip(answers, hanzi))
    assert sentences(found) >= sentences(expected) - 0.003 * LINES
    assert right(found) > 0.85 * total
