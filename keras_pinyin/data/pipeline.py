"""tf.data pipeline from labelled shards to batches of context, keys and candidates."""

import functools
import os
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf

from keras_pinyin.data.labelling import UNSURE
from keras_pinyin.data.objectives import Objectives
from keras_pinyin.data.typist import Typist

LENGTHS = (8, 12, 16, 24, 32, 48)


@dataclass(frozen=True)
class Batching:
    """How documents become training examples.

    Attributes:
        positions: positions (context and keys) of a batch; its rows follow from the length.
        multiple: rows of a batch are a multiple of it, so that devices can share them.
        lengths: the lengths that rows come in; each is compiled once.
        max_keys: longer runs of hanzi are cut into pieces of that many keys.
        short: share of rows in the shortest length that holds their keys, the rest get as much
            context as a longer one has room for.
        context_free: share of rows that must do without left context.
        prefix_rate: share of rows in which keys are cut to prefixes, or left out altogether.
        tone_rate: share of rows keyed with tones.
        unfinished: share of rows cut off after any key, as while one types.
        other_reading: how often a hanzi whose reading pypinyin guessed is keyed by another of
            its readings; less often where it would flood the hanzi of that sound.
        candidates: hanzi that the softmax of a position is restricted to.
        frequent: how many of them are the key's most frequent; the rest are drawn from its tail.
        shuffle: rows held for shuffling.
        objectives: dict, what rows teach and how many of them, as `objectives.read_mix` gives it.
    """

    positions: int = 4096
    multiple: int = 1
    lengths: tuple = LENGTHS
    max_keys: int = 32
    short: float = 0.5
    context_free: float = 0.2
    prefix_rate: float = 0.06
    tone_rate: float = 0.03
    unfinished: float = 0.1
    other_reading: float = 0.1
    candidates: int = 32
    frequent: int = 24
    shuffle: int = 65536
    objectives: dict = field(default_factory=lambda: {"conversion": 1.0})


def examples(paths, lexicon, batching=Batching(), *, seed=0, repeat=True, training=True, skip=0):
    """A `tf.data.Dataset` of batches for `PinyinTransformer.fit`.

    A row is one run of hanzi (up to punctuation, a number or latin) as keys, after as much left
    context as fills its length: lengths are drawn at random, so contexts are of random length
    and hardly a position is padding. Sources (files that differ in the number at the end of
    their names only) are read side by side, each as often as it has records, so that any stretch
    of batches is a sample of them all. Everything is drawn from `seed`, so the same seed gives
    the same batches.

    Args:
        paths: shard files of `prepare_shards`.
        lexicon: the `Lexicon` they were labelled with.
        batching: a `Batching`.
        seed: int.
        repeat: whether to start over at the end.
        training: if False: no prefixes, no tones, every candidate of the key, files in order, and
            conversion alone.
        skip: int, batches to leave out at the beginning; quicker than the dataset's own `skip`.

    Returns:
        Batches `(inputs, labels, weights)`, labels and weights once for each output, `hanzi` and
        `encoder`: `inputs["hanzi"]` int32 `[batch, length]`, the text;
        `inputs["keys"]` int32 `[batch, length]`, 0 where the hanzi is context or padding;
        `inputs["candidates"]` int32 `[batch, length, candidates]`, 0 is none; labels int32
        `[batch, length]`, the place of the hanzi among the candidates; weights float32
        `[batch, length]`, 1 where there is a key. With other objectives than conversion also
        `inputs["offsets"]`, float32, to be added to the scores of the candidates; with masked
        pinyin also `inputs["readings"]`, int32 `[batch, length, 8]`, and the output `pinyin`.

    Raises:
        ValueError: if there are no shards.
    """
    paths = [str(p) for p in paths]
    if not paths:
        raise ValueError("There are no shards to read: label a corpus with prepare_shards first.")
    typist = Typist(lexicon, batching)
    objectives = Objectives(lexicon, batching.objectives, batching.candidates)
    if training:
        records = _mixed(paths, seed, repeat)
    else:
        records = tf.data.TFRecordDataset(paths).repeat(None if repeat else 1)
    # Random draws are functions of the row's number alone: resuming repeats them exactly.
    numbered = tf.data.Dataset.zip((tf.data.Dataset.counter(), records))
    rows = numbered.map(
        lambda number, record: _cut(number, record, batching, seed, training),
        num_parallel_calls=1,
        deterministic=True,
    ).unbatch()
    if training:
        # Keras looks at the first batch of a dataset before it begins: that must not change it.
        rows = rows.shuffle(batching.shuffle, seed=seed + 1, reshuffle_each_iteration=False)

    def batch_size(length):
        multiple = tf.cast(batching.multiple, tf.int64)
        return tf.maximum(tf.cast(batching.positions, tf.int64) // length // multiple, 1) * multiple

    batches = rows.group_by_window(
        key_func=lambda tokens, keys, length: length,
        reduce_func=lambda length, window: window.batch(batch_size(length)),
        window_size_func=batch_size,
    )
    numbered = tf.data.Dataset.zip((tf.data.Dataset.counter(), batches)).skip(skip)

    def finish(number, batch):
        tokens, keys, length = batch
        if not training:
            return _finish_evaluation(tokens, keys, typist)
        return _finish_training(number, tokens, keys, length, typist, objectives, batching, seed)

    return numbered.map(finish, num_parallel_calls=2, deterministic=True).prefetch(4)


def _mixed(paths, seed, repeat):
    """The records of all sources, mixed in proportion to their numbers."""
    sources = {}
    for path in paths:
        sources.setdefault(path.rpartition("-")[0], []).append(path)
    datasets = [
        _shuffled(files, seed, number * 1000, repeat)
        for number, files in enumerate(sources.values())
    ]
    weights = np.array([sum(map(_record_count, files)) for files in sources.values()])
    return tf.data.Dataset.sample_from_datasets(
        datasets, (weights / weights.sum()).tolist(), seed=seed, stop_on_empty_dataset=False
    )


def _shuffled(files, seed, first, repeat):
    """The records of a source, its files in another order every time."""
    times = tf.data.Dataset.counter(first) if repeat else tf.data.Dataset.range(first, first + 1)
    return times.flat_map(
        lambda time: tf.data.TFRecordDataset(
            tf.random.experimental.stateless_shuffle(files, [seed, time])
        )
    )


@functools.cache
def _record_count(path):
    # A record is its length in 8 bytes, a checksum in 4, the data, another checksum.
    count, place, size = 0, 0, os.path.getsize(path)
    with open(path, "rb") as stream:
        while place < size:
            stream.seek(place)
            place += 16 + int.from_bytes(stream.read(8), "little")
            count += 1
    return count


def _cut(number, record, batching, seed, training):
    """Cuts one document into rows `[rows, longest]` of tokens and keys, with their lengths."""
    parsed = tf.io.parse_single_example(
        record, {name: tf.io.FixedLenFeature([], tf.string) for name in ("tokens", "keys")}
    )
    tokens = tf.cast(tf.io.decode_raw(parsed["tokens"], tf.uint16), tf.int32)
    keys = tf.cast(tf.io.decode_raw(parsed["keys"], tf.uint16), tf.int32)
    place = tf.range(tf.size(tokens))
    typed = keys > 0
    before = tf.concat([[False], typed[:-1]], 0)
    run = tf.cumsum(tf.cast(typed & ~before, tf.int32)) - 1
    run_start = tf.boolean_mask(place, typed & ~before)
    in_run = place - tf.gather(run_start, tf.maximum(run, 0))
    piece_start = tf.boolean_mask(place, typed & (in_run % batching.max_keys == 0))
    after = tf.concat([typed[1:], [False]], 0)
    last = ~after | (in_run % batching.max_keys == batching.max_keys - 1)
    piece_end = tf.boolean_mask(place, typed & last) + 1
    size = piece_end - piece_start  # [rows]

    lengths = tf.constant(batching.lengths)
    draw = tf.random.stateless_uniform([3, tf.size(size)], [seed, tf.cast(number, tf.int32)])
    if training:
        share = draw[2] / batching.unfinished if batching.unfinished else tf.ones_like(draw[2])
        part = tf.cast(tf.cast(size, tf.float32) * share, tf.int32) + 1
        size = tf.minimum(size, part)
    fitting = tf.cast(size[:, None] <= lengths, tf.float32)
    smallest = tf.argmax(fitting, 1, output_type=tf.int32)
    # Long rows are drawn less often: each length gets about the same share of positions.
    weight = fitting / tf.cast(lengths, tf.float32)
    reached = tf.cumsum(weight, axis=1) / tf.reduce_sum(weight, 1, keepdims=True)
    larger = tf.reduce_sum(tf.cast(reached < draw[0][:, None], tf.int32), 1)
    larger = tf.minimum(larger, len(batching.lengths) - 1)
    length = tf.gather(lengths, tf.where(draw[1] < batching.short, smallest, larger))
    bare = draw[1] < batching.context_free
    context = tf.where(bare, 0, tf.minimum(length - size, piece_start))
    offset = tf.range(batching.lengths[-1])
    at = (piece_start - context)[:, None] + offset
    inside = offset < (context + size)[:, None]
    at = tf.minimum(at, tf.size(tokens) - 1)
    row_tokens = tf.where(inside, tf.gather(tokens, at), 0)
    is_key = inside & (offset >= context[:, None])
    row_keys = tf.where(is_key, tf.gather(keys, at), 0)
    if not training:
        length = tf.fill(tf.shape(length), batching.lengths[-1])
    return row_tokens, row_keys, tf.cast(length, tf.int64)


def _finish_training(number, tokens, keys, length, typist, objectives, batching, seed):
    length = length[0]
    tokens, keys = tokens[:, :length], keys[:, :length]
    number = tf.cast(number, tf.int32)

    def uniform(salt, shape):
        return tf.random.stateless_uniform(shape, [seed + salt, number])

    typed = typist.type(tokens, keys, uniform)
    if set(batching.objectives) == {"conversion"}:
        return _with_labels(tokens, typed, typist.candidates(typed, uniform))
    typed, hidden, asked = objectives.hide(tokens, keys, typed, uniform)
    candidates, offsets = objectives.draw(
        tokens, typist.candidates(typed, uniform), hidden, uniform
    )
    inputs, labels, weights = _with_labels(tokens, typed, candidates)
    inputs["offsets"] = offsets
    if "masked_pinyin" in batching.objectives:
        readings = objectives.readings(tokens, asked, uniform)
        inputs["readings"], labels["pinyin"] = _among(keys & (UNSURE - 1), readings, asked)
        weights["pinyin"] = tf.cast(asked, tf.float32)
    return inputs, labels, weights


def _finish_evaluation(tokens, keys, typist):
    keys = typist.plain(keys)
    return _with_labels(tokens, keys, tf.gather(typist.allowed, keys))


def _with_labels(tokens, keys, candidates):
    candidates, labels = _among(tokens, candidates, keys > 0)
    weights = tf.cast(keys > 0, tf.float32)
    inputs = {"hanzi": tokens, "keys": keys, "candidates": candidates}
    outputs = ("hanzi", "encoder")
    return inputs, dict.fromkeys(outputs, labels), dict.fromkeys(outputs, weights)


def _among(gold, candidates, wanted):
    """Candidates with the right one among them where it is wanted, and its place."""
    gold = gold[..., None]
    missing = ~tf.reduce_any(candidates == gold, -1, keepdims=True) & wanted[..., None]
    last = tf.range(tf.shape(candidates)[2]) == tf.shape(candidates)[2] - 1
    candidates = tf.where(missing & last, gold, candidates)
    labels = tf.argmax(tf.cast(candidates == gold, tf.int32), -1, output_type=tf.int32)
    return candidates, labels
