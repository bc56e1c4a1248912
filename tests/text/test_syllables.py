import numpy as np
import pytest

from keras_pinyin.data.syllables import count_syllables, write_syllables
from keras_pinyin.text import KeyTable, Lexicon, SyllableScores
from keras_pinyin.text.syllables import FILE


@pytest.fixture(scope="module")
def scores(tiny_shards, tiny_lexicon):
    return count_syllables(tiny_shards, tiny_lexicon.keys, trigrams=40)


def cost(scores, keys, *names):
    before, last, key = (keys.ids[name] if name else 0 for name in names)
    return float(scores.rows([(before, last)])[0, key])


def test_counts_say_what_follows(scores, tiny_lexicon):
    keys = tiny_lexicon.keys
    assert cost(scores, keys, "", "tian", "qi") + 2 < cost(scores, keys, "", "tian", "hang")
    assert cost(scores, keys, "", "", "jin") < cost(scores, keys, "", "", "qi")
    assert len(scores.trigrams) == 40
    # 今天天气 and 今天我们: the trigram knows better than the pair, in which 天 follows 今天 only.
    alone = SyllableScores(keys, scores.bigrams)
    assert cost(scores, keys, "jin", "tian", "wo") < cost(alone, keys, "jin", "tian", "wo")


def test_every_row_is_near_a_distribution(scores, tiny_lexicon):
    keys = tiny_lexicon.keys
    pairs = [(0, 0), *((int(a), int(b)) for a, b, _ in scores.trigrams)]
    rows = scores.rows(pairs)[:, 2 : keys.first_prefix]
    assert np.abs(np.exp(-rows).sum(axis=1) - 1).max() < 0.3  # costs are rounded to half nats


def test_beginnings_are_as_likely_as_all_that_they_begin(scores, tiny_lexicon):
    keys = tiny_lexicon.keys
    after = SyllableScores(keys, scores.bigrams).rows([(0, keys.ids["tian"])])[0]
    begun = [keys.ids[s] for s in keys.syllables if s.startswith("q")]
    assert after[keys.ids["q"]] == pytest.approx(
        max(-np.log(np.exp(-after[begun]).sum()), 0), abs=1e-4
    )


def test_bytes(scores, tiny_lexicon):
    keys = tiny_lexicon.keys
    again = SyllableScores.from_bytes(keys, scores.to_bytes())
    for name in ("bigrams", "trigrams", "costs"):
        assert np.array_equal(getattr(again, name), getattr(scores, name))
    assert len(SyllableScores.even(keys).to_bytes()) < 1000
    for damaged in (b"", b"SYL1", scores.to_bytes()[:-9], b"x" + scores.to_bytes()[1:]):
        with pytest.raises(ValueError, match="damaged"):
            SyllableScores.from_bytes(keys, damaged)
    with pytest.raises(ValueError, match="make it again with these keys"):
        SyllableScores.from_bytes(KeyTable(["ni3", "hao3"]), scores.to_bytes())


def test_the_released_table_is_for_the_released_lexicon(pytestconfig):
    folder = pytestconfig.rootpath / "saved_models" / "small"
    keys = Lexicon.load(folder / "lexicon.tsv").keys
    table = (folder / FILE).read_bytes()
    assert len(table) < 160_000
    scores = SyllableScores.from_bytes(keys, table)
    assert cost(scores, keys, "", "bei", "jing") + 2 < cost(scores, keys, "", "bei", "jin")


def test_written_beside_a_model(tiny_shards, tiny_lexicon, tmp_path):
    write_syllables(tiny_shards, tiny_lexicon.keys, tmp_path)
    SyllableScores.from_bytes(tiny_lexicon.keys, (tmp_path / FILE).read_bytes())
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
