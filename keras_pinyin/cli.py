"""The `keras-pinyin` command."""

import argparse
import os
import sys

from keras_pinyin.ime.commands import (
    add_engine_options,
    add_store_option,
    handle_words,
    open_engine,
)
from keras_pinyin.ime.store import UserStore


def main(argv=None):
    """Runs the command; bad input gives one sentence and exit status 2."""
    parser = argparse.ArgumentParser(prog="keras-pinyin", description="Pinyin to hanzi.")
    commands = parser.add_subparsers(dest="command", required=True)
    convert = commands.add_parser("convert", help="convert pinyin to hanzi")
    convert.add_argument("pinyin", help='like "jintian tianqi zhenhao"; z, zh, zhon are fine too')
    convert.add_argument("--context", default="", help="the text to the left")
    convert.add_argument(
        "--model",
        help="a .tflite file, or a preset: a name or a folder (default: what is released)",
    )
    convert.add_argument("-n", type=int, default=5, help="how many candidates (default 5)")
    typing = commands.add_parser("type", help="type in the terminal")
    typing.add_argument("--out", help="a text file to edit (default: print the text at the end)")
    add_engine_options(typing)
    words = commands.add_parser("words", help="show or change the words that were learned")
    words.add_argument(
        "action", nargs="?", default="list", choices=("list", "export", "import", "forget", "clear")
    )
    words.add_argument("what", nargs="*", help="the file to export or import; words to forget")
    add_store_option(words)
    options = parser.parse_args(argv)
    try:
        if options.command == "type":
            type_text(options)
        elif options.command == "words":
            handle_words(options.action, options.what, UserStore(options.store))
        else:
            for sentence, score in convert_letters(
                options.pinyin, context=options.context, model=options.model, n_best=options.n
            ):
                print(f"{sentence}\t{score:.2f}")
    except ValueError as error:
        print(f"keras-pinyin: {error}", file=sys.stderr)
        return 2
    return 0


def type_text(options):
    """Opens the input method in the terminal."""
    try:
        from keras_pinyin.ime.terminal import edit
    except ModuleNotFoundError as error:
        raise ValueError(f"{error}: pip install 'keras-pinyin[ime]'") from error
    engine = open_engine(options)
    try:
        edit(engine, options.out)
    finally:
        engine.close()


def convert_letters(letters, *, context="", model=None, n_best=5):
    """Converts letters that may be unbroken: every way to read them as keys is tried.

    A .tflite file answers at once; presets need Keras, which takes seconds to load.

    Args:
        letters: str, like `jintian tianqi`.
        context: str, the text to the left.
        model: path of a .tflite file, a released name, a folder, a `PinyinTransformer`, or None
            for the released file, and where there is none the best preset there is.
        n_best: int.

    Returns:
        A list of (sentence, score), best first, without repeats.

    Raises:
        ValueError: if there is no model, or the letters are no pinyin.
    """
    from keras_pinyin.ime import Engine, released_file
    from keras_pinyin.text import segment

    if n_best < 1:
        raise ValueError(f"{n_best} candidates asked for: ask for at least one.")
    model = model or released_file()
    if str(model).endswith(".tflite"):
        return Engine.open(model).convert(letters, context=context, n_best=n_best)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if model is None or isinstance(model, str):
        from keras_pinyin.models import PinyinTransformer, default_preset

        model = PinyinTransformer.from_preset(model or default_preset())
    found = {}
    for keys in segment(letters, model.lexicon.keys, n_best=3):
        for sentence, score in model.convert(context, keys, n_best=n_best):
            found[sentence] = max(score, found.get(sentence, score))
    return sorted(found.items(), key=lambda item: -item[1])[:n_best]


if __name__ == "__main__":
    sys.exit(main())
