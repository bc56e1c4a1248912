"""How a `PinyinTransformer` writes: beam search, and what people call."""

import keras
from keras import ops

from keras_pinyin.decoding import beam_search
from keras_pinyin.models._tokens import BOS, COPIED, NEVER, boundaries, masked, windows
from keras_pinyin.text import FIRST_HANZI
from keras_pinyin.text.keys import ANY

MAX_CONTEXT = 32
FORETOLD = 3000  # most frequent hanzi that may come next when there is no key


class Search:
    """The part of `PinyinTransformer` that writes.

    A sentence is scored as a whole: what the encoder, the decoder and the memories say of each
    hanzi is added up and nowhere normalised, so that a hanzi which fits badly costs its path
    something even where what is written before leaves no better one (label bias; Lafferty et al.,
    2001, "Conditional Random Fields"; Andor et al., 2016, "Globally Normalized Transition-Based
    Neural Networks").
    """

    def search(self, context, keys, *, n_best=10, beams=None, shortlist=24):
        """Beam search in the graph.

        Args:
            context: int32 `[batch, context_length]`, token ids to the left, padded on the left
                with 0.
            keys: int32 `[batch, length]`, key ids, padded on the right with 0.
            n_best: int, sentences to return.
            beams: int, beams to search with; at least `n_best`, and 16 by default.
            shortlist: int, hanzi per key that the encoder hands to the decoder.

        Returns:
            sentences: int32 `[batch, n_best, length]`. scores: float32 `[batch, n_best]`, in nats;
            differences between them are logarithms of odds.
        """
        beams = max(beams or 16, n_best)
        context, keys = ops.cast(context, "int32"), ops.cast(keys, "int32")
        batch, length = ops.shape(keys)[0], ops.shape(keys)[1]
        step, caches, start = self._steps(context, keys, beams, shortlist)
        sentences, scores = beam_search(
            step,
            caches,
            batch_size=batch,
            length=length,
            beams=beams,
            start=start,
            history=self._reach(),
        )
        return sentences[:, :n_best], scores[:, :n_best]

    def next_hanzi(self, context, *, n_best=10):
        """The likeliest next hanzi after a context, when no key is given.

        Args:
            context: int32 `[batch, context_length]`, padded on the left with 0.

        Returns:
            hanzi: int32 `[batch, n_best]`. scores: float32 `[batch, n_best]`, natural logarithms
            of probabilities.
        """
        context = ops.cast(context, "int32")
        batch = ops.shape(context)[0]
        if self.memory is None:
            keys = ops.full((batch, 1), ANY, dtype="int32")
            step, caches, start = self._steps(context, keys, 1, self.settings["homophones"])
            scores, tokens, _ = step(caches, start, ops.convert_to_tensor(0, "int32"))
        else:
            # What is written tells more than a network that was hardly ever asked without a key:
            # the memory alone, with the trust in it that does not depend on a state.
            state = ops.zeros((batch, self.settings["dim"]), dtype=self.compute_dtype)
            last = min(FIRST_HANZI + FORETOLD, self.settings["hanzi_size"])
            tokens = ops.expand_dims(ops.arange(FIRST_HANZI, last, dtype="int32"), 0)
            tokens = ops.broadcast_to(tokens, (batch, last - FIRST_HANZI))
            scores = self.memory(boundaries(self._before(context)), tokens, state)
        scores, place = ops.top_k(ops.log_softmax(ops.cast(scores, "float32")), n_best)
        return ops.take_along_axis(tokens, ops.cast(place, "int32"), axis=-1), scores

    def _read(self, context, keys):
        """The encoder's part of a conversion; what is returned begins at the first key."""
        hanzi = ops.concatenate([context, ops.zeros_like(keys)], axis=1)
        encoded, pinyin, around, mask = self.encode(
            hanzi, ops.concatenate([ops.zeros_like(context), keys], axis=1)
        )
        first = ops.shape(context)[1]
        here, pinyin = encoded[:, first:], pinyin[:, first:]  # [batch, length, ...]

        def hear(candidates):
            """Scores `[batch, length, n]` of candidates, and their embeddings."""
            heard, rows = self._hear(candidates, here, around[:, first:], hanzi, around)
            return heard + ops.take(self.output_bias, candidates, axis=0), rows

        def relate(heard, candidates):
            return self._relate(heard, candidates, around[:, first:], hanzi)

        return encoded, mask, here, pinyin, hear, relate

    def _reach(self):
        """How many tokens a step looks back at."""
        return self.memory.order - 1 if self.memory is not None else 1

    def _before(self, context):
        """The tokens before the first key that steps look back at, `[batch, reach]`."""
        reach = self._reach()
        start = ops.pad(context, [[0, 0], [reach, 0]], constant_values=0)[:, -reach:]
        start = ops.reshape(start, (ops.shape(context)[0], reach))  # its length is known
        return ops.where(start > 0, start, BOS)

    def _steps(self, context, keys, beams, shortlist):
        """The step function of a beam search, its state, and the tokens it starts from."""
        batch, length = ops.shape(keys)[0], ops.shape(keys)[1]
        encoded, mask, here, pinyin, hear, relate = self._read(context, keys)
        candidates = self.allowed(keys)  # [batch, length, homophones]
        heard, _ = hear(candidates)
        shortlist = min(shortlist, self.settings["homophones"])
        heard, place = ops.top_k(masked(heard, candidates > 0), shortlist)
        candidates = ops.take_along_axis(candidates, ops.cast(place, "int32"), axis=-1)
        heard = relate(heard, candidates)  # too slow to ask it of all that a key allows
        # The beams of an input share its candidates and what they attend to.
        rows = self._rows(candidates)  # [batch, length, shortlist, dim]
        fixed, caches = self._empty_caches(batch * beams, length, encoded)
        nothing = ops.where(ops.arange(shortlist) == 0, 0.0, NEVER)  # what padding is written with

        def beamed(x):
            """`[batch * beams, ...]` to `[batch, beams, ...]`."""
            return ops.reshape(x, (batch, beams, *ops.shape(x)[1:]))

        def per_beam(x):
            """`[batch, 1, ...]` to `[batch * beams, ...]`."""
            rest = ops.shape(x)[2:]
            x = ops.broadcast_to(x, (batch, beams, *rest))
            return ops.reshape(x, (batch * beams, *rest))

        def step(caches, recent, index):
            x = self._decoder_input(recent[:, -1:], ops.expand_dims(per_beam(_at(here, index)), 1))
            sounds = ops.expand_dims(per_beam(_at(pinyin, index)), 1)
            x, new = self._step(x, caches, fixed, sounds, mask, index)  # [batch * beams, dim]
            tokens = _at(candidates, index)  # [batch, 1, shortlist]
            legal, typed = tokens > 0, ops.expand_dims(_at(keys, index), -1) > 0
            tokens = per_beam(tokens)
            table = ops.transpose(ops.squeeze(_at(rows, index), 1), (0, 2, 1))
            scores = _at(heard, index) + ops.matmul(beamed(self.decoder_head(x)), table)
            if self.memory is not None:
                scores = scores + beamed(self.memory(boundaries(recent), tokens, x))
            scores = masked(ops.cast(scores, "float32"), legal)
            scores = ops.where(typed, scores, nothing)
            return ops.reshape(scores, (batch * beams, shortlist)), tokens, new

        return step, caches, self._before(context)

    def score_paths(self, context, keys, paths):
        """What every hanzi of known sentences adds to the score that `search` gives them.

        Args:
            context: int32 `[batch, context_length]`, as in `search`.
            keys: int32 `[batch, length]`.
            paths: int32 `[batch, n, length]`, hanzi that the keys allow.

        Returns:
            float32 `[batch, n, length]`, 0 where there is no key.
        """
        context, keys, paths = (ops.cast(x, "int32") for x in (context, keys, paths))
        batch, count, length = ops.shape(paths)
        encoded, mask, here, pinyin, hear, relate = self._read(context, keys)
        candidates = ops.transpose(paths, (0, 2, 1))
        heard, rows = hear(candidates)  # [batch, length, n]
        heard = relate(heard, candidates)

        def per_path(x):
            """`[batch, ...]` to `[batch * n, ...]`."""
            return ops.repeat(x, count, axis=0)

        written = ops.reshape(paths, (batch * count, length))
        recent = ops.concatenate([per_path(self._before(context)), written], axis=1)
        back = self._reach()
        x = self._decoder_input(recent[:, back - 1 : -1], per_path(here))
        for layer in self.decoder:
            x = layer(
                x,
                encoded,
                pinyin=per_path(pinyin),
                mask=per_path(keys > 0),
                encoder_mask=mask,
            )
        x = self.decoder_norm(x)  # [batch * n, length, dim]
        said = ops.reshape(self.decoder_head(x), (batch, count, length, -1))
        said = ops.sum(said * ops.transpose(rows, (0, 2, 1, 3)), axis=-1)
        scores = ops.transpose(heard, (0, 2, 1)) + said
        if self.memory is not None:
            history = windows(boundaries(recent), back)
            remembered = self.memory(history, ops.expand_dims(written, -1), x)
            scores = scores + ops.reshape(remembered, (batch, count, length))
        typed = ops.cast(ops.expand_dims(keys > 0, 1), "float32")
        return ops.cast(scores, "float32") * typed

    def generate(self, hanzi, *, length, n_best=1, beams=4, reward=1.0):
        """Writes freely, for a model of `aligned=False`: the whole vocabulary at every step.

        Args:
            hanzi: int32 `[batch, source_length]`, the source, padded on the right with 0.
            length: int, the most tokens to write.
            n_best: int, sequences to return.
            beams: int.
            reward: float, nats that each token is worth, up to as many as the source has: without
                any a search prefers short texts, without a bound it never ends (Huang et al., 2017,
                "When to Finish? Optimal Beam Search for Neural Text Generation").

        Returns:
            tokens: int32 `[batch, n_best, length]`, 0 after the end. scores: float32
            `[batch, n_best]`, natural logarithms, with the rewards.

        Raises:
            ValueError: if the model is aligned; `search` converts its keys.
        """
        if self.settings["aligned"]:
            raise ValueError("This model writes one hanzi per key: use search or convert.")
        beams = max(beams, n_best)
        hanzi = ops.cast(hanzi, "int32")
        batch = ops.shape(hanzi)[0]
        encoded, _, _, mask = self.encode(hanzi, ops.zeros_like(hanzi))
        fixed, caches = self._empty_caches(batch * beams, length, encoded)
        write = self._writer(hanzi, encoded)
        worth = ops.where(ops.arange(self.settings["hanzi_size"]) == BOS, 0.0, float(reward))
        size = ops.repeat(ops.sum(ops.cast(hanzi > 0, "int32"), axis=1, keepdims=True), beams, 0)
        ended = ops.where(ops.arange(beams) == 0, 0.0, NEVER)  # one way to write nothing more

        def step(state, recent, index):
            caches, over = state
            last = recent[:, -1:]
            # A sequence is over once it has written the token that begins one.
            written = ops.logical_or(last == BOS, last == 0)
            over = ops.logical_or(over, ops.logical_and(index > 0, written))
            x = self.embedding.hanzi_embedding(last)
            x, caches = self._step(x, caches, fixed, self._pinyin_of(last), mask, index)
            # The beams of an input share its source.
            log_probs = write(
                ops.reshape(x, (batch, beams, self.settings["dim"])),
                ops.reshape(recent, (batch, beams, COPIED)),
            )
            log_probs = ops.reshape(log_probs, (batch * beams, self.settings["hanzi_size"]))
            log_probs = ops.cast(log_probs, "float32") + ops.where(index < size, worth, 0.0)
            log_probs, tokens = ops.top_k(log_probs, beams)
            tokens = ops.where(over, 0, ops.cast(tokens, "int32"))
            log_probs = ops.where(over, ended, log_probs)
            return log_probs, tokens, (caches, over)

        tokens, scores = beam_search(
            step,
            (caches, ops.zeros((batch * beams, 1), "bool")),
            batch_size=batch,
            length=length,
            beams=beams,
            start=ops.full((batch, COPIED), BOS, dtype="int32"),
            history=COPIED,
        )
        tokens = ops.where(tokens == BOS, 0, tokens)
        return tokens[:, :n_best], scores[:, :n_best]

    def _empty_caches(self, rows, length, encoded):
        """What the steps of each decoder layer never change, and what they write."""
        fixed, caches = [], []
        for layer in self.decoder:
            cache = layer.empty_cache(rows, length, encoded)
            fixed.append(cache.pop("cross"))
            caches.append(cache)
        return fixed, caches

    def _step(self, x, caches, fixed, pinyin, mask, index):
        """One position through the decoder: its state `[rows, dim]`, and the caches."""
        new = []
        for layer, cache, cross in zip(self.decoder, caches, fixed):
            x, cache = layer(
                x,
                None,
                pinyin=pinyin,
                encoder_mask=mask,
                cache={**cache, "cross": cross},
                cache_index=index,
            )
            cache.pop("cross")
            new.append(cache)
        return ops.squeeze(self.decoder_norm(x), 1), new

    def convert(self, context, keys, *, n_best=10, **options):
        """Converts one input.

        Args:
            context: str, the text to the left; "" for none.
            keys: str of keys separated by spaces or apostrophes, or a list of keys.
            n_best: int, how many sentences.
            options: further arguments of `search`.

        Returns:
            A list of (sentence, score), best first.

        Raises:
            ValueError: if a key is unknown, there is none, or there are too many.
        """
        if keras.backend.backend() == "jax":
            # There an eager loop is compiled anew at every call.
            from keras_pinyin.models.converter import Converter

            # Past Keras's tracking of attributes: it is no part of the model.
            known = self.__dict__.setdefault("_converters", {})
            kind = (n_best, *sorted(options.items()))
            if kind not in known:
                known[kind] = Converter(self, n_best, **options)
            return known[kind].convert_all([(context, keys)], batch_size=1)[0]
        context, keys = self.parse(context, keys)
        sentences, scores = self.search(context[None], keys[None], n_best=n_best, **options)
        return self.readable(ops.convert_to_numpy(sentences)[0], ops.convert_to_numpy(scores)[0])

    def readable(self, sentences, scores):
        """What `search` gives for one input as (sentence, score), without empty beams."""
        return [
            (self.lexicon.vocabulary.decode(ids), float(score))
            for ids, score in zip(sentences, scores)
            if score > NEVER / 2
        ]

    def parse(self, context, keys):
        """Ids of a context (its last 32 tokens) and of keys, int32 vectors; raises as `convert`."""
        lexicon = self._lexicon()
        keys = lexicon.keys.parse(keys)
        limit = self.settings["max_length"] - MAX_CONTEXT
        if not 0 < len(keys) <= limit:
            raise ValueError(
                f"{len(keys)} keys given, but a conversion takes 1 to {limit}: "
                "convert longer input in parts, each the context of the next."
            )
        return lexicon.vocabulary.encode(context)[-MAX_CONTEXT:].astype("int32"), keys

    def _lexicon(self):
        if self.lexicon is None:
            raise ValueError("This model has no lexicon: call set_lexicon with the one it learned.")
        return self.lexicon


def _at(x, index):
    """One position of `[batch, length, ...]`, as `[batch, 1, ...]`."""
    return ops.take(x, ops.expand_dims(index, 0), axis=1)
