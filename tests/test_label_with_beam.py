import json
import lzma

import numpy as np
import pytest
from keras import ops

from conftest import ROOT, load_module
from keras_pinyin.data.memory import count_shards, fill_memory, new_counters, read_counts
from keras_pinyin.data.shards import prepare_shards, split_shards

pytest.importorskip("apache_beam", reason="needs pip install 'keras-pinyin[beam]'")


@pytest.fixture(scope="module")
def recipe():
    return load_module(ROOT / "recipes" / "label_with_beam.py")


def run(recipe, *arguments):
    recipe.main(*recipe.read_arguments(list(map(str, arguments))))


def test_same_shards_and_counts_as_the_local_path(
    recipe, tiny_corpus, tiny_lexicon, tiny_model, tmp_path
):
    lexicon = tmp_path / "lexicon.tsv"
    tiny_lexicon.save(lexicon)
    local = prepare_shards(tiny_corpus, tmp_path, lexicon_path=lexicon, workers=1)
    out = tmp_path / "out"
    options = [tiny_corpus, out, "--lexicon", lexicon, "--parts", 3, "--held-out", "0,1,2"]
    run(recipe, *options)
    content = lambda folder: {f.name: f.read_bytes() for f in folder.iterdir() if f.is_file()}
    assert content(out) == content(local)

    training, held_out = split_shards(local, held_out=[0, 1, 2])
    assert training and held_out
    expected, found = new_counters(), new_counters()
    count_shards(expected, training, tiny_lexicon)
    read_counts(found, out / "counts")
    for name in expected:
        for order, arrays in expected[name].counts().items():
            assert len(arrays[0])
            for mine, theirs in zip(arrays, found[name].counts()[order]):
                np.testing.assert_array_equal(mine, theirs)
    assert fill_memory(tiny_model, training) == fill_memory(tiny_model, counts=out / "counts")
    next((out / "counts").glob("heard-2-*.npz")).unlink()
    with pytest.raises(ValueError, match="holds 2 counts heard-2-.*not all"):
        read_counts(new_counters(), out / "counts")

    # What is there already is not made again, and what is missing is.
    times = {f: f.stat().st_mtime_ns for f in out.glob("*.tfrecord")}
    (out / "done" / "zipped.json").unlink()
    run(recipe, *options, "--no-counts")
    again = {f: f.stat().st_mtime_ns for f in out.glob("*.tfrecord")}
    made = {f for f in times if f.name.startswith("zipped")}
    assert times.keys() == again.keys()
    assert {f for f in times if times[f] != again[f]} == made


def test_pretraining_takes_shards_and_counts(recipe, tiny_corpus, tmp_path):
    from keras_pinyin.models import PinyinTransformer

    pretrain = load_module(ROOT / "recipes" / "pretrain.py")
    shards = tmp_path / "shards"
    run(recipe, tiny_corpus, shards, "--parts", 2, "--held-out", ",".join(map(str, range(13))))
    assert json.loads((shards / "counts" / "held_out.json").read_text()) == list(range(13))

    def train(*more):
        options = ["--shards", shards, "--counts", shards / "counts", "--out", tmp_path / "model"]
        options += ["--runs", tmp_path / "runs", "--steps", 2, "--segment", 2]
        options += ["--positions", 256, "--lengths", 48, *more]
        pretrain.main(pretrain.read_config(list(map(str, options))))

    with pytest.raises(ValueError, match="Both --corpus .* and --shards .*: leave one out"):
        train("--corpus", tiny_corpus)
    with pytest.raises(ValueError, match="hold the folds 13,14, .* --held-out 0,1,2,3,4,5"):
        train("--network-folds", 14)
    assert not (tmp_path / "runs").exists()
    train("--network-folds", 12)
    model = PinyinTransformer.from_preset(tmp_path / "model")
    found = counted(model)
    # In the end the memory has all that is not held out, as if it had been counted here.
    fill_memory(model, split_shards(shards, held_out=[0])[0])
    for mine, theirs in zip(found, counted(model), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=0.01)  # unigrams are saved in half precision
    (shards / "counts" / "held_out.json").unlink()
    with pytest.raises(ValueError, match="does not say which folds"):
        train()


def counted(model):
    return [
        ops.convert_to_numpy(weight)
        for memory in model.counted_memories
        for weight in (memory.marks, memory.numbers, memory.levels, memory.unigram)
    ]


@pytest.mark.parametrize("folds", ["0,20", "0,x", "-1"])
def test_a_fold_that_is_none_is_named(recipe, tiny_corpus, tmp_path, folds):
    with pytest.raises(ValueError, match="folds are numbers from 0 to 19"):
        run(recipe, tiny_corpus, tmp_path, f"--held-out={folds}")


def test_a_bad_file_is_named_and_the_others_are_labelled(recipe, tiny_lexicon, tmp_path):
    lexicon = tmp_path / "lexicon.tsv"
    tiny_lexicon.save(lexicon)
    corpus, out = tmp_path / "corpus", tmp_path / "out"
    corpus.mkdir()
    (corpus / "good.txt").write_text("今天天气真好。", encoding="utf-8")
    (corpus / "bad.txt").write_bytes("今天天气真好。".encode("gb18030"))
    options = [corpus, out, "--lexicon", lexicon, "--no-counts"]
    with pytest.raises(ValueError, match="bad.txt is not UTF-8"):
        run(recipe, *options)
    assert list(out.glob("good-*.tfrecord")) and not (out / "summary.json").exists()
    (corpus / "bad.txt").unlink()
    run(recipe, *options)
    assert (out / "summary.json").exists() and not (out / "errors.txt").exists()
    (corpus / "good.txt").write_text("今天天气好。", encoding="utf-8")
    with pytest.raises(ValueError, match="holds shards of another good"):
        run(recipe, *options)


def test_two_files_of_one_name_are_refused(recipe, tiny_lexicon, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.txt").write_text("今天", encoding="utf-8")
    with lzma.open(tmp_path / "x.txt.xz", "wt", encoding="utf-8") as stream:
        stream.write("天气")
    tiny_lexicon.save(tmp_path / "lexicon.tsv")
    with pytest.raises(ValueError, match="have the same name"):
        prepare_shards(tmp_path, tmp_path / "c", lexicon_path=tmp_path / "lexicon.tsv", workers=1)
    with pytest.raises(ValueError, match="have the same name"):
        run(recipe, tmp_path, tmp_path / "out")
