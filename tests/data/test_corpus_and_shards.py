import gzip
import lzma

import numpy as np
import pytest

from keras_pinyin.data.corpus import corpus_files, read_documents, write_default_corpus
from keras_pinyin.data.eval_sets import items_from_shards, read_eval_set
from keras_pinyin.data.labelling import UNSURE, Labeller
from keras_pinyin.data.shards import prepare_shards, read_shards, split_shards


def test_all_formats_are_read(tiny_corpus):
    documents = [list(read_documents(f)) for f in corpus_files(tiny_corpus)]
    assert [len(d) for d in documents] == [10, 20, 10]
    assert documents[0][0] == documents[1][0] and "银行行长" in documents[1][0]


@pytest.mark.parametrize(
    "name,content,message",
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n\n", "empty"),
        ("a.txt", b"plain english\n", "no hanzi"),
        ("a.txt", "中文".encode("gb18030") * 9, "not UTF-8"),
        ("a.txt", "中\0文".encode(), "not text"),
        ("a.txt.xz", b"nothing packed", "unpacked"),
        ("a.txt.gz", b"nothing packed", "unpacked"),
        ("a.txt.xz", lzma.compress("中文".encode() * 99)[:-8], "unpacked"),
        ("a.txt.gz", gzip.compress("中文".encode() * 99)[:-8], "unpacked"),
        ("a.txt.gz", gzip.compress(b"")[:10] + b"\xff" * 40, "unpacked"),
    ],
)
def test_bad_files_give_one_sentence(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        list(read_documents(tmp_path / name))
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_missing_and_empty_folders(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        corpus_files(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="holds no"):
        corpus_files(tmp_path)


def test_bad_corpus_leaves_no_shards(tmp_path, tiny_lexicon):
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_text("")
    tiny_lexicon.save(tmp_path / "lexicon.tsv")
    with pytest.raises(ValueError, match="empty"):
        prepare_shards(
            tmp_path / "text", tmp_path / "c", lexicon_path=tmp_path / "lexicon.tsv", workers=1
        )
    assert list((tmp_path / "c").iterdir()) == []


def test_default_corpus(tmp_path):
    folder = write_default_corpus(tmp_path / "corpus")
    hanzi = 0
    for path in corpus_files(folder):
        text = path.read_text(encoding="utf-8")
        assert "/w " not in text and "/vn" not in text  # tags of the news are gone
        hanzi += sum("\u4e00" <= c <= "\u9fff" for c in text)
    assert 2_300_000 < hanzi < 4_000_000


def test_labels_stand_where_hanzi_are(tiny_lexicon):
    tokens, keys = Labeller(tiny_lexicon)("银行行长，3月重新开。")
    names = [tiny_lexicon.keys.names[int(k) % UNSURE] for k in keys]
    assert len(tokens) == len(keys)
    assert names[:5] == ["yin2", "hang2", "hang2", "zhang3", "<pad>"]
    assert ((keys > 0) == tiny_lexicon.vocabulary.is_hanzi(tokens)).all()


def test_shards_are_made_once_and_hold_everything(tiny_corpus, tiny_lexicon, tmp_path):
    tiny_lexicon.save(tmp_path / "lexicon.tsv")
    options = dict(lexicon_path=tmp_path / "lexicon.tsv", workers=1)
    seen = []
    folder = prepare_shards(tiny_corpus, tmp_path, **options, progress=lambda *a: seen.append(a))
    again = prepare_shards(tiny_corpus, tmp_path, **options, progress=lambda *a: seen.append(a))
    assert folder == again and len(seen) == 3
    training, held_out = split_shards(folder, held_out=[0, 1, 2])
    assert not set(training) & set(held_out)
    documents = list(read_shards(training + held_out))
    assert len(documents) == 40
    total = sum(int((keys > 0).sum()) for _, keys in documents)
    assert total == seen[-1][2]


def test_items_from_shards(tiny_shards, tiny_lexicon):
    items = items_from_shards(tiny_shards, tiny_lexicon, limit=30)
    assert len(items) == 30
    for item in items:
        keys = tiny_lexicon.keys.parse(item.keys)
        hanzi = [tiny_lexicon.vocabulary.ids[h] for h in item.hanzi]
        assert all(tiny_lexicon.allows(k, h) for k, h in zip(keys, hanzi))


def test_read_eval_set(tmp_path):
    (tmp_path / "a.tsv").write_text("1\tni hao\t你好\t\n2\tzai jian\t再见\t他说，\n")
    assert [i.context for i in read_eval_set(tmp_path / "a.tsv")] == ["", "他说，"]
    for bad in ("1\tni\t你好\n", "", "nothing"):
        (tmp_path / "b.tsv").write_text(bad)
        with pytest.raises(ValueError):
            read_eval_set(tmp_path / "b.tsv")


def test_tokens_and_keys_are_16_bit(tiny_shards):
    tokens, keys = next(iter(read_shards(tiny_shards)))
    assert tokens.dtype == keys.dtype == np.dtype("<u2")
