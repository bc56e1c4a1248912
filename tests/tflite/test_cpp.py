"""The C++ host, built against the runtime of the wheel, answers as the Python host does."""

import re
import shutil
import subprocess
from pathlib import Path

import ai_edge_litert
import keras
import pytest

from conftest import ROOT
from keras_pinyin.ime import Converter

NEEDED = ("nlohmann/json.hpp", "utf8proc.h", "zlib.h")
INPUTS = (
    ("", "jin tian tian qi"),
    ("今", "t"),
    ("今天天气真好，", "wo men qu gong yuan zou yi zou"),
    ("我们是中国人，你好！3月10日\nabc" * 5, "yin hang hang zh zhong x"),
    ("今天,3.14 ok...", "JĪN1 tian'qi zh"),
    ("ｆｕｌｌ①今 天　天——…!?\u200b", "  hǎo hao5 z "),
    ("é龘今龘龘天½ ² 1.", "<any> lüe lu:e nü jvzi"),
    ("好\U00020bb7\U0001f600\U0001f600天", "hao"),
    ('“‘"’”・～~「天」『气』⋯•―–', "tian1 qi4"),
)

pytestmark = [
    pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only TensorFlow converts"),
    pytest.mark.skipif(
        not shutil.which("cmake") or not all(Path("/usr/include", n).is_file() for n in NEEDED),
        reason="needs cmake and the packages that tflite/cpp/README.md names",
    ),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    build = tmp_path_factory.mktemp("cpp")
    litert = ai_edge_litert.__path__[0]
    for command in (
        ("cmake", "-S", ROOT / "tflite" / "cpp", "-B", build, f"-DLITERT={litert}"),
        ("cmake", "--build", build),
    ):
        run = subprocess.run(command, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return build / "pinyin"


def answers(program, model, inputs):
    lines = "".join(f"{keys}\t{context}\n" for context, keys in inputs)
    run = subprocess.run(
        [program, model, "--lines"], input=lines, capture_output=True, encoding="utf-8"
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return [line.split("\t") for line in run.stdout.splitlines()]


@pytest.mark.parametrize("kind", ["int8", "static", "released"])
def test_it_converts_as_the_python_host(program, exported, kind):
    model = exported.get(kind, ROOT / "tflite" / "small.tflite")
    converter = Converter(model)
    inputs = [(context.replace("\n", " "), keys) for context, keys in INPUTS]
    if kind != "released":
        inputs = [(context, keys.replace("jvzi", "ju")) for context, keys in inputs]
    compared = 0
    for (context, keys), found in zip(inputs, answers(program, model, inputs)):
        try:
            expected = converter.convert(context, keys)
        except ValueError as error:
            # The library proposes what may have been meant.
            assert found[0] == "error: " + re.sub(r", perhaps [^:]*", "", str(error))
            continue
        assert [float(s) for s in found[1].split("|")] == pytest.approx(
            [score for _, score in expected], abs=1e-3
        ), (context, keys)
        assert found[0].split("|")[0] == expected[0][0]
        compared += 1
    assert compared >= 5


def test_it_says_what_is_wrong(program, exported, tmp_path):
    (tmp_path / "text.tflite").write_text("not a model")
    for path, said in (
        ("text.tflite", "is no .tflite file"),
        ("none.tflite", "is no .tflite file"),
    ):
        run = subprocess.run([program, tmp_path / path, "hao"], capture_output=True, text=True)
        assert run.returncode == 2 and said in run.stderr
    (far,), (wrong,) = (
        answers(program, exported["int8"], [("", keys)])[0][:1] for keys in ("hao " * 97, "hao xyz")
    )
    assert far.startswith("error: 97 keys given, but a conversion takes 1 to 96")
    assert wrong.startswith("error: 'xyz' is no pinyin syllable")


def test_it_predicts(program, exported):
    model = exported["int8"]
    converter = Converter(model)
    run = subprocess.run([program, model, "--context", "今天天"], capture_output=True, text=True)
    found = [line.split("\t") for line in run.stdout.splitlines()]
    expected = converter.predict("今天天")
    assert [float(score) for _, score in found] == pytest.approx(
        [score for _, score in expected], abs=0.006
    )
    assert found[0][0] == expected[0][0]
