"""What a user may set."""

from dataclasses import dataclass

from keras_pinyin.ime.variants import SCRIPTS


@dataclass(frozen=True, kw_only=True)
class Options:
    """Settings of an `Engine`.

    Args:
        scheme: str, how letters spell syllables, as `Letters` has it.
        fuzzy: tuple of str, sounds that the typist does not tell apart, as `Letters` has them.
        correct: bool, whether slips of the fingers are mended.
        page_size: int from 1 to 9, candidates on a page.
        script: "simplified", or what candidates are rewritten to: "s2t", "tw", "hk" (traditional).
        emoji: bool, whether emoji are among the candidates.
        punctuation: bool, whether marks become full-width ones.
        predict: bool, whether the next words are proposed after a commit.
        learn: bool, whether choices go to the store.

    Raises:
        ValueError: if a value is out of range.

    Example:
        >>> Options(page_size=5).page_size
        5
    """

    scheme: str = "full"
    fuzzy: tuple = ()
    correct: bool = True
    page_size: int = 7
    script: str = "simplified"
    emoji: bool = False
    punctuation: bool = True
    predict: bool = True
    learn: bool = True

    def __post_init__(self):
        if not 1 <= self.page_size <= 9:
            raise ValueError(f"page_size is {self.page_size}, but digits choose from 1 to 9.")
        if self.script not in SCRIPTS:
            raise ValueError(
                f"There is no script {self.script!r}: choose from {', '.join(SCRIPTS)}."
            )
