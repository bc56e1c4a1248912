"""Marks as Chinese writes them (GB/T 15834), from the keys of a Latin keyboard."""

MARKS = {
    ",": "，",
    ".": "。",
    "?": "？",
    "!": "！",
    ":": "：",
    ";": "；",
    "(": "（",
    ")": "）",
    "<": "《",
    ">": "》",
    "[": "【",
    "]": "】",
    "{": "「",
    "}": "」",
    "\\": "、",
    "^": "……",
    "_": "——",
    "~": "～",
    "`": "·",
    "$": "￥",
}
PAIRS = {'"': "“”", "'": "‘’"}


class Punctuation:
    """Full-width marks; quotation marks open and close by turns.

    Example:
        >>> marks = Punctuation()
        >>> "".join(marks.full_width(key) for key in '",".')
        '“，”。'
    """

    def __init__(self):
        self.reset()

    def reset(self):
        """No quotation is open."""
        self._open = set()

    def full_width(self, key):
        """The mark for a key, str; None if the key is none."""
        if key in PAIRS:
            self._open ^= {key}
            return PAIRS[key][key not in self._open]
        return MARKS.get(key)
