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


def full_width(key, context):
    """The mark for a key.

    Args:
        key: str.
        context: str, what stands to the left: a quotation that is open there is closed.

    Returns:
        str, or None if the key is no mark.

    Example:
        >>> full_width('"', "他说：") + full_width('"', "他说：“你好")
        '“”'
    """
    if key in PAIRS:
        opening, closing = PAIRS[key]
        return closing if context.rfind(opening) > context.rfind(closing) else opening
    return MARKS.get(key)
