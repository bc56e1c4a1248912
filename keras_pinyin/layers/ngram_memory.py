"""A hashed n-gram table, filled from counts, that scores candidates in the graph."""

import keras
import numpy as np
from keras import ops

from keras_pinyin.layers._levels import LEVELS, PAIRS, fitted_levels, nearest, packed

SLOTS = 4
FINGERPRINT_PRIME = 65521
FINGERPRINT_FACTOR = 32749
EMPTY = 65535  # the fingerprint of an empty slot, which is no remainder of the prime
MAX_ORDER = 4
WHOLE_NATS = np.arange(1.0 - LEVELS, 1.0)  # levels of an order that nothing was stored of
ORDERS = np.r_[0, np.repeat(np.arange(1, MAX_ORDER), LEVELS)].astype("int32")  # of a hit, from -1


def _is_prime(n):
    return n > 3 and n % 2 and all(n % d for d in range(3, int(n**0.5) + 1, 2))


def ngram_hashes(ngrams, buckets):
    """Bucket and fingerprint of n-grams, the same numbers as the graph computes.

    Args:
        ngrams: int array `[n, order]` of token ids below 32768.
        buckets: int, a prime below 2**20.

    Returns:
        A pair of int64 arrays `[n]`.
    """
    ngrams = np.asarray(ngrams, np.int64)
    factor = (1 << 31) // buckets - 32
    bucket = np.full(len(ngrams), ngrams.shape[1], np.int64)
    mark = bucket.copy()
    for column in ngrams.T:
        bucket = (bucket * factor + column) % buckets
        mark = (mark * FINGERPRINT_FACTOR + column) % FINGERPRINT_PRIME
    return bucket, mark


@keras.saving.register_keras_serializable(package="keras_pinyin")
class NGramMemory(keras.layers.Layer):
    """Scores candidates by the longest n-gram that a table of counted text holds.

    Most of pinyin conversion is recall, and recall is cheap as look-up. The table is a hash
    table of `buckets x 4` slots; a slot is a 16-bit fingerprint and the number of one of 16
    log-probabilities, which are chosen for each order when the table is filled, so an n-gram
    costs two and a half bytes. For every candidate the longest stored n-gram that ends in it
    gives `value`, and the score is `trust[order] * value + offset[order]`, where trust and offset
    are linear in `state`: the network learns, position by position, how far to believe counts of
    each order. It starts as stupid backoff (Brants et al., 2007, "Large Language Models in
    Machine Translation") with a factor of 0.4.

    The hash is linear modulo primes and never leaves 32-bit integers, so that the same table
    works on TensorFlow, JAX, torch and in a TFLite file. History and candidates may be any
    ids: written hanzi, or keys.

    What was counted can be learned further, n-gram by n-gram: between `enable_learning` and
    `finish_learning` every slot has a weight of its own.

    Args:
        vocabulary_size: int, ids are below it; at most 32768.
        capacity: int, slots of the table; rounded up to a prime number of buckets of four.
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
        while not _is_prime(buckets):
            buckets += 1
        if buckets >= 1 << 20:
            raise ValueError(f"capacity is {capacity}, but must be below {SLOTS << 20}.")
        self.vocabulary_size = vocabulary_size
        self.capacity = capacity
        self.order = order
        self.initial_trust = initial_trust
        self.buckets = buckets
        self.values = None

    def build(self, history_shape, candidates_shape, state_shape):
        # One row holds everything of a bucket: high and low bytes of its fingerprints, then its
        # levels, two in a byte.
        self.table = self.add_weight(
            name="table",
            shape=(self.buckets, 5 * SLOTS // 2),
            dtype="uint8",
            initializer=_empty,
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
        # All orders at once, bucket and fingerprint side by side: a graph of few operators, on
        # four axes since TFLite broadcasts no more.
        history = ops.reshape(history, (-1, 1, 1, size))
        candidates = ops.reshape(candidates, (-1, shape[-1]))
        orders = np.arange(2, self.order + 1, dtype="int32")
        factors = ops.array([(1 << 31) // self.buckets - 32, FINGERPRINT_FACTOR], "int32")
        primes = ops.array([self.buckets, FINGERPRINT_PRIME], "int32")
        state = ops.array(np.tile(orders[:, None], (1, 1, 1, 2)))  # [1, 1, orders, 2]
        for i in range(size):
            # The tokens before a candidate are hashed once, the candidate joins last.
            hashed = ops.mod(state * factors + history[..., i : i + 1], primes)
            begun = ops.array(orders[:, None] >= self.order - i)
            state = ops.where(begun, hashed, state)
        last = ops.expand_dims(ops.expand_dims(candidates, -1), -1)
        state = ops.mod(state * factors + last, primes)  # [rows, candidates, orders, 2]
        bucket, mark = ops.split(state, 2, axis=-1)  # TFLite splits far faster than it slices
        row = ops.take(self.table, ops.squeeze(bucket, -1), axis=0)
        high, low, pairs = ops.split(ops.cast(row, "int32"), (SLOTS, 2 * SLOTS), axis=-1)
        if self.values is None:
            # TFLite looks up far faster than it divides.
            number, numbers = ops.take(ops.array(PAIRS), pairs, axis=0), LEVELS
            number = ops.reshape(number, (-1, *ops.shape(number)[1:3], SLOTS))
        else:
            number, numbers = bucket * SLOTS + ops.arange(SLOTS), self.values.shape[0]
        # A hit counts its order before its number, nothing as -1: the maximum is the longest.
        hit = number + ops.array(numbers * (orders[:, None] - 2))
        hit = ops.where(ops.equal(high * 256 + low, mark), hit, -1)
        hit = ops.max(hit, axis=(-2, -1))
        found, place = hit >= 0, ops.maximum(hit, 0)
        unigram = ops.cast(ops.take(self.unigram, candidates, axis=0), "float32")
        if self.values is None:
            value = ops.take(self.levels, place, axis=0)
            order = ops.take(ops.array(ORDERS), hit + 1, axis=0)
        else:
            value = ops.take(self.values, ops.mod(place, numbers), axis=0)
            order = ops.where(found, ops.floor_divide(place, numbers) + 1, 0)
        value = ops.where(found, ops.cast(value, "float32"), unigram)
        return ops.reshape(value, shape), ops.reshape(order, shape)

    def enable_learning(self):
        """Makes the log-probability of every slot a weight to be trained: fill the memory next.

        The weight is `values`, float32 `[buckets * 4]`; nothing is rounded to levels meanwhile.
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
            `[buckets, 4]`, and what is to be added to their log-probabilities, float32 of that
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
        """Fills the table; where a bucket overflows, n-grams given earlier stay.

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
            bucket, mark = ngram_hashes(ids.reshape(-1, order), self.buckets)
            rank = priority[0] if priority else -np.arange(len(ids), dtype=np.float64)
            orders = np.full(len(ids), order)
            parts.append((orders, bucket, mark, np.asarray(log_prob, np.float64), rank))
        orders, bucket, mark, log_prob, rank = map(np.concatenate, zip(*parts))
        by_bucket = np.lexsort((-rank, bucket))
        slot = np.arange(len(bucket)) - np.searchsorted(bucket[by_bucket], bucket[by_bucket])
        kept = slot < SLOTS
        slot, by_bucket = slot[kept], by_bucket[kept]
        orders, bucket, mark, log_prob = (x[by_bucket] for x in (orders, bucket, mark, log_prob))
        if learned is not None:
            known, change = learned
            log_prob = log_prob + ((known[bucket] == mark[:, None]) * change[bucket]).sum(1)
        levels = np.tile(WHOLE_NATS, (self.order - 1, 1))
        marks = np.full((self.buckets, SLOTS), EMPTY)
        level = np.zeros((self.buckets, SLOTS), np.uint8)
        marks[bucket, slot] = mark
        for order in ngrams:
            of = np.flatnonzero(orders == order)
            if len(of):
                levels[order - 2] = fitted_levels(log_prob[of])
                level[bucket[of], slot[of]] = nearest(levels[order - 2], log_prob[of])
        self.write_slots(marks, level)
        self.levels.assign(levels.reshape(-1).astype("float32"))
        self.unigram.assign(np.asarray(unigram, "float32"))
        if self.values is not None:
            self._counted = np.zeros(self.buckets * SLOTS, "float32")
            self._counted[bucket * SLOTS + slot] = log_prob
            self.values.assign(self._counted)
        return len(bucket)

    def read_slots(self):
        """Fingerprints and numbers of levels, int64 and uint8 `[buckets, 4]`, best slot first."""
        table = ops.convert_to_numpy(self.table)
        marks = table[:, :SLOTS].astype(np.int64) * 256 + table[:, SLOTS : 2 * SLOTS]
        return marks, PAIRS[table[:, 2 * SLOTS :]].reshape(-1, SLOTS).astype(np.uint8)

    def write_slots(self, marks, level):
        """The inverse of `read_slots`."""
        table = np.concatenate([marks >> 8, marks & 255, packed(level)], axis=1)
        self.table.assign(table.astype(np.uint8))

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
    return ops.full(shape, 255, dtype=dtype)


def _whole_nats(shape, dtype=None):
    return ops.convert_to_tensor(np.resize(WHOLE_NATS, shape), dtype=dtype)
