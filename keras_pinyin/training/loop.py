"""`model.fit` in segments, so that a run can be cut anywhere and go on exactly."""

import keras

from keras_pinyin.training.checkpoint import Checkpoint, SaveCheckpoint


def fit_resumable(
    model,
    make_dataset,
    *,
    steps,
    segment,
    first=0,
    checkpoint=None,
    save_seconds=120.0,
    callbacks=(),
    verbose=1,
):
    """Trains a compiled model for `steps` steps, resuming from a checkpoint if there is one.

    The data of a run is a chain of segments, each a dataset of its own that follows from its
    number alone. A run that was cut resumes inside its segment: the batches it has seen are
    skipped, all variables are restored, so the loss goes on as if nothing had happened.

    Args:
        model: a built and compiled model.
        make_dataset: `make_dataset(number)` gives the `tf.data.Dataset` of a segment; it must
            give the same batches each time.
        steps: int, steps in all.
        segment: int, steps in a segment; an epoch in Keras's words.
        first: int, the step to start from where there is no checkpoint.
        checkpoint: path of a checkpoint, or None.
        save_seconds: float, time between checkpoints.
        callbacks: further Keras callbacks.
        verbose: as in `fit`.

    Returns:
        int, the steps taken in all, those before the resumption included.
    """
    step = first
    if checkpoint is not None:
        checkpoint = Checkpoint(checkpoint)
        model.optimizer.build(model.trainable_variables)
        if checkpoint.exists():
            step = checkpoint.restore(model)["step"]
    while step < steps:
        number, seen = divmod(step, segment)
        count = min(segment - seen, steps - step)
        dataset = make_dataset(number)
        extra = list(callbacks)
        if checkpoint is not None:
            extra.append(SaveCheckpoint(checkpoint, step, save_seconds, resumed=seen > 0))
        history = model.fit(
            dataset.skip(seen) if seen else dataset,
            initial_epoch=number,
            epochs=number + 1,
            steps_per_epoch=count,
            callbacks=extra,
            verbose=verbose,
        )
        step += count
        if model.stop_training or not history.epoch:
            break
    return step


def learning_rate(peak, steps, warmup):
    """Linear warm-up to `peak`, then cosine decay to a hundredth of it at `steps`."""
    return keras.optimizers.schedules.CosineDecay(
        0.0, max(steps - warmup, 1), alpha=0.01, warmup_target=peak, warmup_steps=warmup
    )


def stages(depth, steps, layerwise):
    """Stages of layerwise training, `(encoder layers, step at which the stage ends)`.

    Args:
        depth: int, encoder layers at the end.
        steps: int, steps in all.
        layerwise: bool, grow from one layer; a single stage at full depth otherwise.

    Example:
        >>> stages(3, 900, layerwise=True)
        [(1, 300), (2, 600), (3, 900)]
    """
    if not layerwise:
        return [(depth, steps)]
    return [(layers, steps * layers // depth) for layers in range(1, depth + 1)]
