"""Beam search over any step function, inside the graph."""

from keras import ops, tree

NEVER = -1e9


def beam_search(step, state, *, batch_size, length, beams, start, history=1):
    """Finds the `beams` best sequences of `length` tokens.

    All beams live in the batch dimension: what `step` sees and keeps is `[batch * beams, ...]`.
    Runs eagerly and in a compiled graph, and converts to TFLite's built-in operators.

    Args:
        step: `step(state, recent, index)` -> `(log_probs, tokens, state)`; `recent` int32
            `[batch * beams, history]` are the last tokens, the nearest last, `index` the int32
            position to write. `log_probs` float `[batch * beams, candidates]` scores the int32
            `tokens` of the same shape. There must be at least as many candidates as it takes to
            have one per sequence; illegal ones score -1e9.
        state: nest of tensors `[batch * beams, ...]`, carried along and reordered as beams are.
        batch_size: int or int tensor.
        length: int or int tensor, steps to take.
        beams: int, at least 1.
        start: int32 `[batch, history]`, the tokens before the first step.
        history: int, how many recent tokens a step needs.

    Returns:
        tokens: int32 `[batch, beams, length]`, best first. scores: float32 `[batch, beams]`,
        -1e9 or less for a beam that no sequence was left for.

    Raises:
        ValueError: if `beams` is below 1.

    Example:
        >>> table = ops.log(ops.convert_to_tensor([[0.6, 0.4], [0.1, 0.9]]))
        >>> def step(state, recent, index):
        ...     return ops.take(table, recent[:, -1], axis=0), ops.tile([[0, 1]], [2, 1]), state
        >>> tokens, scores = beam_search(
        ...     step, (), batch_size=1, length=3, beams=2, start=ops.zeros((1, 1), "int32")
        ... )
        >>> ops.convert_to_numpy(tokens[0]).tolist()
        [[0, 1, 1], [0, 0, 0]]
    """
    if beams < 1:
        raise ValueError(f"beams is {beams}, but a search needs at least one.")
    rows = batch_size * beams
    recent = ops.reshape(
        ops.tile(ops.expand_dims(ops.cast(start, "int32"), 1), [1, beams, 1]), [rows, history]
    )
    # One live beam at the start: the others are copies of it.
    first = ops.concatenate([ops.zeros((1,)), ops.full((beams - 1,), NEVER)], axis=0)
    scores = ops.tile(ops.expand_dims(first, 0), [batch_size, 1])  # [batch, beams]
    base = ops.expand_dims(ops.arange(batch_size, dtype="int32") * beams, 1)  # [batch, 1]
    written = ops.zeros((rows, length), "int32")

    def body(index, scores, recent, written, state):
        log_probs, tokens, state = step(state, recent, index)
        count = log_probs.shape[-1]
        total = ops.expand_dims(scores, -1) + ops.reshape(
            ops.cast(log_probs, "float32"), [batch_size, beams, count]
        )
        scores, best = ops.top_k(ops.reshape(total, [batch_size, beams * count]), beams)
        best = ops.cast(best, "int32")
        parent = base + ops.floor_divide(best, count)  # [batch, beams]
        cell = ops.reshape(parent * count + ops.mod(best, count), [-1])
        token = ops.take(ops.reshape(tokens, [-1]), cell)  # [batch * beams]
        parent = ops.reshape(parent, [-1])
        state, recent, written = tree.map_structure(
            lambda x: ops.take(x, parent, axis=0), (state, recent, written)
        )
        token = ops.expand_dims(ops.cast(token, "int32"), -1)
        here = ops.expand_dims(ops.equal(ops.arange(length, dtype="int32"), index), 0)
        written = ops.where(here, token, written)
        recent = ops.concatenate([recent[:, 1:], token], axis=-1)
        return index + 1, scores, recent, written, state

    _, scores, _, written, _ = ops.while_loop(
        lambda index, *_: index < length,
        body,
        (ops.convert_to_tensor(0, "int32"), scores, recent, written, state),
    )
    return ops.reshape(written, [batch_size, beams, length]), scores
