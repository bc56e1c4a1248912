"""From a fine-tuned task to a SavedModel and a .tflite file."""

import sys
from pathlib import Path

from keras_pinyin.export.on_tensorflow import run_on_tensorflow
from keras_pinyin.text.files import write_whole

NAMES = {
    "PinyinTransformer": "generate",
    "ReadingTagger": "read",
    "SpellingCorrector": "correct",
    "TextClassifier": "classify",
}
BEAMS = 4


def export_task(preset, out, *, length=64):
    """Writes a task as `saved_model/` and `<name>.tflite`, with built-in operators only.

    The signatures are `read` (hanzi int32 `[1, length]` -> readings, ids of keys, int32
    `[1, length]`), `correct` (hanzi, keys -> hanzi), `classify` (hanzi -> probabilities float32
    `[1, classes]`) and, of a `PinyinTransformer` with `aligned=False`, `generate` (hanzi -> tokens
    int32 `[1, 4, length]`, best first, 0 after the end, and scores float32 `[1, 4]`, as `generate`
    gives them). Ids are those of the `lexicon.tsv` beside the preset's weights.

    Runs in a process of its own, on TensorFlow.

    Args:
        preset: folder that `save_to_preset` of a task wrote.
        out: folder.
        length: int, tokens that go in, padded on the right with 0.

    Returns:
        `Path` of the .tflite file.

    Raises:
        RuntimeError: if the export fails.
    """
    run = run_on_tensorflow("-m", __name__, str(preset), str(out), str(length))
    if run.returncode:
        raise RuntimeError(f"The export of {preset} failed:\n{run.stderr[-4000:]}")
    return Path(out) / f"{Path(preset).name}.tflite"


def _write(preset, out, length):
    import tensorflow as tf
    from keras import ops

    from keras_pinyin.export.graph import to_tflite, write_signatures
    from keras_pinyin.models._task import Task

    model, out = Task.from_preset(preset), Path(out)
    name = NAMES[type(model).__name__]

    def best(scores, table):
        """The entry of `table` `[..., n]` with the best score."""
        place = ops.cast(ops.top_k(scores, 1)[1], "int32")
        return ops.squeeze(ops.take_along_axis(table, place, axis=-1), -1)

    def read(hanzi):
        return {"readings": best(model(hanzi), ops.take(model.readings, hanzi, axis=0))}

    def correct(hanzi, keys):
        inputs = {"hanzi": hanzi, "keys": keys}
        found = best(model(inputs), model.choices(hanzi, keys))
        return {"hanzi": ops.where(keys > 0, found, hanzi)}

    def classify(hanzi):
        return {"probabilities": ops.softmax(model(hanzi))}

    def generate(hanzi):
        tokens, scores = model.generate(hanzi, length=length, n_best=BEAMS, beams=BEAMS)
        return {"tokens": tokens, "scores": scores}

    inputs = ["hanzi", "keys"] if name == "correct" else ["hanzi"]
    specs = [tf.TensorSpec((1, length), tf.int32, name=i) for i in inputs]
    run = {"read": read, "correct": correct, "classify": classify, "generate": generate}[name]
    write_signatures(model, out / "saved_model", {name: (run, specs)})
    content = to_tflite(out / "saved_model", "int8")
    write_whole(out / f"{Path(preset).name}.tflite", content)


if __name__ == "__main__":
    _write(sys.argv[1], sys.argv[2], int(sys.argv[3]))
