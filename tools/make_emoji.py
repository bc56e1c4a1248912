"""Writes keras_pinyin/ime/emoji.tsv: words, and the emoji that are called so.

Chinese names and keywords are those of Unicode's CLDR (Unicode licence v3), the order that of
Unicode's chart, both as the npm package `emojibase-data` (MIT) has them.

    npm pack emojibase-data@17.0.0 && tar xzf emojibase-data-17.0.0.tgz
    python tools/make_emoji.py package/zh/data.json
"""

import argparse
import json
import re
from pathlib import Path

TARGET = Path(__file__).parent.parent / "keras_pinyin/ime/emoji.tsv"
WORD = re.compile("[\u4e00-\u9fff]{1,6}")
MOST = 5  # emoji of a word
COMPONENTS = 2  # the group of what is no emoji by itself


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", help="zh/data.json of emojibase-data")
    entries = json.loads(Path(parser.parse_args().source).read_text(encoding="utf-8"))
    entries = [entry for entry in entries if entry.get("group", COMPONENTS) != COMPONENTS]
    entries.sort(key=lambda entry: entry["order"])
    named, tagged = {}, {}
    for entry in entries:
        name = entry["label"].removeprefix("旗: ")  # of flags
        named.setdefault(name, []).append(entry["emoji"])
        for tag in entry.get("tags", ()):
            tagged.setdefault(tag, []).append(entry["emoji"])
    lines = []
    for word in sorted(filter(WORD.fullmatch, named.keys() | tagged.keys())):
        found = dict.fromkeys(named.get(word, []) + tagged.get(word, []))
        lines.append(f"{word}\t{' '.join(list(found)[:MOST])}\n")
    TARGET.write_text("".join(lines), encoding="utf-8")
    print(f"{len(lines)} words in {TARGET.name}")


if __name__ == "__main__":
    main()
