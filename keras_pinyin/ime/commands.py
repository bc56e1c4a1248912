"""What programs on the engine have in common: the options by which they open it."""

from keras_pinyin.ime.engine import Engine
from keras_pinyin.ime.options import SCRIPTS, Options
from keras_pinyin.ime.schemes import SCHEMES
from keras_pinyin.ime.slips import FUZZY


def add_engine_options(parser):
    """Adds to an `argparse` parser the options that `open_engine` heeds.

    Example:
        >>> import argparse
        >>> parser = argparse.ArgumentParser()
        >>> add_engine_options(parser)
        >>> found = parser.parse_args(["--fuzzy", "z/zh,an/ang", "--no-learning"])
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
    parser.add_argument("--no-learning", action="store_true", help="remember nothing")


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
    return Engine.open(options.model, options=settings)
