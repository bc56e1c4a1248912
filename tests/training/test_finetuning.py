import json

import keras
import numpy as np
import pytest
from keras import ops

from conftest import ROOT, compiled, load_module
from keras_pinyin.data.adaptation import mix
from keras_pinyin.data.finetuning import (
    batches,
    labelled_lines,
    mistaken,
    phrase_readings,
    read_pairs,
    sentences,
)
from keras_pinyin.data.ngrams import NGramTable
from keras_pinyin.layers import NGramMemory
from keras_pinyin.models import PinyinTransformer, ReadingTagger, SpellingCorrector, TextClassifier
from keras_pinyin.models.reading_tagger import reading_table
from keras_pinyin.models.spelling_corrector import sounds
from keras_pinyin.training.finetuning import (
    LayerwiseAdamW,
    enable_lora,
    freeze,
    layer_factors,
    merge_lora,
)

TASKS = {
    TextClassifier: lambda backbone: TextClassifier(backbone, ["no", "yes"]),
    ReadingTagger: ReadingTagger,
    SpellingCorrector: SpellingCorrector,
}


@pytest.fixture
def backbone(tiny_lexicon):
    keras.utils.set_random_seed(3)
    model = PinyinTransformer.from_lexicon(
        tiny_lexicon, "nano", memory_slots=400, sound_memory_slots=400, key_memory_rows=64
    )
    rng = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(size=weight.shape, scale=0.1).astype("float32"))
    return model


def inputs_of(model, text="银行行长很好，还没还钱。"):
    lexicon = model.lexicon
    tokens = lexicon.vocabulary.encode(text).astype("int32")
    if isinstance(model, SpellingCorrector):
        return {"hanzi": tokens[None], "keys": sounds(tokens, lexicon)[None]}
    return tokens[None]


@pytest.mark.parametrize("kind", TASKS)
def test_a_task_is_saved_and_loads_again(kind, backbone, tmp_path):
    model = TASKS[kind](backbone)
    rng = np.random.default_rng(1)
    for weight in model.trainable_weights:  # what half precision holds exactly
        value = rng.normal(size=weight.shape, scale=0.1).astype("float16")
        weight.assign(value.astype("float32"))
    before = ops.convert_to_numpy(compiled(lambda x: model(x))(inputs_of(model)))
    model.save_to_preset(tmp_path / "task")
    again = kind.from_preset(tmp_path / "task")
    after = ops.convert_to_numpy(compiled(lambda x: again(x))(inputs_of(again)))
    np.testing.assert_allclose(after, before, atol=1e-3)  # counts are rounded


def test_padding_changes_no_class(backbone):
    model = TextClassifier(backbone, ["no", "yes"])
    tokens = inputs_of(model)
    padded = np.pad(tokens, [[0, 0], [0, 4]])
    short, long = (ops.convert_to_numpy(model(x)) for x in (tokens, padded))
    np.testing.assert_allclose(short, long, atol=1e-5)


def test_the_untrained_tagger_reads_as_most_often(backbone, tiny_lexicon):
    model = ReadingTagger(backbone)
    scores = ops.convert_to_numpy(model(inputs_of(model)))
    assert (scores.argmax(-1) == 0).all()
    table, _ = reading_table(tiny_lexicon)
    first = tiny_lexicon.keys.names[table[tiny_lexicon.vocabulary.ids["还"], 0]]
    assert first in ("hai2", "huan2")


def test_what_is_written_comes_first_and_once(backbone, tiny_lexicon):
    model = SpellingCorrector(backbone)
    inputs = inputs_of(model)
    choices = ops.convert_to_numpy(model.choices(inputs["hanzi"], inputs["keys"]))
    assert (choices[..., 0] == inputs["hanzi"]).all()
    assert not (choices[..., 1:] == inputs["hanzi"][..., None]).any()
    for keys, row in zip(inputs["keys"][0], choices[0, :, 1:]):
        assert all(tiny_lexicon.allows(keys, hanzi) for hanzi in row[row > 0])


def test_low_rank_changes_become_part_of_the_matrices(backbone):
    model = TextClassifier(backbone, ["no", "yes"])
    names = [w.path for w in model.weights]
    count = enable_lora(backbone, 2)
    trained = {w.path for w in model.trainable_weights}
    assert count > 5 and sum("lora" in path for path in trained) == 2 * count
    assert all("lora" in path or "class_" in path for path in trained)
    for weight in model.trainable_weights:
        weight.assign(weight + 0.05)
    before = ops.convert_to_numpy(model(inputs_of(model)))
    merge_lora(model)
    assert [w.path for w in model.weights] == names
    np.testing.assert_allclose(ops.convert_to_numpy(model(inputs_of(model))), before, atol=1e-4)


@pytest.mark.parametrize("how", ["lora", "freeze"])
def test_what_is_frozen_stays_and_the_rest_learns(how, backbone):
    model = TextClassifier(backbone, ["no", "yes"], dropout=0.0)
    if how == "lora":
        enable_lora(backbone, 2)
    else:
        freeze(backbone, 1)
    tokens = np.concatenate([inputs_of(model, text) for text in ("今天天气真好", "他在北京工作")])
    factors = layer_factors(model, backbone, 0.9)
    model.compile(
        LayerwiseAdamW(0.01, factors=factors, global_clipnorm=1.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=keras.backend.backend() == "jax",
    )
    frozen = [(w, ops.convert_to_numpy(w).copy()) for w in model.non_trainable_weights]
    learned = [(w.path, ops.convert_to_numpy(w).copy()) for w in model.trainable_weights]
    losses = [float(model.train_on_batch(tokens, np.array([0, 1]))) for _ in range(12)]
    assert losses[-1] < losses[0] / 2
    tables = ("key_features", "hanzi_key", "legal", "legal_start")
    assert len(frozen) > len(tables) + 10
    for weight, before in frozen:
        np.testing.assert_array_equal(ops.convert_to_numpy(weight), before, err_msg=weight.path)
    after = {w.path: ops.convert_to_numpy(w) for w in model.trainable_weights}
    moved = {path for path, before in learned if not np.array_equal(after[path], before)}
    assert any("class_head" in path for path in moved)
    assert any(("lora" if how == "lora" else "encoder_norm") in path for path in moved)
    scores = model.predict_on_batch(tokens)
    merge_lora(model)
    np.testing.assert_allclose(ops.convert_to_numpy(model(tokens)), scores, atol=1e-4)


def test_lower_layers_learn_more_slowly_or_not_at_all(backbone):
    model = TextClassifier(backbone, ["no", "yes"])
    factors = layer_factors(model, backbone, 0.5)
    by_path = dict(zip((w.path for w in model.trainable_weights), factors, strict=True))
    assert {f for path, f in by_path.items() if "/encoder_0/" in path} == {0.5}
    assert {f for path, f in by_path.items() if "/embedding/" in path} == {0.25}
    assert {f for path, f in by_path.items() if "class_head" in path} == {1.0}
    still, moved = (keras.Variable(np.ones(3, "float32")) for _ in range(2))
    optimizer = LayerwiseAdamW(0.1, factors=[0.0, 0.5])
    gradient = ops.ones(3)
    optimizer.apply([gradient, gradient], [still, moved])
    np.testing.assert_allclose(ops.convert_to_numpy(still), 1)
    np.testing.assert_allclose(ops.convert_to_numpy(moved), 0.95, atol=1e-4)
    freeze(backbone, 1)
    paths = [w.path for w in model.trainable_weights]
    assert not any("/encoder_0/" in path or "/embedding/" in path for path in paths)
    assert any("/decoder_0/" in path for path in paths)
    with pytest.raises(ValueError, match="freeze is 2, but the encoder has 1"):
        freeze(backbone, 2)
    with pytest.raises(ValueError, match=r"layer_decay is 1\.5"):
        layer_factors(model, backbone, 1.5)
    with pytest.raises(ValueError, match="lora is 0"):
        enable_lora(backbone, 0)


def test_new_ngrams_are_mixed_into_a_memory():
    memory = NGramMemory(100, 40, order=3)
    memory.build((None, None, 2), (None, None, 1), (None, None, 4))
    unigram = np.full(100, -np.log(100))
    # The levels of a memory are there already: among them those of what is expected below.
    ids = np.array([[7, 8], [7, 9], [21, 30], [22, 30], [23, 30]])
    memory.fill({2: (ids, np.log([0.8, 0.1, 0.3, 0.452, 0.2]))}, unigram)

    def said(first, last):
        value, order = memory.look_up(np.array([[0, first]]), np.array([[last]]))
        return float(np.exp(ops.convert_to_numpy(value)[0, 0])), int(
            ops.convert_to_numpy(order)[0, 0]
        )

    new = (np.array([[7, 9], [5, 6]]), np.log([0.5, 0.9]), np.array([2.0, 1.0]))
    assert mix(memory, NGramTable({2: new}, unigram), 0.5) == 2
    assert said(7, 8) == (pytest.approx(0.8, rel=1e-3), 1)  # nothing was said of it
    assert said(7, 9) == (pytest.approx(0.3, rel=1e-3), 1)
    assert said(5, 6) == (pytest.approx(0.5 * 0.9 + 0.5 * 0.4 / 100, rel=1e-3), 1)


@pytest.mark.once
def test_batches_go_on_where_they_were():
    make = batches(np.arange(10), 3, seed=1)
    whole = [batch.numpy() for batch in make(0).take(6)]
    assert len({int(i) for batch in whole[:3] for i in batch}) == 9
    for batch, expected in zip(make(4).take(2), whole[4:]):
        np.testing.assert_array_equal(batch.numpy(), expected)


@pytest.mark.once
def test_mistakes_sound_like_what_was_meant(tiny_shards, tiny_lexicon):
    tokens, keys = sentences(tiny_shards, tiny_lexicon.vocabulary, length=24)
    assert tokens.shape == keys.shape and len(tokens) > 10
    written = mistaken(tokens, keys, tiny_lexicon, seed=2, share=1.0)
    rows, places = np.nonzero(written != tokens)
    assert len(rows) > len(tokens) / 4
    for row, place in zip(rows, places):
        key = tiny_lexicon.keys.untoned[keys[row, place] & 0x7FFF]
        assert tiny_lexicon.allows(key, written[row, place])
    np.testing.assert_array_equal(written, mistaken(tokens, keys, tiny_lexicon, seed=2, share=1.0))


@pytest.mark.once
def test_readings_come_from_phrases_alone(tiny_lexicon):
    table, _ = reading_table(tiny_lexicon)
    tokens = tiny_lexicon.vocabulary.encode("银行行长重新调整，还").astype("int32")[None]
    labels, known, held, without = phrase_readings(tokens, tiny_lexicon, table)
    some = (known + held) > 0
    assert not (known * held).any() and not some[0, -1]  # 还 alone is a guess
    names = np.array(tiny_lexicon.keys.names)[
        np.take_along_axis(table[tokens], labels[..., None], -1)
    ]
    found = dict(zip(np.flatnonzero(some[0]).tolist(), names[0, some[0], 0].tolist()))
    assert found == {
        place: ["yin2", "hang2", "hang2", "zhang3", "chong2", "xin1", "tiao2", "zheng3"][place]
        for place in found
    }
    assert (without[held == 0] == 0).all()


@pytest.mark.once
def test_one_sentence_on_bad_pairs(tmp_path):
    path = tmp_path / "pairs.tsv"
    for content, message in (
        ("", "is empty"),
        ("甲\t乙\n丙\n", "Line 2 of .* is not two texts"),
    ):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(ValueError, match=message):
            read_pairs(path)
    with pytest.raises(ValueError, match="There is no file"):
        read_pairs(tmp_path / "none.tsv")
    path.write_text("甲\t好\n丙\t好\n", encoding="utf-8")
    with pytest.raises(ValueError, match="has the label '好'"):
        labelled_lines(path)


def finetune(task, lines, start, folder, more):
    """Runs the recipe on lines of data: its module, where the model went, rows of the report."""
    data, out = folder / "data.tsv", folder / "model"
    data.write_text("\n".join(lines), encoding="utf-8")
    recipe = load_module(ROOT / "recipes" / "finetune.py")
    options = ["--data", data, "--start", start, "--out", out, "--runs", folder / "runs"]
    recipe.main(recipe.read_config([task, *map(str, options), "--peak", "0.005", *more]))
    return recipe, out, json.loads((out / "report.json").read_text())["rows"]


@pytest.mark.once
def test_the_recipe_learns_a_class_and_exports_it(tiny_preset, tmp_path, capsys):
    from ai_edge_litert.interpreter import Interpreter

    lines = [f"{'今天天气真好' * (1 + i % 3)}{i}{'我们' * (i % 7)}\t好" for i in range(60)]
    lines += [f"{'他在北京工作' * (1 + i % 3)}{i}{'公园' * (i % 7)}\t坏" for i in range(60)]
    more = ["--steps", "30", "--segment", "15"]
    recipe, out, report = finetune("classify", lines, tiny_preset, tmp_path, more)
    assert report[-1]["when"] == "after" and report[-1]["accuracy"] == 1.0
    assert "| after |" in (out / "report.md").read_text()
    model = TextClassifier.from_preset(out)
    assert model.classify(["今天天气真好"])[0][0] == "好"
    assert model.classify(["他在北京工作"])[0][0] == "坏"
    run = Interpreter(str(out / "export" / "model.tflite")).get_signature_runner("classify")
    row = np.zeros((1, 64), np.int32)
    tokens = model.lexicon.vocabulary.encode("今天天气真好")
    row[0, : len(tokens)] = tokens
    expected = ops.convert_to_numpy(ops.softmax(model(row)))
    np.testing.assert_allclose(run(hanzi=row)["probabilities"], expected, atol=0.05)
    with pytest.raises(ValueError, match="no task 'sing'"):
        recipe.main(recipe.read_config(["sing"]))
    with pytest.raises(ValueError, match="steps is -1"):
        recipe.main(recipe.read_config(["classify", "--steps", "-1"]))


@pytest.mark.once
def test_the_recipe_learns_to_write_and_exports_it(tiny_preset, tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    pairs = [f"{'天气' * (1 + i % 3)}{i}\t我们去公园" for i in range(60)]
    pairs += [f"{'工作' * (1 + i % 3)}{i}\t他在北京" for i in range(60)]
    _, out, report = finetune("seq2seq", pairs, tiny_preset, tmp_path, ["--steps", "200"])
    assert report[-1]["whole"] == 1.0
    assert (out / "export" / "saved_model" / "saved_model.pb").exists()
    model = PinyinTransformer.from_preset(out)
    run = Interpreter(str(out / "export" / "model.tflite")).get_signature_runner("generate")
    row = np.zeros((1, 40), np.int32)
    for source, target in (("天气天气7", "我们去公园"), ("工作6", "他在北京")):
        tokens = model.lexicon.vocabulary.encode(source)
        row[0] = 0
        row[0, : len(tokens)] = tokens
        found = run(hanzi=row)
        assert found["tokens"].shape == (1, 4, 40)
        assert model.lexicon.vocabulary.decode(found["tokens"][0, 0]) == target
        write = compiled(lambda hanzi: model.generate(hanzi, length=40, n_best=4))
        tokens, scores = map(ops.convert_to_numpy, write(row))
        np.testing.assert_array_equal(found["tokens"][0, 0], tokens[0, 0])
        np.testing.assert_allclose(found["scores"][0, 0], scores[0, 0], atol=0.05)


@pytest.mark.once
@pytest.mark.parametrize(
    "options,message",
    [
        (["--freeze", "2"], "freeze is 2, but the encoder has 1"),
        (["--lora", "-1"], "lora is -1"),
        (["--lora", "2", "--freeze", "1"], "LoRA freezes the model"),
        (["--layer-decay", "0"], r"layer_decay is 0\.0"),
    ],
)
def test_bad_options_are_told_before_anything_is_measured(
    options, message, tiny_preset, tmp_path, capsys
):
    recipe = load_module(ROOT / "recipes" / "finetune.py")
    options = [*options, "--start", str(tiny_preset), "--runs", str(tmp_path / "runs")]
    with pytest.raises(ValueError, match=message):
        recipe.main(recipe.read_config(["polyphone", *options]))
    assert not capsys.readouterr().out and not (tmp_path / "runs").exists()
