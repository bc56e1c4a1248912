"""The encoder-decoder that turns keys into hanzi."""

import keras
from keras import ops

from keras_pinyin.layers import (
    ContextMemory,
    CopyHead,
    NGramEmbedding,
    NGramMemory,
    PinyinDecoderLayer,
    PinyinEmbedding,
    PinyinEncoderLayer,
    TopicMemory,
)
from keras_pinyin.models._saving import Presets
from keras_pinyin.models._search import Search
from keras_pinyin.models._tokens import BOS, COPIED, MASK, boundaries, history, masked
from keras_pinyin.text import FIRST_HANZI
from keras_pinyin.text.keys import ANY


@keras.saving.register_keras_serializable(package="keras_pinyin")
class PinyinTransformer(Search, Presets, keras.Model):
    """Converts pinyin keys to hanzi, given the text to the left.

    One sequence goes in: the hanzi of the left context, then the keys. The encoder mixes heads of
    four kinds (`MixedAttention`) over the sum of hanzi, pinyin and position embeddings and of a
    trained n-gram memory of the keys. The decoder writes one hanzi per key: it receives the
    encoder's state of the position that it is about to write, attends to what is written and to
    the encoder, and adds what a counted n-gram memory of written hanzi says. The softmax covers
    the hanzi that the key allows.

    For sequence-to-sequence tasks without that alignment (translation, question answering) pass
    `aligned=False`: `call` then takes `target` tokens and scores the whole vocabulary, and what the
    source says (`CopyHead`).

    Args:
        hanzi_size: int, token ids of the vocabulary.
        key_size: int, ids of keys.
        feature_sizes: four ints, sizes of initial, final, tone and syllable ids.
        homophones: int, the most hanzi that a key allows.
        legal_pairs: int, the hanzi of all keys together.
        dim: int, width of the model.
        encoder_layers, decoder_layers: int.
        ffn_dim, decoder_ffn_dim: int, inner widths of the feed-forward blocks.
        attention: dict, arguments of `MixedAttention`, in the encoder.
        decoder_attention: dict, the same and `cross_heads` in the decoder, which runs once a beam
            and step; like the encoder's by default.
        key_memory_rows, key_memory_dim: int, the trained memory of key n-grams; 0 rows for none.
        memory_slots: int, slots of the counted memory of written n-grams; 0 for none.
        sound_memory_slots: int, slots of the counted memory of hanzi among syllables; 0 for none.
        context_memory: bool, whether hanzi of the left context are likelier to come again.
        topic_rows, topics: int, the memory of what texts are about; 0 rows for none.
        max_length: int, positions of context and keys together.
        dropout: float.
        aligned: bool, see above.
        use_pinyin: bool, False leaves the pinyin parts out of the embedding (for the ablation;
            the syllable itself stays).
        pinyin_head: bool, whether the encoder can also tell readings (masked pinyin).

    Call arguments:
        inputs: dict of int32 tensors `[batch, length]`: `hanzi`, the text (at keys: the hanzi to
            be learned, which only the decoder sees, one position later); `keys`, 0 at context and
            padding; and `candidates` `[batch, length, n]`, the hanzi to score, 0 for none.
            Optionally `offsets`, float of that shape, added to their scores; and for the pinyin
            head `readings` `[batch, length, m]`, keys to score where the pinyin is hidden, 0 for
            none and where it is shown. With `aligned=False`: `hanzi`, `keys` and `target`
            `[batch, target_length]`.

    Returns:
        dict of float logits `[batch, length, n]`: `hanzi`, the model's, and `encoder`, those of
        the encoder alone, for an auxiliary loss; with `readings` also `pinyin`,
        `[batch, length, m]`. With `aligned=False` only `hanzi`,
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
        legal_pairs,
        dim,
        encoder_layers,
        decoder_layers,
        ffn_dim,
        decoder_ffn_dim,
        attention,
        decoder_attention=None,
        key_memory_rows=0,
        key_memory_dim=32,
        memory_slots=0,
        sound_memory_slots=0,
        context_memory=False,
        topic_rows=0,
        topics=32,
        max_length=128,
        dropout=0.0,
        aligned=True,
        use_pinyin=True,
        pinyin_head=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.settings = dict(
            hanzi_size=hanzi_size,
            key_size=key_size,
            feature_sizes=list(feature_sizes),
            homophones=homophones,
            legal_pairs=legal_pairs,
            dim=dim,
            encoder_layers=encoder_layers,
            decoder_layers=decoder_layers,
            ffn_dim=ffn_dim,
            decoder_ffn_dim=decoder_ffn_dim,
            attention=dict(attention),
            decoder_attention=decoder_attention,
            key_memory_rows=key_memory_rows,
            key_memory_dim=key_memory_dim,
            memory_slots=memory_slots,
            sound_memory_slots=sound_memory_slots,
            context_memory=context_memory,
            topic_rows=topic_rows,
            topics=topics,
            max_length=max_length,
            dropout=dropout,
            aligned=aligned,
            use_pinyin=use_pinyin,
            pinyin_head=pinyin_head,
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
                **(decoder_attention or attention),
                ffn_dim=decoder_ffn_dim,
                dropout=dropout,
                name=f"decoder_{i}",
            )
            for i in range(decoder_layers)
        ]
        self.decoder_norm = keras.layers.LayerNormalization(epsilon=1e-5, name="decoder_norm")
        self.encoder_head = keras.layers.Dense(dim, use_bias=False, name="encoder_head")
        self.decoder_head = keras.layers.Dense(dim, use_bias=False, name="decoder_head")
        self.pinyin_head = None
        if pinyin_head:
            self.pinyin_head = keras.layers.Dense(dim, use_bias=False, name="pinyin_head")
        self.memory = self.sound_memory = self.context_memory = self.topic_memory = None
        if memory_slots and aligned:
            self.memory = NGramMemory(hanzi_size, memory_slots, name="memory")
        if sound_memory_slots and aligned:
            self.sound_memory = NGramMemory(
                hanzi_size, sound_memory_slots, initial_trust=0.6, name="sound_memory"
            )
        if context_memory and aligned:
            self.context_memory = ContextMemory(name="context_memory")
        if topic_rows and aligned:
            # Silent until `training.topics` has taught it.
            self.topic_memory = TopicMemory(
                hanzi_size, topic_rows, topics, initial_trust=0.0, name="topic_memory"
            )
        self.copy_head = None if aligned else CopyHead(name="copy_head")

    def build(self, input_shape=None):
        settings = self.settings
        size, keys, dim = settings["hanzi_size"], settings["key_size"], settings["dim"]
        # Tables of the lexicon travel with the weights, so that a graph is self-contained.
        self.key_features = self._table("key_features", (keys, 4))
        self.hanzi_key = self._table("hanzi_key", (size,))
        # The hanzi of one key after those of another, and where each key's begin.
        self.legal = self._table("legal", (settings["legal_pairs"],), "int16")
        self.legal_start = self._table("legal_start", (keys + 1,))
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
        if self.pinyin_head is not None:
            self.pinyin_head.build(state)
        for memory in self.counted_memories:
            memory.build((None, None, memory.order - 1), (None, None, 1), state)
        if self.context_memory is not None:
            self.context_memory.build(
                (None, None, 1), (None, None, 2), sequence, (None, None, 2), state
            )
        if self.topic_memory is not None:
            self.topic_memory.build()
        if self.copy_head is not None:
            tokens, near = (None, None, size), (None, None, COPIED, dim)
            self.copy_head.build(tokens, state, near, sequence, near, state)
        self.built = True

    def _table(self, name, shape, dtype="int32"):
        return self.add_weight(
            name=name, shape=shape, dtype=dtype, initializer="zeros", trainable=False
        )

    @property
    def counted_memories(self):
        """The `NGramMemory` layers of written n-grams and of hanzi among syllables, if any."""
        return [memory for memory in (self.memory, self.sound_memory) if memory is not None]

    def allowed(self, keys):
        """The hanzi that keys allow: the legality mask, as a list.

        Args:
            keys: int32 `[...]`, ids of keys.

        Returns:
            int32 `[..., homophones]`, token ids, the most frequent reading first, 0 for none.
        """
        place = ops.arange(self.settings["homophones"], dtype="int32")
        place = place + ops.expand_dims(ops.take(self.legal_start, keys, axis=0), -1)
        end = ops.expand_dims(ops.take(self.legal_start, keys + 1, axis=0), -1)
        hanzi = ops.take(self.legal, ops.minimum(place, self.settings["legal_pairs"] - 1), axis=0)
        return ops.where(place < end, ops.cast(hanzi, "int32"), 0)

    # Encoder

    def encode(self, hanzi, keys, training=None, unheard=None):
        """What the keys say before a hanzi is written.

        Args:
            hanzi, keys: int32 `[batch, length]`, as in a call.
            unheard: bool `[batch, length]` or None, where the pinyin of a hanzi is hidden.

        Returns:
            encoded: `[batch, length, dim]`. pinyin: the pinyin parts of the embedding. around:
            the syllables that the sound memory looks at, int32 `[batch, length, 3]`. mask: bool
            `[batch, length]`, True where there is a token or a key.
        """
        hanzi, keys = ops.cast(hanzi, "int32"), ops.cast(keys, "int32")
        typed = keys > 0
        mask = ops.logical_or(typed, hanzi > 0)  # [batch, length]
        shown = ops.where(typed, MASK, hanzi)
        sounding = ops.where(typed, keys, ops.take(self.hanzi_key, hanzi, axis=0))
        if unheard is not None:
            sounding = ops.where(unheard, ANY, sounding)
        features = ops.take(self.key_features, sounding, axis=0)  # [batch, length, 4]
        # Positions count real tokens only: padding on the left of a context moves nothing.
        position = ops.maximum(ops.cumsum(ops.cast(mask, "int32"), axis=1) - 1, 0)
        inputs = {
            "hanzi": shown,
            "typed": ops.minimum(keys, 1),  # a cast of `typed` does not convert to TFLite
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
        return self.encoder_norm(x), pinyin, self._around(features[..., 3], typed), mask

    def _around(self, syllables, typed):
        """The next syllable but one, the one before, the next, as `SoundCounter` counts them."""
        # An unfinished syllable is no sentence's end: an id that was never counted.
        unknown = ops.logical_and(typed, syllables == 0)
        syllables = ops.where(unknown, self.settings["feature_sizes"][3], syllables)
        length = ops.shape(syllables)[1]
        padded = ops.pad(syllables, [[0, 0], [1, 2]])
        before, after, later = (padded[:, i : i + length] for i in (0, 2, 3))
        return ops.stack([ops.where(after == 0, 0, later), before, after], axis=-1)

    def _hear(self, candidates, encoded, around, written, around_written):
        """What the encoder says of candidates: their scores, and their embeddings.

        `written` are the hanzi of the context, `around_written` the syllables around those.
        """
        table = self._rows(candidates)  # [batch, length, candidates, dim]
        heard = self._score(table, self.encoder_head(encoded))
        if self.sound_memory is not None:
            heard = heard + self.sound_memory(around, candidates, encoded)
        if self.context_memory is not None:
            heard = heard + self.context_memory(
                candidates, around[..., 1:], written, around_written[..., 1:], encoded
            )
        return heard, table

    def _relate(self, heard, candidates, around, written):
        """Adds to the scores of candidates what they are worth for what the text is about."""
        if self.topic_memory is None:
            return heard
        written = ops.where(written < FIRST_HANZI, 0, written)
        return heard + self.topic_memory(candidates, around[..., 1:], written)

    # Training

    def call(self, inputs, training=None):
        hanzi, keys = ops.cast(inputs["hanzi"], "int32"), ops.cast(inputs["keys"], "int32")
        readings = inputs.get("readings")
        encoded, pinyin, around, mask = self.encode(
            hanzi,
            keys,
            training=training,
            unheard=None if readings is None else ops.any(readings > 0, axis=-1),
        )
        if not self.settings["aligned"]:
            return self._call_unaligned(hanzi, inputs["target"], encoded, mask, training)
        candidates = ops.cast(inputs["candidates"], "int32")
        before = ops.pad(hanzi[:, :-1], [[0, 0], [1, 0]], constant_values=BOS)
        x = self._decoder_input(before, encoded)
        typed = keys > 0
        for layer in self.decoder:
            x = layer(x, encoded, pinyin=pinyin, mask=typed, encoder_mask=mask, training=training)
        x = self.decoder_norm(x)
        written = ops.where(typed, 0, hanzi)
        heard, table = self._hear(candidates, encoded, around, written, around)
        heard = self._relate(heard, candidates, around, written)
        logits = heard + self._score(table, self.decoder_head(x))
        logits = logits + ops.take(self.output_bias, candidates, axis=0)
        if self.memory is not None:
            logits = logits + self.memory(
                history(boundaries(hanzi), self.memory.order - 1), candidates, x
            )
        if "offsets" in inputs:
            offsets = ops.cast(inputs["offsets"], logits.dtype)
            logits, heard = logits + offsets, heard + offsets
        legal = candidates > 0
        outputs = {
            "hanzi": masked(logits, legal),
            "encoder": masked(heard, legal),
        }
        if readings is not None:
            outputs["pinyin"] = self._tell(ops.cast(readings, "int32"), encoded)
        return outputs

    def _tell(self, readings, encoded):
        """Scores of readings, from the embeddings that keys have at the input."""
        table = ops.cast(self._pinyin_of_keys(readings), encoded.dtype)
        return masked(self._score(table, self.pinyin_head(encoded)), readings > 0)

    def _decoder_input(self, before, here):
        """The token before a position, and the encoder's state of the position to be written."""
        return self.embedding.hanzi_embedding(before) + here

    def _call_unaligned(self, source, target, encoded, mask, training):
        target = ops.cast(target, "int32")
        before = ops.pad(target[:, :-1], [[0, 0], [1, 0]], constant_values=BOS)
        x = self.embedding.hanzi_embedding(before)
        pinyin = self._pinyin_of(before)
        for layer in self.decoder:
            x = layer(
                x, encoded, pinyin=pinyin, mask=target > 0, encoder_mask=mask, training=training
            )
        x = self.decoder_norm(x)
        write = self._writer(source, encoded)
        return {"hanzi": write(x, history(target, COPIED))}

    def _writer(self, source, encoded):
        """A function that gives log-probabilities of the vocabulary at states `[batch, n, dim]`.

        It also takes the tokens written before each, `[batch, n, COPIED]`.
        """
        # A copy ends where its source does.
        end = ops.sum(ops.cast(source > 0, "int32"), axis=1, keepdims=True)
        source = ops.pad(source, [[0, 0], [0, 1]])
        source = ops.where(ops.arange(ops.shape(source)[1]) == end, BOS, source)
        encoded = ops.pad(encoded, [[0, 0], [0, 1], [0, 0]])
        before = self._rows(history(source, COPIED))

        def write(state, written):
            table = ops.cast(self.embedding.hanzi_embedding.embeddings, state.dtype)
            logits = ops.matmul(self.decoder_head(state), ops.transpose(table)) + self.output_bias
            return self.copy_head(logits, state, self._rows(written), source, before, encoded)

        return write

    def _pinyin_of(self, hanzi):
        return self._pinyin_of_keys(ops.take(self.hanzi_key, hanzi, axis=0))

    def _pinyin_of_keys(self, keys):
        features = ops.take(self.key_features, keys, axis=0)
        names = ("initial", "final", "tone", "syllable")
        return self.embedding.pinyin({name: features[..., i] for i, name in enumerate(names)})

    def _rows(self, candidates):
        return ops.cast(self.embedding.hanzi_embedding(candidates), self.compute_dtype)

    def _score(self, table, state):
        """Dot products of candidate rows `[..., n, dim]` and states `[..., dim]`."""
        return ops.squeeze(ops.matmul(table, ops.expand_dims(state, -1)), -1)

    def compile_for_conversion(self, optimizer, encoder_weight=0.5, *, pinyin=False, **options):
        """`compile` with the losses and metrics of conversion, for batches of `data.examples`.

        Args:
            optimizer: a Keras optimizer.
            encoder_weight: float, weight of the loss on the encoder alone.
            pinyin: bool, whether the batches ask for readings as well.
            options: further arguments of `compile`.
        """
        outputs = ("hanzi", "encoder", *(["pinyin"] if pinyin else []))
        if keras.backend.backend() == "tensorflow":
            options.setdefault("jit_compile", False)  # XLA on a CPU compiles for minutes there
        self.compile(
            optimizer=optimizer,
            loss={
                name: keras.losses.SparseCategoricalCrossentropy(from_logits=True)
                for name in outputs
            },
            loss_weights={name: encoder_weight if name == "encoder" else 1.0 for name in outputs},
            weighted_metrics={
                name: [keras.metrics.SparseCategoricalAccuracy(name="accuracy")] for name in outputs
            },
            **options,
        )

    def get_config(self):
        return {**super().get_config(), **self.settings}

    @classmethod
    def from_config(cls, config):
        return cls(**config)
