"""An input method in the terminal: an editor, a line of candidates below."""

import asyncio
import contextlib
import shutil
import signal
import sys
from pathlib import Path

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.input import create_input
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.bindings.named_commands import get_by_name
from prompt_toolkit.key_binding.bindings.scroll import scroll_page_down, scroll_page_up
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import (
    BufferControl,
    Dimension,
    FormattedTextControl,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.layout.processors import Processor, Transformation
from prompt_toolkit.layout.utils import explode_text_fragments
from prompt_toolkit.output import create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth

STYLE = Style.from_dict(
    {"preedit": "underline", "number": "ansibrightblack", "chosen": "reverse", "help": "reverse"}
)
HELP = "ctrl-space 中/英   ctrl-d 完成"
# A terminal that knows them shows all between at once; others ignore them.
BEGIN_FRAME, END_FRAME = "\x1b[?2026h", "\x1b[?2026l"


def _command(name):
    return get_by_name(name).handler


def _begin_frame(app):
    if isinstance(app.output, Vt100_Output):
        app.output.write_raw(BEGIN_FRAME)


def _end_frame(app):
    if isinstance(app.output, Vt100_Output):
        app.output.write_raw(END_FRAME)
        app.output.flush()


# Keys that are no characters: the engine's name, and what the editor does if the engine leaves it.
NAMED = {
    Keys.Backspace: ("backspace", _command("backward-delete-char")),
    Keys.Delete: ("delete", _command("delete-char")),
    Keys.Left: ("left", _command("backward-char")),
    Keys.Right: ("right", _command("forward-char")),
    Keys.Home: ("home", _command("beginning-of-line")),
    Keys.End: ("end", _command("end-of-line")),
    Keys.Up: ("up", lambda event: event.current_buffer.cursor_up()),
    Keys.Down: ("down", lambda event: event.current_buffer.cursor_down()),
    Keys.PageUp: ("pageup", scroll_page_up),
    Keys.PageDown: ("pagedown", scroll_page_down),
    Keys.Enter: ("enter", lambda event: event.current_buffer.newline(copy_margin=False)),
    Keys.Tab: ("tab", lambda event: event.current_buffer.insert_text("\t")),
    Keys.Escape: ("escape", lambda event: None),
}


class Terminal:
    """An editor of text that is typed through an engine.

    Args:
        engine: an `Engine`.
        text: str, to begin with.
        save: None, or a function that is given the text at every change.
        input, output: of prompt_toolkit; by default those of the terminal.

    Example:
        >>> Terminal(engine, "你好，").run()  # doctest: +SKIP
        '你好，世界'
    """

    def __init__(self, engine, text="", *, save=None, input=None, output=None):
        self.engine, self.chinese = engine, True
        self.buffer = Buffer(document=Document(text), multiline=True)
        self.problem, self._save = "", save
        if save:
            self.buffer.on_text_changed += self._saved
        editor = BufferControl(self.buffer, input_processors=[_Preedit(self)])
        rows = [
            Window(editor, wrap_lines=True),
            Window(
                FormattedTextControl(self._candidates),
                height=Dimension(min=2, max=5),
                wrap_lines=True,
            ),
            Window(FormattedTextControl(self._status), height=1, style="class:help"),
        ]
        self.app = Application(
            Layout(HSplit(rows)),
            key_bindings=self._bindings(),
            style=STYLE,
            full_screen=True,
            input=input,
            output=output,
            before_render=_begin_frame,
            after_render=_end_frame,
        )
        # A lone escape is one after this time, in seconds.
        self.app.ttimeoutlen = self.app.timeoutlen = 0.05

    def run(self):
        """Edits until the user ends it, or the terminal is closed; gives the text."""
        with contextlib.suppress(EOFError):  # the terminal is gone
            self.app.run(pre_run=self._heed_signals)
        return self.buffer.text

    def _saved(self, buffer):
        try:
            self._save(buffer.text)
            self.problem = ""
        except OSError as error:
            self.problem = f"The text cannot be saved ({error.strerror}): it is printed at the end."

    def _heed_signals(self):
        if sys.platform != "win32":
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, self._end)

    def _end(self, event=None):
        self._feed("enter")  # letters stay as they are
        if not self.app.is_done:
            self.app.exit()

    def _feed(self, key):
        """Gives the engine a key, and its text to the editor; False if it did not want it."""
        if not self.engine.composing:
            self.engine.set_context(self.buffer.document.text_before_cursor)
        handled = self.engine.press(key)
        self.buffer.insert_text(self.engine.take_commit())
        return handled

    def _toggle(self, event=None):
        if self.engine.composing:
            self._feed("enter")
        self.chinese = not self.chinese

    def _bindings(self):
        bindings = KeyBindings()
        chinese = Condition(lambda: self.chinese)
        composing = Condition(lambda: self.engine.composing)

        @bindings.add(Keys.Any, filter=chinese)
        def _(event):
            if not self._feed(event.data):
                event.current_buffer.insert_text(event.data)

        # While something is typed, no key reaches the editor.
        @bindings.add(Keys.Any, filter=composing, eager=True)
        def _(event):
            key = event.key_sequence[0].key
            if key in NAMED:
                self._feed(NAMED[key][0])
            elif key == Keys.BracketedPaste:
                self._feed("enter")
                event.current_buffer.insert_text(
                    event.data.replace("\r\n", "\n").replace("\r", "\n")
                )
            elif len(key) == 1:
                self._feed(key)

        for key, (name, otherwise) in NAMED.items():

            @bindings.add(key)
            def _(event, name=name, otherwise=otherwise):
                if not (self.chinese and self._feed(name)):
                    otherwise(event)

        bindings.add("c-@", eager=True)(self._toggle)
        bindings.add("c-z")(lambda event: event.app.suspend_to_background())
        for key in ("c-d", "c-c", "<sigint>"):
            bindings.add(key, eager=True)(self._end)
        return bindings

    def _candidates(self):
        state = self.engine.state
        parts, used = [], 0
        for i, candidate in enumerate(state.candidates if self.chinese else ()):
            text = f"{candidate.text}{candidate.comment and f'({candidate.comment})'}"
            used += get_cwidth(text) + 2
            if used > self.app.output.get_size().columns:
                parts.append(("", "\n"))
                used = get_cwidth(text) + 2
            chosen = "class:chosen" if i == state.highlighted else ""
            parts += [("class:number", f"{i + 1}"), (chosen, text), ("", " ")]
        return parts

    def _status(self):
        state = self.engine.state
        page = f"{state.page + 1}/{state.pages}" if state.pages > 1 else ""
        return f" {'中' if self.chinese else '英'}  {page:6}{self.problem or state.warning or HELP}"


class _Preedit(Processor):
    """Shows what is being typed at the caret, as if it were text."""

    def __init__(self, terminal):
        self._terminal = terminal

    def apply_transformation(self, transformation_input):
        fragments = transformation_input.fragments
        state = self._terminal.engine.state
        document = transformation_input.document
        row, column = document.cursor_position_row, document.cursor_position_col
        if transformation_input.lineno != row or not state.preedit:
            return Transformation(fragments)
        fragments = explode_text_fragments(fragments)
        shown = [("class:preedit", state.preedit)]

        def to_display(at):
            if at < column:
                return at
            return at + (state.caret if at == column else len(state.preedit))

        def to_source(at):
            return min(at, max(column, at - len(state.preedit)))

        return Transformation(
            fragments[:column] + shown + fragments[column:], to_display, to_source
        )


def edit(engine, out=None):
    """Lets the user type in the terminal; at the end the text goes to standard output.

    Args:
        engine: an `Engine`.
        out: None, or the path of a file that is edited instead: every change is written to it.

    Raises:
        ValueError: if there is no terminal, or the file cannot be read or written.
    """
    if not (sys.stdout.isatty() or sys.stderr.isatty()):
        raise ValueError("There is no terminal to type in: start it in one.")
    # The text may go into a pipe; the screen is then where errors go.
    ends = {
        "input": create_input(always_prefer_tty=True),
        "output": create_output(always_prefer_tty=True),
    }
    if out is None:
        terminal = Terminal(engine, **ends)
    else:
        out = Path(out).resolve()  # a link stays one
        text = open_text(out)
        terminal = Terminal(engine, text, save=lambda text: _write(out, text), **ends)
    try:
        terminal.run()
    finally:
        text = terminal.buffer.text
        if text and (out is None or terminal.problem):
            print(text.removesuffix("\n"))
    if terminal.problem:
        raise ValueError(terminal.problem)


def open_text(path):
    """The text of a file that can be written, "" where there is none; else a ValueError."""
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        _write(path, text)  # what cannot be written is refused before one types
        return text
    except OSError as error:
        raise ValueError(f"{path} cannot be edited ({error.strerror}): choose another.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: choose another.") from error


def _write(path, text):
    part = path.with_name(path.name + ".part")
    part.touch()
    if path.exists():
        shutil.copymode(path, part)
    part.write_text(text, encoding="utf-8")
    part.replace(path)
