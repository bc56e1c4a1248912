import numpy as np
import pytest

from keras_pinyin.data.pipeline import Batching, examples
from keras_pinyin.data.shards import prepare_shards, read_shards
from keras_pinyin.text import FIRST_HANZI, Lexicon

SMALL = Batching(positions=128, lengths=(8, 16, 32), candidates=8, frequent=5, shuffle=64)


def take(shards, lexicon, count, skip=0, **options):
    dataset = examples(shards, lexicon, SMALL, **options)
    return list(dataset.skip(skip).take(count).as_numpy_iterator())


def test_same_seed_same_batches_and_skip_goes_on(tiny_shards, tiny_lexicon):
    first = take(tiny_shards, tiny_lexicon, 6, seed=3)
    again = take(tiny_shards, tiny_lexicon, 3, skip=3, seed=3)
    other = take(tiny_shards, tiny_lexicon, 6, seed=4)
    for (a, *_), (b, *_) in zip(first[3:], again):
        for name in a:
            np.testing.assert_array_equal(a[name], b[name])
    assert any(
        a[0]["hanzi"].shape != b[0]["hanzi"].shape or (a[0]["hanzi"] != b[0]["hanzi"]).any()
        for a, b in zip(first, other)
    )


def test_a_second_look_at_a_dataset_sees_the_same(tiny_shards, tiny_lexicon):
    """Keras takes a batch of a dataset before it trains on it, if the model is new."""
    dataset = examples(tiny_shards, tiny_lexicon, SMALL, seed=3).take(4)
    for (a, *_), (b, *_) in zip(*(list(dataset.as_numpy_iterator()) for _ in range(2))):
        np.testing.assert_array_equal(a["hanzi"], b["hanzi"])


def test_batches_are_what_they_say(tiny_shards, tiny_lexicon):
    keys_of = tiny_lexicon.keys
    cut, with_context, without = 0, 0, 0
    for inputs, labels, weights in take(tiny_shards, tiny_lexicon, 60, seed=0):
        hanzi, keys, candidates = inputs["hanzi"], inputs["keys"], inputs["candidates"]
        assert hanzi.size <= SMALL.positions and hanzi.shape[1] in SMALL.lengths
        typed = keys > 0
        assert (weights["hanzi"] == typed).all()
        gold = np.take_along_axis(candidates, labels["hanzi"][..., None], -1)[..., 0]
        assert (gold == hanzi)[typed].all()
        for row in range(len(hanzi)):
            at = np.flatnonzero(typed[row])
            # Context, then keys in one piece, then padding.
            assert (np.diff(at) == 1).all() and (hanzi[row, : at[0]] > 0).all()
            assert (hanzi[row, at[-1] + 1 :] == 0).all()
            with_context += at[0] > 0
            without += at[0] == 0
            for key, token in zip(keys[row, at], hanzi[row, at]):
                assert tiny_lexicon.allows(key, token)
                cut += keys_of.first_prefix <= key < keys_of.first_toned
    assert cut > 0 and with_context > 0 and without > 0


def test_rows_are_pieces_of_documents_and_hardly_padded(tiny_shards, tiny_lexicon):
    """So the context is what stands before the keys, never what comes after."""
    documents = {tokens.astype("<i4").tobytes() for tokens, _ in read_shards(tiny_shards)}
    positions, padding = 0, 0
    for inputs, _, _ in take(tiny_shards, tiny_lexicon, 40, seed=2):
        for row in inputs["hanzi"]:
            text = row[row > 0].astype("<i4").tobytes()
            assert any(text in document for document in documents)
            positions, padding = positions + len(row), padding + (row == 0).sum()
    assert padding < 0.35 * positions


def test_some_rows_stop_before_their_end(tiny_shards, tiny_lexicon):
    """As while one types: after the keys the text would go on."""
    texts = [tokens.tolist() for tokens, _ in read_shards(tiny_shards)]
    pairs = {(a, b) for text in texts for a, b in zip(text, [*text[1:], 0])}
    ends = {a for a, b in pairs if b < FIRST_HANZI}
    always = Batching(**{**vars(SMALL), "unfinished": 1.0})
    for batching, expected in ((SMALL, True), (always, True)):
        batches = examples(tiny_shards, tiny_lexicon, batching, seed=5).take(20)
        last = {
            int(row[row > 0][-1]) for x, _, _ in batches.as_numpy_iterator() for row in x["hanzi"]
        }
        assert bool(last - ends) == expected
    never = Batching(**{**vars(SMALL), "unfinished": 0.0})
    batches = examples(tiny_shards, tiny_lexicon, never, seed=5).take(20)
    last = {int(row[row > 0][-1]) for x, _, _ in batches.as_numpy_iterator() for row in x["hanzi"]}
    assert last <= ends


def test_guessed_readings_vary(tmp_path):
    lexicon = Lexicon(
        {"地": {"di4": 5, "de5": 0}, "的": {"de5": 9}, "慢": {"man4": 3}, "跑": {"pao3": 3}}
    )
    lexicon.save(tmp_path / "lexicon.tsv")
    (tmp_path / "a.txt").write_text("慢地跑\n\n跑地慢\n\n" * 50, encoding="utf-8")
    folder = prepare_shards(
        tmp_path / "a.txt", tmp_path, lexicon_path=tmp_path / "lexicon.tsv", workers=1
    )
    often = Batching(**{**vars(SMALL), "other_reading": 0.5, "prefix_rate": 0.0, "tone_rate": 0.0})
    ground = int(lexicon.vocabulary.encode("地")[0])
    typed = {}
    for inputs, _, _ in examples([*folder.glob("*.tfrecord")], lexicon, often).take(10):
        at = (inputs["hanzi"].numpy() == ground) & (inputs["keys"].numpy() > 0)
        for key in inputs["keys"].numpy()[at]:
            typed[lexicon.keys.names[key]] = typed.get(lexicon.keys.names[key], 0) + 1
    assert set(typed) == {"di", "de"}
    assert 0.3 < typed["de"] / sum(typed.values()) < 0.7


def test_candidates_of_a_position_do_not_repeat(tiny_shards, tiny_lexicon):
    for inputs, _, _ in take(tiny_shards, tiny_lexicon, 10, seed=1):
        for row in inputs["candidates"].reshape(-1, 8):
            real = row[row > 0]
            assert len(set(real.tolist())) == len(real)


def test_evaluation_batches_have_all_candidates_and_plain_keys(tiny_shards, tiny_lexicon):
    batches = take(tiny_shards, tiny_lexicon, 5, training=False, repeat=False)
    for inputs, _, _ in batches:
        assert inputs["candidates"].shape[-1] == tiny_lexicon.candidates().shape[1]
        assert (inputs["keys"] < tiny_lexicon.keys.first_prefix).all()


def test_rows_for_several_devices(tiny_shards, tiny_lexicon):
    shared = Batching(**{**vars(SMALL), "multiple": 6})
    for inputs, _, _ in examples(tiny_shards, tiny_lexicon, shared).take(10):
        assert inputs["hanzi"].shape[0] % 6 == 0


def test_no_shards(tiny_lexicon):
    with pytest.raises(ValueError, match="no shards"):
        examples([], tiny_lexicon)
