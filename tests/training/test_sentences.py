import keras
import numpy as np
import pytest

from keras_pinyin.data.memory import fill_memory
from keras_pinyin.data.pipeline import Batching, examples
from keras_pinyin.data.sentences import SeenSentences
from keras_pinyin.data.shards import read_shards
from keras_pinyin.models import Converter
from keras_pinyin.training.sentences import (
    SentenceTrainer,
    learn_memories,
    learned_memories,
    rivals,
    split_rows,
    train_on_sentences,
)


def test_rows_are_split_into_context_keys_and_hanzi(tiny_batch):
    rows = list(split_rows(tiny_batch["hanzi"], tiny_batch["keys"]))
    assert [[len(part) for part in row] for row in rows] == [
        [4, 7, 7],
        [3, 5, 5],
    ]  # a comma has no key
    assert (rows[1][2] == tiny_batch["hanzi"][1, 3:8]).all()


def test_sentences_that_were_counted_are_known(tiny_shards):
    documents = list(read_shards(tiny_shards[:1]))
    seen = SeenSentences(tiny_shards[:1])
    tokens, keys = documents[-1]
    ends = np.flatnonzero(np.diff(np.r_[False, keys > 0, False])).reshape(-1, 2).tolist()
    sentences = [tokens[i:j].astype(np.int32) for i, j in ends]
    long = [sentence for sentence in sentences if len(sentence) >= 4]
    assert long and all(sentence in seen for sentence in long)
    assert not any(sentence[:3] in seen for sentence in long)
    assert not any(sentence + 1 in seen for sentence in long)


@pytest.mark.once
@pytest.mark.parametrize("memories, risk", [(False, 0.0), (False, 0.5), (True, 0.5)])
def test_the_right_sentence_learns_to_come_first(tiny_model, tiny_shards, tmp_path, memories, risk):
    names = [variable.path for variable in tiny_model.trainable_variables]
    if memories:
        frozen = learn_memories(tiny_model)
    fill_memory(tiny_model, tiny_shards[:1])
    if memories:
        rng = np.random.default_rng(0)
        for memory in tiny_model.counted_memories:  # something to be mended
            values = keras.ops.convert_to_numpy(memory.values)
            memory.values.assign(values + rng.normal(size=values.shape, scale=3))
    # All inputs in one shape, since each is compiled.
    batching = Batching(positions=256, lengths=(12,), prefix_rate=0, shuffle=64)

    def batches(skip):
        return examples(tiny_shards, tiny_model.lexicon, batching, skip=skip)

    inputs = [x for x, *_ in batches(0).take(4).as_numpy_iterator()]
    rows = [row for x in inputs for row in split_rows(x["hanzi"], x["keys"])]
    rows = [row for row in rows if len(row[1]) <= 8]
    converter = Converter(tiny_model, n_best=4, beams=4)
    lists = rivals(converter, rows, positions=128)
    assert len(lists) >= 2
    for batch, errors in lists:
        gold, others = batch["paths"][:, :1], batch["paths"][:, 1:]
        there = batch["there"][:, 1:] > 0
        assert (batch["there"][:, 0] == 1).all() and there.any()
        assert ((others != gold).any(-1) | ~there).all()
        assert ((gold > 0) == (batch["keys"][:, None] > 0)).all()
        assert (errors == (batch["paths"] != gold).sum(-1)).all()
        assert (errors[:, 1:] > 0)[there].all()
    wrong = [*rows[0][:2], np.where(rows[0][2] == rows[0][2][0], rows[1][2][0] + 1, rows[0][2])]
    assert rivals(converter, [wrong] * 16, positions=128) == []  # no hanzi of its keys

    trainer = SentenceTrainer(tiny_model)
    with pytest.raises(ValueError, match="risk is 2"):
        trainer.compile_for_sentences("adam", risk=2)
    optimizer = keras.optimizers.Adam(1e-3)
    if memories:
        optimizer = keras.optimizers.Adagrad(2.0, initial_accumulator_value=1e-3)
    trainer.compile_for_sentences(optimizer, risk=risk)
    trainer.optimizer.build(tiny_model.trainable_variables)
    variables = [*trainer.variables, *trainer.optimizer.variables]
    start = [keras.ops.convert_to_numpy(v).copy() for v in variables]

    def loss():
        return np.mean([trainer.test_on_batch(*batch)[0] for batch in lists])

    def train(rounds, **more):
        train_on_sentences(
            trainer, converter, batches, rounds=rounds, rows=24, positions=128, **more
        )

    before = loss()
    train(3)
    assert loss() < 0.8 * before
    whole = tiny_model.get_weights()
    # Cut after two rounds, and gone on with.
    for variable, value in zip(variables, start):
        variable.assign(value)
    path, rounds = tmp_path / "checkpoint.npz", []
    train(2, checkpoint=path)
    for variable, value in zip(variables, start):
        variable.assign(value)
    train(3, checkpoint=path, report=lambda number, logs: rounds.append(number))
    assert rounds == [2]
    for cut, uncut in zip(tiny_model.get_weights(), whole):
        np.testing.assert_allclose(cut, uncut, atol=1e-4)
    if memories:
        assert {variable.name for variable in tiny_model.trainable_variables} == {"values"}
        learned = learned_memories(tiny_model, frozen)
        assert [variable.path for variable in tiny_model.trainable_variables] == names
        fill_memory(tiny_model, tiny_shards[:1], learned=learned)
        assert loss() < 0.8 * before
