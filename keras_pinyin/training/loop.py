"""`model.fit` that can be cut anywhere and goes on exactly."""

import keras

from keras_pinyin.training.checkpoint import Checkpoint, SaveCheckpoint


def fit_resumable(
    model, make_dataset, *, steps, segment, first=0, checkpoint=None, callbacks=(), verbose=1
):
    """Trains a compiled model for `steps` steps, resuming from a checkpoint if there is one.

    A checkpoint is written after every epoch of `segment` steps. A run that was cut goes on from
    the last one: all variables are restored and the batches seen are skipped, so the steps after
    it are taken again as they were, and the loss goes on as if nothing had happened.

    Args:
        model: a built and compiled model.
        make_dataset: `make_dataset(step)` gives the endless `tf.data.Dataset` of the run from its
            batch `step` on; it must give the same batches each time.
        steps: int, steps in all.
        segment: int, steps of an epoch.
        first: int, the step to start from where there is no checkpoint.
        checkpoint: path of a checkpoint, or None.
        callbacks: further Keras callbacks.
        verbose: as in `fit`.

    Returns:
        int, the steps taken in all, those before the resumption included.
    """
    step = first
    callbacks = list(callbacks)
    # A stage of layerwise training goes on with the learning rate of the one before it.
    model.optimizer._iterations.assign(first)
    if checkpoint is not None:
        checkpoint = Checkpoint(checkpoint)
        model.optimizer.build(model.trainable_variables)
        if checkpoint.exists():
            step = checkpoint.restore(model)["step"]
    while step < steps:
        # Whole epochs first, in one `fit`; then what is left of the last.
        epochs = (steps - step) // segment
        count = segment if epochs else steps - step
        epochs = max(epochs, 1)
        saving = [SaveCheckpoint(checkpoint, step)] if checkpoint is not None else []
        history = model.fit(
            make_dataset(step),
            initial_epoch=step // segment,
            epochs=step // segment + epochs,
            steps_per_epoch=count,
            callbacks=[*callbacks, *saving],
            verbose=verbose,
        )
        step += count * len(history.epoch)
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
