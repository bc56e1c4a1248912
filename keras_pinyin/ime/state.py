"""What a host shows of an engine."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """What the typist may choose.

    Attributes:
        text: str. comment: str, what to show beside it. span: int, how many of the letters it
        stands for, from the first; 0 for a prediction. keys: tuple of str, the keys it was
        converted from, one a hanzi; empty if it is nothing to learn.
    """

    text: str
    comment: str = ""
    span: int = 0
    keys: tuple = ()


@dataclass(frozen=True)
class State:
    """What a host shows.

    Attributes:
        preedit: str, what is being typed: hanzi that are chosen, then letters.
        caret: int, a place in the preedit.
        candidates: tuple of `Candidate`, those on the page.
        page: int, from 0. pages: int.
        highlighted: int, the candidate on the page that space chooses; -1 if none.
        warning: str, what does not work; "" if everything does.
    """

    preedit: str = ""
    caret: int = 0
    candidates: tuple[Candidate, ...] = ()
    page: int = 0
    pages: int = 0
    highlighted: int = -1
    warning: str = ""
