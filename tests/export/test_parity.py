"""The released model: Keras, SavedModel and TFLite say the same, eight bits nearly so."""

import keras
import numpy as np
import pytest

from conftest import ROOT
from keras_pinyin.models import Converter, PinyinTransformer

LINES, MANY, BEAMS = 500, 8000, 10
RELEASED = ROOT / "saved_models" / "small"

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="only TensorFlow converts"
)


@pytest.fixture(scope="module")
def model():
    return PinyinTransformer.from_preset(RELEASED)


@pytest.fixture(scope="module")
def lines(model, tmp_path_factory):
    """Context, keys and hanzi of the default corpus; every tenth has no context."""
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
        if len(found) >= MANY:
            return found[:MANY]
    raise AssertionError(f"only {len(found)} lines")


@pytest.fixture(scope="module")
def by_keras(model, lines):
    return Converter(model, beams=BEAMS).convert_all([line[:2] for line in lines[:LINES]])


@pytest.fixture(scope="module")
def saved_model(model, tmp_path_factory):
    from keras_pinyin.export.graph import write_saved_model

    folder = tmp_path_factory.mktemp("saved")
    write_saved_model(model, folder, n_best=10, beams=BEAMS)
    return folder


@pytest.fixture(scope="module")
def float32(saved_model):
    from ai_edge_litert.interpreter import Interpreter

    from keras_pinyin.export.graph import to_tflite

    return Interpreter(model_content=to_tflite(saved_model, "float32"))


def test_float32_files_give_what_keras_gives(model, lines, by_keras, saved_model, float32):
    import tensorflow as tf

    saved = tf.saved_model.load(str(saved_model)).signatures["convert"]
    lite = float32.get_signature_runner("convert")
    for (text, typed, _), best in zip(lines[:LINES], by_keras, strict=True):
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


def test_eight_bits_lose_little(model, lines, float32):
    """The released file, on more lines: at 2,000 a third of a point of sentences is chance."""
    from ai_edge_litert.interpreter import Interpreter

    characters, sentences = [], []
    for interpreter in (float32, Interpreter(str(ROOT / "tflite" / "small.tflite"))):
        convert = interpreter.get_signature_runner("convert")
        best = []
        for text, typed, _ in lines:
            context, keys = (ids[None] for ids in model.parse(text, typed))
            ids = convert(context=context, keys=keys)["sentences"][0, 0]
            best.append(model.lexicon.vocabulary.decode(ids))
        pairs = list(zip(best, (line[2] for line in lines)))
        characters.append(sum(a == b for x, y in pairs for a, b in zip(x, y)))
        sentences.append(sum(x == y for x, y in pairs))
    total = sum(len(line[2]) for line in lines)
    print(f"float32, eight bits: {characters} of {total} characters, {sentences} of {len(lines)}")
    assert characters[1] >= characters[0] - 0.002 * total > 0.85 * total
    assert sentences[1] >= sentences[0] - 0.003 * len(lines)
