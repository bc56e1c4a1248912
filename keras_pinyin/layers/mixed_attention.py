"""Heads of four kinds side by side."""

import keras

from keras_pinyin.layers.global_attention import GlobalAttention
from keras_pinyin.layers.local_attention import LocalAttention
from keras_pinyin.layers.pinyin_attention import PinyinAttention
from keras_pinyin.layers.position_attention import PositionAttention


@keras.saving.register_keras_serializable(package="keras_pinyin")
class MixedAttention(keras.layers.Layer):
    """One multi-head attention whose heads are of four kinds.

    Joining all heads and projecting them is the same as adding up what each kind projects by
    itself, so this layer is the sum of the four layers. Any kind may have no heads.

    Args:
        local_heads, global_heads, pinyin_heads, position_heads: int, heads of each kind.
        key_dim: int, width of a head.
        window: int, of the local heads.
        max_distance: int, how far relative positions are told apart by global and position heads.
        dropout: float, on attention weights.
        zero_init_output: bool, start as a layer that gives zeros.

    Call arguments:
        inputs: float `[batch, length, dim]`.
        pinyin: float `[batch, length, pinyin_dim]`, needed with pinyin heads only.
        mask: bool `[batch, length]`, True at real positions.
        use_causal_mask: bool, see only positions up to one's own.
        cache, cache_index: one step of decoding, as in `GlobalAttention`.

    Returns:
        float `[batch, length, dim]`.

    Raises:
        ValueError: if there is no head at all, or no pinyin for pinyin heads.

    Example:
        >>> from keras import ops
        >>> layer = MixedAttention(1, 1, 0, 1, key_dim=8)
        >>> tuple(layer(ops.ones((1, 5, 16))).shape)
        (1, 5, 16)
    """

    def __init__(
        self,
        local_heads,
        global_heads,
        pinyin_heads,
        position_heads,
        key_dim,
        window=8,
        max_distance=16,
        dropout=0.0,
        zero_init_output=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.options = dict(
            local_heads=local_heads,
            global_heads=global_heads,
            pinyin_heads=pinyin_heads,
            position_heads=position_heads,
            key_dim=key_dim,
            window=window,
            max_distance=max_distance,
            dropout=dropout,
            zero_init_output=zero_init_output,
        )
        common = dict(
            key_dim=key_dim,
            dropout=dropout,
            zero_init_output=zero_init_output,
            dtype=self.dtype_policy,
        )
        self.kinds = {}
        if local_heads:
            self.kinds["local"] = LocalAttention(local_heads, window=window, name="local", **common)
        if global_heads:
            self.kinds["global"] = GlobalAttention(
                global_heads, max_distance=max_distance, name="global", **common
            )
        if pinyin_heads:
            self.kinds["pinyin"] = PinyinAttention(pinyin_heads, name="pinyin", **common)
        if position_heads:
            self.kinds["position"] = PositionAttention(
                position_heads, max_distance=max_distance, name="position", **common
            )
        if not self.kinds:
            raise ValueError("MixedAttention has no head of any kind: give it at least one.")
        self.supports_masking = True

    def build(self, inputs_shape, pinyin_shape=None):
        for name, layer in self.kinds.items():
            if name == "pinyin":
                layer.build(inputs_shape, pinyin_shape)
            else:
                layer.build(inputs_shape)
        self.built = True

    def call(
        self,
        inputs,
        pinyin=None,
        mask=None,
        use_causal_mask=False,
        training=None,
        cache=None,
        cache_index=None,
        inputs_mask=None,
    ):
        if mask is None and cache is None:
            mask = inputs_mask  # what Keras hands on by itself
        outputs, caches = [], {}
        for name, layer in self.kinds.items():
            options = {"pinyin": pinyin} if name == "pinyin" else {}
            output = layer(
                inputs,
                **options,
                mask=mask,
                use_causal_mask=use_causal_mask,
                training=training,
                cache=None if cache is None else cache[name],
                cache_index=cache_index,
            )
            if cache is not None:
                output, caches[name] = output
            outputs.append(output)
        output = outputs[0] if len(outputs) == 1 else sum(outputs[1:], outputs[0])
        return output if cache is None else (output, caches)

    def empty_cache(self, batch_size, length):
        """Zeros for `length` steps of decoding, by kind."""
        return {name: layer.empty_cache(batch_size, length) for name, layer in self.kinds.items()}

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), **self.options}
