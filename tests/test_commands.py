import re

import pytest

from conftest import ROOT, load_module, run_python
from keras_pinyin.cli import main
from keras_pinyin.data.memory import fill_memory

RECIPE = ROOT / "recipes" / "pretrain.py"


@pytest.fixture
def folder(tiny_model, tiny_shards, tmp_path):
    fill_memory(tiny_model, tiny_shards)
    tiny_model.save_to_preset(tmp_path / "model")
    return str(tmp_path / "model")


def test_convert_prints_candidates(folder, capsys):
    assert main(["convert", "jintian tianqi", "--model", folder]) == 0
    assert capsys.readouterr().out.startswith("今天天气\t")
    assert main(["convert", "tazai", "--model", folder, "-n", "2"]) == 0
    found = [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()]
    assert sorted(found) == ["他在", "她在"]


@pytest.mark.once
def test_convert_with_a_tflite_file(capsys):
    released = ["--model", str(ROOT / "tflite" / "small.tflite")]
    assert main(["convert", "jintiantianqi", "-n", "1", *released]) == 0
    assert capsys.readouterr().out.startswith("今天天气\t")
    assert main(["convert", "' ", *released]) == 2
    assert "no letters" in capsys.readouterr().err
    assert main(["convert", "tian", "--model", "nowhere.tflite"]) == 2
    assert "nowhere.tflite cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments,message",
    [
        (["xq9q"], "cannot be read as pinyin"),
        ([""], "no letters"),
        (["tianqi", "--model", "nowhere"], "There is no model 'nowhere'"),
        (["tian" * 300], "at most|takes 1 to"),
        (["tian", "-n", "0"], "at least one"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(folder, capsys, arguments, message):
    if "--model" not in arguments:
        arguments = [*arguments, "--model", folder]
    assert main(["convert", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("keras-pinyin: ") and error.count("\n") == 1
    assert re.search(message, error)


@pytest.fixture
def pretrain(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return load_module(RECIPE)


@pytest.mark.parametrize(
    "content,message", [(b"", "empty"), (b"\0\1\2", "not text"), (b"latin only", "no hanzi")]
)
def test_pretrain_refuses_a_bad_corpus(pretrain, tmp_path, content, message):
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_bytes(content)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "config.json").write_text("{}")
    config = pretrain.read_config(["--corpus", "text", "--out", "out"])
    with pytest.raises(ValueError, match=message):
        pretrain.main(config)
    assert (tmp_path / "out" / "config.json").read_text() == "{}"


def test_recipes_end_with_status_2_and_one_sentence(tmp_path):
    command = [RECIPE, "--corpus", "nowhere"]
    found = run_python(*command, cwd=tmp_path, KERAS_BACKEND="tensorflow")
    assert found.returncode == 2
    last = found.stderr.strip().splitlines()[-1]
    assert last.startswith("pretrain.py: ") and "nowhere" in last


def test_pretrain_leaves_a_model_and_its_curves(tiny_corpus, tmp_path):
    command = [RECIPE, "--corpus", tiny_corpus, "--network-folds", "12", "--lengths", "16,48"]
    options = ["--steps", "4", "--segment", "2", "--positions", "256", "--out", "models/mine"]
    found = run_python(*command, *options, cwd=tmp_path, KERAS_BACKEND="tensorflow")
    assert found.returncode == 0, found.stderr[-3000:]
    assert "% of characters [" in found.stdout and "] -> " in found.stdout
    run = tmp_path / "runs" / "mine"
    assert len((run / "curve.csv").read_text().splitlines()) == 3
    assert (run / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert list(run.glob("tensorboard/**/events*"))
    assert (tmp_path / "models" / "mine" / "model.weights.npz").exists()
