"""How a `PinyinTransformer` writes: beam search, and what people call."""

import keras
from keras import ops

from keras_pinyin.decoding import beam_search
from keras_pinyin.models._tokens import BOS, NEVER, boundaries, masked
from keras_pinyin.text.keys import ANY

MAX_CONTEXT = 32
EVIDENCE, HEARING = 0.8, 0.3  # the best of a few on the development sets


class Search:
    """The part of `PinyinTransformer` that writes."""

    def search(
        self,
        context,
        keys,
        *,
        n_best=10,
        beams=None,
        shortlist=32,
        evidence=EVIDENCE,
        hearing=HEARING,
    ):
        """Beam search in the graph.

        Args:
            context: int32 `[batch, context_length]`, token ids to the left, padded on the left
                with 0.
            keys: int32 `[batch, length]`, key ids, padded on the right with 0.
            n_best: int, sentences to return.
            beams: int, beams to search with; at least `n_best`, and 16 by default.
            shortlist: int, hanzi per key that the encoder hands to the decoder.
            evidence: float, weight of what the memory says of the keys themselves: with it a
                beam whose written hanzi make the next key unlikely falls behind at once.
            hearing: float, weight of what the encoder alone says of a hanzi. Probabilities that are
                normalised step by step let a hanzi that fits the sound badly through wherever what
                is written leaves no other (label bias; Lafferty et al., 2001, "Conditional Random
                Fields").

        Returns:
            sentences: int32 `[batch, n_best, length]`. scores: float32 `[batch, n_best]`, natural
            logarithms.
        """
        beams = max(beams or 16, n_best)
        context, keys = ops.cast(context, "int32"), ops.cast(keys, "int32")
        batch, length = ops.shape(keys)[0], ops.shape(keys)[1]
        hanzi = ops.concatenate([context, ops.zeros_like(keys)], axis=1)
        encoded, pinyin, around, mask = self.encode(
            hanzi, ops.concatenate([ops.zeros_like(context), keys], axis=1)
        )
        first = ops.shape(context)[1]
        here, pinyin = encoded[:, first:], pinyin[:, first:]  # [batch, length, ...]
        # [batch, length, homophones]
        candidates = ops.cast(ops.take(self.allowed, keys, axis=0), "int32")
        heard, _ = self._hear(candidates, here, around[:, first:], hanzi, around)
        shortlist = min(shortlist, self.settings["homophones"])
        heard, place = ops.top_k(masked(heard, candidates > 0), shortlist)
        candidates = ops.take_along_axis(candidates, ops.cast(place, "int32"), axis=-1)
        heard = heard + ops.where(
            candidates > 0, ops.take(self.output_bias, candidates, axis=0), 0.0
        )

        alone = hearing * ops.log_softmax(ops.cast(masked(heard, candidates > 0), "float32"))

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
            x = self.embedding.hanzi_embedding(recent[:, -1:])
            x = x + ops.expand_dims(per_beam(_at(here, index)), 1)
            sounds = ops.expand_dims(per_beam(_at(pinyin, index)), 1)
            x, new = self._step(x, caches, fixed, sounds, mask, index)  # [batch * beams, dim]
            tokens = _at(candidates, index)  # [batch, 1, shortlist]
            legal, typed = tokens > 0, ops.expand_dims(_at(keys, index), -1) > 0
            tokens = per_beam(tokens)
            table = ops.transpose(ops.squeeze(_at(rows, index), 1), (0, 2, 1))
            logits = _at(heard, index) + ops.matmul(beamed(self.decoder_head(x)), table)
            gain = 0.0
            if self.memory is not None:
                remembered = beamed(self.memory(boundaries(recent), tokens, x))
                logits = logits + remembered
                gain = ops.logsumexp(masked(remembered, legal), axis=-1, keepdims=True)
            log_probs = ops.log_softmax(ops.cast(masked(logits, legal), "float32"))
            log_probs = log_probs + evidence * ops.cast(gain, "float32") + _at(alone, index)
            log_probs = masked(log_probs, legal)
            log_probs = ops.where(typed, log_probs, nothing)
            return ops.reshape(log_probs, (batch * beams, shortlist)), tokens, new

        history = self.memory.order - 1 if self.memory is not None else 1
        start = ops.pad(context, [[0, 0], [history, 0]], constant_values=0)[:, -history:]
        start = ops.where(start > 0, start, BOS)
        sentences, scores = beam_search(
            step,
            caches,
            batch_size=batch,
            length=length,
            beams=beams,
            start=start,
            history=history,
        )
        return sentences[:, :n_best], scores[:, :n_best]

    def next_hanzi(self, context, *, n_best=10):
        """The likeliest next hanzi after a context, when no key is given.

        Args:
            context: int32 `[batch, context_length]`, padded on the left with 0.

        Returns:
            hanzi: int32 `[batch, n_best]`. scores: float32 `[batch, n_best]`, natural logarithms.
        """
        context = ops.cast(context, "int32")
        batch = ops.shape(context)[0]
        keys = ops.full((batch, 1), ANY, dtype="int32")
        sentences, scores = self.search(
            context,
            keys,
            n_best=n_best,
            shortlist=self.settings["homophones"],
            evidence=0.0,
            hearing=0.0,
        )
        return sentences[:, :, 0], scores

    def generate(self, hanzi, *, length, n_best=1, beams=4):
        """Writes freely, for a model of `aligned=False`: the whole vocabulary at every step.

        Args:
            hanzi: int32 `[batch, source_length]`, the source, padded on the right with 0.
            length: int, the most tokens to write.
            n_best: int, sequences to return.
            beams: int.

        Returns:
            tokens: int32 `[batch, n_best, length]`, 0 after the end. scores: float32
            `[batch, n_best]`, natural logarithms.

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
        ended = ops.where(ops.arange(beams) == 0, 0.0, NEVER)  # one way to write nothing more

        def step(state, recent, index):
            caches, over = state
            x = self.embedding.hanzi_embedding(recent)
            x, caches = self._step(x, caches, fixed, self._pinyin_of(recent), mask, index)
            logits = self._vocabulary_logits(x)
            log_probs, tokens = ops.top_k(ops.log_softmax(ops.cast(logits, "float32")), beams)
            tokens = ops.where(over, 0, ops.cast(tokens, "int32"))
            log_probs = ops.where(over, ended, log_probs)
            return log_probs, tokens, (caches, over)

        def step_and_end(state, recent, index):
            # A sequence is over once it has written the token that begins one.
            caches, over = state
            written = ops.logical_or(recent == BOS, recent == 0)
            over = ops.logical_or(over, ops.logical_and(index > 0, written))
            return step((caches, over), recent, index)

        tokens, scores = beam_search(
            step_and_end,
            (caches, ops.zeros((batch * beams, 1), "bool")),
            batch_size=batch,
            length=length,
            beams=beams,
            start=ops.full((batch, 1), BOS, dtype="int32"),
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
            A list of (sentence, log-probability), best first.

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
        """What `search` gives for one input as (sentence, log-probability), without empty beams."""
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
