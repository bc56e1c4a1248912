"""Training on whole sentences: the right one against those that the search finds instead."""

import itertools

import keras
import numpy as np
from keras import ops

from keras_pinyin.models._search import MAX_CONTEXT
from keras_pinyin.models._tokens import NEVER
from keras_pinyin.training.checkpoint import Checkpoint

# What inputs are padded to, each pair compiled once; more keys than the last are left out.
LENGTHS = 8, 16, 24
CONTEXTS = 8, MAX_CONTEXT


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

    def compile_for_sentences(self, optimizer, risk=0.0, **options):
        """`compile` with the loss of batches that `rivals` makes.

        Args:
            optimizer: a Keras optimizer.
            risk: float, 0 to 1, share of the expected number of wrong hanzi in the loss
                (Shen et al., 2016, "Minimum Risk Training for Neural Machine Translation"); the
                rest is cross-entropy, which weighs most what will never be right.
            options: further arguments of `compile`.

        Raises:
            ValueError: if `risk` is out of range.
        """
        if not 0 <= risk <= 1:
            raise ValueError(f"risk is {risk}, but is a share: give 0 to 1.")

        def loss(errors, scores):
            log_probs = ops.log_softmax(scores)
            expected = ops.sum(ops.exp(log_probs) * ops.cast(errors, scores.dtype), axis=-1)
            return risk * expected - (1 - risk) * log_probs[:, 0]

        def accuracy(errors, scores):
            return ops.cast(ops.equal(ops.argmax(scores, axis=-1), 0), scores.dtype)

        self.compile(optimizer=optimizer, loss=loss, metrics=[accuracy], **options)


def learn_memories(model):
    """Lets a model learn what its counted memories say, n-gram by n-gram, and nothing else.

    What remains is a linear model of n-grams that begins with what was counted and is trained on
    the errors of the conversion (Gao et al., 2005, "Minimum Sample Risk Methods for Language
    Modeling"). Fill the memories next; `learned_memories` ends it.

    Args:
        model: a `PinyinTransformer`.

    Returns:
        list, the variables that no longer train.

    Raises:
        ValueError: if the model has no counted memory.
    """
    if not model.counted_memories:
        raise ValueError("This model has no counted memory to train: train its network instead.")
    frozen = list(model.trainable_variables)
    for variable in frozen:
        variable.trainable = False
    for memory in model.counted_memories:
        memory.enable_learning()
    return frozen


def learned_memories(model, frozen=()):
    """Ends what `learn_memories` began.

    Args:
        model: a `PinyinTransformer`.
        frozen: variables that are to train again.

    Returns:
        What `fill_memory` takes as `learned`.
    """
    for variable in frozen:
        variable.trainable = True
    return [memory.finish_learning() for memory in model.counted_memories]


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
        A list of batches (inputs, errors): dicts of int32 arrays, `context`
        `[batch, context_length]`, `keys` `[batch, length]`, `paths` `[batch, paths, length]`, the
        right one first, and `there` `[batch, paths]`, 0 where there is no path; and how many
        hanzi of each path are wrong, int32 `[batch, paths]`.
    """
    paths = converter.n_best
    allowed = converter.model.lexicon.candidates()
    groups = {shape: [] for shape in itertools.product(LENGTHS, CONTEXTS)}
    for row in rows:
        context, keys, gold = row
        if len(keys) <= LENGTHS[-1] and (allowed[keys] == gold[:, None]).any(1).all():
            length = next(n for n in LENGTHS if n >= len(keys))
            groups[length, next(n for n in CONTEXTS if n >= len(context))].append(row)
    batches = []
    for (length, before), group in groups.items():
        size = max(positions // length, 1)
        for start in range(0, len(group) - size + 1, size):  # whole batches: each shape compiles
            context = np.zeros((size, before), np.int32)
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
            errors = (found != gold[:, None]).sum(-1, dtype=np.int32)
            there = rival.astype(np.int32)
            inputs = {"context": context, "keys": keys, "paths": found, "there": there}
            batches.append((inputs, errors))
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
        report: called with (round, dict of loss and accuracy, means of its batches).
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
        logs = [trainer.train_on_batch(*batch, return_dict=True) for batch in lists]
        if checkpoint is not None:
            checkpoint.save(trainer, number + 1, read=read)
        if report is not None:
            report(number, {name: np.mean([x[name] for x in logs]).item() for name in logs[0]})
