"""Training on whole sentences: the right one against those that the search finds instead."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from keras_pinyin.models import Converter
from keras_pinyin.models._search import MAX_CONTEXT
from keras_pinyin.models._tokens import NEVER
from keras_pinyin.training.checkpoint import Checkpoint

LENGTHS = (4, 8, 12, 16, 24, 32)  # key counts that inputs are padded to; each compiled once


class SentenceTrainer(keras.Model):
    """Scores the paths of an input, so that a softmax over them can be trained.

    The score of a path is a sum over its hanzi that is nowhere normalised; the softmax over the
    right path and the rivals that a beam search found approximates one over all paths (Andor et
    al., 2016, "Globally Normalized Transition-Based Neural Networks"). While training, a rival is
    given `margin` nats for each of its wrong hanzi: the worse it is, the farther it must stay
    behind (softmax-margin; Gimpel and Smith, 2010).

    Args:
        model: a `PinyinTransformer`.
        margin: float, nats.

    Call arguments:
        inputs: dict of a batch that `rivals` makes.

    Returns:
        float32 `[batch, paths]`, scores; -1e9 where there is no path.
    """

    def __init__(self, model, margin=0.5, **kwargs):
        super().__init__(**kwargs)
        self.model = model
        self.margin = margin

    def call(self, inputs, training=None):
        scores = self.model.score_paths(inputs["context"], inputs["keys"], inputs["paths"])
        errors = ops.cast(inputs["errors"], "float32")
        margin = self.margin if training else 0.0
        return ops.where(errors >= 0, scores + margin * errors, NEVER)


def split_rows(hanzi, keys):
    """Rows of training text (context, then keys) as inputs of a search.

    Args:
        hanzi, keys: int `[batch, length]`, as `data.examples` gives them.

    Yields:
        (context, keys, gold), int32 vectors.
    """
    for row, typed in zip(hanzi, keys):
        at = np.flatnonzero(typed)
        if len(at):
            yield row[: at[0]][-MAX_CONTEXT:], typed[at], row[at]


def rivals(converter, allowed, rows, paths, batch_size):
    """Searches rows with the model as it is, and puts what was found beside what is right.

    Args:
        converter: a `Converter` of the model.
        allowed: int `[keys, homophones]`, hanzi that keys allow; other rows are left out.
        rows: list of (context, keys, gold).
        paths: int, paths an input, the right one included.
        batch_size: function of the key count, rows of a batch.

    Returns:
        A list of batches, dicts of int32 arrays: `context` `[batch, 32]`, `keys`
        `[batch, length]`, `paths` `[batch, paths, length]`, the right one first, and `errors`
        `[batch, paths]`, wrong hanzi of each, -1 where there is no path.
    """
    groups = {}
    for context, keys, gold in rows:
        if (allowed[keys] == gold[:, None]).any(1).all() and len(keys) <= LENGTHS[-1]:
            length = next(n for n in LENGTHS if n >= len(keys))
            groups.setdefault((length, len(context) > 0), []).append((context, keys, gold))
    batches = []
    for (length, with_context), group in groups.items():
        size = batch_size(length)
        for start in range(0, len(group) - size + 1, size):  # whole batches: each shape compiles
            part = group[start : start + size]
            context = np.zeros((size, MAX_CONTEXT if with_context else 0), np.int32)
            keys, gold = np.zeros((2, size, length), np.int32)
            for i, row in enumerate(part):
                if len(row[0]):
                    context[i, -len(row[0]) :] = row[0]
                keys[i, : len(row[1])], gold[i, : len(row[2])] = row[1:]
            found, scores = converter.predict_on_batch({"context": context, "keys": keys})
            found = np.where(keys[:, None] > 0, np.asarray(found), 0).astype(np.int32)
            wrong = (found != gold[:, None]).sum(-1)
            errors = np.where((wrong > 0) & (np.asarray(scores) > NEVER / 2), wrong, -1)
            # Real rivals first; the right path, which a search may have missed, before them.
            order = np.argsort(errors < 0, axis=1, kind="stable")[:, : paths - 1]
            found = np.take_along_axis(found, order[..., None], axis=1)
            errors = np.take_along_axis(errors, order, axis=1)
            batches.append(
                {
                    "context": context,
                    "keys": keys,
                    "paths": np.concatenate([gold[:, None], found], axis=1),
                    "errors": np.pad(errors, [(0, 0), (1, 0)]).astype(np.int32),
                }
            )
    return batches


def train_on_sentences(
    trainer,
    examples,
    *,
    rounds,
    rows,
    paths=8,
    positions=1024,
    seed=0,
    checkpoint=None,
    report=None,
):
    """Trains in rounds: search with the model as it is, then one pass over what was found.

    Args:
        trainer: a compiled `SentenceTrainer`.
        examples: `examples(row)` gives batches of `data.examples` from about that row on.
        rounds: int. rows: int, inputs of a round.
        paths: int, paths an input.
        positions: int, keys of a batch.
        seed: int.
        checkpoint: path of a checkpoint that is written after every round, and resumed from.
        report: called with (round, dict of loss and accuracy).
    """
    model = trainer.model
    allowed = ops.convert_to_numpy(model.allowed)
    converter = Converter(model, n_best=paths, beams=paths)
    done = 0
    if checkpoint is not None:
        checkpoint = Checkpoint(checkpoint)
        trainer.optimizer.build(model.trainable_variables)
        if checkpoint.exists():
            done = checkpoint.restore(trainer)["step"]
    for number in range(done, rounds):
        found = []
        for inputs, *_ in examples(number).as_numpy_iterator():
            found.extend(split_rows(inputs["hanzi"], inputs["keys"]))
            if len(found) >= rows:
                break
        batches = rivals(converter, allowed, found, paths, lambda n: max(positions // n, 1))
        np.random.default_rng([seed, number]).shuffle(batches)
        logs = train_round(trainer, batches)
        if checkpoint is not None:
            checkpoint.save(trainer, number + 1)
        if report is not None:
            report(number, logs)


def train_round(trainer, batches):
    trainer.reset_metrics()
    logs = {}
    for batch in batches:
        labels = np.zeros(len(batch["keys"]), np.int32)
        logs = trainer.train_on_batch(batch, labels, return_dict=True)
    return {name: float(value) for name, value in logs.items()}
