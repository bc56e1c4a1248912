"""Candidates in traditional characters, and emoji for words."""

from functools import cache
from importlib import resources

CONVERSIONS = {"s2t": "s2t", "tw": "s2tw", "hk": "s2hk"}  # OpenCC's names
SCRIPTS = ("simplified", *CONVERSIONS)


def to_script(text, script):
    """Writes simplified Chinese in another script.

    Words decide where a simplified hanzi stands for several: 头发 and 发现 become 頭髮 and 發現.

    Args:
        text: str.
        script: "simplified" (the text as it is), "s2t" (OpenCC's standard), "tw" (Taiwan) or "hk"
            (Hong Kong).

    Returns:
        str.

    Raises:
        ValueError: if there is no such script, or OpenCC is not installed.

    Example:
        >>> to_script("头发里面", "tw"), to_script("头发里面", "hk")
        ('頭髮裡面', '頭髮裏面')
    """
    if script not in SCRIPTS:
        raise ValueError(f"There is no script {script!r}: choose from {', '.join(SCRIPTS)}.")
    return text if script == "simplified" else _opencc(CONVERSIONS[script]).convert(text)


def forms(text, script):
    """What a candidate is in another script: of a single hanzi all that it may stand for.

    Args:
        text, script: as for `to_script`, which says what comes first.

    Returns:
        A list of str.

    Example:
        >>> forms("发", "tw"), forms("发现", "tw")
        (['發', '髮'], ['發現'])
    """
    others = _forms().get(text, {}).get(script, "")
    return [to_script(text, script), *others]


def to_simplified(text):
    """Writes traditional Chinese of any kind as simplified, which the model knows.

    Example:
        >>> to_simplified("頭髮裡面")
        '头发里面'
    """
    return _opencc("t2s").convert(text)


def emoji_for(text):
    """The emoji that a word is a name or keyword of, a list of str: names first.

    Example:
        >>> emoji_for("红苹果")
        ['🍎']
    """
    return _emoji().get(text, "").split()


@cache
def _opencc(name):
    try:
        from opencc import OpenCC
    except ImportError as error:
        raise ValueError(
            "Traditional characters need OpenCC: pip install 'keras-pinyin[ime]'"
        ) from error
    return OpenCC(name)


@cache
def _emoji():
    return dict(_table("emoji.tsv"))


@cache
def _forms():
    return {hanzi: dict(zip(CONVERSIONS, others)) for hanzi, *others in _table("forms.tsv")}


def _table(name):
    text = (resources.files("keras_pinyin.ime") / name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines()]
