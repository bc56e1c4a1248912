"""`keras-pinyin type` in a pseudo-terminal: keys go in, what is on the screen is read."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

import pyte
import pytest

from conftest import ROOT, run_python
from keras_pinyin.cli import main

pytestmark = pytest.mark.once
SECONDS = 30  # at most, until something is seen
IN_FRAME = 2026 << 5  # as pyte numbers the private mode of frames that are being drawn


class Screen:
    """A program in a terminal of its own; its standard output may go elsewhere."""

    def __init__(self, *arguments, columns=80, rows=12, stdout=None):
        self._master, terminal = pty.openpty()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.resize(columns, rows)
        self.settings = termios.tcgetattr(terminal)
        self.written = b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "keras_pinyin.cli", "type", *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"},
            stdin=terminal,
            stdout=stdout or terminal,
            stderr=terminal,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        self._terminal = terminal

    def resize(self, columns, rows):
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._screen.resize(rows, columns)

    @property
    def lines(self):
        return [line.rstrip() for line in self._screen.display]

    @property
    def caret(self):
        return self._screen.cursor.y, self._screen.cursor.x

    @property
    def restored(self):
        """Whether the terminal is as it was."""
        left = self.written.rfind(b"\x1b[?1049l") > self.written.rfind(b"\x1b[?1049h")
        return left and termios.tcgetattr(self._terminal) == self.settings

    def press(self, keys):
        os.write(self._master, keys.encode())

    def wait(self, seen):
        """Reads until a text is on the screen, or a condition holds, after whole frames."""
        holds = seen if callable(seen) else lambda: any(seen in line for line in self.lines)
        self._until(lambda: IN_FRAME not in self._screen.mode and holds())

    def wait_for_lines(self, *lines):
        """Waits until the screen begins with these lines."""
        self.wait(lambda: self.lines[: len(lines)] == [*lines])

    def type(self, letters, shown):
        """Presses letters, and waits until all are in the first line; candidates are then, too."""
        self.press(letters)
        self.wait_for_lines(shown)

    def _until(self, holds):
        end = time.time() + SECONDS
        while not holds():
            assert time.time() < end, (self.lines, self.caret, self.process.poll())
            if select.select([self._master], [], [], 0.05)[0]:
                data = os.read(self._master, 1 << 16)
                self.written += data
                self._stream.feed(data)

    def end(self):
        """Waits for the end of the program; what it wrote last may still be on its way."""
        self._until(lambda: self.process.poll() is not None)
        return self.process.returncode

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self._master)
        os.close(self._terminal)


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    """The folder of what is learned."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def start():
    started = []

    def start(*arguments, **options):
        screen = Screen(*arguments, **options)
        started.append(screen)
        screen.wait("ctrl-d")
        return screen

    yield start
    for screen in started:
        screen.close()


def test_what_is_typed_is_printed_at_the_end(start, tmp_path):
    with open(tmp_path / "text", "wb") as stdout:
        screen = start(stdout=stdout)
        screen.type("jintiantianqi", "jin tian tian qi")
        assert screen.caret == (0, 16)
        assert any(line.startswith("1今天天气 ") for line in screen.lines)
        screen.type(" ,nihao ", "今天天气，你好")
        assert screen.caret == (0, 14)
        screen.press("\x04")
        assert screen.end() == 0
        screen.wait(lambda: screen.restored)
    assert (tmp_path / "text").read_text(encoding="utf-8") == "今天天气，你好\n"


def test_one_edits_as_in_any_editor(start):
    screen = start(columns=40)
    screen.press("nihao \rwomenqugongyuan")
    screen.wait_for_lines("你好", "wo men qu gong yuan")
    screen.press("\x1b[D\x1b[D")  # into the letters
    screen.wait(lambda: screen.caret == (1, 17))
    screen.press("\x1b[C\x1b[C ")
    screen.wait_for_lines("你好", "我们去公园")
    screen.press("\x7f\x7f")
    screen.wait_for_lines("你好", "我们去")
    screen.press("\x1b[A\x1b[C")  # up is the first line, whose end is there
    screen.press("\x00Keras 3\x00")  # control and space
    screen.wait_for_lines("你好Keras 3", "我们去")
    screen.press("ok\x1b[200~粘贴\rabc\x1b[201~")
    screen.wait_for_lines("你好Keras 3ok粘贴", "abc", "我们去")
    screen.resize(20, 8)
    screen.press("tianqi")
    screen.wait_for_lines("你好Keras 3ok粘贴", "abctian qi", "我们去")
    screen.press("\x1b")
    screen.wait_for_lines("你好Keras 3ok粘贴", "abc", "我们去")
    screen.press("\x03")
    assert screen.end() == 0
    screen.wait(lambda: screen.restored)
    screen.wait(lambda: "你好Keras 3ok粘贴\nabc\n我们去\n" in "\n".join(screen.lines))


def test_a_file_is_edited_and_outlives_a_kill(start, tmp_path):
    path = tmp_path / "日记.txt"
    path.write_text("你好，\n", encoding="utf-8")
    path.chmod(0o600)
    for end, expected in (
        (signal.SIGTERM, "你好，\n天气hao"),
        (signal.SIGKILL, "你好，\n天气hao天气"),
    ):
        screen = start("--out", path)
        before = path.read_text(encoding="utf-8").split("\n")[1]
        screen.wait_for_lines("你好，", before)
        screen.press("tianqi hao")
        screen.wait_for_lines("你好，", f"{before}天气hao")
        assert path.read_text(encoding="utf-8") == f"你好，\n{before}天气"
        screen.process.send_signal(end)
        screen.end()
        assert path.read_text(encoding="utf-8") == expected
        if end == signal.SIGTERM:
            screen.wait(lambda: screen.restored)
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_chosen_twice_comes_first_and_can_be_forgotten(start, tmp_path, capsys):
    screen = start()
    screen.type("shishi", "shi shi")
    (chosen,) = re.findall(r" 3(\S+) ", "\n".join(screen.lines))
    screen.type("3", chosen)
    screen.type("shishi", f"{chosen}shi shi")
    (number,) = re.findall(rf"\b(\d){chosen} ", "\n".join(screen.lines))
    screen.type(number, chosen * 2)
    screen.type("shishi", f"{chosen * 2}shi shi")
    assert f"1{chosen} " in "\n".join(screen.lines)
    screen.press("\x1b\x04")
    assert screen.end() == 0
    assert main(["words"]) == 0
    assert capsys.readouterr().out == f"{chosen}\tshi shi\t2\n"
    assert main(["words", "export", str(tmp_path / "words.tsv")]) == 0
    assert main(["words", "forget", chosen]) == 0
    assert main(["words", "list"]) == 0 and capsys.readouterr().out == ""
    assert main(["words", "import", str(tmp_path / "words.tsv")]) == 0
    assert main(["words", "clear"]) == 0
    assert capsys.readouterr().out == "1 words imported.\n"
    for wrong in (["forget", chosen], ["forget"], ["export"], ["list", "x"]):
        assert main(["words", *wrong]) == 2
        assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments,message",
    [([], "no terminal"), (["--fuzzy", "x/y"], "x/y"), (["--model", "nowhere.tflite"], "nowhere")],
)
def test_bad_input_is_one_sentence_and_status_2(arguments, message):
    run = run_python("-m", "keras_pinyin.cli", "type", *arguments)
    assert run.returncode == 2
    (line,) = [line for line in run.stderr.splitlines() if not line.startswith("INFO")]
    assert line.startswith("keras-pinyin: ") and message in line


def test_files_that_are_no_text_or_not_there(tmp_path):
    from keras_pinyin.ime.terminal import open_text

    (tmp_path / "binary").write_bytes(b"\xff\xfe\0")
    for path in (tmp_path / "binary", tmp_path / "nowhere" / "text"):
        with pytest.raises(ValueError, match=path.name):
            open_text(path)
