"""A hashed n-gram table, filled from counts, that scores candidates in the graph."""

import keras
import numpy as np
from keras import ops

from keras_pinyin.layers._buckets import (
    EMPTY,
    FINGERPRINT_FACTOR,
    FINGERPRINT_PRIME,
    MOST_BUCKETS,
    SLOTS,
    factor,
    fill_slots,
    find_slots,
    is_prime,
    ngram_hashes,
    stride,
)
from keras_pinyin.layers._levels import LEVELS, PAIRS, fitted_levels, nearest, packed

MAX_ORDER = 4
WHOLE_NATS = np.arange(1.0 - LEVELS, 1.0)  # levels of an order that nothing was stored of
HALF = 1 << 15  # 16 bits are stored as numbers that a signed integer holds


@keras.saving.register_keras_serializable(package="keras_pinyin")
class NGramMemory(keras.layers.Layer):
    """Scores candidates by the longest n-gram that a table of counted text holds.

    Most of pinyin conversion is recall, and recall is cheap as look-up. The table is a hash
    table of `buckets x 2` slots, and an n-gram lies in one of two buckets, so that hardly a good
    one finds no room (Pagh and Rodler, 2004, "Cuckoo hashing"). A slot is a 16-bit fingerprint
    and the number of one of 16 log-probabilities, which are chosen for each order when the table
    is filled, so an n-gram costs two and a half bytes. For every candidate the longest stored
    n-gram that ends in it gives `value`, and the score is `trust[order] * value + offset[order]`,
    where trust and offset are linear in `state`: the network learns, position by position, how
    far to believe counts of each order. It starts as stupid backoff (Brants et al., 2007, "Large
    Language Models in Machine Translation") with a factor of 0.4.

    The hash is linear modulo primes and never leaves 32-bit integers, so that the same table
    works on TensorFlow, JAX, torch and in a TFLite file. History and candidates may be any
    ids: written hanzi, or keys.

    What was counted can be learned further, n-gram by n-gram: between `enable_learning` and
    `finish_learning` every slot has a weight of its own.

    Args:
        vocabulary_size: int, ids are below it; at most 32768.
        capacity: int, slots of the table; rounded up to a prime number of buckets of two.
        order: int, the longest n-gram, 2 to 4.
        initial_trust: float, weight of the scores before training.

    Call arguments:
        history: int `[..., order - 1]`, the tokens before the position, the nearest last.
        candidates: int `[..., candidates]`.
        state: float `[..., dim]`, what trust depends on.

    Returns:
        float `[..., candidates]`, scores in nats, not normalised.

    Raises:
        ValueError: if a size is out of range, or `fill` is given ids it cannot hold.

    Example:
        >>> memory = NGramMemory(vocabulary_size=100, capacity=64, order=2)
        >>> scores = memory(np.array([[7]]), np.array([[8, 9]]), np.zeros((1, 4), "float32"))
        >>> memory.fill({2: (np.array([[7, 8]]), np.array([-0.1]))}, np.full(100, -4.6))
        1
        >>> scores = memory(np.array([[7]]), np.array([[8, 9]]), np.zeros((1, 4), "float32"))
        >>> bool(scores[0, 0] > scores[0, 1])
        True
    """

    def __init__(self, vocabulary_size, capacity, order=4, initial_trust=1.0, **kwargs):
        super().__init__(**kwargs)
        if not 2 <= order <= MAX_ORDER:
            raise ValueError(f"order is {order}, but must be 2 to {MAX_ORDER}.")
        if not 0 < vocabulary_size <= 1 << 15:
            raise ValueError(f"vocabulary_size is {vocabulary_size}, but must be 1 to 32768.")
        buckets = max(-(-capacity // SLOTS), 5)
        while not is_prime(buckets):
            buckets += 1
        if buckets >= MOST_BUCKETS:
            raise ValueError(f"capacity is {capacity}, but must be below {SLOTS * MOST_BUCKETS}.")
        self.vocabulary_size = vocabulary_size
        self.capacity = capacity
        self.order = order
        self.initial_trust = initial_trust
        self.buckets = buckets
        self.values = None

    def build(self, history_shape, candidates_shape, state_shape):
        self.marks = self.add_weight(
            name="marks",
            shape=(self.buckets, SLOTS),
            dtype="int16",
            initializer=_empty,
            trainable=False,
        )
        # The numbers of the levels of a bucket are one byte, which only a hit is asked for.
        self.numbers = self.add_weight(
            name="numbers",
            shape=(self.buckets,),
            dtype="uint8",
            initializer="zeros",
            trainable=False,
        )
        self.levels = self.add_weight(
            name="levels",
            shape=((self.order - 1) * LEVELS,),
            initializer=_whole_nats,
            trainable=False,
        )
        self.unigram = self.add_weight(
            name="unigram",
            shape=(self.vocabulary_size,),
            initializer=keras.initializers.Constant(-float(np.log(self.vocabulary_size))),
            trainable=False,
        )
        self.trust = keras.layers.Dense(
            2 * self.order,
            kernel_initializer="zeros",
            bias_initializer=self._stupid_backoff,
            dtype=self.dtype_policy,
            name="trust",
        )
        self.trust.build(state_shape)
        self.built = True

    def _stupid_backoff(self, shape, dtype=None):
        missing = self.order - 1 - np.arange(self.order)
        start = np.concatenate([np.ones(self.order), np.log(0.4) * missing])
        return ops.convert_to_tensor(self.initial_trust * start, dtype=dtype)

    def call(self, history, candidates, state):
        value, order = self.look_up(history, candidates)
        trust = ops.expand_dims(self.trust(state), -2)  # [..., 1, 2 * order]
        chosen = ops.one_hot(order, self.order, dtype=trust.dtype)  # [..., candidates, order]
        value = ops.cast(value, trust.dtype)
        return value * ops.sum(chosen * trust[..., : self.order], -1) + ops.sum(
            chosen * trust[..., self.order :], -1
        )

    def look_up(self, history, candidates):
        """The log-probability stored for each candidate and the order it was found at.

        Returns:
            value: float32 `[..., candidates]`, nats. order: int32 `[..., candidates]`, 0 for a
            unigram.
        """
        history = ops.cast(history, "int32")
        candidates = ops.cast(candidates, "int32")
        shape, size = ops.shape(candidates), self.order - 1
        # A graph of few operators on few numbers: the tokens before a candidate are hashed once,
        # for all orders, bucket and fingerprint side by side; the candidate joins last.
        history = ops.reshape(history, (-1, 1, 1, size))
        candidates = ops.reshape(candidates, (-1, shape[-1]))
        orders = np.arange(2, self.order + 1, dtype="int32")
        factors = ops.array([factor(self.buckets), FINGERPRINT_FACTOR], "int32")
        primes = ops.array([self.buckets, FINGERPRINT_PRIME], "int32")
        state = ops.array(np.tile(orders[:, None], (1, 1, 1, 2)))  # [1, 1, orders, 2]
        for i in range(size):
            hashed = ops.mod(state * factors + history[..., i : i + 1], primes)
            begun = ops.array(orders[:, None] >= self.order - i)
            state = ops.where(begun, hashed, state)
        last = ops.expand_dims(candidates, -1)
        bucket, mark = (
            ops.mod(ops.squeeze(x, -1) + last, prime)  # [rows, candidates, orders]
            for x, prime in zip(
                ops.split(state * factors, 2, axis=-1), (self.buckets, FINGERPRINT_PRIME)
            )
        )
        second = ops.mod(bucket + (mark + 1) * stride(self.buckets), self.buckets)
        bucket = ops.concatenate([bucket, second], axis=-1)
        mark = ops.cast(ops.concatenate([mark, mark], axis=-1) - HALF, "int16")
        there = ops.take(self.marks, bucket, axis=0)  # [rows, candidates, 2 * orders, slots]
        # Hits are numbered so that the greatest is of the longest n-gram; nothing is -1.
        hits = np.arange(2 * size * SLOTS, dtype="int32").reshape(size, 2, SLOTS)
        hits = hits.transpose(1, 0, 2).reshape(-1, SLOTS)
        lookup, slot = np.divmod(np.argsort(hits.reshape(-1)).astype("int32"), SLOTS)
        hit = ops.where(ops.equal(there, ops.expand_dims(mark, -1)), ops.array(hits), -1)
        hit = ops.max(hit, axis=(-2, -1))
        found, hit = hit >= 0, ops.maximum(hit, 0)
        rows = ops.arange(ops.shape(candidates)[0] * shape[-1], dtype="int32")
        rows = ops.reshape(rows * (2 * size), ops.shape(candidates))
        bucket = ops.take(ops.reshape(bucket, (-1,)), rows + ops.take(ops.array(lookup), hit))
        slot, length = ops.take(ops.array(slot), hit), ops.take(ops.array(lookup % size), hit)
        if self.values is None:
            # TFLite looks up far faster than it divides.
            byte = ops.cast(ops.take(self.numbers, bucket), "int32")
            number = ops.take(ops.array(PAIRS.reshape(-1)), byte * SLOTS + slot)
            value = ops.take(self.levels, number + length * LEVELS)
        else:
            value = ops.take(self.values, bucket * SLOTS + slot)
        unigram = ops.take(self.unigram, candidates, axis=0)
        value = ops.where(found, ops.cast(value, "float32"), ops.cast(unigram, "float32"))
        order = ops.where(found, length + 1, 0)
        return ops.reshape(value, shape), ops.reshape(order, shape)

    def enable_learning(self):
        """Makes the log-probability of every slot a weight to be trained: fill the memory next.

        The weight is `values`, float32 `[buckets * 2]`; nothing is rounded to levels meanwhile.
        """
        # As Keras's own `enable_lora` adds weights to a layer that is built.
        self._tracker.unlock()
        self.values = self.add_weight(
            name="values", shape=(self.buckets * SLOTS,), dtype="float32", initializer="zeros"
        )
        self._tracker.lock()
        self._counted = np.zeros(self.buckets * SLOTS, "float32")

    def finish_learning(self):
        """Ends what `enable_learning` began; the memory says what it was filled with again.

        Returns:
            What was learned, to be given to `fill`: the fingerprints of the slots, int64
            `[buckets, 2]`, and what is to be added to their log-probabilities, float32 of that
            shape.

        Raises:
            ValueError: if `enable_learning` was not called.
        """
        if self.values is None:
            raise ValueError("This memory learns nothing: call enable_learning and train it first.")
        change = ops.convert_to_numpy(self.values) - self._counted
        self._untrack_variable(self.values)
        self.values = None
        return self.read_slots()[0], change.reshape(-1, SLOTS)

    def fill(self, ngrams, unigram, learned=None):
        """Fills the table; where there is no room, n-grams given earlier stay.

        Args:
            ngrams: dict order -> (int array `[n, order]`, float array `[n]` of log-probabilities),
                or with a third float array of priorities, larger stays.
            unigram: float array `[vocabulary_size]` of log-probabilities in nats.
            learned: what `finish_learning` returned, of a memory with as many buckets; n-grams
                that were not in it stay as they are. None for nothing.

        Returns:
            int, how many n-grams found a place.
        """
        if not self.built:
            raise ValueError("This memory has no table yet: call or build the layer, then fill it.")
        if len(unigram) != self.vocabulary_size:
            raise ValueError(
                f"{len(unigram)} unigrams for {self.vocabulary_size} ids: give one each."
            )
        if learned is not None and len(learned[0]) != self.buckets:
            raise ValueError(
                f"What was learned is of {len(learned[0])} buckets, but there are {self.buckets}: "
                "give what a memory of the same capacity learned."
            )
        parts = []
        for order, (ids, log_prob, *priority) in ngrams.items():
            ids = np.asarray(ids)
            if len(ids) and (ids.shape[1] != order or ids.max() >= self.vocabulary_size):
                raise ValueError(
                    f"n-grams of order {order} have {ids.shape[1]} ids up to {ids.max()}: "
                    f"give {order} columns of ids below {self.vocabulary_size}."
                )
            both, mark = ngram_hashes(ids.reshape(-1, order), self.buckets)
            rank = priority[0] if priority else -np.arange(len(ids), dtype=np.float64)
            orders = np.full(len(ids), order)
            parts.append((orders, both, mark, np.asarray(log_prob, np.float64), rank))
        orders, both, mark, log_prob, rank = map(np.concatenate, zip(*parts))
        best = np.argsort(-rank, kind="stable")
        held = fill_slots(both[best], self.buckets).reshape(-1)
        slot = np.flatnonzero(held >= 0)
        kept = best[held[slot]]
        orders, both, mark, log_prob = (x[kept] for x in (orders, both, mark, log_prob))
        if learned is not None:
            known, change = learned
            place = find_slots(known, both, mark)
            log_prob = log_prob + np.where(place < 0, 0, change.reshape(-1)[place])
        levels = np.tile(WHOLE_NATS, (self.order - 1, 1))
        marks = np.full(self.buckets * SLOTS, EMPTY)
        level = np.zeros(self.buckets * SLOTS, np.uint8)
        marks[slot] = mark
        for order in ngrams:
            of = np.flatnonzero(orders == order)
            if len(of):
                levels[order - 2] = fitted_levels(log_prob[of])
                level[slot[of]] = nearest(levels[order - 2], log_prob[of])
        self.write_slots(marks.reshape(-1, SLOTS), level.reshape(-1, SLOTS))
        self.levels.assign(levels.reshape(-1).astype("float32"))
        self.unigram.assign(np.asarray(unigram, "float32"))
        if self.values is not None:
            self._counted = np.zeros(self.buckets * SLOTS, "float32")
            self._counted[slot] = log_prob
            self.values.assign(self._counted)
        return len(slot)

    def read_slots(self):
        """Fingerprints and numbers of levels, int64 and uint8 `[buckets, 2]`, best slot first."""
        marks = ops.convert_to_numpy(self.marks).astype(np.int64) + HALF
        return marks, PAIRS[ops.convert_to_numpy(self.numbers)].astype(np.uint8)

    def write_slots(self, marks, level):
        """The inverse of `read_slots`."""
        self.marks.assign((marks - HALF).astype(np.int16))
        self.numbers.assign(packed(level)[:, 0])

    def compute_output_shape(self, history_shape, candidates_shape, state_shape):
        return tuple(candidates_shape)

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "capacity": self.capacity,
            "order": self.order,
            "initial_trust": self.initial_trust,
        }


def _empty(shape, dtype=None):
    return ops.full(shape, EMPTY - HALF, dtype=dtype)


def _whole_nats(shape, dtype=None):
    return ops.convert_to_tensor(np.resize(WHOLE_NATS, shape), dtype=dtype)
