"""Candidates for letters: sentences, then words for the first syllables, then single hanzi."""

from keras_pinyin.ime.composition import Candidate

READINGS = 3  # of the letters, that are converted
SENTENCES = 3  # for long input; a word of up to LONGEST_WORD keys shows all its homophones
LONGEST_WORD, WORDS = 4, 3  # keys of a word; words of each length
JUNK = 12.0  # nats behind the best: not shown


class Proposer:
    """Proposes candidates, by a converter and a reader of letters.

    Args:
        converter: a `Converter`.
        letters: a `Letters`.
        store: None, or a store of what the user has chosen.

    Example:
        >>> from keras_pinyin.ime import Converter, Letters
        >>> converter = Converter()
        >>> proposer = Proposer(converter, Letters(converter.lexicon.keys))
        >>> found = proposer.candidates("", "zhongguoren")
        >>> found[0].text, found[0].span
        ('中国人', 11)
    """

    def __init__(self, converter, letters, store=None):
        self.converter, self.letters, self.store = converter, letters, store
        self._hanzi = converter.lexicon.candidates()

    def sentences(self, context, letters, n_best=10):
        """The likeliest texts for all the letters.

        Args:
            context: str, the text to the left.
            letters: str, as typed.
            n_best: int.

        Returns:
            A list of (text, score, reading), best first, without repeats: score is the converter's
            less the cost of the reading.
        """
        found = {}
        for reading in self.letters.readings(letters, READINGS):
            for text, score in self._convert(context, reading):
                if text not in found or found[text][0] < score - reading.cost:
                    found[text] = score - reading.cost, reading
        ranked = sorted(found.items(), key=lambda item: -item[1][0])
        return [(text, score, reading) for text, (score, reading) in ranked[:n_best]]

    def candidates(self, context, letters):
        """What to show for letters, a list of `Candidate` without repeats."""
        sentences = self.sentences(context, letters)
        if not sentences:
            return [Candidate(letters, span=len(letters))]
        best = sentences[0][1]
        sentences = [one for one in sentences if one[1] > best - JUNK]
        if len(sentences[0][2].keys) > LONGEST_WORD:
            del sentences[SENTENCES:]
        found = {}
        for text, _, reading in sentences:
            self._add(found, text, len(reading.keys), reading)
        readings = list({id(one[2]): one[2] for one in sentences}.values())
        for reading in readings:
            for length in range(min(LONGEST_WORD, len(reading.keys) - 1), 1, -1):
                if not any(reading.literal[:length]):
                    words = self.converter.convert(context, reading.keys[:length], WORDS)
                    for text, score in words:
                        if score > words[0][1] - JUNK / 2:
                            self._add(found, text, length, reading)
        for reading in readings:
            if not reading.literal[0]:
                for text in self._single(context, reading.keys[0]):
                    self._add(found, text, 1, reading)
        return list(found.values())

    def next_words(self, context):
        """Predictions of what follows a text, a list of `Candidate`."""
        return [Candidate(text) for text, _ in self.converter.predict(context)]

    def _convert(self, context, reading):
        """(text, score) of a reading, best first: keys in parts, literals as they are."""
        beams = [("", 0.0)]
        for keys, literal in self._parts(reading):
            after = context + beams[0][0]
            found = [(keys[0], 0.0)] if literal else self.converter.convert(after, keys)
            beams = [(done + text, total + score) for done, total in beams for text, score in found]
            beams = sorted(beams, key=lambda beam: -beam[1])[:10]
        return beams

    def _parts(self, reading):
        """Keys that are converted at once, or one literal, as (list of str, bool)."""
        parts = []
        for key, literal in zip(reading.keys, reading.literal):
            full = parts and len(parts[-1][0]) == self.converter.limits["keys"]
            if literal or not parts or parts[-1][1] or full:
                parts.append(([], literal))
            parts[-1][0].append(key)
        return parts

    def _single(self, context, key):
        """All hanzi of a key: those that fit the context, then by frequency."""
        yield from (text for text, _ in self.converter.convert(context, [key]))
        row = self._hanzi[self.converter.lexicon.keys.parse([key])[0]]
        yield from self.converter.lexicon.vocabulary.decode(row)

    def _add(self, found, text, count, reading):
        if text not in found:
            keys = () if any(reading.literal[:count]) else tuple(reading.keys[:count])
            found[text] = Candidate(text, span=reading.spans[count - 1][1], keys=keys)
