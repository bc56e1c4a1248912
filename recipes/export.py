"""Writes a model as a SavedModel and as .tflite files for phones, desktops and web pages.

    python recipes/export.py saved_models/mine --out tflite

Each file is a whole converter: signatures `convert` and `predict` with beam search inside, built-in
operators only, and vocabulary, keys, lexicon, limits and model card as metadata. What runs
them with numpy and the LiteRT runtime alone is `keras_pinyin.ime`.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"  # whatever the user works with: only it converts
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from keras_pinyin.export import KINDS, export_model


def main(options):
    files = export_model(
        options.model,
        options.out,
        name=options.name,
        kinds=options.kinds,
        n_best=options.candidates,
        beams=options.beams,
        static_context=options.static_context,
        static_keys=options.static_keys,
    )
    print("| file | kind | MB |\n| --- | --- | --- |")
    for kind, path in files.items():
        print(f"| {path} | {kind} | {size(path) / 1e6:.2f} |")


def size(path):
    """Bytes of a file, or of all files of a folder."""
    path = Path(path)
    inside = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in inside if file.is_file())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a released name or a folder")
    parser.add_argument("--out", default="tflite", help="folder for the files (default tflite)")
    parser.add_argument("--name", help="what files are called (default: the model's folder)")
    parser.add_argument(
        "--kinds",
        nargs="+",
        metavar="KIND",
        default=["int8", "float16", "static"],
        help=f"of {', '.join(KINDS)} (default int8 float16 static)",
    )
    parser.add_argument("--candidates", type=int, default=10, help="sentences given (default 10)")
    parser.add_argument("--beams", type=int, default=10, help="beams of the search (default 10)")
    parser.add_argument("--static-context", type=int, default=32, help="of the static file")
    parser.add_argument("--static-keys", type=int, default=16, help="of the static file")
    try:
        main(parser.parse_args())
    except ValueError as error:
        sys.exit(print(f"export.py: {error}", file=sys.stderr) or 2)
