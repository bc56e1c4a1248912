"""What the command line and hosts share: options of an engine, and its learned words."""

from keras_pinyin.ime.engine import Engine
from keras_pinyin.ime.options import SCRIPTS, Options
from keras_pinyin.ime.schemes import SCHEMES
from keras_pinyin.ime.slips import FUZZY
from keras_pinyin.ime.store import UserStore


def add_engine_options(parser):
    """Adds to an `argparse` parser the options that `open_engine` heeds.

    Example:
        >>> import argparse
        >>> parser = argparse.ArgumentParser()
        >>> add_engine_options(parser)
        >>> found = parser.parse_args(["--fuzzy", "z/zh,an/ang"])
        >>> open_engine(found).options.fuzzy
        ('z/zh', 'an/ang')
    """
    parser.add_argument("--model", help="a .tflite file (default: the released one)")
    parser.add_argument(
        "--fuzzy",
        default="",
        help=f"sounds not told apart, with commas, or all: {', '.join(FUZZY)}",
    )
    parser.add_argument("--scheme", default="full", choices=SCHEMES, help="how letters spell")
    parser.add_argument("--script", default="simplified", choices=SCRIPTS, help="of candidates")
    parser.add_argument("--emoji", action="store_true", help="emoji among the candidates")
    parser.add_argument("--no-correction", action="store_true", help="slips stay as they are")
    parser.add_argument("--page", type=int, default=7, help="candidates shown (default 7)")
    parser.add_argument("--no-learning", action="store_true", help="remember nothing new")
    add_store_option(parser)


def add_store_option(parser):
    """Adds the option that names the file of learned words."""
    parser.add_argument("--store", help="file of learned words (default: in the user's data)")


def open_engine(options):
    """The `Engine` that options of the command line ask for.

    Raises:
        ValueError: if a value is out of range, or the model cannot be read.
    """
    fuzzy = FUZZY if options.fuzzy == "all" else tuple(filter(None, options.fuzzy.split(",")))
    settings = Options(
        scheme=options.scheme,
        fuzzy=fuzzy,
        script=options.script,
        emoji=options.emoji,
        correct=not options.no_correction,
        page_size=options.page,
        learn=not options.no_learning,
    )
    return Engine.open(options.model, store=UserStore(options.store), options=settings)


def handle_words(action, what, store):
    """Lists, exports, imports or forgets the words of a `UserStore`.

    Args:
        action: "list", "export", "import", "forget" or "clear".
        what: list of str: the file to export or import, or the words to forget.
        store: a `UserStore`.

    Raises:
        ValueError: if there is something else to name, or the store or the file cannot be used.
    """
    if action in ("export", "import") and len(what) != 1:
        raise ValueError(f"{len(what)} files given to {action}: name one.")
    if action == "forget" and not what:
        raise ValueError("There is nothing to forget: name words, or use clear.")
    if action in ("list", "clear") and what:
        raise ValueError(f"{action} takes no {what[0]!r}: leave it out.")
    if action == "list":
        for word in store.entries():
            print(f"{word.text}\t{word.reading}\t{word.weight:g}")
    elif action == "export":
        store.export(what[0])
    elif action == "import":
        print(f"{store.import_(what[0])} words imported.")
    elif action == "forget":
        for text in what:
            if not store.forget(text):
                raise ValueError(f"{text!r} is not among the words: see the list.")
    else:
        store.clear()
