"""The converter of a .tflite file, and what it says of files that are none."""

import json

import pytest

from conftest import run_python
from keras_pinyin.ime import Converter, Engine, released_file
from keras_pinyin.text.metadata import named_buffers

TYPE = """
import json, sys
from keras_pinyin.ime import Engine
engine = Engine.open()
for key in (*"jintiantianqizhendehenbucuo", "space"):
    engine.press(key)
    engine.state
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
others = {"keras", "tensorflow", "jax", "torch", "pypinyin", "jieba"} & set(sys.modules)
print(json.dumps([engine.take_commit(), sorted(others), peak / 1024]))
"""

OVERWRITE = """
import sys
from keras_pinyin.ime import Converter, released_file
expected = Converter().convert("今天", "tian qi hen hao")
with open(sys.argv[1], "wb") as stream:
    stream.write(released_file().read_bytes())
converter = Converter(sys.argv[1])
with open(sys.argv[1], "r+b") as stream:
    stream.write(b"\\0" * 4096)
    stream.truncate(4096)
assert converter.convert("今天", "tian qi hen hao") == expected
"""


@pytest.fixture(scope="module")
def converter():
    return Converter()


def test_it_converts_and_predicts(converter):
    found = converter.convert("你好，", "zhong guo", 3)
    assert found[0][0] == "中国" and len(found) == 3
    assert found == converter.convert("你好,", ["ZHONG", "guo"])[:3]
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    following = converter.predict("今天", 5)
    assert len(following) == 5 and all(len(text) == 1 for text, _ in following)


def test_bad_keys_give_one_sentence(converter):
    for keys, message in (
        ("", "0 keys given"),
        (["hao"] * (converter.limits["keys"] + 1), "convert longer input in parts"),
        ("hao xyz", "'xyz' is no pinyin syllable"),
    ):
        with pytest.raises(ValueError, match=message):
            converter.convert("", keys)


def test_typing_loads_nothing_but_numpy_and_the_runtime():
    run = run_python("-c", TYPE)
    assert run.returncode == 0 and run.stderr == "", run.stderr
    text, others, peak = json.loads(run.stdout)
    assert text.startswith("今天天气") and others == []
    assert peak <= 120, f"{peak:.0f} MB"


def test_a_file_may_be_overwritten_while_it_is_used(tmp_path):
    run = run_python("-c", OVERWRITE, tmp_path / "copy.tflite")
    assert run.returncode == 0, (run.returncode, run.stderr)


def test_files_that_are_none_give_one_sentence(tmp_path):
    good, path = released_file().read_bytes(), tmp_path / "odd.tflite"
    main = named_buffers(good)["keras_pinyin"]
    for content, message in (
        (b"", "is empty"),
        (b"a text, not a model", "is no .tflite file"),
        (good[:64], "is damaged"),
        (good[: len(good) // 2], "is damaged|cannot be run"),
        (good.replace(main, bytes(len(main))), "is damaged"),
        (good.replace(b"keras_pinyin", b"other_pinyin"), "carries no vocabulary"),
        (good.replace(b"\x07\0\0\0convert\0", b"\x07\0\0\0CONVERT\0"), "cannot be run"),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message) as caught:
            Engine.open(path)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    for path in (tmp_path, tmp_path / "none.tflite"):
        with pytest.raises(ValueError, match="cannot be read"):
            Engine.open(path)
