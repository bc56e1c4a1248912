"""Labels a corpus once and keeps it as TFRecord shards."""

import functools
import json
import multiprocessing
import os
import shutil
import zlib
from pathlib import Path

import numpy as np

from keras_pinyin.data.corpus import corpus_files, read_documents, write_default_corpus
from keras_pinyin.data.labelling import Labeller
from keras_pinyin.text import Lexicon
from keras_pinyin.text.lexicon import DATA

VERSION = 1


def label_file(path, folder, lexicon_path, shards=20):
    """Labels one text file and writes its shards, the unit of work here and on many machines.

    Args:
        path: a `.txt`, `.txt.xz` or `.txt.gz` file; its name begins the names of its shards.
        folder: `Path` where the shards go.
        lexicon_path: path of a `lexicon.tsv`.
        shards: int, parts that the file is dealt into.

    Returns:
        The name, and how many hanzi and documents were written.

    Raises:
        ValueError: if the file is empty, not text, or has no hanzi in it.
    """
    import tensorflow as tf

    labeller = _labeller(lexicon_path)
    writers, hanzi, documents = {}, 0, 0
    name = source_name(path)
    try:
        for text in read_documents(path):
            tokens, keys = labeller(text)
            if not keys.any():
                continue
            fold = zlib.crc32(text.encode(), VERSION) % shards
            if fold not in writers:
                writers[fold] = tf.io.TFRecordWriter(str(folder / f"{name}-{fold:02d}.tfrecord"))
            writers[fold].write(record(tokens, keys))
            hanzi += int((keys > 0).sum())
            documents += 1
    finally:
        for writer in writers.values():
            writer.close()
    return name, hanzi, documents


def _label(job):
    return label_file(*job)


def source_name(path):
    """What the names of a text file's shards begin with: its own name without `.txt`."""
    return Path(path).name.split(".txt")[0]


def check_names(files):
    """Raises ValueError if two text files would write the same shards."""
    seen = {}
    for path in map(str, files):
        if seen.setdefault(source_name(path), path) != path:
            raise ValueError(
                f"{path} and {seen[source_name(path)]} have the same name, which their shards are "
                "named after: rename one."
            )


def record(tokens, keys):
    """One document as a serialized `tf.train.Example`, the inverse of `read_shards`."""
    import tensorflow as tf

    feature = {
        name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[ids.tobytes()]))
        for name, ids in (("tokens", tokens), ("keys", keys))
    }
    example = tf.train.Example(features=tf.train.Features(feature=feature))
    return example.SerializeToString(deterministic=True)


def summary_text(found):
    """`summary.json` of a folder of shards, from an iterable of what `label_file` returns."""
    summary = {name: {"hanzi": hanzi, "documents": count} for name, hanzi, count in found}
    return json.dumps(summary, indent=1, sort_keys=True)


def corpus_shards(corpus, runs):
    """The shards of a corpus, labelled with the lexicon of the package, see `prepare_shards`.

    Args:
        corpus: as for `prepare_shards`; the default corpus if it is empty or None.
        runs: folder for the shards and the default corpus.
    """
    corpus = corpus or write_default_corpus(Path(runs) / "default_corpus")
    return prepare_shards(corpus, runs, lexicon_path=DATA / "lexicon.tsv")


def _checksum(path):
    checksum = 0
    with open(path, "rb") as stream:
        while chunk := stream.read(1 << 20):
            checksum = zlib.crc32(chunk, checksum)
    return checksum


@functools.cache
def _labeller(lexicon_path):
    return Labeller(Lexicon.load(lexicon_path))


def prepare_shards(corpus, cache, *, lexicon_path, shards=20, workers=None, progress=None):
    """Labels every document of a corpus with pypinyin and writes TFRecord shards.

    A record is one document: `tokens` (uint16 token ids, little-endian bytes) and `keys` (uint16
    ids of toned keys, 0 where there is no hanzi; the top bit is set where pypinyin had to guess
    among several readings). A document's shard follows from its text alone. What was labelled
    is not labelled again.

    Args:
        corpus: a folder of `.txt`, `.txt.xz`, `.txt.gz` files, or one file.
        cache: folder for the shards; a subfolder per corpus and lexicon is made in it.
        lexicon_path: path of a `lexicon.tsv`.
        shards: int, parts that each text file is dealt into.
        workers: int, processes; all cores by default.
        progress: called with (files done, files, hanzi so far).

    Returns:
        The folder of the shards, with `summary.json` beside them.

    Raises:
        ValueError: if the corpus is empty, binary or without hanzi, or has two files of one name.
    """
    files = corpus_files(corpus)
    check_names(files)
    stamp = [(f.name, _checksum(f)) for f in files]
    stamp = json.dumps([VERSION, shards, Path(lexicon_path).read_text("utf-8"), stamp])
    folder = Path(cache) / f"shards-{zlib.crc32(stamp.encode()):08x}"
    if (folder / "summary.json").exists():
        return folder
    part = folder.with_suffix(f".part{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    jobs = [(f, part, str(lexicon_path), shards) for f in files]
    jobs.sort(key=lambda job: -job[0].stat().st_size)
    found = []
    try:
        # A fresh interpreter per worker: forking a process that runs TensorFlow can deadlock.
        context = multiprocessing.get_context("spawn")
        with context.Pool(min(workers or os.cpu_count(), len(jobs))) as pool:
            for result in pool.imap_unordered(_label, jobs):
                found.append(result)
                if progress:
                    progress(len(found), len(jobs), sum(hanzi for _, hanzi, _ in found))
        (part / "summary.json").write_text(summary_text(found))
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def read_shards(paths):
    """Yields (tokens, keys) uint16 arrays of every document of the shards."""
    import tensorflow as tf

    paths = tf.constant([str(p) for p in paths], tf.string)
    for example in tf.data.TFRecordDataset(paths).as_numpy_iterator():
        feature = tf.train.Example.FromString(example).features.feature
        yield tuple(
            np.frombuffer(feature[name].bytes_list.value[0], "<u2") for name in ("tokens", "keys")
        )


def split_shards(folder, held_out=(0,)):
    """The shard files of a folder in two lists: training, and the held-out folds."""
    files = sorted(Path(folder).glob("*.tfrecord"))
    held = [f for f in files if int(f.stem.rsplit("-", 1)[1]) in set(held_out)]
    return [f for f in files if f not in set(held)], held
