import os
import tempfile

# Tests compile much and compute little.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
# What one process has compiled, those that it starts and later runs need not compile again.
os.environ.setdefault(
    "JAX_COMPILATION_CACHE_DIR", os.path.join(tempfile.gettempdir(), "keras-pinyin-tests-jax")
)
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
# Threads of torch spin while they wait for each other: on a busy machine, with models as small as
# these, a step of training takes seconds instead of milliseconds.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import gzip
import importlib.util
import lzma
import subprocess
import sys
from pathlib import Path

import pytest

from keras_pinyin.data.labelling import Labeller
from keras_pinyin.text import Lexicon
from keras_pinyin.text.labels import HANZI, label

ROOT = Path(__file__).parent.parent
TEXT = """今天天气真好，我们去公园走一走。
我们是中国人，你好！
银行行长重新调整重量，还没还钱。
今天我们去银行，行长很好。
他在北京工作，她在上海工作。
天气好的时候，我们常常去看电影。
北京的天气比上海冷，3月10日下了雪。
你今天去公园吗？我不去，我要工作。
电影很好看，我看了三次，还要再看。
这是一本好书，内容很有意思。"""


@pytest.fixture(autouse=True)
def same_draws():
    """What a test draws does not depend on those before it."""
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(0)


@pytest.fixture(scope="session", autouse=True)
def suites_in_other_backends(request, tmp_path_factory):
    """The suites of the other backends, a process each, begun beside the tests of this one."""
    items = [i for i in request.session.items if "in_another_backend[" in i.name]
    runs = {}
    for backend in (i.callspec.params["backend"] for i in items):
        log = tmp_path_factory.mktemp("backends") / f"{backend}.log"
        folders = ("layers", "models", "decoding", "training")
        runs[backend] = (
            subprocess.Popen(
                [
                    *(
                        sys.executable,
                        "-m",
                        "pytest",
                        "-q",
                        "-x",
                        "-m",
                        "not once",
                        "--durations=9",
                    ),
                    *("-p", "no:cacheprovider"),
                    *(str(Path(__file__).parent / name) for name in folders),
                ],
                env={**os.environ, "KERAS_BACKEND": backend},
                stdout=log.open("w"),
                stderr=subprocess.STDOUT,
            ),
            log,
        )
    yield runs
    for process, _ in runs.values():
        process.kill()


@pytest.fixture(scope="session")
def tiny_lexicon():
    counts = {}
    for run in HANZI.findall(TEXT):
        for hanzi, reading in zip(run, label(run)):
            counts.setdefault(hanzi, {}).setdefault(reading, 0)
            counts[hanzi][reading] += 1
    order = sorted(counts, key=lambda h: (-sum(counts[h].values()), h))
    return Lexicon({hanzi: counts[hanzi] for hanzi in order})


@pytest.fixture(scope="session")
def tiny_corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    document = TEXT + "\n\n"
    (folder / "plain.txt").write_text(document * 20, encoding="utf-8")
    with lzma.open(folder / "packed.txt.xz", "wt", encoding="utf-8") as stream:
        stream.write(document * 10)
    with gzip.open(folder / "zipped.txt.gz", "wt", encoding="utf-8") as stream:
        stream.write("\n\n".join(TEXT.splitlines()))
    return folder


@pytest.fixture(scope="session")
def tiny_shards(tiny_corpus, tiny_lexicon, tmp_path_factory):
    from keras_pinyin.data.shards import prepare_shards

    cache = tmp_path_factory.mktemp("cache")
    tiny_lexicon.save(cache / "lexicon.tsv")
    folder = prepare_shards(tiny_corpus, cache, lexicon_path=cache / "lexicon.tsv", workers=1)
    return sorted(folder.glob("*.tfrecord"))


@pytest.fixture(scope="session")
def built_model(tiny_lexicon):
    import keras
    import numpy as np

    from keras_pinyin.models import PinyinTransformer

    keras.utils.set_random_seed(0)
    model = PinyinTransformer.from_lexicon(
        tiny_lexicon, "nano", memory_slots=4000, key_memory_rows=1024, topic_rows=500, topics=8
    )
    rng = np.random.default_rng(0)
    for codes, _ in model.topic_memory.tables.values():
        codes.assign(rng.integers(0, 256, codes.shape))  # silent as long as nothing trusts it
    return model, model.get_weights()


@pytest.fixture
def tiny_model(built_model):
    """An untrained model, the same for every test: building one takes seconds."""
    model, weights = built_model
    model.set_weights(weights)
    return model


@pytest.fixture
def tiny_batch(tiny_lexicon):
    """Two rows: four hanzi of context and eight keys; three of context, six keys, padding."""
    import numpy as np

    tokens, keys = Labeller(tiny_lexicon)("今天天气真好，我们去公园走一走。")
    keys = tiny_lexicon.keys.untoned[keys & 0x7FFF]
    hanzi = np.zeros((2, 12), np.int32)
    typed = np.zeros((2, 12), np.int32)
    hanzi[0], hanzi[1, :9] = tokens[:12], tokens[7:16]
    typed[0, 4:], typed[1, 3:8] = keys[4:12], keys[10:15]
    candidates = tiny_lexicon.candidates()[typed]
    return {"hanzi": hanzi, "keys": typed, "candidates": candidates.astype(np.int32)}


def compiled(function):
    """The function, compiled on JAX, where calling one operation after another compiles each."""
    import keras

    if keras.backend.backend() != "jax":
        return function
    import jax

    return jax.jit(function)


def run_python(*arguments, cwd=ROOT, **environment):
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        cwd=cwd,
    )


def load_module(path):
    """A module that belongs to no package: a recipe, a host."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tiny_preset(built_model, tiny_shards, tmp_path_factory):
    """The folder of a saved model that is untrained, but knows the n-grams of its text."""
    import numpy as np
    from keras import ops

    from keras_pinyin.data.memory import fill_memory
    from keras_pinyin.data.syllables import write_syllables

    model, weights = built_model
    model.set_weights(weights)
    rng = np.random.default_rng(5)
    for weight in model.trainable_weights:  # an untrained model has zeros in its trust and biases
        weight.assign(ops.convert_to_numpy(weight) + rng.normal(size=weight.shape, scale=0.02))
    model.topic_memory.trust.assign([5.0, 5.0])
    fill_memory(model, tiny_shards)
    folder = tmp_path_factory.mktemp("preset") / "tiny"
    model.save_to_preset(folder)
    (folder / "README.md").write_text("# tiny\n", encoding="utf-8")
    write_syllables(tiny_shards, model.lexicon.keys, folder)
    return folder


@pytest.fixture(scope="session")
def exported(tiny_preset, tmp_path_factory):
    """Its files, kind -> path: 5 candidates, 6 beams, the static one for 12 keys.

    Exported under JAX: `export_model` starts TensorFlow in a process of its own.
    """
    code = (
        "import sys, keras\n"
        "from keras_pinyin.export import export_model\n"
        "assert keras.backend.backend() == 'jax'\n"
        "try:\n"
        "    export_model(*sys.argv[1:], kinds=[], static_keys=97)\n"
        "except ValueError as error:\n"
        "    assert 'static_keys is 97' in str(error), error\n"
        "else:\n"
        "    raise AssertionError('no ValueError')\n"
        "files = export_model(\n"
        "    *sys.argv[1:],\n"
        "    kinds=('int8', 'float32', 'static'),\n"
        "    n_best=5, beams=6, static_keys=12)\n"
        "print(files['static'].name)\n"
    )
    out = tmp_path_factory.mktemp("out")
    run = run_python("-c", code, tiny_preset, out, KERAS_BACKEND="jax")
    assert run.returncode == 0, run.stderr[-3000:]
    assert run.stdout == "tiny.static.tflite\n"
    names = {kind: out / f"tiny.{kind}.tflite" for kind in ("float32", "static")}
    return {"saved_model": out / "saved_model", "int8": out / "tiny.tflite", **names}
