"""Keys: what is typed for one hanzi."""

import difflib
import re
import unicodedata

import numpy as np

PAD_KEY, ANY_KEY = "<pad>", "<any>"
ANY = 1  # the id of the key that allows every hanzi
INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")
VOWELS = set("aeiouv")
TONE_MARKS = {"\u0304": "1", "\u0301": "2", "\u030c": "3", "\u0300": "4"}
TONES = set("12345")
# ü as people type it: with j, q, x, y it is written u, and there is no lue or nue to confuse.
SPELLINGS = re.compile("^([jqxy])v|^([ln])ue")


def split_syllable(syllable):
    """Initial and final of a syllable or a prefix of one: `zhong` is `zh`, `ong`."""
    for initial in INITIALS:
        if syllable.startswith(initial):
            return initial, syllable[len(initial) :]
    return "", syllable


def normalize_key(key):
    """Lower case, `v` for ü, tone marks and tone digits as one digit at the end, 5 neutral."""
    key = key.strip().lower().replace("u:", "v")
    tone, plain = "", []
    for char in unicodedata.normalize("NFD", key):
        if char in TONE_MARKS:
            tone = TONE_MARKS[char]
        elif char == "\u0308" and plain[-1:] == ["u"]:
            plain[-1] = "v"
        else:
            plain.append(char)
    key = "".join(plain)
    if key[-1:] in TONES | {"0"}:
        key, tone = key[:-1], key[-1].replace("0", "5")
    return SPELLINGS.sub(lambda m: f"{m[1]}u" if m[1] else f"{m[2]}ve", key) + tone


class KeyTable:
    """All keys that can be typed, with ids and pinyin features.

    Ids: 0 `<pad>`, 1 `<any>`, then untoned full syllables, prefixes that are no syllable
    themselves, and toned syllables (1 to 4, 5 neutral), each sorted. Interjections without a
    vowel (`n`, `m`, `ng`, `hm`) are prefixes: the key `n` means all that begins with n.

    Args:
        readings: toned readings (`zhong1`), as in a lexicon.

    Attributes:
        names: tuple of the keys by id. features: int32 `[keys, 4]`, ids of initial, final, tone
        and syllable, 0 for unknown. feature_sizes: list of four. untoned: int32 `[keys]`, the id
        of the key without its tone.

    Example:
        >>> keys = KeyTable(["zhong1", "guo2", "lv4"])
        >>> [keys.names[i] for i in keys.parse("ZHŌNG guo lü zh")]
        ['zhong1', 'guo', 'lv', 'zh']
    """

    def __init__(self, readings):
        toned = sorted(set(readings))
        plain = {reading.rstrip("12345") for reading in toned}
        full = sorted(s for s in plain if VOWELS & set(s))
        cut = {s[:i] for s in plain for i in range(1, len(s) + 1)}
        prefixes = sorted(cut.difference(full))
        toned = [r for r in toned if VOWELS & set(r)]
        self.names = (PAD_KEY, ANY_KEY, *full, *prefixes, *toned)
        self.ids = {name: i for i, name in enumerate(self.names)}
        self.syllables = tuple(full)
        self.first_prefix = 2 + len(full)
        self.first_toned = self.first_prefix + len(prefixes)
        initials = {"": 1} | {name: i + 2 for i, name in enumerate(INITIALS)}
        finals = {f: i + 1 for i, f in enumerate(sorted({split_syllable(s)[1] for s in full}))}
        self.features = np.zeros((len(self.names), 4), np.int32)
        self.untoned = np.arange(len(self.names), dtype=np.int32)
        for i, name in enumerate(self.names[1:], 1):
            base = name.rstrip("12345")
            if i >= self.first_toned:
                self.features[i, 2] = int(name[-1])
            self.untoned[i] = self.features[i, 3] = self.ids[base]
            initial, final = split_syllable(base)
            if i == 1:
                continue
            if self.ids[base] < self.first_prefix:
                self.features[i, :2] = initials[initial], finals[final]
            elif base in initials and base not in ("z", "c", "s"):  # z may still become zh
                self.features[i, 0] = initials[base]
            elif final:
                self.features[i, 0] = initials[initial]
        self.feature_sizes = [len(initials) + 1, len(finals) + 1, 6, self.first_toned]

    def __len__(self):
        return len(self.names)

    def prefixes(self, index):
        """Ids of the proper prefixes of a key that a typist may have stopped at."""
        base = self.names[self.untoned[index]]
        if index < 2:
            return []
        cut = (base[:i] for i in range(1, len(base)))
        return [self.ids[p] for p in cut if self.ids.get(p, 0) >= self.first_prefix]

    def parse(self, keys):
        """Key ids of "jin tian", of "jin'tian" or of a list of keys, int32 `[keys]`.

        Raises:
            ValueError: for something that is no key, naming the nearest keys.
        """
        if isinstance(keys, str):
            keys = re.split(r"[\s']+", keys.strip(" '"))
        return np.array([self._id(key) for key in keys if key], np.int32)

    def _id(self, key):
        name = key if key in (ANY_KEY, PAD_KEY) else normalize_key(key)
        if name in self.ids:
            return self.ids[name]
        if name[-1:] in TONES and self.ids.get(name[:-1], 0) >= 2:
            return self.ids[name[:-1]]  # a tone that no hanzi of the syllable has
        near = difflib.get_close_matches(name, self.names[2 : self.first_toned], 3)
        hint = f", perhaps {' or '.join(near)}" if near else ""
        raise ValueError(
            f"{key!r} is no pinyin syllable or beginning of one{hint}: use full syllables, "
            "prefixes like zh, or <any>."
        )
