import shutil
import subprocess
import sys

from conftest import ROOT, run_python


def test_an_installed_wheel_converts_at_once(tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    for name in ("keras_pinyin", "saved_models"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    (source / "tflite").mkdir()
    shutil.copy(ROOT / "tflite" / "small.tflite", source / "tflite")
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", tmp_path, source], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    subprocess.run([*pip, "install", "--no-deps", "--target", site, wheel], check=True)
    code = (
        "import os, sys\n"
        "os.chdir(sys.argv[1])\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "import keras_pinyin\n"
        "assert keras_pinyin.__file__.startswith(sys.argv[1]), keras_pinyin.__file__\n"
        "from keras_pinyin.cli import main\n"
        "assert main(['convert', 'jintian tianqi zhenhao', '-n', '1']) == 0\n"
        "assert 'keras' not in sys.modules\n"
        "sys.exit(main(['convert', 'jintian tianqi zhenhao', '-n', '1', '--model', 'small']))\n"
    )
    run = run_python("-c", code, site, PYTHONPATH="")
    assert run.returncode == 0, run.stderr[-3000:]
    assert run.stdout.count("今天天气真好\t") == 2
