"""Layerwise training: a shallow model grows without forgetting."""

from keras import ops

from keras_pinyin.models.weights import local_name


def grow(shallow, deep):
    """Copies a trained model into a deeper one that computes the same.

    Weights that both have are copied. Encoder layers that the shallow model lacks become copies
    of its last one whose output projections are zero: in a pre-norm network such a layer adds
    nothing until it learns to (function-preserving stacking, after Gong et al., 2019, "Efficient
    Training of BERT by Progressively Stacking", and Chen et al., 2016, "Net2Net").

    Args:
        shallow: a built `PinyinTransformer`.
        deep: another, built, with the same settings but more encoder layers.

    Returns:
        `deep`.

    Raises:
        ValueError: if `deep` is not the same model with at least as many encoder layers.
    """
    old, new = dict(shallow.settings), dict(deep.settings)
    depth, target = old.pop("encoder_layers"), new.pop("encoder_layers")
    if old != new or target < depth:
        raise ValueError(
            f"A model of {depth} encoder layers cannot grow into one of {target} with other "
            "settings: change the number of encoder layers only, upwards."
        )
    deep.set_lexicon(shallow.lexicon)
    weights = {local_name(w): w for w in shallow.weights}
    for weight in deep.weights:
        name = local_name(weight)
        layer, _, rest = name.partition("/")
        kind, _, number = layer.rpartition("_")
        if kind == "encoder" and number.isdigit() and int(number) >= depth:
            source = weights[f"encoder_{depth - 1}/{rest}"]
            adds = "/output/" in f"/{rest}" or rest.startswith("feed_forward/outer/")
        else:
            source, adds = weights[name], False
        # A copy of its own: on JAX, weights that share memory cannot be trained.
        weight.assign(source * 0 if adds else ops.copy(source))
    return deep
