"""A corpus that is not what it should be is caught, in the environment that uv makes for TFDV."""

import importlib.util
import re
import subprocess
import sys

import numpy as np
import pytest

from conftest import ROOT
from keras_pinyin.data.corpus import write_default_corpus
from keras_pinyin.data.shards import label_file, read_shards, record, summary_text
from keras_pinyin.text.lexicon import DATA

UV = [sys.executable, "-m", "uv"]
JAPANESE = """吾輩は猫である。名前はまだ無い。
どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所で泣いていた事だけは記憶している。
吾輩はここで始めて人間というものを見た。しかもあとで聞くとそれは書生という人間中で一番獰悪な種族であったそうだ。"""


@pytest.fixture(scope="module", autouse=True)
def uv():
    if importlib.util.find_spec("uv") is None:
        pytest.skip("needs pip install uv")
    found = subprocess.run([*UV, "python", "find", "--no-python-downloads", "3.11"])
    if found.returncode:
        pytest.skip("TensorFlow Data Validation needs Python 3.11, which is not installed")


def validate(*arguments):
    command = [*UV, "run", ROOT / "recipes" / "validate_corpus.py", *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Folders of shards by name: a good one, and the same text or labels spoiled."""
    import tensorflow as tf
    from opencc import OpenCC

    folder = tmp_path_factory.mktemp("validate")
    corpus = write_default_corpus(folder / "corpus")
    lines = []
    for name in ("news.txt", "reviews.txt"):
        text = (corpus / name).read_text(encoding="utf-8")
        lines += [line for line in text.splitlines() if line][:8000:8]
    good = "\n\n".join(lines)
    texts = {
        "good": good,
        "encoding": good.encode().decode("gb18030", "replace"),
        "traditional": OpenCC("s2t").convert(good),
        "japanese": "\n\n".join([JAPANESE] * 300),
    }
    for name, text in texts.items():
        (folder / name).mkdir()
        path = folder / f"{name}.txt"
        path.write_text(text, encoding="utf-8")
        summary = summary_text([label_file(path, folder / name, DATA / "lexicon.tsv")])
        (folder / name / "summary.json").write_text(summary)
    (folder / "shifted").mkdir()
    for path in (folder / "good").glob("*.tfrecord"):
        with tf.io.TFRecordWriter(str(folder / "shifted" / path.name)) as writer:
            for tokens, keys in read_shards([path]):
                writer.write(record(tokens, np.roll(keys, 1)))
    (folder / "shifted" / "summary.json").write_text((folder / "good/summary.json").read_text())
    return folder


def test_spoiled_corpora_are_caught_and_a_good_one_is_not(shards):
    names = ("good", "encoding", "traditional", "japanese", "shifted")
    out = shards / "out"
    options = ["--against", shards / "good", "--documents", "1000", "--out", out]
    run = validate(*(shards / name for name in names), *options)
    assert run.returncode == 1, run.stderr[-3000:]
    assert (out / "plots.png").read_bytes().startswith(b"\x89PNG")
    report = (out / "report.md").read_text(encoding="utf-8")
    found = {
        name: re.search(f"## Anomalies of {name}\n\n(.*?)\n\n", report, re.DOTALL)[1]
        for name in names
    }
    assert found["good"] == "None."
    # What the checks of a corpus say on their own.
    assert "right encoding?" in found["encoding"]
    assert "simplified hanzi?" in found["traditional"] and "simplified" in found["japanese"]
    assert "no readings of the hanzi" in found["shifted"]
    # And the drift from the good one.
    drifted = {n: set(re.findall(r"^[|] (\w+) [|].*Jensen", found[n], re.M)) for n in names}
    assert {"hanzi", "syllable"} <= drifted["encoding"] & drifted["japanese"]
    assert "hanzi" in drifted["traditional"]


def test_a_folder_without_shards_is_one_sentence_and_status_2(tmp_path):
    run = validate(tmp_path)
    assert run.returncode == 2
    last = run.stderr.strip().splitlines()[-1]
    assert last.startswith("validate_corpus.py: ") and "no folder of labelled shards" in last
