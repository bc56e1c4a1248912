"""Embeds hanzi and pinyin together."""

import keras
from keras import ops

PINYIN = ("initial", "final", "tone", "syllable")


@keras.saving.register_keras_serializable(package="keras_pinyin")
class PinyinEmbedding(keras.layers.Layer):
    """Embeds each position by its hanzi, the parts of its pinyin, its place and more.

    The parts are added, or joined and projected. Composing a syllable of initial, final and tone
    lets near sounds share what they learn, as in ChineseBERT (Sun et al., 2021).

    Args:
        hanzi_size, initial_size, final_size, tone_size, syllable_size: int, numbers of ids.
        output_dim: int.
        max_length: int, the most positions.
        features: dict name -> number of ids, of further inputs (part of speech, segment...).
        combine: "sum" or "concat".
        dropout: float, on the output.
        mask_zero: bool; if True, positions whose hanzi and syllable are both 0 are padding.

    Call arguments:
        inputs: dict of int `[batch, length]`: "hanzi", "initial", "final", "tone", "syllable",
            every name of `features`, and optionally "position" (0, 1, 2... otherwise).

    Returns:
        float `[batch, length, output_dim]`.

    Raises:
        ValueError: if an input is missing, the sequence is too long, `combine` is
            unknown, or a feature has the name of another input.

    Example:
        >>> layer = PinyinEmbedding(100, 25, 40, 6, 500, output_dim=16, max_length=32)
        >>> names = ("hanzi", "initial", "final", "tone", "syllable")
        >>> tuple(layer({name: ops.ones((1, 5), "int32") for name in names}).shape)
        (1, 5, 16)
    """

    def __init__(
        self,
        hanzi_size,
        initial_size,
        final_size,
        tone_size,
        syllable_size,
        output_dim,
        max_length,
        features=None,
        combine="sum",
        dropout=0.0,
        mask_zero=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if combine not in ("sum", "concat"):
            raise ValueError(f'combine is {combine!r}, but must be "sum" or "concat".')
        taken = {"hanzi", *PINYIN, "position"} & set(features or {})
        if taken:
            raise ValueError(f"A feature is named {min(taken)!r}, which is taken: rename it.")
        self.sizes = dict(
            hanzi=hanzi_size,
            initial=initial_size,
            final=final_size,
            tone=tone_size,
            syllable=syllable_size,
            **(features or {}),
        )
        self.output_dim = output_dim
        self.max_length = max_length
        self.features = dict(features or {})
        self.combine = combine
        self.dropout = dropout
        self.mask_zero = mask_zero
        self.parts = {
            name: self._table(name, size)
            for name, size in {**self.sizes, "position": max_length}.items()
        }
        self.projections = {}
        if combine == "concat":
            # Joining and projecting is adding up a projection of each part.
            self.projections = {
                name: keras.layers.Dense(
                    output_dim, use_bias=False, dtype=self.dtype_policy, name=f"{name}_projection"
                )
                for name in self.parts
            }
        self._dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy) if dropout else None

    def _table(self, name, size):
        return keras.layers.Embedding(
            size,
            self.output_dim,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=0.02),
            dtype=self.dtype_policy,
            name=name,
        )

    @property
    def hanzi_embedding(self):
        """The `keras.layers.Embedding` of hanzi, to look hanzi up again or to tie an output to."""
        return self.parts["hanzi"]

    def build(self, input_shape=None):
        for name, part in self.parts.items():
            part.build((None, None))
            if name in self.projections:
                self.projections[name].build((None, None, self.output_dim))
        self.built = True

    def _embed(self, name, ids):
        x = self.parts[name](ids)
        return self.projections[name](x) if self.projections else x

    def call(self, inputs, training=None):
        missing = [name for name in self.sizes if name not in inputs]
        if missing:
            raise ValueError(f"PinyinEmbedding got no {missing[0]!r}: pass int ids of every part.")
        static = inputs["hanzi"].shape[1]
        if static is not None and static > self.max_length:
            raise ValueError(
                f"The sequence has {static} positions, but max_length is {self.max_length}: "
                "cut it, or build the layer with a larger max_length."
            )
        position = inputs.get("position")
        if position is None:
            length = ops.shape(inputs["hanzi"])[1]
            position = ops.expand_dims(ops.arange(length, dtype="int32"), 0)
        x = self.pinyin(inputs) + self._embed("position", position)
        for name in ("hanzi", *self.features):
            x = x + self._embed(name, inputs[name])
        return x if self._dropout is None else self._dropout(x, training=training)

    def pinyin(self, inputs):
        """The pinyin parts alone, float `[batch, length, output_dim]`."""
        return sum(
            (self._embed(name, inputs[name]) for name in PINYIN[1:]),
            self._embed(PINYIN[0], inputs[PINYIN[0]]),
        )

    def compute_mask(self, inputs, mask=None):
        if not self.mask_zero:
            return None
        return ops.logical_or(
            ops.not_equal(inputs["hanzi"], 0), ops.not_equal(inputs["syllable"], 0)
        )

    def compute_output_shape(self, input_shape):
        return (*input_shape["hanzi"], self.output_dim)

    def get_config(self):
        return {
            **super().get_config(),
            **{f"{name}_size": self.sizes[name] for name in ("hanzi", *PINYIN)},
            "output_dim": self.output_dim,
            "max_length": self.max_length,
            "features": self.features,
            "combine": self.combine,
            "dropout": self.dropout,
            "mask_zero": self.mask_zero,
        }
