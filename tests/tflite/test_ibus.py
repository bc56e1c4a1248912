"""The engine for IBus: keys pressed on a screen arrive as hanzi in a window of GTK."""

import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import keras
import pytest

from conftest import ROOT

HOST = ROOT / "tflite" / "ibus"
PROGRAMS = ("Xvfb", "dbus-daemon", "ibus-daemon", "xdotool")
PICTURES = Path(os.environ.get("CI_ARTIFACTS", ROOT / "runs" / "artefacts"))
SECONDS = 30  # at most, until something is seen


MISSING = [name for name in PROGRAMS if not shutil.which(name)]
# As the engine and the window do.
LIBRARIES = """
import sys
sys.path.append("/usr/lib/python3/dist-packages")
import gi
gi.require_version("IBus", "1.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gtk, IBus
"""

pytestmark = [
    pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the same on all backends"),
    pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}"),
]


class Desktop:
    """A screen, buses, IBus and a window."""

    def __init__(self, folder):
        self._processes, self._folder, self._said = [], folder, queue.Queue()
        self.seen = {}

    def start(self):
        self.home = home = self._folder / "home"
        home.mkdir(mode=0o700)
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "DBUS_", "IBUS_"))},
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home),
            "PYTHONPATH": str(ROOT),
            "LC_ALL": "C.UTF-8",
            "GTK_IM_MODULE": "ibus",
            "GSETTINGS_BACKEND": "memory",
            "NO_AT_BRIDGE": "1",
        }
        screen = self._run(
            "Xvfb", "-displayfd", "1", "-screen", "0", "800x400x24", "-nolisten", "tcp"
        )
        self._environment["DISPLAY"] = ":" + screen.stdout.readline().strip()
        bus = self._run("dbus-daemon", "--session", "--nofork", "--print-address=1")
        self._environment["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
        installed = self.install()
        assert "is written" in installed, installed
        # What systemd gives to all that a user starts, once logged in.
        for file in (home / ".config" / "environment.d").iterdir():
            self._environment.update(line.split("=", 1) for line in file.read_text().splitlines())
        self._run("ibus-daemon", "--xim", "--cache=none", stderr=None)
        self.until(lambda: "keras-pinyin" in self.call("ibus", "list-engine"))
        self.until(lambda: not self.call("ibus", "engine", "keras-pinyin"))
        self._window = self._run(
            sys.executable,
            ROOT / "tests" / "tflite" / "ibus_window.py",
            stdin=subprocess.PIPE,
            stderr=None,
        )
        threading.Thread(target=self._listen, daemon=True).start()
        self.call("xdotool", "search", "--sync", "--name", "^typing$", "windowfocus")
        self.wait("focus", "text")

    def install(self, *options):
        return self.call(sys.executable, HOST / "install.py", "--user", *options)

    def _run(self, *command, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, **options}
        process = subprocess.Popen(
            [*map(str, command)], env=self._environment, text=True, encoding="utf-8", **options
        )
        self._processes.append(process)
        return process

    def call(self, *command):
        run = subprocess.run(
            [*map(str, command)],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        return run.stdout + run.stderr

    def _listen(self):
        for line in self._window.stdout:
            self._said.put(json.loads(line))

    def until(self, true):
        end = time.time() + SECONDS
        while not true():
            assert time.time() < end, self.seen
            time.sleep(0.1)

    def wait(self, name, wanted):
        """Waits until the window has said so."""
        end = time.time() + SECONDS
        wanted = wanted if isinstance(wanted, re.Pattern) else re.compile(re.escape(wanted))
        while not wanted.fullmatch(self.seen.get(name, "")):
            try:
                self.seen.update(self._said.get(timeout=max(0, end - time.time())))
            except queue.Empty:
                raise AssertionError(f"{name} is not {wanted.pattern!r}: {self.seen}") from None

    def press(self, *keys):
        self.call("xdotool", "key", "--delay", "30", *keys)

    def click(self, *share):
        """Clicks into the panel of candidates, at a share of its width and height."""
        panel = ("xdotool", "search", "--sync", "--onlyvisible", "--name", "^ibus-ui-gtk3$")
        window = self.call(*panel).split()[0]
        found = self.call("xdotool", "getwindowgeometry", "--shell", window)
        size = [int(re.search(f"{name}=(.*)", found)[1]) for name in ("WIDTH", "HEIGHT")]
        place = [str(int(part * whole)) for part, whole in zip(share, size)]
        self.call("xdotool", "mousemove", "--window", window, *place, "click", "1")

    def type(self, letters):
        self.call("xdotool", "type", "--delay", "30", letters)

    def ask(self, command):
        """Has the window do something."""
        self.seen.pop("done", None)
        self._window.stdin.write(f"{command}\n")
        self._window.stdin.flush()
        self.wait("done", command)

    def clear(self, text=""):
        self.press("Escape")
        self.ask(f"write {text}")
        self.wait("text", text)

    def stop(self):
        for process in reversed(self._processes):
            process.terminate()
            process.wait()


@pytest.fixture(scope="module")
def desktop(tmp_path_factory):
    libraries = subprocess.run([sys.executable, "-c", LIBRARIES], capture_output=True, text=True)
    if libraries.returncode:
        pytest.skip(f"needs gi, IBus and Gtk: {libraries.stderr.strip().splitlines()[-1]}")
    desktop = Desktop(tmp_path_factory.mktemp("desktop"))
    try:
        desktop.start()
        yield desktop
    finally:
        desktop.stop()


def test_a_sentence_arrives(desktop):
    desktop.type("jintiantianqizhenhao")
    desktop.wait("preedit", "jin tian tian qi zhen hao")
    PICTURES.mkdir(parents=True, exist_ok=True)
    time.sleep(0.5)  # the panel is a program of its own
    desktop.ask(f"picture {PICTURES / 'ibus.png'}")
    desktop.press("space")
    desktop.wait("text", "今天天气真好")
    desktop.wait("preedit", "")
    desktop.type(",nihao!")
    desktop.wait("text", "今天天气真好，你好！")


def test_the_text_to_the_left_counts(desktop):
    for before, expected in (("她来了，", "她"), ("他来了，", "他")):
        desktop.clear(before)
        desktop.type("tahengaoxing ")
        desktop.wait("text", f"{before}{expected}很高兴")


def test_editing_while_one_types(desktop):
    desktop.clear()
    desktop.type("nihaoo")
    desktop.press("BackSpace")
    desktop.wait("preedit", "ni hao")
    desktop.press("Left", "Left", "Left", "Escape")
    desktop.wait("preedit", "")
    desktop.type("hao")
    desktop.press("Return", "Return")  # the letters, then a line
    desktop.wait("text", "hao\n")
    desktop.type("womenqugongyuan")
    desktop.wait("preedit", "wo men qu gong yuan")
    desktop.press("Page_Down", "Page_Up", "Down", "Up", "space")
    desktop.wait("text", "hao\n我们去公园")
    desktop.press("BackSpace")
    desktop.wait("text", "hao\n我们去公")


def test_shift_alone_changes_to_latin_letters(desktop):
    desktop.clear()
    desktop.type("hao")
    desktop.press("Shift_L")
    desktop.type("Ok, ")
    desktop.wait("text", "haoOk, ")
    desktop.press("Shift_L")
    desktop.type("tianqi ")
    desktop.wait("text", "haoOk, 天气")


def test_a_choice_can_be_taken_back(desktop):
    desktop.clear()
    desktop.type("womenqugongyuan")
    desktop.press(*["Page_Down"] * 30, "space")  # single hanzi come last
    desktop.wait("preedit", re.compile("[一-龥]men qu gong yuan"))
    desktop.press("BackSpace")
    desktop.wait("preedit", "wo men qu gong yuan")


def test_the_panel_is_clicked(desktop):
    first, later = (0.1, 0.7), (0.96, 0.7)  # a candidate, and the arrow to the next page
    desktop.clear()
    desktop.type("nihao")
    desktop.wait("preedit", "ni hao")
    time.sleep(0.5)  # the panel is a program of its own
    desktop.click(*first)
    desktop.wait("text", "你好")
    desktop.type("nihao")
    desktop.wait("preedit", "ni hao")
    time.sleep(0.5)
    desktop.click(*later)
    time.sleep(0.5)
    desktop.click(*first)
    desktop.wait("preedit", re.compile("|[一-龥]hao"))
    assert desktop.seen["text"][2:] + desktop.seen["preedit"] != "你好"


def test_letters_stay_where_the_focus_goes_away(desktop):
    desktop.clear()
    desktop.type("hao")
    desktop.wait("preedit", "hao")
    desktop.ask("focus secret")
    desktop.wait("text", "hao")
    desktop.type("mima1 ")  # a password is none of ours
    desktop.wait("secret", "mima1 ")
    desktop.ask("focus text")


def test_install_refuses_what_the_engine_does_and_removes_itself(desktop):
    assert "x/y" in desktop.install("--fuzzy", "x/y")
    assert "whole path" in desktop.install("--store", "words.db")
    assert "is gone" in desktop.install("--remove")
    assert not [path for path in desktop.home.rglob("keras-pinyin*") if path.is_file()]
