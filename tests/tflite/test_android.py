"""The Android host: its engine on a plain JVM agrees with the library; its shell fits together."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import keras
import pytest

from conftest import ROOT
from hosts import reading_questions
from keras_pinyin.export import read_metadata
from keras_pinyin.ime import Converter
from keras_pinyin.text import Lexicon, segment

PROJECT = ROOT / "tflite" / "android"
MAIN, TEST = (PROJECT / "app" / "src" / name for name in ("main", "test"))
PACKAGE = "keras_pinyin.ime"
JUNIT = [Path("/usr/share/java") / name for name in ("junit4.jar", "hamcrest-all.jar")]
FRAMEWORK = Path("/usr/share/android-framework-res/framework-res.apk")
ANDROID = "{http://schemas.android.com/apk/res/android}"

needs_java = pytest.mark.skipif(
    not (shutil.which("javac") and shutil.which("java")), reason="needs a JDK, 17 or newer"
)
needs_junit = pytest.mark.skipif(
    not all(jar.is_file() for jar in JUNIT), reason="needs Debian's package junit4"
)
needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="only TensorFlow converts"
)


def run(*command, **options):
    found = subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)
    assert found.returncode == 0, found.stdout[-5000:] + found.stderr[-5000:]
    return found.stdout


def compile_java(out, *sources, classpath=()):
    run(
        *("javac", "--release", "17", "-encoding", "UTF-8", "-Xlint:all", "-Werror", "-d", out),
        *(("-cp", ":".join(map(str, classpath))) if classpath else ()),
        *(path for source in sources for path in sorted(source.rglob("*.java"))),
    )
    return out


@pytest.fixture(scope="module")
def java(tmp_path_factory):
    """Runs a class of the engine's tests with a model; returns what it prints."""
    engine = MAIN / "java" / "keras_pinyin" / "ime" / "engine"
    out = compile_java(tmp_path_factory.mktemp("classes"), engine, TEST / "java", classpath=JUNIT)

    def start(model, *arguments, **options):
        path = ":".join(map(str, (out, TEST / "resources", *JUNIT)))
        return run(
            *("java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8"),
            *(f"-Dmodel={model}", f"-Dpython={sys.executable}", "-cp", path, *arguments),
            encoding="utf-8",
            **options,
        )

    return start


@pytest.fixture(scope="module")
def ask(java):
    def answers(model, questions):
        lines = "".join(json.dumps(question) + "\n" for question in questions)
        found = java(model, f"{PACKAGE}.engine.Answers", input=lines).splitlines()
        assert len(found) == len(questions)
        return [json.loads(line) for line in found]

    return answers


@needs_java
@needs_junit
@needs_tensorflow
@pytest.mark.parametrize("kind", ["int8", "static"])
def test_its_own_tests_pass(java, exported, kind):
    names = [path.stem for path in (TEST / "java").rglob("*Test.java")]
    classes = [f"{PACKAGE}.engine.{name}" for name in names]
    report = java(exported[kind], "org.junit.runner.JUnitCore", *classes)
    tests = sum(path.read_text().count("@Test") for path in (TEST / "java").rglob("*Test.java"))
    assert f"OK ({tests} tests)" in report


@needs_java
@needs_junit
@needs_tensorflow
@pytest.mark.parametrize("kind", ["int8", "static", "released"])
def test_text_keys_and_letters_are_read_as_the_library_does(ask, exported, kind):
    model = exported.get(kind, ROOT / "tflite" / "small.tflite")
    questions, expected = zip(*reading_questions(model))
    for question, found, wanted in zip(questions, ask(model, questions), expected):
        assert found == wanted, question


@needs_java
@needs_junit
@needs_tensorflow
@pytest.mark.parametrize("kind", ["int8", "static"])
def test_conversions_are_those_of_the_python_host(ask, exported, kind):
    converter = Converter(exported[kind])
    inputs = (
        ("", "jin tian tian qi"),
        ("今", "t"),
        ("今天天气真好，", "wo men qu gong yuan zou yi zou"),
        ("我们是中国人，你好！3月10日\nabc" * 5, "yin hang hang zh zhong x"),
    )
    questions, expected = [], []
    for context, typed in inputs:
        questions += ["convert", context, typed], ["predict", context]
        expected += converter.convert(context, typed), converter.predict(context)
    for question, found, wanted in zip(questions, ask(exported[kind], questions), expected):
        assert [text for text, _ in found] == [text for text, _ in wanted], question
        assert [score for _, score in found] == pytest.approx([s for _, s in wanted], abs=1e-4)
    refused, candidates = ask(
        exported[kind], [["convert", "", "hao " * 97], ["candidates", "今天", "tianqihao"]]
    )
    assert refused.startswith("97 keys given, but a conversion takes 1 to ")
    keys = Lexicon(read_metadata(exported[kind])["lexicon"]).keys
    found, readings = {}, segment("tianqihao", keys, n_best=2)
    for reading in readings:
        for sentence, score in converter.convert("今天", reading):
            found[sentence] = max(score, found.get(sentence, score))
    sentences = sorted(found, key=lambda sentence: -found[sentence])
    assert candidates[: len(sentences)] == sentences
    words = {sentence[:2] for sentence, _ in converter.convert("今天", readings[0])[:3]}
    hanzi = {hanzi for hanzi, _ in converter.convert("今天", readings[0][:1])}
    assert words | hanzi <= set(candidates)


def test_the_engine_knows_no_android():
    sources = list(MAIN.rglob("engine/*.java"))
    assert len(sources) >= 9
    for path in sources:
        assert not re.search(r"\bandroidx?\.|org\.tensorflow", path.read_text(encoding="utf-8")), (
            path
        )
    manifest = (MAIN / "AndroidManifest.xml").read_text(encoding="utf-8")
    assert "uses-permission" not in manifest


@pytest.fixture(scope="module")
def resources():
    """Names by type: what values define, what files are, what layouts give ids to."""
    found = {}
    for path in (MAIN / "res").glob("*/*"):
        root = ElementTree.parse(path).getroot()
        kind = path.parent.name.split("-")[0]
        if kind == "values":
            for item in root:
                found.setdefault(item.tag, set()).add(item.get("name"))
        else:
            found.setdefault(kind, set()).add(path.stem)
        for value in (value for element in root.iter() for value in element.attrib.values()):
            if value.startswith("@+id/"):
                found.setdefault("id", set()).add(value[5:])
    return found


def test_manifest_and_resources_fit_together(resources):
    manifest = ElementTree.parse(MAIN / "AndroidManifest.xml").getroot()
    service = manifest.find("application/service")
    assert service.get(f"{ANDROID}permission") == "android.permission.BIND_INPUT_METHOD"
    assert service.get(f"{ANDROID}exported") == "true"
    name = service.get(f"{ANDROID}name")
    assert (MAIN / "java" / PACKAGE.replace(".", "/") / f"{name[1:]}.java").is_file()
    method = ElementTree.parse(MAIN / "res" / "xml" / "method.xml").getroot()
    assert [s.get(f"{ANDROID}languageTag") for s in method.iter("subtype")] == ["zh-CN"]
    for path in MAIN.rglob("*.xml"):
        for kind, name in re.findall(r"@(\w+)/([\w.]+)", path.read_text(encoding="utf-8")):
            assert name in resources[kind], f"{path}: @{kind}/{name}"
    for path in MAIN.rglob("*.java"):
        for kind, name in re.findall(r"\bR\.(\w+)\.(\w+)", path.read_text(encoding="utf-8")):
            assert name in resources[kind], f"{path}: R.{kind}.{name}"


@needs_java
def test_the_shell_compiles_against_what_it_uses_of_android(resources, tmp_path):
    _, *classes = re.split(r"^(?=package )", (TEST / "signatures.txt").read_text(), flags=re.M)
    for source in classes:
        package = re.match(r"package ([\w.]+);", source)[1]
        name = re.search(r"^public .*?(?:class|interface) (\w+)", source, re.M)[1]
        path = tmp_path / "sources" / package.replace(".", "/") / f"{name}.java"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    kinds = "".join(
        f"    public static final class {kind} {{\n"
        + "".join(
            f"        public static int {name.replace('.', '_')};\n" for name in sorted(names)
        )
        + "    }\n"
        for kind, names in resources.items()
    )
    (tmp_path / "sources" / "R.java").write_text(
        f"package {PACKAGE};\npublic final class R {{\n{kinds}}}\n"
    )
    compile_java(tmp_path / "classes", MAIN / "java", tmp_path / "sources")


@pytest.mark.skipif(
    not (shutil.which("aapt") and FRAMEWORK.is_file()),
    reason="needs Debian's packages aapt and android-framework-res",
)
def test_androids_own_tool_accepts_manifest_and_resources(tmp_path):
    manifest = (MAIN / "AndroidManifest.xml").read_text(encoding="utf-8")
    # Gradle adds the package; this tool wants it there.
    (tmp_path / "AndroidManifest.xml").write_text(
        manifest.replace("<manifest ", f'<manifest package="{PACKAGE}" '), encoding="utf-8"
    )
    run(
        *("aapt", "package", "-f", "-M", tmp_path / "AndroidManifest.xml", "-S", MAIN / "res"),
        *("-I", FRAMEWORK, "--min-sdk-version", "26", "-F", tmp_path / "out.apk"),
    )
    described = run("aapt", "dump", "badging", tmp_path / "out.apk")
    assert "provides-component:'ime'" in described and "uses-permission" not in described
