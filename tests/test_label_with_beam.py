import lzma

import numpy as np
import pytest

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
