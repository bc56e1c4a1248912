"""From a preset to the files that hosts run."""

import json
import os
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from keras_pinyin.export.on_tensorflow import run_on_tensorflow

SUFFIXES = {
    "int8": ".tflite",
    "float16": ".float16.tflite",
    "float32": ".float32.tflite",
    "static": ".static.tflite",
}
KINDS = tuple(SUFFIXES)
STATIC_CONTEXT, STATIC_KEYS = 32, 16


def export_model(
    preset,
    out,
    *,
    name=None,
    kinds=("int8", "float16", "static"),
    n_best=10,
    beams=10,
    static_context=STATIC_CONTEXT,
    static_keys=STATIC_KEYS,
):
    """Writes a preset as a SavedModel and as .tflite files, each a whole converter.

    Every file carries two signatures with beam search inside, `convert` (context int32 `[1, C]`,
    keys int32 `[1, T]` -> sentences int32 `[1, K, T]`, scores float32 `[1, K]`) and `predict`
    (context -> hanzi int32 `[1, K]`, scores), made of TFLite's built-in operators, and what a host
    has to know (`read_metadata`). C and T are any lengths up to the limits, C may be 0. The static
    file, for runtimes that know no other shapes, takes one C, padded with 0 on the left, and one T,
    padded with 0 on the right. Files take the place of older ones when all are complete.

    Runs on TensorFlow; under another backend of Keras it starts a process of its own for that.

    Args:
        preset: folder that `save_to_preset` wrote, or a released name.
        out: folder; the SavedModel is put into `saved_model` there, with the metadata in its
            `assets.extra/metadata.json`.
        name: str, beginning of the names of files; by default the preset's folder name.
        kinds: of "int8" (weights of 8 bits, the table of key n-grams of 4), "float16" (weights),
            "float32", "static" (as "int8").
        n_best: int, K.
        beams: int, of the search; at least `n_best` are used.
        static_context, static_keys: int, C and T of the static file.

    Returns:
        dict kind -> path, "saved_model" among them.

    Raises:
        ValueError: if there is no such preset, an argument is out of range, the model cannot be
            exported or the folder cannot be written.

    Example:
        >>> export_model("saved_models/small", "tflite", kinds=["int8"])  # doctest: +SKIP
        {'saved_model': PosixPath('tflite/saved_model'), 'int8': PosixPath('tflite/small.tflite')}
    """
    kinds = tuple(kinds)
    for kind in kinds:
        if kind not in SUFFIXES:
            raise ValueError(f"There is no kind {kind!r} of file: choose from {', '.join(KINDS)}.")
    for what, number in (
        ("n_best", n_best),
        ("beams", beams),
        ("static_context", static_context),
        ("static_keys", static_keys),
    ):
        if number < 1:
            raise ValueError(f"{what} is {number}, but must be at least 1.")
    import keras

    from keras_pinyin.models import find_preset

    folder, out = find_preset(preset), Path(out)
    name = name or folder.resolve().name
    if keras.backend.backend() != "tensorflow":
        _export_in_tensorflow(
            preset=str(folder),
            out=str(out),
            name=name,
            kinds=kinds,
            n_best=n_best,
            beams=beams,
            static_context=static_context,
            static_keys=static_keys,
        )
    else:
        model, limits, fixed = _load(folder, static_context, static_keys)
        shared = dict(n_best=n_best, beams=max(beams, n_best))
        try:
            out.mkdir(parents=True, exist_ok=True)
            part = out / f".{name}.part{os.getpid()}"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            try:
                _write(model, folder, part, name, kinds, limits, fixed, shared)
                _put_in_place(part, out)
            finally:
                shutil.rmtree(part, ignore_errors=True)
        except OSError as error:
            raise ValueError(
                f"The files could not be written to {out} ({error.strerror or error}): name a "
                "folder with free space; older files are intact."
            ) from error
    files = {kind: out / f"{name}{SUFFIXES[kind]}" for kind in kinds}
    return {"saved_model": out / "saved_model", **files}


def _load(folder, static_context, static_keys):
    """The model, the most tokens and keys it takes, and those of the static file."""
    from keras_pinyin.models import PinyinTransformer
    from keras_pinyin.models._search import MAX_CONTEXT

    model = PinyinTransformer.from_preset(folder)
    if not model.settings["aligned"]:
        raise ValueError(f"{folder} has no keys to convert (aligned=False): it is not exported.")
    limits = {"context": MAX_CONTEXT, "keys": model.settings["max_length"] - MAX_CONTEXT}
    fixed = {"context": static_context, "keys": static_keys}
    for key, size in fixed.items():
        if size > limits[key]:
            raise ValueError(
                f"static_{key} is {size}, but the model takes at most {limits[key]}: lower it."
            )
    return model, limits, fixed


def _write(model, folder, part, name, kinds, limits, fixed, shared):
    """Writes everything to the folder `part`."""
    from keras_pinyin.export.graph import to_tflite, write_saved_model
    from keras_pinyin.export.metadata import add_metadata, describe

    try:
        package = version("keras-pinyin")
    except PackageNotFoundError:  # run from a clone
        package = "unknown"
    saved = part / "saved_model"
    write_saved_model(model, saved, **shared)
    # Graphs of files in 8 bits: TensorFlow's converter does not know of numbers in four.
    small = {kind: part / f".{kind}" for kind in ("int8", "static") if kind in kinds}
    if small and model.key_memory is not None:
        model.key_memory.pack()
    for kind, graph in small.items():
        write_saved_model(model, graph, **shared, **(fixed if kind == "static" else {}))
    for kind in ("saved_model", *kinds):
        described = describe(
            model,
            folder,
            kind=kind,
            name=name,
            version=package,
            limits=fixed if kind == "static" else limits,
            fixed=kind == "static",
            **shared,
        )
        if kind == "saved_model":
            path = saved / "assets.extra" / "metadata.json"
            path.parent.mkdir()
            del described["syllables"]  # it is a file of the preset
            path.write_text(json.dumps(described, ensure_ascii=False) + "\n", encoding="utf-8")
            continue
        content = to_tflite(small.get(kind, saved), kind)
        (part / f"{name}{SUFFIXES[kind]}").write_bytes(add_metadata(content, described))
    for graph in small.values():
        shutil.rmtree(graph)


def _put_in_place(part, out):
    """Moves what is complete over what was there before."""
    old = part / ".old"
    for path in sorted(part.iterdir()):
        place = out / path.name
        if place.is_dir():  # a folder that holds something cannot be replaced at a stroke
            place.rename(old)
            try:
                path.rename(place)
            except OSError:
                old.rename(place)
                raise
        else:
            path.replace(place)


def _export_in_tensorflow(**arguments):
    """`export_model` in a process that runs Keras on TensorFlow."""
    code = (
        "import json, sys\n"
        "from keras_pinyin.export import export_model\n"
        "try:\n"
        "    export_model(**json.loads(sys.argv[1]))\n"
        "except ValueError as error:\n"
        "    sys.exit(print(error, file=sys.stderr) or 2)\n"
    )
    run = run_on_tensorflow("-c", code, json.dumps(arguments))
    if run.returncode == 2:
        raise ValueError(run.stderr.strip().splitlines()[-1])
    if run.returncode:
        raise RuntimeError(f"The export on TensorFlow failed:\n{run.stderr[-4000:]}")
