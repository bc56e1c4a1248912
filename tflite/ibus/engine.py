"""The engine that IBus starts: gives its keys to `keras_pinyin.ime`, and shows what comes of them.

    python engine.py [--fuzzy z/zh] ...     # the options of `keras-pinyin type`

`install.py` tells IBus of it.
"""

import argparse
import sys

from keras_pinyin.ime.commands import add_engine_options, open_engine

try:
    import gi
except ImportError:  # Debian's python3-gi serves every Python of the system's version
    sys.path.append("/usr/lib/python3/dist-packages")
    import gi

gi.require_version("IBus", "1.0")
from gi.repository import GLib, IBus  # noqa: E402

NAME = "keras-pinyin"
BUS_NAME = "org.freedesktop.IBus.KerasPinyin"
KEYS = {
    "BackSpace": "backspace",
    "Delete": "delete",
    "Left": "left",
    "Right": "right",
    "Home": "home",
    "End": "end",
    "Return": "enter",
    "KP_Enter": "enter",
    "Escape": "escape",
    "Tab": "tab",
    "Page_Up": "pageup",
    "Page_Down": "pagedown",
    "Up": "up",
    "Down": "down",
}
CHORD = (
    IBus.ModifierType.CONTROL_MASK
    | IBus.ModifierType.MOD1_MASK
    | IBus.ModifierType.SUPER_MASK
    | IBus.ModifierType.MOD4_MASK
)
SECRET = (IBus.InputPurpose.PASSWORD, IBus.InputPurpose.PIN)


class PinyinEngine(IBus.Engine):
    """What IBus talks to: one for each place where one types, all on one engine."""

    __gtype_name__ = "KerasPinyinEngine"
    engine = None

    def __init__(self, **properties):
        super().__init__(**properties)
        self._chinese, self._shift_alone, self._secret = True, False, False
        self._left, self._told = "", False  # of the caret; whether applications say
        self._mode = IBus.Property(key="InputMode", symbol=_text("中"), label=_text("中文"))
        self._properties = IBus.PropList()
        self._properties.append(self._mode)

    def do_process_key_event(self, keyval, keycode, state):
        released = state & IBus.ModifierType.RELEASE_MASK
        if keyval in (IBus.KEY_Shift_L, IBus.KEY_Shift_R):
            if released and self._shift_alone:
                self._toggle()
            self._shift_alone = not released
            return False
        self._shift_alone = False
        if released or state & CHORD or not self._chinese or self._secret:
            return False
        char = IBus.keyval_to_unicode(keyval)
        key = KEYS.get(IBus.keyval_name(keyval)) or (char if char.isprintable() else "")
        if not key:
            return False
        handled = self.engine.press(key)
        self._show()
        if not handled and not self._told:  # the key may change the text
            self._left = ""
        return handled

    def do_set_surrounding_text(self, text, cursor, anchor):
        self._look(text.get_text()[:cursor])
        IBus.Engine.do_set_surrounding_text(self, text, cursor, anchor)

    def do_set_capabilities(self, capabilities):
        self._told = bool(capabilities & IBus.Capabilite.SURROUNDING_TEXT)

    def do_focus_in(self):
        self.register_properties(self._properties)
        self.get_surrounding_text()  # asks the application to tell, when it changes
        self._look("")

    def do_focus_out(self):
        self.do_reset()

    def do_disable(self):
        self.do_reset()

    def do_reset(self):
        self.engine.reset()
        self._look(self._left)
        self._show()

    def _look(self, left):
        self._left = left
        if not self.engine.composing:
            self.engine.set_context(left)

    def do_set_content_type(self, purpose, hints):
        self._secret = purpose in SECRET

    def do_candidate_clicked(self, index, button, state):
        if index < len(self.engine.state.candidates):
            self.engine.choose(index)
            self._show()

    def do_page_up(self):
        self._browse("pageup")

    def do_page_down(self):
        self._browse("pagedown")

    def do_cursor_up(self):
        self._browse("up")

    def do_cursor_down(self):
        self._browse("down")

    def do_property_activate(self, name, state):
        if name == "InputMode":
            self._toggle()

    def _browse(self, key):
        self.engine.press(key)
        self._show()

    def _toggle(self):
        if self.engine.composing:
            self.engine.press("enter")
            self._show()
        self._chinese = not self._chinese
        self._mode.set_symbol(_text("中" if self._chinese else "英"))
        self._mode.set_label(_text("中文" if self._chinese else "English"))
        self.update_property(self._mode)

    def _show(self):
        """Hands over what is to commit, then shows the state."""
        committed = self.engine.take_commit()
        if committed:
            self.commit_text(_text(committed))
            self._left += committed
        state = self.engine.state
        preedit = _text(state.preedit)
        preedit.append_attribute(
            IBus.AttrType.UNDERLINE, IBus.AttrUnderline.SINGLE, 0, len(state.preedit)
        )
        # Where the focus goes elsewhere, letters stay as they are.
        self.update_preedit_text_with_mode(
            preedit, state.caret, bool(state.preedit), IBus.PreeditFocusMode.COMMIT
        )
        table = IBus.LookupTable.new(
            max(len(state.candidates), 1),
            max(state.highlighted, 0),
            state.highlighted >= 0,
            False,
        )
        table.set_orientation(IBus.Orientation.HORIZONTAL)
        for candidate in state.candidates:
            table.append_candidate(_text(f"{candidate.text} {candidate.comment}".rstrip()))
        self.update_lookup_table(table, bool(state.candidates))
        aside = f"{state.page + 1}/{state.pages} " if state.pages > 1 else ""
        aside = _text(aside + state.warning)
        self.update_auxiliary_text(aside, bool(aside.get_text()))


def _text(string):
    return IBus.Text.new_from_string(string)


def read_options(argv=None):
    """The options of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_engine_options(parser)
    return parser.parse_args(argv)


def main(argv=None):
    options = read_options(argv)
    bus = IBus.Bus()
    try:
        if not bus.is_connected():
            raise ValueError("IBus does not run: start ibus-daemon, which starts this program.")
        PinyinEngine.engine = open_engine(options)
    except ValueError as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        return 2
    loop = GLib.MainLoop()
    bus.connect("disconnected", lambda bus: loop.quit())
    factory = IBus.Factory.new(bus.get_connection())
    factory.add_engine(NAME, PinyinEngine)
    bus.request_name(BUS_NAME, 0)
    loop.run()
    PinyinEngine.engine.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
