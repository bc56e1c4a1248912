import errno
import json

import keras
import numpy as np
import pytest
from keras import ops

from conftest import compiled
from keras_pinyin.data.memory import fill_memory
from keras_pinyin.models import Converter, PinyinTransformer
from keras_pinyin.models import weights as weights_module
from keras_pinyin.text.vocabulary import BOS
from keras_pinyin.training.sentences import learn_memories

JAX = keras.backend.backend() == "jax"


def forward(model, batch, **changes):
    inputs = {**batch, **changes}
    # On JAX one compilation is quicker than one of every operation.
    outputs = model.predict_on_batch(inputs) if JAX else model(inputs)
    return {name: ops.convert_to_numpy(value) for name, value in outputs.items()}


def noisy(model):
    """An untrained model has zeros in its trust and biases; give every weight something."""
    rng = np.random.default_rng(5)
    for weight in model.trainable_weights:
        weight.assign(ops.convert_to_numpy(weight) + rng.normal(size=weight.shape, scale=0.05))
    if model.topic_memory is not None:
        model.topic_memory.trust.assign([5.0, 5.0])
    return model


def test_what_each_position_sees(tiny_model, tiny_batch):
    model = noisy(tiny_model)
    plain = forward(model, tiny_batch)
    assert plain["hanzi"].shape == tiny_batch["candidates"].shape
    assert (plain["hanzi"][tiny_batch["candidates"] == 0] < -1e8).all()
    typed = tiny_batch["keys"] > 0
    # The encoder never sees the hanzi of a key; the decoder sees it from the next position on.
    hanzi = tiny_batch["hanzi"].copy()
    hanzi[0, 7] = hanzi[0, 5]
    changed = forward(model, tiny_batch, hanzi=hanzi)
    np.testing.assert_allclose(changed["encoder"], plain["encoder"], atol=1e-5)
    np.testing.assert_allclose(changed["hanzi"][0, 4:8], plain["hanzi"][0, 4:8], atol=1e-4)
    assert np.abs(changed["hanzi"][0, 8] - plain["hanzi"][0, 8]).max() > 1e-4
    # Left context matters.
    hanzi = tiny_batch["hanzi"].copy()
    hanzi[0, 0] = hanzi[0, 5]
    assert (
        np.abs(forward(model, tiny_batch, hanzi=hanzi)["encoder"] - plain["encoder"])[0, 4:].max()
        > 1e-5
    )
    # Padding does not.
    longer = {
        name: np.pad(x, [(0, 0), (0, 3)] + [(0, 0)] * (x.ndim - 2))
        for name, x in tiny_batch.items()
    }
    padded = forward(model, longer)["hanzi"][:, :12]
    np.testing.assert_allclose(padded[typed], plain["hanzi"][typed], atol=1e-4)


def test_search_scores_are_those_of_training(tiny_model, tiny_lexicon, tiny_shards):
    model = noisy(tiny_model)
    fill_memory(model, tiny_shards)
    context = tiny_lexicon.vocabulary.encode("今天天气")
    keys = tiny_lexicon.keys.parse("zh hao w m q")
    search = compiled(lambda *inputs: model.search(*inputs, n_best=3, shortlist=8))
    sentences, scores = search(context[None], keys[None])
    again = compiled(model.score_paths)(context[None], keys[None], sentences)
    again = ops.convert_to_numpy(again)[0].sum(-1)
    sentences, scores = ops.convert_to_numpy(sentences)[0], ops.convert_to_numpy(scores)[0]
    assert scores[1] > -100  # there is more than one sentence to compare
    np.testing.assert_allclose(again[scores > -100], scores[scores > -100], atol=2e-3)
    for ids, score in zip(sentences[scores > -100], scores[scores > -100]):
        hanzi = np.concatenate([context, ids])[None].astype("int32")
        typed = np.concatenate([np.zeros(4, int), keys])[None].astype("int32")
        candidates = tiny_lexicon.candidates()[typed]
        logits = forward(model, {"hanzi": hanzi, "keys": typed, "candidates": candidates})["hanzi"]
        gold = (candidates[0, 4:] == ids[:, None]).argmax(-1)
        assert logits[0, np.arange(4, 9), gold].sum() == pytest.approx(score, abs=2e-3)


@pytest.mark.once
def test_memory_from_counts_already_converts(tiny_model, tiny_shards):
    assert fill_memory(tiny_model, tiny_shards) > 100
    best = tiny_model.convert("", "yin hang hang zhang zhong xin", n_best=3)
    assert best[0][0].startswith("银行行长")
    assert tiny_model.convert("今天", "tian qi zhen hao")[0][0] == "天气真好"


@pytest.mark.once
def test_candidates_are_legal_distinct_and_sorted(tiny_model, tiny_lexicon):
    keys = "w men q b jing"
    best = tiny_model.convert("", keys, n_best=8)
    assert len(best) > 3
    assert len({s for s, _ in best}) == len(best)
    assert [score for _, score in best] == sorted((score for _, score in best), reverse=True)
    for sentence, _ in best:
        ids = [tiny_lexicon.vocabulary.ids[h] for h in sentence]
        assert all(map(tiny_lexicon.allows, tiny_lexicon.keys.parse(keys), ids))


def test_converter_is_convert(tiny_model, tiny_shards):
    fill_memory(noisy(tiny_model), tiny_shards)
    inputs = [
        ("今天", "tian qi zhen hao ma"),  # padded on both sides
        ("", "yin hang hang zhang hen hao"),
    ]
    converted = Converter(tiny_model, n_best=4).convert_all(inputs, 2)
    for (context, keys), found in zip(inputs, converted, strict=True):
        ids = [part[None] for part in tiny_model.parse(context, keys)]
        search = compiled(lambda *inputs: tiny_model.search(*inputs, n_best=4))
        best, scores = map(ops.convert_to_numpy, search(*ids))
        alone = [tiny_model.lexicon.vocabulary.decode(ids) for ids in best[0]]
        assert [s for s, _ in found] == [s for s, n in zip(alone, scores[0]) if n > -1e8]
        np.testing.assert_allclose([s for _, s in found], scores[0][: len(found)], atol=1e-3)


def memory_only(model):
    for weight in model.trainable_weights:
        if "trust" not in weight.path:
            weight.assign(weight * 0)
    return model


@pytest.mark.once
def test_punctuation_begins_a_sentence_for_the_memory(tiny_model, tiny_lexicon, tiny_shards):
    fill_memory(memory_only(tiny_model), tiny_shards)
    good, comma = tiny_lexicon.vocabulary.encode("好，").tolist()
    keys = np.tile(tiny_lexicon.keys.parse("wo men"), (3, 1))
    sentences, scores = tiny_model.search(np.array([[0, 0], [good, comma], [0, good]]), keys)
    sentences, scores = ops.convert_to_numpy(sentences), ops.convert_to_numpy(scores)
    assert tiny_lexicon.vocabulary.decode(sentences[1, 0]) == "我们"
    assert scores[1, 0] == pytest.approx(scores[0, 0], abs=1e-4)
    assert abs(scores[2, 0] - scores[0, 0]) > 0.1


def test_next_hanzi(tiny_model, tiny_shards, tiny_lexicon):
    fill_memory(memory_only(tiny_model), tiny_shards)
    # The key <any> offers the most frequent hanzi: eight in this lexicon, 天 among them.
    context = tiny_lexicon.vocabulary.encode("银行行长重新调整重量，今")[None]
    hanzi, scores = compiled(lambda context: tiny_model.next_hanzi(context, n_best=5))(context)
    assert tiny_lexicon.vocabulary.decode(ops.convert_to_numpy(hanzi)[0])[0] == "天"
    assert (np.diff(ops.convert_to_numpy(scores)[0]) <= 0).all()


@pytest.mark.parametrize(
    "keys,message",
    [("", "0 keys"), (["tian"] * 300, "300 keys.*in parts"), ("tian xq", "'xq' is no pinyin")],
)
def test_bad_keys_give_one_sentence(tiny_model, keys, message):
    with pytest.raises(ValueError, match=message):
        tiny_model.convert("", keys)


@pytest.mark.once
def test_hanzi_outside_the_vocabulary_is_unknown_context(tiny_model):
    assert tiny_model.convert("龘龘", "tian qi", n_best=1)[0][0] == "天气"


def test_presets_round_trip(tiny_model, tiny_batch, tmp_path):
    model = noisy(tiny_model)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text("card")
    model.save_to_preset(tmp_path / "mine")
    loaded = PinyinTransformer.from_preset(tmp_path / "mine")
    assert loaded.get_config() == {**model.get_config(), "name": loaded.name}
    expected, found = forward(model, tiny_batch), forward(loaded, tiny_batch)
    typed = tiny_batch["keys"] > 0
    np.testing.assert_allclose(
        found["hanzi"][typed], expected["hanzi"][typed], atol=0.05, rtol=0.01
    )
    assert (tmp_path / "mine" / "README.md").read_text() == "card"
    again = tmp_path / "again"
    loaded.save_to_preset(again)  # half precision is kept exactly
    twice = PinyinTransformer.from_preset(again)
    np.testing.assert_array_equal(forward(twice, tiny_batch)["hanzi"], found["hanzi"])


@pytest.mark.once
def test_weights_of_another_model_are_a_start(tiny_model, tiny_lexicon, tmp_path):
    noisy(tiny_model).save_to_preset(tmp_path / "a")
    other = PinyinTransformer.from_lexicon(
        tiny_lexicon, "nano", key_memory_rows=999, topic_rows=500, topics=8
    )
    learned = lambda model: [
        *model.trainable_variables,
        *model.topic_memory.non_trainable_variables,
    ]
    others = {v.path.split("/", 1)[1]: v for v in learned(other)}
    copied = weights_module.copy_weights(other, tmp_path / "a")
    assert copied == len(others) - 1  # all but the table of another size
    for variable in learned(tiny_model):
        name = variable.path.split("/", 1)[1]
        same = others[name].shape == variable.shape and np.allclose(
            ops.convert_to_numpy(others[name]), ops.convert_to_numpy(variable), atol=1e-2
        )
        assert same == (name != "key_memory/table")


@pytest.mark.once
def test_bad_presets_give_one_sentence(tiny_model, tmp_path):
    with pytest.raises(ValueError, match="There is no model"):
        PinyinTransformer.from_preset(tmp_path / "nothing")
    with pytest.raises(ValueError, match="There is no size 'huge'"):
        PinyinTransformer.from_lexicon(tiny_model.lexicon, "huge")
    tiny_model.save_to_preset(tmp_path / "a")
    config = json.loads((tmp_path / "a" / "config.json").read_text())
    config["config"]["dim"] = 32
    (tmp_path / "a" / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="another shape"):
        PinyinTransformer.from_preset(tmp_path / "a")
    (tmp_path / "a" / "model.weights.npz").write_bytes(b"broken")
    with pytest.raises(ValueError, match="cannot be read"):
        PinyinTransformer.from_preset(tmp_path / "a")


@pytest.mark.once
def test_a_full_disk_leaves_the_saved_model(tiny_model, tmp_path, monkeypatch):
    tiny_model.save_to_preset(tmp_path / "good")
    files = {f.name: f.read_bytes() for f in (tmp_path / "good").iterdir()}

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(weights_module.np, "savez_compressed", full)
    with pytest.raises(ValueError, match="No space left.*intact"):
        tiny_model.save_to_preset(tmp_path / "good")
    assert {f.name: f.read_bytes() for f in (tmp_path / "good").iterdir()} == files
    assert [f.name for f in tmp_path.iterdir()] == ["good"]


@pytest.mark.once
def test_another_lexicon_is_refused(tiny_model):
    from keras_pinyin.text import Lexicon

    with pytest.raises(ValueError, match="saved with the model"):
        tiny_model.set_lexicon(Lexicon({"中": {"zhong1": 1}}))


def test_sequence_to_sequence_learns_to_copy(tiny_lexicon):
    keras.utils.set_random_seed(1)
    model = PinyinTransformer.from_lexicon(
        tiny_lexicon, "nano", aligned=False, key_memory_rows=1024, decoder_attention=None
    )
    assert model.memory is None
    with pytest.raises(ValueError, match="no counted memory to train"):
        learn_memories(model)
    model.compile(
        keras.optimizers.Adam(5e-3),
        {"hanzi": keras.losses.SparseCategoricalCrossentropy(from_logits=True)},
        jit_compile=keras.backend.backend() == "jax",
    )
    rng = np.random.default_rng(0)
    losses = []
    for _ in range(90):
        source = rng.integers(30, 40, (32, 3)).astype("int32")
        inputs = {"hanzi": source, "keys": np.zeros_like(source), "target": source}
        losses.append(float(model.train_on_batch(inputs, {"hanzi": source})))
    assert model(inputs)["hanzi"].shape == (32, 3, len(tiny_lexicon.vocabulary))
    # Who knows only which ten hanzi there are gets log 10, which is 2.3.
    assert np.mean(losses[-5:]) < 1


def test_generated_scores_are_those_of_training(tiny_lexicon):
    model = noisy(
        PinyinTransformer.from_lexicon(tiny_lexicon, "nano", aligned=False, key_memory_rows=64)
    )
    source = np.random.default_rng(0).integers(30, 40, (2, 5)).astype("int32")
    source[1, 3:] = 0
    generate = compiled(
        lambda source: model.generate(source, length=4, n_best=3, beams=5, reward=0.5)
    )
    tokens, scores = generate(source)
    tokens, scores = ops.convert_to_numpy(tokens), ops.convert_to_numpy(scores)
    assert tokens.shape == (2, 3, 4) and (np.diff(scores) <= 0).all()
    for row in range(2):
        assert len({tuple(t) for t in tokens[row].tolist()}) == 3
        for written, score in zip(tokens[row], scores[row]):
            steps = min((written > 0).sum() + 1, 4)  # the end is written too
            target = np.where(written > 0, written, BOS)[None]
            inputs = {"hanzi": source[row : row + 1], "keys": np.zeros((1, 5), "int32")}
            logits = forward(model, {**inputs, "target": target})["hanzi"][0]
            log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
            log_probs = log_probs[np.arange(4), target[0]][:steps]
            worth = 0.5 * min((written > 0).sum(), (source[row] > 0).sum())
            assert log_probs.sum() + worth == pytest.approx(score, abs=1e-3)
    model.output_bias.assign(np.eye(len(tiny_lexicon.vocabulary), dtype="float32")[2] * 50)
    model.copy_head.gate.bias.assign([-50.0])
    tokens, scores = compiled(lambda x: model.generate(x, length=4, n_best=2))(source)
    assert (ops.convert_to_numpy(tokens)[:, 0] == 0).all()  # ends at once, for certain
    assert ops.convert_to_numpy(scores)[:, 0] == pytest.approx(0, abs=1e-3)
    assert (ops.convert_to_numpy(scores)[:, 1] < -10).all()


def test_free_writing_is_for_models_without_alignment(tiny_model):
    with pytest.raises(ValueError, match="one hanzi per key"):
        tiny_model.generate(np.ones((1, 3), "int32"), length=2)
