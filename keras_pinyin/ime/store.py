"""What the user has chosen before, in a small file of their own."""

import calendar
import os
import re
import sqlite3
import sys
import time
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

from keras_pinyin.text import Lexicon, normalize_key

APPLICATION, VERSION = 0x6B707779, 1  # marks of the file
LIMIT = 20_000  # words; when there are more, the least used go
SPARED = 30 * 86_400  # seconds that each weight spares a word, since it was used last
LONGEST = 16  # hanzi of a word
LEAST, MOST = 0.125, 8.0  # weight, so that habits can change: three other choices overtake any
KEPT = 10_000  # look-ups, so that a keystroke adds few
WAIT = 2.0  # seconds for another process that writes
COLUMNS = "text, reading, weight, used"
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS words (
    reading TEXT NOT NULL, text TEXT NOT NULL, initials TEXT NOT NULL,
    weight REAL NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (reading, text)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_initials ON words (initials);
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
"""


class Word(NamedTuple):
    """A word of the user's: how often it was chosen of late, and when last (Unix time)."""

    text: str
    reading: str
    weight: float
    used: int


class UserStore:
    """Remembers what the user chose, for the next time they type it.

    A word weighs 1 when it is chosen, and 1 more each time again; each choice halves the weight of
    its homophones. So whatever was chosen twice in a row weighs most, and words that are chosen in
    turn stay below 2.

    It is an SQLite file that only its owner may read. Every choice is a transaction of a
    write-ahead log: a process that is killed loses nothing, a power cut what the system had not
    yet written. Several processes may use one file at the same time. The file is opened, and made,
    at first use.

    Args:
        path: of the file; by default `words.db` in the user's folder for data: `keras-pinyin` in
            `XDG_DATA_HOME`, or what macOS or Windows have in its place.
        limit: int, how many words are kept.

    Raises:
        ValueError: by every method, if the file cannot be used. One that is damaged is put aside
            under another name, and the next call begins a new one.

    Example:
        >>> import tempfile
        >>> store = UserStore(tempfile.mkdtemp() + "/words.db")
        >>> store.learn("我是", ["wang", "hao", "ran"], "王昊然")
        >>> store.candidates(["w", "hao", "ran", "de"])
        [('王昊然', 3, 1.0)]
        >>> store.close()
    """

    def __init__(self, path=None, *, limit=LIMIT):
        self.path = Path(path) if path else data_folder() / "words.db"
        self._limit, self._connection = limit, None
        self._version, self._known = None, {}

    def learn(self, context, keys, text, *, new=True, times=1):
        """Remembers a choice.

        Args:
            context: str, the text to the left. It is not kept.
            keys: sequence of str, keys, one a hanzi; beginnings of syllables become the likeliest
                syllable of the hanzi.
            text: str.
            new: bool, whether a word that is not known yet is taken up. Without, the choice only
                speaks for a known word, and against its homophones.
            times: float, how often it counts as chosen, if it is new.

        Raises:
            ValueError: if there are not as many keys as hanzi, or more than 16.
        """
        reading = _reading(keys, text)
        with self._transaction() as db:
            known = db.execute(
                "SELECT text FROM words WHERE reading = ? AND text = ?", (reading, text)
            ).fetchone()
            db.execute(
                f"UPDATE words SET weight = max(weight / 2, {LEAST}) "
                "WHERE reading = ? AND text != ?",
                (reading, text),
            )
            if known or new:
                db.execute(
                    f"INSERT INTO words ({COLUMNS}, initials) VALUES (?, ?, ?, ?, ?) "
                    f"ON CONFLICT DO UPDATE SET weight = min(weight + 1, {MOST}), "
                    "used = excluded.used",
                    (text, reading, times, int(time.time()), _initials(reading.split())),
                )
            if not known and new:
                self._trim(db)

    def candidates(self, keys):
        """The words that keys begin with.

        Args:
            keys: sequence of str; beginnings of syllables stand for all that begin so.

        Returns:
            A list of (text, number of keys, weight), the heaviest first, then the latest.
        """
        keys = [key.rstrip("12345") for key in keys[:LONGEST]]
        initials = _initials(keys)
        with self._file() as db:
            (version,) = db.execute("PRAGMA data_version").fetchone()
            if version != self._version:  # another process has written
                self._version, self._known = version, {}
            found = [
                (text, length, weight, used)
                for length in range(1, len(keys) + 1)
                for text, syllables, weight, used in self._begun(db, initials[:length])
                if _match(keys, syllables)
            ]
        found.sort(key=lambda word: (-word[2], -word[3]))
        return [word[:3] for word in found]

    def overlapping(self, text):
        """The words that have two hanzi in a row of a text.

        Args:
            text: str.

        Returns:
            A list of (text, list of syllables).
        """
        pairs = {text[i : i + 2] for i in range(len(text) - 1)}
        if not pairs:
            return []
        where = " OR ".join(["instr(text, ?)"] * len(pairs))
        with self._file() as db:
            rows = db.execute(f"SELECT text, reading FROM words WHERE {where}", [*pairs])
            return [(text, reading.split()) for text, reading in rows]

    def _begun(self, db, initials):
        """Rows of the words with these initials; they are kept until something is written."""
        if initials not in self._known:
            if len(self._known) > KEPT:
                self._known = {}
            rows = db.execute(f"SELECT {COLUMNS} FROM words WHERE initials = ?", (initials,))
            self._known[initials] = [(row[0], row[1].split(), *row[2:]) for row in rows]
        return self._known[initials]

    def entries(self):
        """All words, a list of `Word`, the heaviest first, then the latest."""
        with self._file() as db:
            found = db.execute(
                f"SELECT {COLUMNS} FROM words ORDER BY weight DESC, used DESC, reading, text"
            )
            return [Word(*row) for row in found]

    def export(self, path):
        """Writes all words to a file that one can read and edit: text, reading, weight, day.

        Raises:
            ValueError: if it cannot be written.
        """
        lines = ["# text\treading\tweight\tlast used"]
        for text, reading, weight, used in self.entries():
            day = time.strftime("%Y-%m-%d", time.gmtime(used))
            lines.append(f"{text}\t{reading}\t{weight:g}\t{day}")
        part = Path(f"{path}.part{os.getpid()}")
        try:
            _make_private(part)
            part.write_text("\n".join(lines) + "\n", encoding="utf-8")
            part.replace(path)
        except OSError as error:
            raise ValueError(f"{path} cannot be written: {error.strerror}.") from error

    def import_(self, path):
        """Adds the words of a file as `export` writes it; of words known already the heavier stay.

        Text and reading are enough: a word without a weight comes first, as if chosen twice.

        Returns:
            int, how many words the file has.

        Raises:
            ValueError: if a line is wrong; then none is taken.
        """
        try:
            lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
            raise ValueError(f"{path} cannot be read: {why}.") from error
        rows = []
        for number, line in enumerate(lines, 1):
            if line.strip() and not line.startswith("#"):
                try:
                    rows.append(_row(line))
                except (ValueError, OverflowError) as error:
                    raise ValueError(f"Line {number} of {path} is {line!r}: {error}") from error
        with self._transaction() as db:
            db.executemany(
                f"INSERT INTO words ({COLUMNS}, initials) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET weight = max(weight, excluded.weight), "
                "used = max(used, excluded.used)",
                rows,
            )
            self._trim(db)
        return len(rows)

    def forget(self, text, keys=None):
        """Forgets a word, or only one reading of it; gives how many were there, int."""
        with self._transaction() as db:
            if keys is None:
                count = db.execute("DELETE FROM words WHERE text = ?", (text,)).rowcount
            else:
                reading = _reading(keys, text)
                count = db.execute(
                    "DELETE FROM words WHERE text = ? AND reading = ?", (text, reading)
                ).rowcount
        self._wipe_log()
        return count

    def clear(self):
        """Forgets everything."""
        with self._transaction() as db:
            db.execute("DELETE FROM words")
        self._wipe_log()

    def close(self):
        """Closes the file, until the next use."""
        if self._connection is not None:
            self._connection.close()
            self._connection, self._version, self._known = None, None, {}

    def _trim(self, db):
        """Drops the words that were used least and longest ago, some more than is necessary."""
        (count,) = db.execute("SELECT count(*) FROM words").fetchone()
        if count > self._limit:
            db.execute(
                "DELETE FROM words WHERE (reading, text) IN (SELECT reading, text FROM words "
                f"ORDER BY used + weight * {SPARED} LIMIT ?)",
                (count - self._limit + self._limit // 20,),
            )

    def _wipe_log(self):
        """Takes what was forgotten out of the log, too."""
        with self._file() as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _transaction(self):
        """A transaction."""
        with self._file() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
                self._known = {}
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    @contextmanager
    def _file(self):
        """The open file; what goes wrong with it becomes one sentence."""
        try:
            if self._connection is None:
                self._connection = self._open()
            yield self._connection
        except (sqlite3.Error, OSError) as error:
            self.close()
            if _is_damage(error) and (aside := self._put_aside()):
                raise ValueError(
                    f"{self.path} is damaged ({error}): it is kept as {aside}, and a new one begun."
                ) from error
            why = error.strerror if isinstance(error, OSError) else error
            raise ValueError(f"{self.path} cannot be used: {why}.") from error

    def _open(self):
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_private(self.path)
        db = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)
        try:
            db.execute("PRAGMA secure_delete = ON")  # what is forgotten is not in the file
            (application,) = db.execute("PRAGMA application_id").fetchone()
            (version,) = db.execute("PRAGMA user_version").fetchone()
            (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if tables and (application, version) != (APPLICATION, VERSION):
                what = "a newer version" if application == APPLICATION else "another program"
                raise ValueError(f"{self.path} was written by {what}: name another file.")
            (sound,) = db.execute("PRAGMA quick_check(1)").fetchone()
            if sound != "ok":
                raise sqlite3.DatabaseError(DAMAGED)
            # One commit is one write to the log: the system is asked to bring it to the disk only
            # when the log is merged, as that would take longer than a key may.
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            if not tables:
                db.executescript(f"BEGIN IMMEDIATE; {SCHEMA} COMMIT;")
        except BaseException:
            db.close()
            raise
        return db

    def _put_aside(self):
        """Renames the file and its log; gives the new name."""
        aside = self.path.with_name(f"{self.path.name}.damaged-{time.time_ns()}")
        try:
            for end in ("-wal", "-shm", ""):
                if os.path.exists(f"{self.path}{end}"):
                    os.replace(f"{self.path}{end}", f"{aside}{end}")
        except OSError:
            return None
        return aside


DAMAGED = "database disk image is malformed"


def data_folder():
    """Where the data of this user's programs are, by the rules of the system."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or "")
        base = base if base.is_absolute() else home / ".local" / "share"
    return base / "keras-pinyin"


def _make_private(path):
    """Makes a file, if there is none, that only its owner can read."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    os.chmod(path, 0o600)


def _reading(keys, text):
    if len(keys) != len(text):
        raise ValueError(f"{text!r} has {len(text)} hanzi, but {len(keys)} keys are given.")
    if not 0 < len(text) <= LONGEST or not text.isprintable():
        raise ValueError(f"{text!r} is no word of 1 to {LONGEST} hanzi.")
    return " ".join(_syllable(key, hanzi) for key, hanzi in zip(keys, text))


def _syllable(key, hanzi):
    """The full syllable of a key for a hanzi."""
    key = normalize_key(key).rstrip("12345")
    if key in _syllables():
        return key
    readings = _lexicon().entries.get(hanzi, {})
    readings = {r.rstrip("12345"): n for r, n in sorted(readings.items(), key=lambda r: r[1])}
    fitting = [reading for reading in readings if reading.startswith(key)]
    if not key or not fitting:
        raise ValueError(f"{key!r} is no reading of {hanzi}: write it like zhong.")
    return max(fitting, key=readings.get)


def _row(line):
    """A line of a file to import, as values of the columns."""
    text, reading, weight, day = [*line.split("\t"), None, None, None][:4]
    if not reading:
        raise ValueError("a line is a word, a tab and its reading, like 你好<tab>ni hao.")
    reading = _reading(reading.split(), text)
    weight = 2.0 if weight is None else float(weight)
    if not 0 < weight <= MOST:
        raise ValueError(f"the weight is {weight:g}, but should be above 0 and at most {MOST}.")
    if day is not None and not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
        raise ValueError(f"the day is {day!r}, but is written like 2026-01-31.")
    used = time.time() if day is None else _seconds(day)
    return text, reading, weight, int(used), _initials(reading.split())


def _match(keys, syllables):
    """Whether a word's syllables are what keys mean: xi means itself alone, x all with x."""
    return all(
        key == syllable or (syllable.startswith(key) and key not in _syllables())
        for key, syllable in zip(keys, syllables)
    )


@cache
def _lexicon():
    return Lexicon.default()


@cache
def _syllables():
    return frozenset(_lexicon().keys.syllables)


def _initials(keys):
    return "".join(key[:1] for key in keys)


def _seconds(day):
    return calendar.timegm(time.strptime(day, "%Y-%m-%d"))


def _is_damage(error):
    return DAMAGED in str(error) or "file is not a database" in str(error)
