"""The encoder-decoder that turns keys into hanzi."""

import json
import os
import shutil
from pathlib import Path

import keras
from keras import ops

from keras_pinyin.decoding import beam_search
from keras_pinyin.layers import (
    NGramEmbedding,
    NGramMemory,
    PinyinDecoderLayer,
    PinyinEmbedding,
    PinyinEncoderLayer,
)
from keras_pinyin.models.presets import SIZES
from keras_pinyin.models.weights import find_preset, load_half, save_half
from keras_pinyin.text import FIRST_HANZI, Lexicon
from keras_pinyin.text.keys import ANY

MASK, BOS = 1, 2
MAX_CONTEXT = 32
LAST_TRANSPARENT = 5  # ids up to here (numbers and latin among them) do not end a context
NEVER = -1e9


@keras.saving.register_keras_serializable(package="keras_pinyin")
class PinyinTransformer(keras.Model):
    """Converts pinyin keys to hanzi, given the text to the left.

    One sequence goes in: the hanzi of the left context, then the keys. The encoder mixes heads of
    four kinds (`MixedAttention`) over the sum of hanzi, pinyin and position embeddings and of a
    trained n-gram memory of the keys. The decoder writes one hanzi per key: it receives the
    encoder's state of the position that it is about to write, attends to what is written and to
    the encoder, and adds what a counted n-gram memory of written hanzi says. The softmax covers
    the hanzi that the key allows.

    For sequence-to-sequence tasks without that alignment (translation, question answering) pass
    `aligned=False`: `call` then takes `target` tokens and scores the whole vocabulary.

    Args:
        hanzi_size: int, token ids of the vocabulary.
        key_size: int, ids of keys.
        feature_sizes: four ints, sizes of initial, final, tone and syllable ids.
        homophones: int, the most hanzi that a key allows.
        dim: int, width of the model.
        encoder_layers, decoder_layers: int.
        ffn_dim, decoder_ffn_dim: int, inner widths of the feed-forward blocks.
        attention: dict, arguments of `MixedAttention`.
        key_memory_rows, key_memory_dim: int, the trained memory of key n-grams; 0 rows for none.
        memory_slots: int, slots of the counted n-gram memory; 0 for none.
        max_length: int, positions of context and keys together.
        dropout: float.
        aligned: bool, see above.
        use_pinyin: bool, False leaves the pinyin parts out of the embedding (for the ablation;
            the syllable itself stays).

    Call arguments:
        inputs: dict of int32 tensors `[batch, length]`: `hanzi`, the text (at keys: the hanzi to
            be learned, which only the decoder sees, one position later); `keys`, 0 at context and
            padding; and `candidates` `[batch, length, n]`, the hanzi to score, 0 for none. With
            `aligned=False`: `hanzi`, `keys` and `target` `[batch, target_length]`.

    Returns:
        dict of float logits `[batch, length, n]`: `hanzi`, the model's, and `encoder`, those of
        the encoder alone, for an auxiliary loss. With `aligned=False` only `hanzi`,
        `[batch, target_length, hanzi_size]`.

    Example:
        >>> from keras_pinyin.text import Lexicon
        >>> model = PinyinTransformer.from_lexicon(Lexicon.default(), "nano")
        >>> model.convert("", "ni hao", n_best=2)[0][0]  # untrained: any two hanzi of that sound
        '...'
    """

    def __init__(
        self,
        *,
        hanzi_size,
        key_size,
        feature_sizes,
        homophones,
        dim,
        encoder_layers,
        decoder_layers,
        ffn_dim,
        decoder_ffn_dim,
        attention,
        key_memory_rows=0,
        key_memory_dim=32,
        memory_slots=0,
        max_length=128,
        dropout=0.0,
        aligned=True,
        use_pinyin=True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.settings = dict(
            hanzi_size=hanzi_size,
            key_size=key_size,
            feature_sizes=list(feature_sizes),
            homophones=homophones,
            dim=dim,
            encoder_layers=encoder_layers,
            decoder_layers=decoder_layers,
            ffn_dim=ffn_dim,
            decoder_ffn_dim=decoder_ffn_dim,
            attention=dict(attention),
            key_memory_rows=key_memory_rows,
            key_memory_dim=key_memory_dim,
            memory_slots=memory_slots,
            max_length=max_length,
            dropout=dropout,
            aligned=aligned,
            use_pinyin=use_pinyin,
        )
        self.lexicon = None
        self.embedding = PinyinEmbedding(
            hanzi_size=hanzi_size,
            initial_size=feature_sizes[0],
            final_size=feature_sizes[1],
            tone_size=feature_sizes[2],
            syllable_size=feature_sizes[3],
            output_dim=dim,
            max_length=max_length,
            features={"typed": 2},
            dropout=dropout,
            name="embedding",
        )
        self.key_memory = None
        if key_memory_rows:
            self.key_memory = NGramEmbedding(
                key_memory_rows, key_memory_dim, dim, name="key_memory"
            )
        self.encoder = [
            PinyinEncoderLayer(**attention, ffn_dim=ffn_dim, dropout=dropout, name=f"encoder_{i}")
            for i in range(encoder_layers)
        ]
        self.encoder_norm = keras.layers.LayerNormalization(epsilon=1e-5, name="encoder_norm")
        self.decoder = [
            PinyinDecoderLayer(
                **attention, ffn_dim=decoder_ffn_dim, dropout=dropout, name=f"decoder_{i}"
            )
            for i in range(decoder_layers)
        ]
        self.decoder_norm = keras.layers.LayerNormalization(epsilon=1e-5, name="decoder_norm")
        self.encoder_head = keras.layers.Dense(dim, use_bias=False, name="encoder_head")
        self.decoder_head = keras.layers.Dense(dim, use_bias=False, name="decoder_head")
        self.memory = None
        if memory_slots and aligned:
            self.memory = NGramMemory(hanzi_size, memory_slots, name="memory")

    def build(self, input_shape=None):
        settings = self.settings
        size, keys, dim = settings["hanzi_size"], settings["key_size"], settings["dim"]
        # Tables of the lexicon travel with the weights, so that a graph is self-contained.
        self.key_features = self._table("key_features", (keys, 4))
        self.hanzi_key = self._table("hanzi_key", (size,))
        self.allowed = self._table("allowed", (keys, settings["homophones"]))
        self.output_bias = self.add_weight(name="output_bias", shape=(size,), initializer="zeros")
        sequence = (None, None)
        names = ("hanzi", "initial", "final", "tone", "syllable", "typed")
        self.embedding.build({name: sequence for name in names})
        if self.key_memory is not None:
            self.key_memory.build(sequence)
        state = (None, None, dim)
        for layer in self.encoder:
            layer.build(state, state)
        for layer in self.decoder:
            layer.build(state, state, state)
        for layer in (self.encoder_norm, self.decoder_norm, self.encoder_head, self.decoder_head):
            layer.build(state)
        if self.memory is not None:
            self.memory.build((None, None, self.memory.order - 1), (None, None, 1), state)
        self.built = True

    def _table(self, name, shape):
        return self.add_weight(
            name=name, shape=shape, dtype="int32", initializer="zeros", trainable=False
        )

    # Encoder

    def encode(self, hanzi, keys, training=None):
        """Encoder states `[batch, length, dim]`, the pinyin parts, and the padding mask."""
        hanzi, keys = ops.cast(hanzi, "int32"), ops.cast(keys, "int32")
        typed = keys > 0
        mask = ops.logical_or(typed, hanzi > 0)  # [batch, length]
        shown = ops.where(typed, MASK, hanzi)
        sounding = ops.where(typed, keys, ops.take(self.hanzi_key, hanzi, axis=0))
        features = ops.take(self.key_features, sounding, axis=0)  # [batch, length, 4]
        # Positions count real tokens only: padding on the left of a context moves nothing.
        position = ops.maximum(ops.cumsum(ops.cast(mask, "int32"), axis=1) - 1, 0)
        inputs = {
            "hanzi": shown,
            "typed": ops.cast(typed, "int32"),
            "syllable": features[..., 3],
            "position": position,
        }
        for i, name in enumerate(("initial", "final", "tone")):
            part = features[..., i]
            inputs[name] = part if self.settings["use_pinyin"] else ops.zeros_like(part)
        x = self.embedding(inputs, training=training)
        pinyin = self.embedding.pinyin(inputs)
        if self.key_memory is not None:
            # Hanzi come after the syllables; padding is 0, as what lies beyond the ends is.
            known = ops.where(hanzi > 0, hanzi + self.settings["feature_sizes"][3], 0)
            x = x + self.key_memory(ops.where(typed, features[..., 3], known))
        for layer in self.encoder:
            x = layer(x, pinyin=pinyin, mask=mask, training=training)
        return self.encoder_norm(x), pinyin, mask

    # Training

    def call(self, inputs, training=None):
        hanzi, keys = ops.cast(inputs["hanzi"], "int32"), ops.cast(inputs["keys"], "int32")
        encoded, pinyin, mask = self.encode(hanzi, keys, training=training)
        if not self.settings["aligned"]:
            return self._call_unaligned(inputs["target"], encoded, mask, training)
        candidates = ops.cast(inputs["candidates"], "int32")
        before = ops.pad(hanzi[:, :-1], [[0, 0], [1, 0]], constant_values=BOS)
        x = self.embedding.hanzi_embedding(before) + encoded
        typed = keys > 0
        for layer in self.decoder:
            x = layer(x, encoded, pinyin=pinyin, mask=typed, encoder_mask=mask, training=training)
        x = self.decoder_norm(x)
        table = self._rows(candidates)  # [batch, length, candidates, dim]
        heard = self._score(table, self.encoder_head(encoded))
        logits = heard + self._score(table, self.decoder_head(x))
        logits = logits + ops.take(self.output_bias, candidates, axis=0)
        if self.memory is not None:
            logits = logits + self.memory(self._history(hanzi), candidates, x)
        legal = candidates > 0
        return {
            "hanzi": _masked(logits, legal),
            "encoder": _masked(heard, legal),
        }

    def _call_unaligned(self, target, encoded, mask, training):
        target = ops.cast(target, "int32")
        before = ops.pad(target[:, :-1], [[0, 0], [1, 0]], constant_values=BOS)
        x = self.embedding.hanzi_embedding(before)
        pinyin = self._pinyin_of(before)
        for layer in self.decoder:
            x = layer(
                x, encoded, pinyin=pinyin, mask=target > 0, encoder_mask=mask, training=training
            )
        return {"hanzi": self._vocabulary_logits(self.decoder_norm(x))}

    def _pinyin_of(self, hanzi):
        features = ops.take(self.key_features, ops.take(self.hanzi_key, hanzi, axis=0), axis=0)
        names = ("initial", "final", "tone", "syllable")
        return self.embedding.pinyin({name: features[..., i] for i, name in enumerate(names)})

    def _vocabulary_logits(self, state):
        table = ops.cast(self.embedding.hanzi_embedding.embeddings, state.dtype)
        return ops.matmul(self.decoder_head(state), ops.transpose(table)) + self.output_bias

    def _rows(self, candidates):
        return ops.cast(self.embedding.hanzi_embedding(candidates), self.compute_dtype)

    def _score(self, table, state):
        """Dot products of candidate rows `[..., n, dim]` and states `[..., dim]`."""
        return ops.squeeze(ops.matmul(table, ops.expand_dims(state, -1)), -1)

    def _history(self, hanzi):
        """The tokens that the memory looks back at, `[batch, length, order - 1]`."""
        size = self.memory.order - 1
        length = ops.shape(hanzi)[1]
        padded = ops.pad(_boundaries(hanzi), [[0, 0], [size, 0]], constant_values=BOS)
        return ops.stack([padded[:, i : i + length] for i in range(size)], axis=-1)

    def compile_for_conversion(self, optimizer, encoder_weight=0.5, **options):
        """`compile` with the losses and metrics of conversion, for batches of `data.examples`.

        Args:
            optimizer: a Keras optimizer.
            encoder_weight: float, weight of the loss on the encoder alone.
            options: further arguments of `compile`.
        """
        outputs = ("hanzi", "encoder")
        if keras.backend.backend() == "tensorflow":
            options.setdefault("jit_compile", False)  # XLA on a CPU compiles for minutes there
        self.compile(
            optimizer=optimizer,
            loss={
                name: keras.losses.SparseCategoricalCrossentropy(from_logits=True)
                for name in outputs
            },
            loss_weights={"hanzi": 1.0, "encoder": encoder_weight},
            weighted_metrics={
                name: [keras.metrics.SparseCategoricalAccuracy(name="accuracy")] for name in outputs
            },
            **options,
        )

    # Decoding

    def search(self, context, keys, *, n_best=10, beams=None, shortlist=32, evidence=1.0):
        """Beam search in the graph.

        Args:
            context: int32 `[batch, context_length]`, token ids to the left, padded on the left
                with 0.
            keys: int32 `[batch, length]`, key ids, padded on the right with 0.
            n_best: int, sentences to return.
            beams: int, beams to search with; at least `n_best`, which is the default.
            shortlist: int, hanzi per key that the encoder hands to the decoder.
            evidence: float, weight of what the memory says of the keys themselves: with it a
                beam whose written hanzi make the next key unlikely falls behind at once.

        Returns:
            sentences: int32 `[batch, n_best, length]`. scores: float32 `[batch, n_best]`, natural
            logarithms.
        """
        beams = max(beams or n_best, n_best)
        context, keys = ops.cast(context, "int32"), ops.cast(keys, "int32")
        batch, length = ops.shape(keys)[0], ops.shape(keys)[1]
        hanzi = ops.concatenate([context, ops.zeros_like(keys)], axis=1)
        encoded, pinyin, mask = self.encode(
            hanzi, ops.concatenate([ops.zeros_like(context), keys], axis=1)
        )
        first = ops.shape(context)[1]
        here = encoded[:, first:]  # [batch, length, dim]
        candidates = ops.take(self.allowed, keys, axis=0)  # [batch, length, homophones]
        heard = self._hear(candidates, self.encoder_head(here))
        shortlist = min(shortlist, self.settings["homophones"])
        heard, place = ops.top_k(_masked(heard, candidates > 0), shortlist)
        candidates = ops.take_along_axis(candidates, ops.cast(place, "int32"), axis=-1)
        heard = heard + ops.where(
            candidates > 0, ops.take(self.output_bias, candidates, axis=0), 0.0
        )

        def per_beam(x):
            shape = ops.shape(x)
            x = ops.repeat(ops.expand_dims(x, 1), beams, axis=1)
            return ops.reshape(x, (batch * beams, *shape[1:]))

        encoded, here, pinyin, mask = map(per_beam, (encoded, here, pinyin[:, first:], mask))
        candidates, heard, keys = per_beam(candidates), per_beam(heard), per_beam(keys)
        nothing = ops.where(ops.arange(shortlist) == 0, 0.0, NEVER)  # what padding is written with
        fixed, caches = [], []
        for layer in self.decoder:
            cache = layer.empty_cache(batch * beams, length, encoded)
            fixed.append(cache.pop("cross"))
            caches.append(cache)

        def step(caches, recent, index):
            x = self.embedding.hanzi_embedding(recent[:, -1:]) + _at(here, index)
            new = []
            for layer, cache, cross in zip(self.decoder, caches, fixed):
                x, cache = layer(
                    x,
                    None,
                    pinyin=_at(pinyin, index),
                    encoder_mask=mask,
                    cache={**cache, "cross": cross},
                    cache_index=index,
                )
                cache.pop("cross")
                new.append(cache)
            x = ops.squeeze(self.decoder_norm(x), 1)  # [batch * beams, dim]
            tokens = ops.squeeze(_at(candidates, index), 1)  # [batch * beams, shortlist]
            logits = ops.squeeze(_at(heard, index), 1)
            logits = logits + self._score(self._rows(tokens), self.decoder_head(x))
            gain = 0.0
            if self.memory is not None:
                remembered = self.memory(_boundaries(recent), tokens, x)
                logits = logits + remembered
                gain = ops.logsumexp(_masked(remembered, tokens > 0), axis=-1, keepdims=True)
            log_probs = ops.log_softmax(ops.cast(_masked(logits, tokens > 0), "float32"))
            log_probs = log_probs + evidence * ops.cast(gain, "float32")
            log_probs = _masked(log_probs, tokens > 0)
            return ops.where(_at(keys, index) > 0, log_probs, nothing), tokens, new

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

    def _hear(self, candidates, state):
        return self._score(self._rows(candidates), state)

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
        )
        return sentences[:, :, 0], scores

    # What people call

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
        context, keys = self.parse(context, keys)
        sentences, scores = self.search(context[None], keys[None], n_best=n_best, **options)
        sentences, scores = ops.convert_to_numpy(sentences)[0], ops.convert_to_numpy(scores)[0]
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

    # Making, saving, loading

    @staticmethod
    def sizes(preset):
        """The settings of a size: "nano", "small" or "base"."""
        if preset not in SIZES:
            raise ValueError(f"There is no size {preset!r}: choose from {', '.join(SIZES)}.")
        return SIZES[preset]["config"]

    @classmethod
    def from_lexicon(cls, lexicon, preset="small", **changes):
        """A new model of a preset's size for a `Lexicon`; `changes` replace single settings."""
        keys = lexicon.keys
        model = cls(
            **{
                **cls.sizes(preset),
                "hanzi_size": len(lexicon.vocabulary),
                "key_size": len(keys),
                "feature_sizes": keys.feature_sizes,
                "homophones": int(lexicon.candidates().shape[1]),
                **changes,
            }
        )
        model.build()
        model.set_lexicon(lexicon)
        return model

    def set_lexicon(self, lexicon):
        """Writes the tables of a `Lexicon` into the model.

        Raises:
            ValueError: if the lexicon is of another size than the model.
        """
        sizes = (len(lexicon.vocabulary), len(lexicon.keys))
        mine = (self.settings["hanzi_size"], self.settings["key_size"])
        if sizes != mine:
            raise ValueError(
                f"The lexicon has {sizes[0]} tokens and {sizes[1]} keys, the model {mine[0]} and "
                f"{mine[1]}: use the lexicon that was saved with the model."
            )
        self.lexicon = lexicon
        self.key_features.assign(lexicon.keys.features)
        self.hanzi_key.assign(lexicon.main_keys)
        self.allowed.assign(lexicon.candidates())

    def save_to_preset(self, folder):
        """Writes config, weights (half precision) and lexicon; a good folder is never left half."""
        folder = Path(folder)
        part = folder.with_name(folder.name + f".part{os.getpid()}")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            config = keras.saving.serialize_keras_object(self)
            (part / "config.json").write_text(json.dumps(config, indent=1) + "\n")
            save_half(self, part / "model.weights.npz")
            self._lexicon().save(part / "lexicon.tsv")
            if folder.exists():
                for other in folder.iterdir():  # the card and figures stay
                    if not (part / other.name).exists():
                        other.rename(part / other.name)
                shutil.rmtree(folder)
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    @classmethod
    def from_preset(cls, preset, load_weights=True):
        """Loads a model from a folder that `save_to_preset` wrote, or a released name.

        Raises:
            ValueError: if there is no such preset, or its weights are of another shape.
        """
        folder = find_preset(preset)
        model = keras.saving.deserialize_keras_object(
            json.loads((folder / "config.json").read_text())
        )
        if not model.built:
            model.build()
        if load_weights:
            load_half(model, folder / "model.weights.npz")
        model.set_lexicon(Lexicon.load(folder / "lexicon.tsv"))
        return model

    def get_config(self):
        return {**super().get_config(), **self.settings}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def _at(x, index):
    """One position of `[batch, length, ...]`, as `[batch, 1, ...]`."""
    return ops.take(x, ops.expand_dims(index, 0), axis=1)


def _boundaries(tokens):
    """Punctuation becomes the boundary token that counted contexts start with."""
    inside = ops.logical_and(tokens > LAST_TRANSPARENT, tokens < FIRST_HANZI)
    inside = ops.logical_or(inside, tokens < BOS)
    return ops.where(inside, BOS, tokens)


def _masked(scores, legal):
    return ops.where(
        legal, scores, ops.cast(NEVER if scores.dtype != "float16" else -6e4, scores.dtype)
    )
