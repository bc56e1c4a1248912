"""What is being typed: choices made so far, letters not yet chosen for, and a caret in them."""


class Composition:
    """An edited line of letters, the beginning of which is chosen piece by piece.

    Attributes:
        letters: str, those not chosen for. caret: int, a place in them.
        choices: list of (`Candidate`, the letters it stands for).

    Example:
        >>> from keras_pinyin.ime import Candidate
        >>> line = Composition()
        >>> for letter in "tianqi":
        ...     line.insert(letter)
        >>> line.choose(Candidate("天", span=4))
        >>> line.text, line.letters
        ('天', 'qi')
        >>> line.backspace()
        >>> line.text, line.letters
        ('', 'tianqi')
    """

    def __init__(self):
        self.clear()

    def clear(self):
        self.letters, self.caret, self.choices = "", 0, []
        self._just_chosen = False

    @property
    def text(self):
        """What is chosen."""
        return "".join(candidate.text for candidate, _ in self.choices)

    @property
    def wanted(self):
        """The letters to propose candidates for: those left of the caret, or else all."""
        return self.letters[: self.caret] or self.letters

    def insert(self, letters):
        at = self.caret
        self.letters = self.letters[:at] + letters + self.letters[at:]
        self.move(at + len(letters))

    def move(self, caret):
        """Moves the caret; from the first letter further left, into the last choice."""
        if caret < 0 and self.choices:
            self._take_back()
            caret += self.caret
        self.caret = min(max(caret, 0), len(self.letters))
        self._just_chosen = False

    def backspace(self):
        """Takes back the choice just made or reached, or the letter left of the caret."""
        if self.choices and (self._just_chosen or not self.caret):
            self._take_back()
        elif self.caret:
            at = self.caret
            self.letters = self.letters[: at - 1] + self.letters[at:]
            self.caret = at - 1
            if not self.letters and self.choices:
                self._take_back()
        self._just_chosen = False

    def delete(self):
        """Takes back the letter right of the caret."""
        self.letters = self.letters[: self.caret] + self.letters[self.caret + 1 :]
        if not self.letters and self.choices:
            self._take_back()
        self._just_chosen = False

    def choose(self, candidate):
        """Fixes a candidate for the first letters; the caret goes to the end."""
        left = self.letters[candidate.span :].lstrip("' ")
        self.choices.append((candidate, self.letters[: len(self.letters) - len(left)]))
        self.letters = left
        self.caret = len(self.letters)
        self._just_chosen = True

    def _take_back(self):
        _, letters = self.choices.pop()
        self.letters = letters + self.letters
        self.caret += len(letters)
