"""The input-method engine: keys in, a line to show and text to commit out."""

from dataclasses import replace

from keras_pinyin.ime.candidates import Proposer, dressed
from keras_pinyin.ime.composition import Composition
from keras_pinyin.ime.converter import Converter
from keras_pinyin.ime.letters import Letters
from keras_pinyin.ime.options import Options
from keras_pinyin.ime.punctuation import full_width
from keras_pinyin.ime.state import State
from keras_pinyin.ime.user_words import UserWords
from keras_pinyin.ime.variants import to_script, to_simplified

KEPT = 256  # characters of text to the left
MOST_LETTERS = 200  # at once; more are not taken
STEPS = {"up": -1, "down": 1, "tab": 1}  # candidates that a key moves the highlight by
PAGES = {"pageup": -1, "-": -1, "pagedown": 1, "=": 1}
MOVES = ("left", "right", "up", "down", "home", "end", "pageup", "pagedown", "delete")


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
        store: None, or a `UserStore`, which remembers what is chosen.
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
        self.options, self._words = options, UserWords(store)
        to_script("", options.script)  # whether it can
        self._letters = Letters(
            converter.lexicon.keys,
            converter.syllables,
            scheme=options.scheme,
            fuzzy=options.fuzzy,
            correct=options.correct,
        )
        self._proposer = Proposer(converter, self._letters, self._words)
        self._line = Composition()
        self._context = self._commit = ""
        self._show([])

    @classmethod
    def open(cls, model=None, *, store=None, options=Options()):  # noqa: B008 (frozen)
        """An engine on a .tflite file, by default the released one.

        Raises:
            ValueError: if the file cannot be read, is damaged or is of another kind.
        """
        return cls(Converter(model), store=store, options=options)

    @property
    def letters(self):
        """The letters that nothing is chosen for yet, str."""
        return self._line.letters

    @property
    def composing(self):
        """Whether letters are being typed."""
        return bool(self.letters)

    @property
    def state(self):
        """What to show now, a `State`."""
        found, size = self._found(), self.options.page_size
        page = self._at // size
        return State(
            *self._preedit(),
            candidates=tuple(found[page * size : (page + 1) * size]),
            page=page,
            pages=-(-len(found) // size),
            highlighted=self._at % size if found and self.composing else -1,
            warning=self._words.warning,
        )

    def convert(self, letters, *, context="", n_best=10):
        """Converts letters at one go, whatever is being typed.

        Args:
            letters: str, like `jintiantianqi`.
            context: str, the text to the left.
            n_best: int, how many at most.

        Returns:
            A list of (sentence, score), best first, without repeats: in nats, the converter's less
            what the typing says against the sentence.

        Raises:
            ValueError: if there are no letters.
        """
        if not letters.strip(" '"):
            raise ValueError("There are no letters to convert: type pinyin, like nihao.")
        return [found[:2] for found in self._proposer.sentences(context, letters, n_best)]

    def set_context(self, text):
        """Says what stands to the left of the caret; what is committed later is added to it.

        Predictions for another place are dismissed.

        Args:
            text: str, as much as is known: the last 100 characters are more than enough.
        """
        text = text[-KEPT:]
        if not (text.endswith(self._context) or self._context.endswith(text)):
            self._show(None if self.composing else [])
        self._context = text

    def take_commit(self):
        """The text to hand to the application, str: "" if there is none. Each is given once."""
        text, self._commit = self._commit, ""
        return text

    def reset(self):
        """Drops what is being typed, and forgets the text to the left: another field has focus."""
        self._line.clear()
        self._context = ""
        self._show([])

    def close(self):
        """Closes the store."""
        self._words.close()

    def press(self, key):
        """Takes a key.

        Args:
            key: str, a character or the name of a key.

        Returns:
            bool: whether the engine made use of it. If not, it is the application's.
        """
        key = "space" if key == " " else key
        return self._compose(key) if self.composing else self._idle(key)

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
            self._write(candidates[index].text)
            return
        self._line.choose(candidates[index])
        self._show(None)
        if not self.composing:
            self._finish()

    def _compose(self, key):
        """A key while letters are typed."""
        line = self._line
        if self._spells(key) or key == "'":
            if len(line.letters) < MOST_LETTERS:
                line.insert(key)
        elif key == "space":
            return self._choose(self.state.highlighted)
        elif len(key) == 1 and key in "123456789":
            return self._choose(int(key) - 1)
        elif key in STEPS or key in PAGES:
            return self._browse(key)
        elif key == "enter":
            return self._finish()
        elif key == "escape":
            line.clear()
        elif key == "backspace":
            line.backspace()
        elif key == "delete":
            line.delete()
        elif key in ("left", "right"):
            line.move(line.caret + (1 if key == "right" else -1))
        elif key in ("home", "end"):
            line.move(len(line.letters) if key == "end" else 0)
        elif len(key) == 1:
            while self.composing:
                self._choose(0)
            return self._idle(key)
        else:
            return False
        return self._show(None if line.letters else [])

    def _idle(self, key):
        """A key while nothing is typed."""
        if self._spells(key):
            self._line.insert(key)
            return self._show(None)
        shown = self.state.candidates
        if shown:
            if len(key) == 1 and key in "123456789"[: len(shown)]:
                return self._choose(int(key) - 1)
            if key in ("pageup", "pagedown"):
                return self._browse(key)
            self._show([])
            if key == "escape":
                return True
        # After a digit these are part of a number or a time: 3.14, 12:30.
        number = self._context[-1:].isdigit() and key in (".", ":")
        mark = None if number else full_width(key, self._context)
        if mark and self.options.punctuation:
            return self._write(mark)
        self._typed_elsewhere(key)
        return False

    def _typed_elsewhere(self, key):
        """Follows what the application does with a key, as far as that can be known."""
        if key == "backspace":
            self._context = self._context[:-1]
        elif key in MOVES:
            self._context = ""
        else:
            char = {"space": " ", "enter": "\n"}.get(key, key)
            self._context = (self._context + char if len(char) == 1 else self._context)[-KEPT:]

    def _spells(self, key):
        """Whether a key is a letter of what is being typed: of pinyin, or of a word like MP3."""
        if len(key) != 1 or not key.isascii():
            return False
        before = self._line.letters[: self._line.caret][-1:]
        in_word = key.isdigit() and (before.isupper() or before.isdigit())
        spells = key in self._letters.alphabet and (self.composing or key.isalnum())
        return key.isalpha() or in_word or spells

    def _choose(self, index):
        if 0 <= index < len(self.state.candidates):
            self.choose(index)
        return True

    def _browse(self, key):
        at = self._at + STEPS.get(key, 0) + PAGES.get(key, 0) * self.options.page_size
        self._at = min(max(at, 0), len(self._found()) - 1)
        return True

    def _found(self):
        """All candidates; they are looked for when first asked for."""
        if self._candidates is None:
            context, letters = self._simple(self._context + self._line.text), self._line.wanted
            if letters:
                found, self._spans = self._proposer.candidates(context, letters)
            else:
                found = self._proposer.next_words(context)
            self._candidates = dressed(found, self.options)
        return self._candidates

    def _simple(self, text):
        """A text in simplified hanzi, as the model reads it."""
        return text if self.options.script == "simplified" else to_simplified(text)

    def _show(self, candidates):
        """Candidates to show: a list, or None for those that are to be found."""
        self._candidates, self._spans, self._at = candidates, (), 0
        return True

    def _preedit(self):
        """The line as it is shown, syllables apart, and the caret in it."""
        line, found = self._line, []
        starts = {start for start, _ in self._spans[1:]}
        for i, letter in enumerate(line.letters):
            apart = i in starts and line.letters[i - 1] not in "' "
            found.append(f" {letter}" if apart else letter)
        before = "".join(found[: line.caret])
        return line.text + "".join(found), len(line.text) + len(before)

    def _finish(self):
        """Commits what is chosen, and letters as they are."""
        line = self._line
        if self.options.learn and line.choices:
            choices = [
                replace(candidate, text=self._simple(candidate.text))
                for candidate, _ in line.choices
            ]
            self._words.learn(self._proposer.converter, self._simple(self._context), choices)
        text = line.text + line.letters
        line.clear()
        return self._write(text)

    def _write(self, text):
        """Commits a text; after Chinese something is predicted."""
        self._commit += text
        self._context = (self._context + text)[-KEPT:]
        predict = self.options.predict and not text[-1:].isascii()
        return self._show(None if predict else [])
