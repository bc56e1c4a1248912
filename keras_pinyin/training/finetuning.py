"""What a fine-tuning run may change, and how fast."""

import keras


def check_changes(backbone, *, freeze=0, lora=None, layer_decay=1.0):
    """Raises ValueError if a model cannot be changed so, before anything is measured or trained.

    Args:
        backbone: a `PinyinTransformer`.
        freeze: int, as in `freeze`.
        lora: int, rank as in `enable_lora`; None for none.
        layer_decay: float, as in `layer_factors`.
    """
    layers = len(backbone.encoder)
    if not -1 <= freeze <= layers:
        raise ValueError(
            f"freeze is {freeze}, but the encoder has {layers} layers: give 0 to {layers}, or -1 "
            "for all of the pretrained model."
        )
    if lora is not None and lora < 1:
        raise ValueError(f"lora is {lora}, but a rank must be at least 1.")
    if lora and freeze:
        raise ValueError(
            f"lora is {lora} and freeze {freeze}: LoRA freezes the model, drop freeze."
        )
    if not 0 < layer_decay <= 1:
        raise ValueError(f"layer_decay is {layer_decay}, but must be above 0 and at most 1.")


class LayerwiseAdamW(keras.optimizers.AdamW):
    """AdamW with a factor of its own on the learning rate of each variable.

    Args:
        learning_rate: as in AdamW.
        factors: list of float, one for each trainable variable of the model, in their order.
        options: further arguments of AdamW.

    Example:
        >>> optimizer = LayerwiseAdamW(0.1, factors=[1.0, 0.0])
        >>> moved, still = keras.Variable([1.0]), keras.Variable([1.0])
        >>> optimizer.apply([moved.value, still.value], [moved, still])
        >>> round(float(moved[0]), 2), float(still[0])
        (0.9, 1.0)
    """

    def __init__(self, learning_rate, *, factors, **options):
        super().__init__(learning_rate, **{"weight_decay": 0.0, **options})
        self.factors = list(factors)

    def update_step(self, gradient, variable, learning_rate):
        factor = self.factors[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * factor)


def layer_factors(model, backbone, decay):
    """Factors for `LayerwiseAdamW`: 1 at the top, `decay` less with every encoder layer below.

    Howard and Ruder, 2018, "Universal Language Model Fine-tuning for Text Classification".

    Args:
        model: the model that is trained: `backbone`, or a task on it.
        backbone: a `PinyinTransformer`.
        decay: float, 0 to 1; 1 trains all alike.

    Raises:
        ValueError: if `decay` is out of range.
    """
    check_changes(backbone, layer_decay=decay)
    top = len(backbone.encoder) + 1
    depth = {}
    for level, layer in enumerate([_lowest(backbone), *([x] for x in backbone.encoder)]):
        for part in layer:
            depth |= {id(v): level for v in part.trainable_variables}
    return [decay ** (top - depth.get(id(v), top)) for v in model.trainable_variables]


def freeze(backbone, layers):
    """Keeps embeddings, key memory and the first `layers` encoder layers as they are.

    Args:
        backbone: a `PinyinTransformer`.
        layers: int; 0 freezes nothing, -1 the whole backbone.

    Raises:
        ValueError: if there are not so many layers.
    """
    check_changes(backbone, freeze=layers)
    if layers == -1:
        backbone.trainable = False
    elif layers:
        for part in (*_lowest(backbone), *backbone.encoder[:layers]):
            part.trainable = False


def _lowest(backbone):
    return [part for part in (backbone.embedding, backbone.key_memory) if part is not None]


def enable_lora(backbone, rank):
    """Trains low-rank changes of the encoder's and decoder's matrices in place of the backbone.

    Hu et al., 2021, "LoRA: Low-Rank Adaptation of Large Language Models", with Keras's own
    `enable_lora`. Everything else of the backbone is frozen; heads of tasks train as ever.

    Args:
        backbone: a built `PinyinTransformer`.
        rank: int.

    Returns:
        int, how many matrices got one.

    Raises:
        ValueError: if the rank is no positive number.
    """
    check_changes(backbone, lora=rank)
    for weight in backbone.weights:
        weight.trainable = False
    layers = [x for block in (*backbone.encoder, *backbone.decoder) for x in _dense(block)]
    for layer in layers:
        layer.enable_lora(rank)
    return len(layers)


def _dense(model):
    layers = model._flatten_layers(include_self=False)
    return [layer for layer in layers if isinstance(layer, keras.layers.Dense)]


def merge_lora(model):
    """Adds the low-rank changes to the matrices themselves, so that the model saves as before."""
    for layer in _dense(model):
        if layer.lora_enabled:
            layer._kernel.assign(layer.kernel)
            for weight in (layer.lora_kernel_a, layer.lora_kernel_b):
                layer._untrack_variable(weight)
            layer.lora_enabled = False
            layer.lora_kernel_a = layer.lora_kernel_b = None
