"""The input-method engine: keys in, a line to show and text to commit out."""

from dataclasses import dataclass

from keras_pinyin.ime.candidates import Proposer
from keras_pinyin.ime.composition import Candidate, Composition
from keras_pinyin.ime.converter import Converter
from keras_pinyin.ime.letters import Letters
from keras_pinyin.ime.options import Options
from keras_pinyin.ime.punctuation import Punctuation

KEPT = 256  # characters of text to the left


@dataclass(frozen=True)
class State:
    """What a host shows.

    Attributes:
        preedit: str, what is being typed: hanzi that are chosen, then letters.
        caret: int, a place in the preedit.
        candidates: tuple of `Candidate`, those on the page.
        page: int, from 0. pages: int.
        highlighted: int, the candidate on the page that space chooses; -1 if none.
    """

    preedit: str = ""
    caret: int = 0
    candidates: tuple[Candidate, ...] = ()
    page: int = 0
    pages: int = 0
    highlighted: int = -1


class Engine:
    """An input method without a window: a host gives it keys, shows its state, takes its text.

    Keys are single characters or one of "backspace", "delete", "left", "right", "home", "end",
    "space", "enter", "escape", "tab", "pageup", "pagedown", "up", "down". Letters are composed,
    digits choose on the page, space takes the highlighted candidate, enter the letters as they
    are, escape drops them; - and = turn pages, up and down (or tab) move the highlight. Choosing a
    candidate for the first letters leaves the others to be converted after it; backspace then
    takes the choice back. A mark commits what is there, and becomes full-width.

    Args:
        converter: a `Converter`.
        store: None, or a `UserStore`.
        options: `Options`.

    Example:
        >>> engine = Engine.open()
        >>> all(engine.press(key) for key in "jintiantianqi")
        True
        >>> engine.state.candidates[0].text
        '今天天气'
        >>> engine.press("space"), engine.take_commit()
        (True, '今天天气')
    """

    def __init__(self, converter, *, store=None, options=Options()):  # noqa: B008 (frozen)
        self.options, self.store = options, store
        letters = Letters(
            converter.lexicon.keys,
            scheme=options.scheme,
            fuzzy=options.fuzzy,
            correct=options.correct,
        )
        self._proposer = Proposer(converter, letters, store)
        self._line, self._marks = Composition(), Punctuation()
        self._context = self._commit = ""
        self._show(None)

    @classmethod
    def open(cls, model=None, *, store=None, options=Options()):  # noqa: B008 (frozen)
        """An engine on a .tflite file, by default the released one.

        Raises:
            ValueError: if the file cannot be read, is damaged or is of another kind.
        """
        return cls(Converter(model), store=store, options=options)

    @property
    def composing(self):
        """Whether letters are being typed."""
        return bool(self._line.letters)

    @property
    def state(self):
        """What to show now, a `State`."""
        found = self._found()
        size = self.options.page_size
        page = self._at // size
        return State(
            *self._preedit(),
            candidates=tuple(found[page * size : (page + 1) * size]),
            page=page,
            pages=-(-len(found) // size),
            highlighted=self._at % size if found and self.composing else -1,
        )

    def convert(self, letters, *, context="", n_best=10):
        """Converts letters at one go, whatever is being typed.

        Args:
            letters: str, like `jintiantianqi`.
            context: str, the text to the left.
            n_best: int, how many at most.

        Returns:
            A list of (sentence, score), best first, without repeats; the score is a log-probability
            less what slips in typing cost.

        Raises:
            ValueError: if there are no letters.
        """
        if not letters.strip(" '"):
            raise ValueError("There are no letters to convert: type pinyin, like nihao.")
        return [found[:2] for found in self._proposer.sentences(context, letters, n_best)]

    def set_context(self, text):
        """Says what stands to the left of the caret; what is committed later is added to it."""
        self._context = text[-KEPT:]

    def take_commit(self):
        """The text to hand to the application, str: "" if there is none. Each is given once."""
        text, self._commit = self._commit, ""
        return text

    def reset(self):
        """Drops what is being typed, and forgets the text to the left: another field has focus."""
        self._line.clear()
        self._marks.reset()
        self._context = ""
        self._show([])

    def close(self):
        """Closes the store."""
        if self.store is not None:
            self.store.close()

    def press(self, key):
        """Takes a key.

        Args:
            key: str, a character or the name of a key.

        Returns:
            bool: whether the engine made use of it. If not, it is the application's.
        """
        key = {" ": "space"}.get(key, key)
        return self._compose(key) if self.composing else self._pass(key)

    def choose(self, index):
        """Chooses a candidate of the page.

        Args:
            index: int, from 0.

        Raises:
            ValueError: if there is none.
        """
        candidates = self.state.candidates
        if not 0 <= index < len(candidates):
            raise ValueError(f"There is no candidate {index}: {len(candidates)} are on the page.")
        if not self.composing:
            return self._write(candidates[index].text)
        self._line.choose(candidates[index])
        if self.composing:
            return self._show(None)
        self._finish(self._line.text)

    def _compose(self, key):
        line = self._line
        if len(key) == 1 and key.isascii() and (key.isalpha() or key == "'"):
            line.insert(key)
        elif key.isascii() and key.isdigit():
            if 0 < int(key) <= len(self.state.candidates):
                self.choose(int(key) - 1)
            return True
        elif key == "space":
            self.choose(self.state.highlighted)
            return True
        elif key == "enter":
            self._finish(line.text + line.letters)
            return True
        elif key in ("up", "down", "tab", "pageup", "pagedown", "-", "="):
            self._browse(key)
            return True
        elif key == "escape":
            line.clear()
        elif key in ("backspace", "delete"):
            getattr(line, key)()
        elif key in ("left", "right", "home", "end"):
            line.move(
                {"left": line.caret - 1, "right": line.caret + 1, "home": 0}.get(
                    key, len(line.letters)
                )
            )
        elif len(key) == 1:
            while self.composing:
                self.choose(0)
            return self._pass(key)
        else:
            return False
        self._show(None)
        return True

    def _pass(self, key):
        """A key while nothing is being typed."""
        if len(key) == 1 and key.isascii() and key.isalpha():
            self._line.insert(key)
            self._show(None)
            return True
        shown = self.state
        if shown.candidates and key.isdigit() and 0 < int(key) <= len(shown.candidates):
            self.choose(int(key) - 1)
            return True
        self._show([])
        if key == "escape":
            return bool(shown.candidates)
        mark = self._marks.full_width(key) if self.options.punctuation else None
        if mark:
            self._write(mark)
        return bool(mark)

    def _browse(self, key):
        size, last = self.options.page_size, len(self._found()) - 1
        step = {"up": -1, "pageup": -size, "-": -size, "pagedown": size, "=": size}.get(key, 1)
        self._at = min(max(self._at + step, 0), last)

    def _found(self):
        """All candidates; they are looked for when first asked for."""
        if self._candidates is None:
            context, letters = self._context + self._line.text, self._line.wanted
            find = self._proposer
            if letters:
                self._candidates = find.candidates(context, letters)
            else:
                self._candidates = find.next_words(context) if self.options.predict else []
        return self._candidates

    def _show(self, candidates):
        """Candidates to show: a list, or None for those of what is typed now."""
        self._candidates, self._at = candidates, 0

    def _preedit(self):
        line = self._line
        return line.text + line.letters, len(line.text) + line.caret

    def _finish(self, text):
        self._line.clear()
        self._write(text)

    def _write(self, text):
        self._commit += text
        self._context = (self._context + text)[-KEPT:]
        self._show(None if self._line.letters or text else [])
