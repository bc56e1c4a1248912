"""The examples in docstrings run."""

import doctest
import importlib
import pkgutil

import pytest

import keras_pinyin.ime

MODULES = [module.name for module in pkgutil.iter_modules(keras_pinyin.ime.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(f"keras_pinyin.ime.{name}")
    assert doctest.testmod(module).failed == 0
