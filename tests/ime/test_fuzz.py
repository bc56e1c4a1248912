"""Random keys; the script behind it runs a million of them."""

import pytest

from conftest import ROOT, load_module
from keras_pinyin.ime import Converter, Engine, Options

fuzzing = load_module(ROOT / "benchmarks" / "fuzz_engine.py")


@pytest.fixture(scope="module")
def converter():
    return Converter()


@pytest.mark.parametrize(
    "options",
    [
        dict(correct=False),
        dict(correct=True, fuzzy=("z/zh", "in/ing")),
        dict(scheme="xiaohe", page_size=1, punctuation=False, predict=False),
        dict(scheme="nine-key", page_size=9),
    ],
)
def test_random_keys(converter, options):
    engine = Engine(converter, options=Options(**options))
    events = 600 if "scheme" in options else 1200
    counts = fuzzing.fuzz(engine, converter.lexicon, events, seed=len(options))
    assert counts["keys"] == events and counts["checked"] > 30 and counts["committed"] > 10
