// Candidates for letters: sentences, then words for the first syllables, then single hanzi, as
// keras_pinyin/ime/candidates.py has them.

const READINGS = 2; // of the letters
const SENTENCES = 3; // of input longer than a word
// Words by their number of keys: how many, and how many nats behind the best at most.
const WORDS = {4: [2, 4], 3: [3, 4], 2: [8, 8]};
const JUNK = 12; // nats behind the best: no sentence to show
const EXTENDED = 3, FORETOLD = 4; // predictions that are more than one hanzi, and their hanzi
const SURE = 0.7; // share among predictions of a hanzi that lengthens one
const BEAMS = 10;

export class Proposer {
  #hanzi = new Map(); // by key

  constructor(converter) {
    this.converter = converter;
  }

  // What to show for letters: {candidates: [{text, span}], spans}, where spans are those of the
  // syllables of the first, as [start, end].
  async candidates({context, letters}) {
    const readings = this.#readings(letters);
    const sentences = [];
    for (const reading of readings) {
      for (const found of await this.#convert(context, reading)) sentences.push({...found, reading});
    }
    if (!sentences.length) {
      return {candidates: [{text: letters, span: letters.length}], spans: [[0, letters.length]]};
    }
    sentences.sort((one, other) => other.score - one.score);
    const {reading: best, score} = sentences[0];
    const many = best.keys.length === 1 || best.keys.length in WORDS ? 10 : SENTENCES;
    const found = new Map();
    const add = (text, length, reading) => {
      if (!found.has(text)) found.set(text, {text, span: reading.spans[length - 1][1]});
    };
    const shown = sentences.slice(0, many).filter(one => one.score > score - JUNK);
    for (const {text, reading} of shown) add(text, reading.keys.length, reading);
    readings.sort((one, other) => (other === best) - (one === best));
    for (let length = 4; length; length--) {
      for (const reading of readings) {
        if (length >= Math.max(reading.keys.length, 2)) continue;
        for (const text of await this.#beginnings(context, reading, length, shown)) {
          add(text, length, reading);
        }
      }
    }
    return {candidates: [...found.values()], spans: best.spans};
  }

  // What may follow a text: [{text, span: 0}].
  async nextWords(context) {
    const found = [];
    for (let {text} of await this.converter.predict(context)) {
      while (found.length < EXTENDED && text.length < FORETOLD) {
        const following = await this.converter.predict(context + text);
        const shares = following.map(({score}) => Math.exp(score));
        if (!(shares[0] > SURE * shares.reduce((a, b) => a + b, 0))) break;
        text += following[0].text;
      }
      found.push({text, span: 0});
    }
    return found;
  }

  // Ways to read letters: {keys, spans, literal}. Words of capital letters and digits are literal.
  #readings(letters) {
    let readings = [{keys: [], spans: [], literal: []}];
    for (const piece of letters.matchAll(/[A-Z][A-Z0-9]*|[^A-Z]+/g)) {
      const literal = /[A-Z]/.test(piece[0]);
      const ways = literal
        ? [{keys: [piece[0]], ends: [piece[0].length]}]
        : this.converter.text.segment(piece[0], READINGS);
      if (!ways.length && /^'+$/.test(piece[0])) continue;
      readings = readings.flatMap(before => ways.map(({keys, ends}) => ({
        keys: [...before.keys, ...keys],
        spans: [
          ...before.spans,
          ...ends.map((end, i) => [piece.index + (i && ends[i - 1]), piece.index + end]),
        ],
        literal: [...before.literal, ...keys.map(() => literal)],
      }))).slice(0, READINGS);
    }
    return readings.filter(({keys}) => keys.length);
  }

  // {text, score} of a reading, best first: keys converted, literals as they are.
  async #convert(context, {keys, literal}) {
    let beams = [{text: '', score: 0}];
    for (let start = 0, end; start < keys.length; start = end) {
      end = start + 1;
      while (!literal[start] && end < keys.length && !literal[end]) end++;
      const found = literal[start]
        ? [{text: keys[start], score: 0}]
        : await this.#long(context + beams[0].text, keys.slice(start, end));
      beams = beams
        .flatMap(before => found.map(({text, score}) => (
          {text: before.text + text, score: before.score + score})))
        .sort((one, other) => other.score - one.score).slice(0, BEAMS);
    }
    return beams;
  }

  // Converts any number of keys: of all windows but the last, the beginnings stay.
  async #long(context, keys) {
    const {keys: window} = this.converter.metadata.limits;
    const step = Math.ceil(3 * window / 4);
    let done = '', total = 0;
    for (; keys.length > window; keys = keys.slice(step)) {
      const [{text, score}] = await this.converter.convert(context + done, keys.slice(0, window));
      done += text.slice(0, step);
      total += score * step / window;
    }
    const found = await this.converter.convert(context + done, keys);
    return found.map(({text, score}) => ({text: done + text, score: total + score}));
  }

  // What may stand for the first keys, best first; texts may come again.
  async #beginnings(context, reading, length, sentences) {
    if (reading.literal.slice(0, length).includes(true)) {
      return length === 1 ? [reading.keys[0]] : [];
    }
    const found = await this.converter.convert(context, reading.keys.slice(0, length));
    if (length === 1) return [...found.map(({text}) => text), ...this.#allowed(reading.keys[0])];
    const [most, margin] = WORDS[length];
    return [
      ...sentences.filter(one => one.reading === reading).map(({text}) => text.slice(0, length)),
      ...found.slice(0, most).filter(one => one.score > found[0].score - margin).map(one => one.text),
    ];
  }

  // All hanzi of a key, by their counts.
  #allowed(key) {
    if (!this.#hanzi.has(key)) {
      const {lexicon, keys, first_prefix: firstPrefix} = this.converter.metadata;
      const full = keys.indexOf(key) < firstPrefix || /[1-5]$/.test(key);
      const fits = reading => (full ? reading === key || reading.slice(0, -1) === key
        : reading.startsWith(key));
      const counted = Object.entries(lexicon).map(([hanzi, readings]) => {
        const counts = Object.entries(readings).filter(([reading]) => fits(reading));
        return [hanzi, counts.length ? counts.reduce((sum, [, count]) => sum + count, 0) : -1];
      });
      this.#hanzi.set(key, counted.filter(([, count]) => count >= 0)
        .sort((one, other) => other[1] - one[1]).map(([hanzi]) => hanzi));
    }
    return this.#hanzi.get(key);
  }
}
