"""Labels a corpus and counts its n-grams with Apache Beam, on this machine or on many.

The shards are those of `prepare_shards`, byte for byte, and the counts those that `fill_memory`
takes; every text file is labelled by one worker, so give text in files of up to some 100 MB. A run
that was cut goes on with the files that are missing. `pip install 'keras-pinyin[beam]'` first.

    python recipes/label_with_beam.py CORPUS runs/shards
    python recipes/label_with_beam.py CORPUS runs/shards --direct_running_mode multi_processing \\
        --direct_num_workers 0
    python recipes/label_with_beam.py gs://BUCKET/text gs://BUCKET/shards --runner DataflowRunner \\
        --project P --region R --temp_location gs://BUCKET/tmp --sdk_container_image IMAGE
    python recipes/label_with_beam.py hdfs://CORPUS hdfs://SHARDS --runner FlinkRunner \\
        --flink_master HOST:8081 --environment_type DOCKER --environment_config IMAGE

Options that are not named below go to Beam's runner. The workers' IMAGE is Beam's Python one with
this package in it. `gs://` needs `apache-beam[gcp]`. The counts are used by
`fill_memory(model, counts=FOLDER/counts)`.
"""

import argparse
import io
import json
import os
import shutil
import sys
import tempfile
import uuid
import zlib
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import apache_beam as beam
import numpy as np
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from keras_pinyin.data.corpus import ENDINGS, corpus_files
from keras_pinyin.data.memory import HELD_OUT, count_shards, new_counters
from keras_pinyin.data.ngrams import merge_counts
from keras_pinyin.data.shards import VERSION, check_names, label_file, source_name, summary_text
from keras_pinyin.text import Lexicon
from keras_pinyin.text.lexicon import DATA

# In this process. Beam's own default would fetch a runner from the internet.
LOCAL_RUNNER = "apache_beam.runners.portability.fn_api_runner.FnApiRunner"
PLAIN = CompressionTypes.UNCOMPRESSED


def fetch(path, folder):
    """Copies a file of any file system into a local folder."""
    target = Path(folder) / Path(path).name
    with FileSystems.open(path, compression_type=PLAIN) as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink, 1 << 20)
    return target


def publish(stream, out, name):
    """Writes a file into the output folder; it is there whole or not at all."""
    target = FileSystems.join(out, name)
    part = f"{target}.part-{uuid.uuid4().hex}"  # a task may be running twice
    with FileSystems.create(part, compression_type=PLAIN) as sink:
        shutil.copyfileobj(stream, sink, 1 << 20)
    if FileSystems.exists(target):
        FileSystems.delete([target])
    FileSystems.rename([part], [target])
    return target


class Task(beam.DoFn):
    """A step with a local folder of its own and the lexicon in it."""

    def __init__(self, out, lexicon):
        self.out = out
        self.lexicon_path = lexicon

    def setup(self):
        self.folder = Path(tempfile.mkdtemp(prefix="label_with_beam-"))
        self.lexicon = fetch(self.lexicon_path, self.folder)

    def teardown(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class LabelFile(Task):
    """Path of a text file -> what `label_file` returns, and the paths of its shards.

    Files that cannot be labelled go to the output `bad`, as one sentence each: the others must
    not wait for them.
    """

    def __init__(self, out, lexicon, shards):
        super().__init__(out, lexicon)
        self.shards = shards

    def process(self, path):
        name = source_name(path)
        done = FileSystems.join(self.out, "done", f"{name}.json")
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            text, made = fetch(path, folder), Path(folder) / "shards"
            stamp = [VERSION, self.shards]
            stamp += [zlib.crc32(file.read_bytes()) for file in (self.lexicon, text)]
            if FileSystems.exists(done):
                with FileSystems.open(done, compression_type=PLAIN) as stream:
                    old = json.load(stream)
                if old["stamp"] == stamp:
                    yield from self.results(name, old)
                else:
                    yield beam.pvalue.TaggedOutput(
                        "bad",
                        f"{self.out} holds shards of another {name}: give an empty folder.",
                    )
                return
            made.mkdir()
            try:
                _, hanzi, documents = label_file(text, made, self.lexicon, self.shards)
            except ValueError as error:
                message = str(error).replace(str(text), path)
                yield beam.pvalue.TaggedOutput("bad", message)
                return
            paths = []
            for file in sorted(made.iterdir()):
                with file.open("rb") as stream:
                    paths.append(publish(stream, self.out, file.name))
        new = dict(stamp=stamp, hanzi=hanzi, documents=documents, shards=paths)
        publish(io.BytesIO(json.dumps(new).encode()), self.out, f"done/{name}.json")
        yield from self.results(name, new)

    def results(self, name, entry):
        yield name, entry["hanzi"], entry["documents"]
        for path in entry["shards"]:
            yield beam.pvalue.TaggedOutput("shards", path)


class CountShard(Task):
    """Path of a shard -> ((counter, order, part), (n-grams, counts)) for every part."""

    def __init__(self, out, lexicon, parts):
        super().__init__(out, lexicon)
        self.parts = parts

    def setup(self):
        super().setup()
        self.loaded = Lexicon.load(self.lexicon)

    def process(self, path):
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            counters = new_counters()
            count_shards(counters, [fetch(path, folder)], self.loaded)
        for name, counter in counters.items():
            for order, (grams, counts) in counter.counts().items():
                part = grams % np.uint64(self.parts)
                for i in range(self.parts):
                    yield (name, order, i), (grams[part == i], counts[part == i])


class MergeCounts(beam.CombineFn):
    """Adds up counts; pairs wait until there are enough to be worth a sort."""

    def create_accumulator(self):
        return []

    def add_input(self, pairs, pair):
        pairs.append(pair)
        return self.compact(pairs) if len(pairs) >= 16 else pairs

    def merge_accumulators(self, accumulators):
        return self.compact([pair for pairs in accumulators for pair in pairs])

    def compact(self, pairs):
        return [merge_counts(pairs)]

    def extract_output(self, pairs):
        return merge_counts(pairs)


def write_counts(item, out, parts):
    (name, order, part), (grams, counts) = item
    stream = io.BytesIO()
    np.savez(stream, grams=grams, counts=counts)
    stream.seek(0)
    file = f"{name}-{order}-{part:04d}-of-{parts:04d}.npz"
    return publish(stream, FileSystems.join(out, "counts"), file)


def finish(_, found, bad, out):
    """Completes the folder, or says what was wrong with it."""
    name, text = ("errors.txt", "\n".join(sorted(bad))) if bad else ("summary.json", "")
    publish(io.BytesIO((text or summary_text(found)).encode()), out, name)


def text_files(corpus):
    """Paths of the text files of a folder in any file system, each with a name of its own."""
    if "://" in corpus:
        (match,) = FileSystems.match([FileSystems.join(corpus, "**")])
        files = sorted(m.path for m in match.metadata_list if m.path.endswith(ENDINGS))
        if not files:
            raise ValueError(f"{corpus} holds no {', '.join(ENDINGS)} file: put text there.")
    else:
        files = [str(path) for path in corpus_files(corpus)]
    check_names(files)
    return files


def read_folds(text, shards):
    """The sorted numbers of `0,1,2`; raises ValueError if one is no fold."""
    folds = [part.strip() for part in text.split(",") if part.strip()]
    for fold in folds:
        if not (fold.isdecimal() and int(fold) < shards):
            raise ValueError(
                f"--held-out names {fold!r}, but folds are numbers from 0 to {shards - 1}, "
                "separated by commas."
            )
    return sorted({int(fold) for fold in folds})


def main(arguments, beam_options):
    out = arguments.out
    held_out = read_folds(arguments.held_out, arguments.shards)
    if "://" not in out:
        out = str(Path(out).resolve())
    files, lexicon = text_files(arguments.corpus), arguments.lexicon
    for folder in (out, FileSystems.join(out, "done"), FileSystems.join(out, "counts")):
        if not FileSystems.exists(folder):
            FileSystems.mkdirs(folder)
    errors = FileSystems.join(out, "errors.txt")
    if FileSystems.exists(errors):
        FileSystems.delete([errors])
    options = PipelineOptions(beam_options, runner=arguments.runner)
    endings = tuple(f"-{fold:02d}.tfrecord" for fold in held_out)
    with beam.Pipeline(options=options) as pipeline:
        labelled = (
            pipeline
            | "Files" >> beam.Create(files)
            | "Spread files" >> beam.Reshuffle()
            | "Label"
            >> beam.ParDo(LabelFile(out, lexicon, arguments.shards)).with_outputs(
                "shards", "bad", main="found"
            )
        )
        _ = (
            pipeline
            | beam.Create([None])
            | "Finish"
            >> beam.Map(
                finish,
                beam.pvalue.AsList(labelled.found),
                beam.pvalue.AsList(labelled.bad),
                out,
            )
        )
        if not arguments.no_counts:
            (old,) = FileSystems.match([FileSystems.join(out, "counts", "*.npz")])
            FileSystems.delete([m.path for m in old.metadata_list])
            publish(io.BytesIO(json.dumps(held_out).encode()), out, f"counts/{HELD_OUT}")
            _ = (
                labelled.shards
                | "Not held out" >> beam.Filter(lambda path: not path.endswith(endings))
                | "Spread shards" >> beam.Reshuffle()
                | "Count" >> beam.ParDo(CountShard(out, lexicon, arguments.parts))
                | "Merge" >> beam.CombinePerKey(MergeCounts())
                | "Write counts" >> beam.Map(write_counts, out, arguments.parts)
            )
    if FileSystems.exists(errors):
        with FileSystems.open(errors, compression_type=PLAIN) as stream:
            raise ValueError(stream.read().decode())


def read_arguments(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", help="folder of .txt, .txt.xz, .txt.gz")
    parser.add_argument("out", help="folder of the shards")
    parser.add_argument("--lexicon", default=str(DATA / "lexicon.tsv"))
    parser.add_argument("--shards", type=int, default=20, help="parts a text file is dealt into")
    parser.add_argument("--no-counts", action="store_true", help="label only")
    parser.add_argument("--held-out", default="0", help="folds not counted, as 0,1")
    parser.add_argument("--parts", type=int, default=16, help="files of counts for each order")
    parser.add_argument("--runner", default=LOCAL_RUNNER, help="FlinkRunner, SparkRunner, ...")
    return parser.parse_known_args(arguments)


if __name__ == "__main__":
    try:
        main(*read_arguments())
    except ValueError as error:
        sys.exit(print(f"label_with_beam.py: {error}", file=sys.stderr) or 2)
