"""Exported files: the same numbers, built-in operators, everything a host needs inside."""

import keras
import numpy as np
import pytest

from conftest import ROOT, run_python
from keras_pinyin.export import export_model, read_metadata
from keras_pinyin.ime import Converter
from keras_pinyin.models import PinyinTransformer

RECIPE = ROOT / "recipes" / "export.py"
BEST, BEAMS = 5, 6  # as `exported` has them
INPUTS = (
    ("", "jin tian tian qi"),
    ("今", "t"),
    ("今天天气真好，", "wo men qu gong yuan zou yi zou"),
    ("我们是中国人，你好！3月10日\nabc" * 5, "yin hang hang zh zhong x"),
)

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="only TensorFlow converts"
)


@pytest.fixture(scope="module")
def exported_model(tiny_preset):
    return PinyinTransformer.from_preset(tiny_preset)


def check(found, sentences, scores, name="sentences"):
    """The same answers in the same order, but for those whose scores are as good as equal."""
    assert found[name].dtype == np.int32 and found["scores"].dtype == np.float32
    assert found[name].shape == sentences.shape
    np.testing.assert_allclose(found["scores"], scores, atol=1e-4)
    apart = np.abs(np.diff(scores[0])) > 2e-4
    clear = (scores[0] > -1e8) & np.r_[True, apart] & np.r_[apart, False]
    assert clear[0]
    np.testing.assert_array_equal(found[name][0][clear], sentences[0][clear])


def test_graphs_are_traced_into_few_operators():
    import tensorflow as tf

    from keras_pinyin.export.graph import _few_operators

    table, dense = keras.ops.ones((7, 4)), keras.layers.Dense(3)
    dense.build((None, None, 4))
    look_up = tf.function(lambda ids: dense(keras.ops.take(table, ids, axis=0)))
    with _few_operators():
        graph = look_up.get_concrete_function(tf.TensorSpec((1, None), tf.int32)).graph
    kinds = {operator.type for operator in graph.get_operations()}
    assert {"GatherV2", "MatMul"} <= kinds and not kinds & {"Less", "SelectV2", "Prod", "Shape"}
    assert look_up(np.array([[1, 2]], np.int32)).shape == (1, 2, 3)
    assert keras.ops.take(table, -1, axis=0).shape == (4,)  # outside all is as ever


def test_keras_saved_model_and_tflite_agree(exported, exported_model):
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    saved = tf.saved_model.load(str(exported["saved_model"])).signatures
    interpreter = Interpreter(str(exported["float32"]), num_threads=1)
    lite = {name: interpreter.get_signature_runner(name) for name in ("convert", "predict")}
    for text, typed in INPUTS:
        context, keys = (ids[None] for ids in exported_model.parse(text, typed))
        best = exported_model.search(context, keys, n_best=BEST, beams=BEAMS)
        found = saved["convert"](context=tf.constant(context), keys=tf.constant(keys))
        check({name: value.numpy() for name, value in found.items()}, *map(np.array, best))
        check(lite["convert"](context=context, keys=keys), *map(np.array, best))
        best = exported_model.next_hanzi(context, n_best=BEST)
        found = saved["predict"](context=tf.constant(context))
        check({name: value.numpy() for name, value in found.items()}, *map(np.array, best), "hanzi")
        check(lite["predict"](context=context), *map(np.array, best), "hanzi")


def test_small_files_run(exported, exported_model):
    from keras_pinyin.export.graph import foreign_operators

    assert exported["int8"].stat().st_size < exported["float32"].stat().st_size
    for kind in ("int8", "float32", "static"):
        assert foreign_operators(exported[kind].read_bytes()) == []
    free, static = Converter(exported["int8"]), Converter(exported["static"])
    for text, typed in INPUTS:
        found, again = free.convert(text, typed), static.convert(text, typed)
        best = exported_model.convert(text, typed, n_best=BEST, beams=BEAMS)
        assert found[0][1] == pytest.approx(best[0][1], abs=0.5)  # 8 bits are not 32
        assert 0 < len(found) <= BEST and len(found[0][0]) == len(typed.split())
        assert [score for _, score in again] == pytest.approx([s for _, s in found], abs=1e-3)
        assert again[0][0] == found[0][0]
        nexts = [score for _, score in free.predict(text)]
        assert [s for _, s in static.predict(text)] == pytest.approx(nexts, abs=1e-3)
    with pytest.raises(ValueError, match="13 keys given, but a conversion takes 1 to 12"):
        static.convert("", ["hao"] * 13)
    with pytest.raises(ValueError, match="0 keys"):
        free.convert("", "")


def test_layout_of_the_files(exported):
    """The static file knows no open shapes, and buffers begin at multiples of 16 bytes."""
    from tensorflow.lite.python import schema_py_generated as schema

    content = schema.ModelT.InitFromPackedBuf(exported["static"].read_bytes(), 0)
    for graph in content.subgraphs:
        for tensor in graph.tensors:
            assert tensor.shapeSignature is None or -1 not in tensor.shapeSignature, tensor.name
    model = schema.Model.GetRootAs(exported["int8"].read_bytes(), 0)
    for buffer in map(model.Buffers, range(model.BuffersLength())):
        if buffer.DataLength():
            assert buffer._tab.Vector(buffer._tab.Offset(4)) % 16 == 0


def test_metadata_says_everything(exported, exported_model, tiny_lexicon, tiny_preset):
    described = read_metadata(exported["int8"])
    assert described == read_metadata(exported["int8"].read_bytes())
    assert described["tokens"] == list(exported_model.lexicon.vocabulary.tokens)
    assert described["keys"] == list(exported_model.lexicon.keys.names)
    assert described["lexicon"] == tiny_lexicon.entries
    assert described["syllables"] == (tiny_preset / "syllables.bin").read_bytes()
    assert described["limits"] == {"context": 32, "keys": 96, "candidates": BEST}
    assert described["shapes"] == {"context": None, "keys": None}
    assert (described["kind"], described["beams"], described["card"]) == ("int8", BEAMS, "# tiny\n")
    assert read_metadata(exported["static"])["shapes"] == {"context": 32, "keys": 12}


def test_failure_leaves_the_good_files(tiny_preset, tmp_path, monkeypatch):
    from keras_pinyin.export import graph

    (tmp_path / "tiny.tflite").write_text("good")
    (tmp_path / "saved_model").mkdir()

    def write_half(model, folder, **options):
        folder.mkdir()
        (folder / "half").write_text("half")

    def no_space(saved_model, kind):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(graph, "write_saved_model", write_half)
    monkeypatch.setattr(graph, "to_tflite", no_space)
    with pytest.raises(ValueError, match="No space left on device"):
        export_model(tiny_preset, tmp_path, kinds=["int8"])
    assert (tmp_path / "tiny.tflite").read_text() == "good"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["saved_model", "tiny.tflite"]
    assert not list((tmp_path / "saved_model").iterdir())
    # Once it succeeds, both are replaced.
    monkeypatch.setattr(graph, "to_tflite", lambda saved_model, kind: b"new")
    monkeypatch.setattr("keras_pinyin.export.metadata.add_metadata", lambda content, _: content)
    export_model(tiny_preset, tmp_path, kinds=["int8"])
    assert (tmp_path / "tiny.tflite").read_text() == "new"
    assert (tmp_path / "saved_model" / "half").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["saved_model", "tiny.tflite"]


def test_bad_input_gives_one_sentence(tiny_preset, tmp_path):
    for changes, sentence in (
        (dict(kinds=["int4"]), "There is no kind 'int4' of file"),
        (dict(beams=0), "beams is 0, but must be at least 1"),
        (dict(static_keys=97), "static_keys is 97, but the model takes at most 96"),
    ):
        with pytest.raises(ValueError, match=sentence):
            export_model(tiny_preset, tmp_path, **changes)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="could not be written"):
        export_model(tiny_preset, tmp_path / "file" / "out", kinds=[])
    for content, sentence in ((b"", "is empty"), (b"nothing", "is no .tflite file")):
        (tmp_path / "odd.tflite").write_bytes(content)
        with pytest.raises(ValueError, match=sentence):
            read_metadata(tmp_path / "odd.tflite")
    run = run_python(RECIPE, tmp_path, "--out", tmp_path / "out")
    assert run.returncode == 2 and not (tmp_path / "out").exists()
    assert run.stderr.splitlines()[-1].startswith("export.py: There is no model")
