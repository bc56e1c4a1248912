"""What the user chose is kept, found again, and never lost."""

import sqlite3
import stat
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from conftest import run_python
from keras_pinyin.ime import store as module
from keras_pinyin.ime.store import UserStore, data_folder

KEYS = ["wang", "li", "zhang", "liu"]
WRITE = """
import sys
from keras_pinyin.ime.store import UserStore

def write(path, first, last, learned):
    store, hanzi = UserStore(path), "王李张刘陈杨赵黄周吴"
    for i in range(first, last):
        text = "".join(hanzi[int(digit)] for digit in f"{i:04}")
        store.learn("", ["wang", "li", "zhang", "liu"], text)
        learned(text)
"""
SHARE = WRITE + "write(sys.argv[1], int(sys.argv[2]), int(sys.argv[2]) + 60, len)"
KILL = (
    WRITE
    + """
import os, signal, time
UserStore(sys.argv[1]).learn("", ["wo"], "我")  # loads the lexicon, for all children
learned = {"我"}
for turn in range(20):
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        tell = lambda text: os.write(theirs, text.encode())
        write(sys.argv[1], 500 * turn, 500 * turn + 500, tell)
        signal.pause()
    os.close(theirs)
    told = os.read(ours, 12)  # it has begun
    time.sleep(0.001 * turn)
    os.kill(child, signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    while part := os.read(ours, 4096):
        told += part
    told = told.decode()
    learned |= {told[i : i + 4] for i in range(0, len(told), 4)}
    store = UserStore(sys.argv[1])
    found = {word.text for word in store.entries()}
    assert learned <= found and len(found) <= len(learned) + turn + 1, (turn, len(found))
    store.close()
    print("sound")
assert len(learned) > 40
"""
)
NAME = ["wang", "hao", "ran"]


@pytest.fixture
def store(tmp_path):
    store = UserStore(tmp_path / "words.db")
    yield store
    store.close()


def texts(found):
    return [word[0] for word in found]


def test_chosen_twice_is_first_and_homophones_weaken(store):
    for _ in range(9):
        store.learn("", NAME, "王浩然")
    assert store.candidates(NAME) == [("王浩然", 3, 8.0)]
    store.learn("我是", NAME, "王昊然")
    assert store.candidates(NAME) == [("王浩然", 3, 4.0), ("王昊然", 3, 1.0)]
    store.learn("我是", NAME, "王昊然")
    store.learn("我是", NAME, "王昊然")
    assert texts(store.candidates(NAME)) == ["王昊然", "王浩然"]


def test_two_that_are_chosen_in_turn_stay_below_two(store):
    for _ in range(10):
        for text in ("他", "她"):
            store.learn("", ["ta"], text)
            assert all(weight < 2 for _, _, weight in store.candidates(["ta"]))


def test_a_choice_that_is_not_new_only_strengthens_what_is_known(store):
    store.learn("", NAME, "王浩然", new=False)
    assert store.entries() == []
    store.learn("", NAME, "王昊然")
    store.learn("", NAME, "王浩然", new=False)
    assert [(word.text, word.weight) for word in store.entries()] == [("王昊然", 0.5)]
    store.learn("", NAME, "王昊然", new=False)
    assert [(word.text, word.weight) for word in store.entries()] == [("王昊然", 1.5)]
    for _ in range(99):
        store.learn("", NAME, "王浩然", new=False)
    assert store.candidates(NAME) == [("王昊然", 3, 0.125)]  # still there


def test_words_are_found_by_the_keys_they_begin_with(store):
    store.learn("", NAME, "王昊然")
    store.learn("", ["wang", "hao"], "望好")
    store.learn("", ["xi", "an"], "喜安")
    for keys in (["w", "h", "r"], ["w", "hao", "ra"], ["wang1", "hao4", "ran2"]):
        assert sorted(store.candidates(keys)) == [("望好", 2, 1.0), ("王昊然", 3, 1.0)]
    assert texts(store.candidates(["w", "hao", "de"])) == ["望好"]
    assert store.candidates(["wan", "hao", "ran"]) == []  # wan means itself alone
    assert store.candidates(["xian"]) == store.candidates([]) == []
    assert texts(store.candidates(["x", "an"])) == ["喜安"]


def test_beginnings_become_the_syllables_of_the_hanzi(store):
    store.learn("", ["zh", "g"], "中国")
    store.learn("", ["y", "h"], "银行")
    assert {word.reading for word in store.entries()} == {"zhong guo", "yin hang"}
    assert store.candidates(["zuo", "gong"]) == []


@pytest.mark.parametrize(
    "keys,text,message",
    [
        (["wang"], "王昊", "'王昊' has 2 hanzi, but 1 keys"),
        ([], "", "no word of 1 to 16"),
        (["wo"] * 17, "我" * 17, "no word of 1 to 16"),
        (["wo", "wo"], "我\n", "no word of 1 to 16"),
        (["b"], "王", "'b' is no reading of 王"),
        ([""], "王", "'' is no reading of 王"),
    ],
)
def test_what_is_no_word_is_not_taken(store, keys, text, message):
    with pytest.raises(ValueError, match=message):
        store.learn("", keys, text)
    assert store.entries() == []


def test_exported_words_are_readable_and_come_back(store, tmp_path):
    store.learn("", NAME, "王昊然")
    store.learn("", ["xin", "jie"], "昕婕")
    store.learn("", ["xin", "jie"], "昕婕")
    path = tmp_path / "words.tsv"
    store.export(path)
    today = time.strftime("%Y-%m-%d", time.gmtime())
    assert path.read_text(encoding="utf-8") == (
        "# text\treading\tweight\tlast used\n"
        f"昕婕\txin jie\t2\t{today}\n王昊然\twang hao ran\t1\t{today}\n"
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = store.entries()
    store.clear()
    assert store.import_(path) == 2 and texts(store.entries()) == texts(before)
    assert [time.strftime("%Y-%m-%d", time.gmtime(w.used)) for w in store.entries()] == [today] * 2
    other = UserStore(tmp_path / "other.db")
    other.learn("", ["xin", "jie"], "昕婕")
    other.learn("", ["xin", "jie"], "心结")
    path.write_bytes(
        "\ufeff昕婕\txin jie\t3\r\n\r\n王昊然\tw hao rán\n".encode()
    )  # as Windows writes
    assert other.import_(path) == 2
    found = {(word.text, word.reading): word.weight for word in other.entries()}
    assert found == {("昕婕", "xin jie"): 3, ("心结", "xin jie"): 1, ("王昊然", "wang hao ran"): 2}
    other.close()
    with pytest.raises(ValueError, match="cannot be written"):
        store.export(tmp_path / "none" / "words.tsv")
    assert not list(tmp_path.glob("*.part*"))


@pytest.mark.parametrize(
    "line,message",
    [
        ("王昊然", "Line 2 of .* is '王昊然': a line is a word, a tab and its reading"),
        ("王昊然\twang hao", "'王昊然' has 3 hanzi, but 2 keys"),
        ("王昊然\twang hao bbb", "'bbb' is no reading of 然"),
        ("王昊\twang hao\tx", "could not convert string to float: 'x'"),
        ("王昊\twang hao\tnan", "the weight is nan"),
        ("王昊\twang hao\t9", "the weight is 9"),
        ("王昊\twang hao\t1\tMonday", "the day is 'Monday'"),
        ("王昊\twang hao\t1\t2026-13-45", "does not match"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_taken(store, tmp_path, line, message):
    path = tmp_path / "words.tsv"
    path.write_text(f"望好\twang hao\n{line}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        store.import_(path)
    assert "Line 2" in str(caught.value) and "\n" not in str(caught.value)
    assert store.entries() == []
    path.write_bytes("望好\twang hao\n".encode("gb18030"))
    with pytest.raises(ValueError, match="is not UTF-8"):
        store.import_(path)
    with pytest.raises(ValueError, match="No such file"):
        store.import_(tmp_path / "none.tsv")


def test_forgotten_words_are_nowhere_in_the_files(store):
    store.learn("", NAME, "王昊然")
    store.learn("", ["wang", "hao"], "望好")
    store.learn("", ["yin", "hang"], "银行")
    store.learn("", ["yin", "xing"], "银行")
    assert store.forget("银行", ["yin", "xing"]) == 1
    assert store.forget("王昊然") == 1 and store.forget("王昊然") == 0
    assert sorted(texts(store.entries())) == ["望好", "银行"]
    assert store.candidates(NAME) == [("望好", 2, 1.0)]

    def kept():
        return b"".join(path.read_bytes() for path in store.path.parent.iterdir())

    assert "王昊然".encode() not in kept() and "望好".encode() in kept()
    store.clear()
    assert store.entries() == [] and "望好".encode() not in kept()


def test_the_least_used_words_go_when_there_are_too_many(tmp_path, monkeypatch):
    store, now = UserStore(tmp_path / "words.db", limit=40), [1_000_000_000]
    monkeypatch.setattr(module.time, "time", lambda: now[0])
    for _ in range(5):
        store.learn("", NAME, "王昊然")
    for i in range(60):
        now[0] += 86_400
        store.learn("", ["wang", "li"], chr(0x4E00 + i) + "里")
        assert len(store.entries()) <= 40
    left = texts(store.entries())
    assert "王昊然" in left and chr(0x4E00 + 59) + "里" in left and "一里" not in left
    store.close()


def test_only_the_owner_may_read(tmp_path):
    store = UserStore(tmp_path / "new" / "words.db")
    store.learn("", NAME, "王昊然")
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in store.path.parent.iterdir()}
    assert modes == {"words.db": 0o600, "words.db-wal": 0o600, "words.db-shm": 0o600}
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
    store.close()


def test_the_place_follows_the_rules_of_the_system(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    for value, folder in (
        (str(tmp_path / "data"), tmp_path / "data"),
        ("not/absolute", tmp_path / ".local/share"),
        ("", tmp_path / ".local/share"),
    ):
        monkeypatch.setenv("XDG_DATA_HOME", value)
        assert data_folder() == folder / "keras-pinyin"
        assert UserStore().path == folder / "keras-pinyin" / "words.db"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert data_folder() == tmp_path / "Library/Application Support/keras-pinyin"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert data_folder() == tmp_path / "local" / "keras-pinyin"


@pytest.mark.parametrize("damage", ["text", "header", "middle", "cut"])
def test_a_damaged_file_is_put_aside_and_a_new_one_begun(tmp_path, damage):
    store = UserStore(tmp_path / "words.db")
    for i in range(300):
        store.learn("", ["wang", "li"], chr(0x4E00 + i) + "里")
    assert len(store.candidates(["wang", "li"])) == 300
    store.close()
    content = bytearray(store.path.read_bytes())
    if damage == "text":
        content = b"what is this?" * 99
    elif damage == "header":
        content[:100] = bytes(100)
    elif damage == "middle":
        content[4096 : 4096 + 9000] = bytes([7]) * 9000
    else:
        content = content[: len(content) // 2]
    store.path.write_bytes(content)
    with pytest.raises(ValueError, match="is damaged") as caught:
        store.candidates(["wang", "li"])
    assert "\n" not in str(caught.value) and str(store.path) in str(caught.value)
    (aside,) = tmp_path.glob("words.db.damaged-*")
    assert str(aside) in str(caught.value) and aside.read_bytes() == content
    assert store.candidates(["wang", "li"]) == []
    store.learn("", NAME, "王昊然")
    assert texts(store.entries()) == ["王昊然"]
    store.close()


def test_files_that_are_not_its_own_are_left_alone(tmp_path):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE words (text)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(ValueError, match="was written by another program: name another file"):
        UserStore(path).entries()
    store = UserStore(tmp_path / "newer.db")
    store.learn("", NAME, "王昊然")
    store.close()
    with sqlite3.connect(store.path) as db:
        db.execute("PRAGMA user_version = 2")
    db.close()
    with pytest.raises(ValueError, match="was written by a newer version"):
        store.candidates(NAME)
    assert path.read_bytes() == before and not list(tmp_path.glob("*damaged*"))
    for bad in (tmp_path, path / "words.db"):
        with pytest.raises(ValueError, match="cannot be used"):
            UserStore(bad).candidates(NAME)


def test_whoever_is_killed_loses_nothing(tmp_path):
    """20 processes, each killed while it writes: what was learned is there every time."""
    run = run_python("-c", KILL, tmp_path / "words.db")
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["sound"] * 20
    assert not list(tmp_path.glob("*damaged*"))


def test_processes_share_a_file(tmp_path):
    path, mine = tmp_path / "words.db", UserStore(tmp_path / "words.db")
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(run_python, "-c", SHARE, path, turn * 60) for turn in range(2)]
        while not all(run.done() for run in runs):
            mine.learn("", NAME, "王昊然")
            time.sleep(1e-3)  # the others' turn
        assert [run.result().returncode for run in runs] == [0, 0]
    assert len(mine.entries()) == 121
    assert len(mine.candidates(KEYS)) == 120  # what others wrote, too
    mine.close()


def test_look_ups_are_fast_in_a_full_store(tmp_path):
    store, path = UserStore(tmp_path / "words.db"), tmp_path / "words.tsv"
    syllables = sorted(module._syllables())
    lines = []
    for i in range(19_000):
        reading = [
            syllables[(i * 7 + k * 31 * (i % 97)) % len(syllables)] for k in range(2 + i % 3)
        ]
        text = chr(0x4E00 + i) + "里名字"[: len(reading) - 1]
        lines.append(f"{text}\t{' '.join(reading)}\n")
    path.write_text("".join(lines), encoding="utf-8")
    assert store.import_(path) == 19_000
    keys = [["shi", "zhong", "guo", "ren", "min"], list("szgrm"), list("zgrmd"), list("hlhtl")]
    times = []
    for typed in keys * 20:
        store.learn("", ["wo"], "我")  # forgets what was looked up
        start = time.process_time()
        store.candidates(typed)
        times.append(time.process_time() - start)
    assert sorted(times)[len(times) // 2] < 1e-3
    store.close()
