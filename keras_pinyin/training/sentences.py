"""Training on whole sentences: the right one against those that the search finds instead."""

import keras
import numpy as np
from keras import ops

from keras_pinyin.models._search import MAX_CONTEXT
from keras_pinyin.models._tokens import NEVER
from keras_pinyin.training.checkpoint import Checkpoint

LENGTHS = (
    8,
    16,
    24,
)  # key counts that inputs are padded to, each compiled once; longer are left out


class SentenceTrainer(keras.Model):
    """Scores the paths of an input, so that a softmax over them can be trained.

    The score of a path is a sum over its hanzi that is nowhere normalised; the softmax over the
    right path and the rivals that a beam search found approximates one over all paths (Andor et
    al., 2016, "Globally Normalized Transition-Based Neural Networks").

    Args:
        model: a `PinyinTransformer`.

    Call arguments:
        inputs: dict of a batch that `rivals` makes.

    Returns:
        float32 `[batch, paths]`, scores; -1e9 where there is no path.
    """

    def __init__(self, model, **kwargs):
        super().__init__(**kwargs)
        self.model = model

    def call(self, inputs):
        scores = self.model.score_paths(inputs["context"], inputs["keys"], inputs["paths"])
        return ops.where(inputs["there"] > 0, ops.sum(scores, axis=-1), NEVER)

    def compile_for_sentences(self, optimizer, **options):
        """`compile` with the loss of batches that `rivals` makes."""
        self.compile(
            optimizer=optimizer,
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
            **options,
        )


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


def rivals(converter, rows, positions):
    """Searches rows with the model as it is, and puts what was found beside what is right.

    Args:
        converter: a `Converter` of the model; its `n_best` is how many paths an input gets, the
            right one included.
        rows: list of (context, keys, gold); those of more than 24 keys, or with a hanzi that its
            key does not allow, are left out.
        positions: int, keys of a batch.

    Returns:
        A list of batches, dicts of int32 arrays: `context` `[batch, 32]`, `keys`
        `[batch, length]`, `paths` `[batch, paths, length]`, the right one first, and `there`
        `[batch, paths]`, 0 where there is no path.
    """
    paths = converter.n_best
    allowed = converter.model.lexicon.candidates()
    groups = {length: [] for length in LENGTHS}
    for context, keys, gold in rows:
        if len(keys) <= LENGTHS[-1] and (allowed[keys] == gold[:, None]).any(1).all():
            groups[next(n for n in LENGTHS if n >= len(keys))].append((context, keys, gold))
    batches = []
    for length, group in groups.items():
        size = max(positions // length, 1)
        for start in range(0, len(group) - size + 1, size):  # whole batches: each shape compiles
            context = np.zeros((size, MAX_CONTEXT), np.int32)
            keys, gold = np.zeros((2, size, length), np.int32)
            for i, row in enumerate(group[start : start + size]):
                if len(row[0]):
                    context[i, -len(row[0]) :] = row[0]
                keys[i, : len(row[1])], gold[i, : len(row[2])] = row[1:]
            found, scores = map(
                np.asarray, converter.predict_on_batch({"context": context, "keys": keys})
            )
            found = np.concatenate([gold[:, None], found], axis=1).astype(np.int32)
            found *= keys[:, None] > 0
            # Rivals come first, then copies of the right path and empty beams, which are cut off.
            there = np.pad(scores > NEVER / 2, [(0, 0), (1, 0)], constant_values=True)
            rival = there & (found != gold[:, None]).any(-1)
            rival[:, 0] = True
            order = np.argsort(~rival, axis=1, kind="stable")[:, :paths]
            found = np.take_along_axis(found, order[..., None], axis=1)
            rival = np.take_along_axis(rival, order, axis=1)
            batches.append(
                {"context": context, "keys": keys, "paths": found, "there": rival.astype(np.int32)}
            )
    return batches


def train_on_sentences(
    trainer,
    converter,
    examples,
    *,
    rounds,
    rows,
    positions=1024,
    seen=(),
    checkpoint=None,
    report=None,
):
    """Trains in rounds: search with the model as it is, then one pass over what was found.

    Args:
        trainer: a compiled `SentenceTrainer`.
        converter: a `Converter` of its model, as `rivals` takes it.
        examples: `examples(skip)` gives the batches of `data.examples` without the first `skip`.
        rounds: int.
        rows: int, inputs of a round.
        positions: int, keys of a batch.
        seen: `SeenSentences` that the memories have counted, which are left out.
        checkpoint: path of a checkpoint that is written after every round, and resumed from.
        report: called with (round, dict of loss and accuracy).
    """
    done = read = 0
    if checkpoint is not None:
        checkpoint = Checkpoint(checkpoint)
        trainer.optimizer.build(trainer.model.trainable_variables)
        if checkpoint.exists():
            meta = checkpoint.restore(trainer)
            done, read = meta["step"], meta["read"]
    batches = iter(examples(read).as_numpy_iterator())
    for number in range(done, rounds):
        found = []
        while len(found) < rows:
            inputs, *_ = next(batches)
            split = split_rows(inputs["hanzi"], inputs["keys"])
            found.extend(row for row in split if row[2] not in seen)
            read += 1
        lists = rivals(converter, found, positions)
        np.random.default_rng(number).shuffle(lists)
        trainer.reset_metrics()
        for batch in lists:
            right = np.zeros(len(batch["keys"]), np.int32)
            logs = trainer.train_on_batch(batch, right, return_dict=True)
        if checkpoint is not None:
            checkpoint.save(trainer, number + 1, read=read)
        if report is not None:
            report(number, {name: float(value) for name, value in logs.items()})
