"""Teaches a model's `TopicMemory` what words go together, from far more text than a network reads.

Nothing but the memory learns, and what else the model would say is replaced by what its counted
memories say: that takes microseconds a hanzi. Where they are sure already there is nothing to
learn, and the hanzi is passed over.
"""

import itertools
import os
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from keras_pinyin.data.labelling import UNSURE
from keras_pinyin.data.shards import read_shards
from keras_pinyin.layers.topic_memory import FEWEST
from keras_pinyin.models._search import MAX_CONTEXT
from keras_pinyin.models._tokens import boundaries
from keras_pinyin.models.weights import local_name
from keras_pinyin.text import FIRST_HANZI
from keras_pinyin.training.checkpoint import Checkpoint

PIECE = 24  # hanzi of a piece at most
APART = MAX_CONTEXT + 4  # zeros between documents, so that none looks into another
MOMENTUM = 0.998  # of what is common, over batches
BLOCK = 1 << 15  # positions scored by the counted memories at a time
# Losses are sums, so that an accumulator that begins with this holds back what is hardly ever met.
ACCUMULATED = 1.0


@dataclass(frozen=True)
class TopicBatching:
    """How text becomes what a `TopicMemory` learns from.

    Attributes:
        tokens: about how many are held and shuffled at a time.
        pieces: runs of hanzi in a batch.
        places: hanzi of a piece that are asked for, drawn from those that are not sure.
        candidates: hanzi that compete, the right one and the most frequent of its sound.
        sure: probability of the right hanzi from which on nothing is to be learned.
    """

    tokens: int = 1 << 20
    pieces: int = 512
    places: int = 6
    candidates: int = 12
    sure: float = 0.98


def with_topics(model, rows, topics):
    """A copy of a model with a topic memory of some size that knows nothing yet.

    Args:
        model: a `PinyinTransformer` with a lexicon.
        rows, topics: as for `TopicMemory`.
    """
    settings = {**model.settings, "topic_rows": rows, "topics": topics}
    changed = type(model)(**settings)
    changed.build()
    old = {local_name(variable): variable for variable in model.weights}
    for variable in changed.weights:
        if not local_name(variable).startswith("topic_memory/"):
            variable.assign(old[local_name(variable)])
    changed.lexicon = model.lexicon
    return changed


class TopicTrainer(keras.Model):
    """What the counted memories of a model say and what its topic memory adds.

    Args:
        model: a `PinyinTransformer` with a `topic_memory`.

    Call arguments:
        inputs: dict of a batch of `topic_batches`.

    Returns:
        float `[batch, places, candidates]`, logits.

    Raises:
        ValueError: if the model has no topic memory or no counted one.
    """

    def __init__(self, model, **kwargs):
        super().__init__(**kwargs)
        if model.topic_memory is None or not model.counted_memories:
            raise ValueError(
                "This model has no topic memory, or no counted one to learn beside: make it with "
                "topic_rows and memory_slots above 0."
            )
        self.memory = model.topic_memory
        # What the counted memories leave unsaid whatever the topic, and how far each is believed,
        # is learned beside and then forgotten: the rest of the model knows better.
        self.memory.enable_learning()
        learned = self.memory.learned
        self.bias = {
            name: self.add_weight(
                name=f"{name}_bias", shape=learned[name].shape[:1], initializer="zeros"
            )
            for name in ("candidates", "pairs")
        }
        self.belief = self.add_weight(
            name="belief", shape=(len(model.counted_memories),), initializer="ones"
        )
        # What nearly every hanzi of a context says tells nothing: it is taken off.
        topics = self.memory.topics
        self.common = self.add_weight(
            name="common", shape=(topics,), initializer="zeros", trainable=False
        )
        # How subjects differ tells what rows have to be stored well for.
        self.spread = self.add_weight(
            name="spread", shape=(topics, topics), initializer="zeros", trainable=False
        )

    def call(self, inputs, training=None):
        subject = self.memory.subject(inputs["context"])
        count = ops.sum(ops.cast(inputs["context"] > 0, "float32"), axis=1, keepdims=True)
        scale = count / ops.sqrt(ops.maximum(count, FEWEST))
        if training:
            common = ops.sum(subject, axis=0) / ops.maximum(ops.sum(scale), 1.0)
            self._follow(self.common, common)
        subject = subject - scale * self.common  # [pieces, topics]
        if training:
            spread = ops.matmul(ops.transpose(subject), subject) / ops.shape(subject)[0]
            self._follow(self.spread, spread)
        candidates, around = inputs["candidates"], inputs["around"]
        rows = sum(self.memory.candidate_rows(candidates, around))
        scores = ops.sum(rows * ops.reshape(subject, (-1, 1, 1, self.memory.topics)), axis=-1)
        scores = scores + ops.take(self.bias["candidates"], candidates, axis=0)
        pairs = ops.take(self.bias["pairs"], self.memory.pairs(candidates, around), axis=0)
        scores = scores + ops.sum(pairs, axis=-1)
        scores = scores + ops.sum(inputs["counted"] * self.belief, axis=-1)
        return ops.where(candidates > 0, scores, -1e9)

    def _follow(self, variable, value):
        variable.assign(MOMENTUM * variable + (1 - MOMENTUM) * ops.stop_gradient(value))

    def finish(self):
        """Stores in the model's topic memory what was learned."""
        contexts = self.memory.learned["contexts"]
        contexts.assign(contexts - self.common)
        # Where gradients were large an error costs most.
        importance = {
            name: ops.convert_to_numpy(self._accumulator(name)).mean(axis=1) - ACCUMULATED
            for name in self.memory.learned
        }
        self.memory.finish_learning(self.spread, importance)

    def _accumulator(self, name):
        """The sums of the squared gradients of a table, in Adagrad."""
        end = f"topic_memory_{name}_accumulator"
        return next(v for v in self.optimizer.variables if v.path.endswith(end))


class Counted(keras.Model):
    """What a model's counted memories say of candidates when nothing else is known."""

    def __init__(self, model):
        super().__init__()
        self.memories, self.dim = model.counted_memories, model.settings["dim"]
        self.written = model.memory

    def call(self, inputs):
        candidates = inputs["candidates"]
        state = ops.zeros((ops.shape(candidates)[0], self.dim))
        written, around = boundaries(inputs["history"]), inputs["around"]
        said = [
            memory(written if memory is self.written else around, candidates, state)
            for memory in self.memories
        ]
        return ops.stack(said, axis=-1)


def topic_batches(shards, model, batching=TopicBatching(), *, seed=0, first=0):
    """Yields lists of batches, a list for each part of the text.

    Args:
        shards: paths of shards.
        model: a `PinyinTransformer` whose memories are filled.
        batching: a `TopicBatching`.
        seed: int.
        first: int, parts to pass over.

    Yields:
        A list of `(inputs, labels, weights)`. inputs: dict of `context` int32 `[pieces, 32]`,
        `candidates` int32 `[pieces, places, candidates]`, `around` int32 `[pieces, places, 2]`
        and `counted` float32 `[pieces, places, candidates, memories]`. labels: int32 `[pieces,
        places]`, always 0, the right hanzi being the first candidate. weights: float32 `[pieces,
        places]`, 0 where nothing is asked.
    """
    keys = model.lexicon.keys
    lists = model.lexicon.candidates()[:, : batching.candidates]
    counted = Counted(model)
    for number, (tokens, labelled) in enumerate(_parts(shards, batching.tokens)):
        if number < first:
            continue
        rng = np.random.default_rng([seed, number])
        labelled = labelled & (UNSURE - 1)
        part = _Part(tokens, keys.features[labelled, 3], lists[keys.untoned[labelled]])
        yield part.batches(counted, batching, rng)


def _parts(shards, size):
    """Documents side by side: tokens and keys, zeros between documents."""
    apart = np.zeros(APART, np.uint16)
    waiting, held = [], 0
    for tokens, keys in itertools.chain(read_shards(shards), [(None, None)]):
        if tokens is not None:
            waiting += [(apart, apart), (tokens, keys)]
            held += len(tokens)
        if waiting and (tokens is None or held >= size):
            columns = zip(*waiting, (apart, apart))
            yield tuple(np.concatenate(column).astype(np.int32) for column in columns)
            waiting, held = [], 0


class _Part:
    """Some text: `tokens`, the syllable of each and the hanzi that compete, int32 arrays."""

    def __init__(self, tokens, sounds, lists):
        self.tokens, self.sounds, self.lists = tokens, sounds, lists
        at, typed = np.arange(len(tokens)), sounds > 0
        run = np.maximum.accumulate(np.where(typed & ~np.r_[False, typed[:-1]], at, 0))
        self.place = np.where(typed, (at - run) % PIECE, -1)
        self.start = at - self.place

    def batches(self, counted, batching, rng):
        asked = np.flatnonzero(self.place >= 0)
        if not len(asked):
            return []
        candidates = self._candidates(asked)
        scores = self._counted(counted, asked, candidates)
        total = np.where(candidates > 0, scores.sum(-1), -np.inf)
        share = np.exp(total - total.max(1, keepdims=True))
        unsure = share[:, 0] < batching.sure * share.sum(1)
        unsure &= candidates[:, 1] > 0
        # Of each piece some places, drawn anew every time.
        chosen = np.flatnonzero(unsure)
        chosen = chosen[np.lexsort((rng.random(len(chosen)), self.start[asked[chosen]]))]
        start = self.start[asked[chosen]]
        begins = np.flatnonzero(np.r_[True, start[1:] != start[:-1]])
        rank = np.arange(len(start)) - np.repeat(begins, np.diff(np.r_[begins, len(start)]))
        chosen, start, rank = (x[rank < batching.places] for x in (chosen, start, rank))
        pieces, row = np.unique(start, return_inverse=True)

        at = asked[chosen]
        shape = len(pieces), batching.places
        weight = np.zeros(shape, np.float32)
        weight[row, rank] = 1.0
        around = np.zeros((*shape, 2), np.int32)
        around[row, rank] = self.sounds[at[:, None] + [-1, 1]]
        lists = np.zeros((*shape, candidates.shape[1]), np.int32)
        lists[row, rank] = candidates[chosen]
        said = np.zeros((*lists.shape, scores.shape[-1]), np.float32)
        said[row, rank] = scores[chosen]

        context = self.tokens[pieces[:, None] + np.arange(-MAX_CONTEXT, 0)]
        # What lies before the document is of another one.
        apart = np.cumsum(context[:, ::-1] == 0, axis=1)[:, ::-1] > 0
        context = np.where(apart | (context < FIRST_HANZI), 0, context)
        inputs = {
            "context": context.astype(np.int32),
            "candidates": lists,
            "around": around,
            "counted": said,
        }
        order = rng.permutation(len(pieces))
        ends = range(batching.pieces, len(order) + 1, batching.pieces)  # whole batches only
        return [
            (
                {name: x[rows] for name, x in inputs.items()},
                np.zeros((len(rows), batching.places), np.int32),
                weight[rows],
            )
            for rows in (order[end - batching.pieces : end] for end in ends)
        ]

    def _candidates(self, at):
        """The right hanzi and those it competes with, int32 `[places, candidates]`."""
        right, lists = self.tokens[at][:, None], self.lists[at]
        others = np.where(lists == right, 0, lists)
        others = np.take_along_axis(others, np.argsort(others == 0, axis=1, kind="stable"), axis=1)
        return np.concatenate([right, others[:, :-1]], axis=1)

    def _counted(self, counted, at, candidates):
        """What the memories say, float32 `[places, candidates, memories]`."""
        history = self.tokens[at[:, None] + [-3, -2, -1]]
        around = self.sounds[at[:, None] + [2, -1, 1]]
        around[:, 0] = np.where(around[:, 2] == 0, 0, around[:, 0])
        arrays = {"history": history, "around": around, "candidates": candidates}
        found = []
        for first in range(0, len(at), BLOCK):
            block = {name: x[first : first + BLOCK] for name, x in arrays.items()}
            missing = BLOCK - len(block["candidates"])
            block = {name: np.pad(x, [(0, missing), (0, 0)]) for name, x in block.items()}
            said = np.asarray(counted.predict_on_batch(block))
            found.append(said[: BLOCK - missing])
        return np.concatenate(found)


def learn_topics(
    model,
    groups,
    fill,
    *,
    peak=0.3,
    batching=TopicBatching(),
    seed=0,
    checkpoint=None,
    segment=16,
    report=None,
):
    """Trains the topic memory of a model, and nothing else of it.

    Args:
        model: a `PinyinTransformer` with a `topic_memory` and counted memories.
        groups: list of lists of shards.
        fill: `fill(number)` is called before a group is read, and fills the counted memories from
            text that is not in it: of text that they have counted they are too sure.
        peak: float, learning rate of Adagrad to begin with; it falls to nothing.
        batching: a `TopicBatching`.
        seed: int.
        checkpoint: path of a checkpoint, written after every `segment` parts and resumed from.
        segment: int.
        report: called with (share of the text read, dict of loss and accuracy since the last).

    Raises:
        ValueError: if the model has no topic memory or no counted one, or there is too little text.
    """
    trainer = TopicTrainer(model)
    optimizer = keras.optimizers.Adagrad(peak, initial_accumulator_value=ACCUMULATED)
    trainer.compile(
        optimizer=optimizer,
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum"),
        weighted_metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    start = {"group": 0, "part": 0, "step": 0}
    if checkpoint is not None:
        checkpoint = Checkpoint(checkpoint)
        optimizer.build(trainer.trainable_variables)
        if checkpoint.exists():
            start = checkpoint.restore(trainer)
    # A record holds two bytes for each token and as many for its key.
    size = lambda paths: sum(os.path.getsize(path) for path in paths) / 4 / batching.tokens
    total = max(sum(map(size, groups)), 1)
    read, logs, taught = start["step"], [], start["step"] > 0
    for group in range(start["group"], len(groups)):
        fill(group)
        order = np.random.default_rng([seed, group]).permutation(sorted(map(str, groups[group])))
        first = start["part"] if group == start["group"] else 0
        parts = topic_batches(order, model, batching, seed=seed + group, first=first)
        for part, batches in enumerate(parts, first + 1):
            read += 1
            optimizer.learning_rate = peak * max(1 - read / total, 0.01)
            taught = taught or bool(batches)
            logs += [trainer.train_on_batch(*batch, return_dict=True) for batch in batches]
            if read % segment == 0:
                if checkpoint is not None:
                    checkpoint.save(trainer, read, group=group, part=part)
                if report is not None and logs:
                    means = {name: float(np.mean([x[name] for x in logs])) for name in logs[0]}
                    report(min(read / total, 1.0), means)
                logs = []
    if not taught:
        model.topic_memory.finish_learning()
        raise ValueError(
            f"The text gave not one batch of {batching.pieces} pieces that are unsure: give more "
            "text, or a TopicBatching of fewer pieces."
        )
    trainer.finish()
