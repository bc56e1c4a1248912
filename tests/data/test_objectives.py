import re

import keras
import numpy as np
import pytest

from keras_pinyin.data.labelling import UNSURE
from keras_pinyin.data.objectives import OBJECTIVES, read_mix, stretches
from keras_pinyin.data.pipeline import Batching, examples
from keras_pinyin.data.shards import read_shards
from keras_pinyin.models import PinyinTransformer
from keras_pinyin.text import FIRST_HANZI
from keras_pinyin.text.keys import ANY

SMALL = dict(positions=256, lengths=(16, 32), candidates=8, frequent=5, shuffle=64)


def take(shards, lexicon, count, mix, **changes):
    batching = Batching(**{**SMALL, **changes}, objectives=read_mix(mix))
    return list(examples(shards, lexicon, batching, seed=2).take(count).as_numpy_iterator())


def check_labels(inputs, labels, weights):
    """What is asked for is among the candidates, no candidate comes twice."""
    gold = np.take_along_axis(inputs["candidates"], labels["hanzi"][..., None], -1)[..., 0]
    assert (gold == inputs["hanzi"])[inputs["keys"] > 0].all()
    assert (weights["hanzi"] == (inputs["keys"] > 0)).all()
    for row in inputs["candidates"].reshape(-1, 8):
        assert len(set(row[row > 0])) == (row > 0).sum()


def test_masked_hanzi_are_whole_words_and_the_rest_is_read(tiny_shards, tiny_lexicon):
    import jieba

    heard, hidden, after, whole = 0, 0, 0, 0
    for batch in take(tiny_shards, tiny_lexicon, 20, "masked_hanzi", prefix_rate=0.0):
        inputs, *_ = batch
        check_labels(*batch)
        for hanzi, keys in zip(inputs["hanzi"], inputs["keys"]):
            masked = np.flatnonzero(keys)
            assert len(masked) and (hanzi > 0)[masked].all()
            heard += (keys[masked] != ANY).sum()
            hidden += (keys[masked] == ANY).sum()
            after += hanzi[min(masked[-1] + 1, len(hanzi) - 1)] > 0
            # A row begins and ends within words: look at what jieba finds in its middle.
            text = tiny_lexicon.vocabulary.decode(hanzi)
            for word in ("天气", "银行", "公园", "电影", "上海"):
                if word not in jieba.lcut(text):
                    continue
                place = text.index(word)
                if "[" not in text and place > 0 and place + len(word) < len(text):
                    pair = keys[place : place + 2]
                    assert (pair > 0).all() == (pair > 0).any(), (text, word, keys)
                    whole += (pair > 0).all()
    assert after > 20 and whole > 5
    assert 0.4 < heard / (heard + hidden) < 0.6


def test_candidates_of_a_hidden_hanzi_stand_for_the_vocabulary(tiny_shards, tiny_lexicon):
    size = len(tiny_lexicon.vocabulary) - FIRST_HANZI
    edges = stretches(size, 8)
    assert edges[0] == 0 and edges[-1] == size and (np.diff(edges) > 0).all()
    assert stretches(5, 8).tolist() == [0, 1, 2, 3, 4, 5, 5, 5, 5]
    seen = set()
    mix = "masked_hanzi,next_hanzi"
    # Without prefixes: one that is typed as `<any>` would look like a hidden hanzi.
    for inputs, *_ in take(tiny_shards, tiny_lexicon, 20, mix, prefix_rate=0.0):
        hidden = inputs["keys"] == ANY
        ranks = inputs["candidates"][hidden] - FIRST_HANZI
        assert ((ranks >= edges[:-1]) & (ranks < edges[1:])).all()
        np.testing.assert_allclose(
            inputs["offsets"][hidden], np.broadcast_to(np.log(np.diff(edges)), ranks.shape), 1e-5
        )
        assert not inputs["offsets"][~hidden].any()
        seen |= set(ranks.ravel().tolist())
    assert len(seen) == size


def test_readings_are_asked_where_they_are_hidden(tiny_shards, tiny_lexicon):
    keys = tiny_lexicon.keys
    labelled = [
        (tokens.tolist(), typed.astype(int).tolist()) for tokens, typed in read_shards(tiny_shards)
    ]
    pairs = {pair for document in labelled for pair in zip(*document)}
    asked, told = 0, set()
    for inputs, labels, weights in take(tiny_shards, tiny_lexicon, 20, "masked_pinyin"):
        assert not inputs["keys"].any() and not weights["hanzi"].any()
        here = weights["pinyin"] > 0
        assert ((inputs["readings"] > 0).any(-1) == here).all()
        assert (here.sum(1) <= (inputs["hanzi"] >= FIRST_HANZI).sum(1)).all()
        gold = np.take_along_axis(inputs["readings"], labels["pinyin"][..., None], -1)[..., 0]
        found = set(zip(inputs["hanzi"][here].tolist(), gold[here].tolist()))
        assert found <= pairs  # sure: no key has UNSURE set
        told |= {(tiny_lexicon.vocabulary.tokens[h], keys.names[k]) for h, k in found}
        asked += here.sum()
    assert asked > 100 and len(keys) < UNSURE
    assert {("重", "chong2"), ("重", "zhong4"), ("行", "hang2")} <= told


def test_next_hanzi_follow_what_is_read(tiny_shards, tiny_lexicon):
    begins = set()
    for batch in take(tiny_shards, tiny_lexicon, 20, "next_hanzi"):
        check_labels(*batch)
        for hanzi, keys in zip(batch[0]["hanzi"], batch[0]["keys"]):
            at = np.flatnonzero(keys)
            assert set(keys[at]) == {ANY} and (np.diff(at) == 1).all()
            assert at[-1] + 1 == (hanzi > 0).sum()
            begins.add(int(at[0]))
    assert len(begins) > 5


def test_rows_are_shared_out_by_weight(tiny_shards, tiny_lexicon):
    mix = "conversion=6,masked_pinyin=2,next_hanzi=2"
    rows = {"masked_pinyin": 0, "next_hanzi": 0, "conversion": 0}
    for inputs, _, weights in take(
        tiny_shards, tiny_lexicon, 60, mix, prefix_rate=0.0, context_free=0.0
    ):
        typed = inputs["keys"]
        rows["masked_pinyin"] += weights["pinyin"].any(1).sum()
        rows["next_hanzi"] += (typed == ANY).any(1).sum()
        rows["conversion"] += (typed > ANY).any(1).sum()
    shares = {name: count / sum(rows.values()) for name, count in rows.items()}
    assert shares == pytest.approx(
        {"masked_pinyin": 0.2, "next_hanzi": 0.2, "conversion": 0.6}, abs=0.05
    )


@pytest.mark.parametrize(
    "text,message",
    [
        ("conversion,poetry=2", "no objective 'poetry': choose from conversion, masked_hanzi"),
        ("", "no objective ''"),
        ("conversion=0", "weight of conversion is '0', but must be a number above 0"),
        ("next_hanzi=x", "weight of next_hanzi is 'x'"),
        ("conversion,conversion=2", "conversion is there twice"),
    ],
)
def test_bad_mixes(text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        read_mix(text)


def test_a_model_learns_a_mix_and_is_saved_with_its_head(tiny_shards, tiny_lexicon, tmp_path):
    keras.utils.set_random_seed(0)
    model = PinyinTransformer.from_lexicon(
        tiny_lexicon, "nano", memory_slots=0, sound_memory_slots=0, pinyin_head=True
    )
    model.compile_for_conversion(keras.optimizers.Adam(5e-3), pinyin=True, run_eagerly=True)
    batches = take(tiny_shards, tiny_lexicon, 8, ",".join(OBJECTIVES), lengths=(32,))
    losses = [model.train_on_batch(*batch, return_dict=True) for batch in batches * 2]
    for name in ("hanzi_loss", "pinyin_loss"):
        assert losses[-1][name] < 0.6 * losses[0][name], name
    model.save_to_preset(tmp_path / "mixed")
    loaded = PinyinTransformer.from_preset(tmp_path / "mixed")
    inputs = batches[0][0]
    found, expected = (keras.ops.convert_to_numpy(m(inputs)["pinyin"]) for m in (loaded, model))
    asked = batches[0][2]["pinyin"] > 0
    np.testing.assert_allclose(found[asked], expected[asked], atol=0.05)
