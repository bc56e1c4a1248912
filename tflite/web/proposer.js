// Candidates for letters: sentences, then words for the first syllables, then single hanzi, as
// keras_pinyin/ime/candidates.py has them.
import standard from '../../keras_pinyin/text/data/standard_hanzi.txt';
import {candidates as tables, user_words as userTables} from './tables.js';
import {countHanzi, sliceHanzi} from './text.js';

const {
  EXTENDED, FORETOLD, HANZI, JUNK, ODD, READINGS, SENTENCES, SHOWN_READINGS, SURE, WINDOW, WORDS,
} = tables;
const {LONGEST, TWICE} = userTables;
const BEST = 10; // sentences

export class Proposer {
  #sounds = new Map(); // of toneless syllables: Maps from hanzi to counts
  #odd; // hanzi that are not standard ones: mostly traditional forms

  constructor(converter, letters, userWords) {
    Object.assign(this, {converter, letters, userWords});
    const {lexicon, limits} = converter.metadata;
    const usual = new Set(standard);
    this.window = Math.min(WINDOW, limits.keys);
    this.#odd = new Set(Object.keys(lexicon).filter(hanzi => !usual.has(hanzi)));
    for (const [hanzi, readings] of Object.entries(lexicon)) {
      for (const [reading, count] of Object.entries(readings)) {
        const sound = reading.slice(0, -1);
        if (!this.#sounds.has(sound)) this.#sounds.set(sound, new Map());
        this.#sounds.get(sound).set(hanzi, (this.#sounds.get(sound).get(hanzi) ?? 0) + count);
      }
    }
  }

  // What to show for letters: {candidates: [{text, span, keys}], spans}, where spans are those of the
  // syllables of the first, as [start, end].
  async candidates(context, letters) {
    const allReadings = this.letters.readings(letters, READINGS);
    const sentences = await this.#sentences(context, allReadings);
    if (!sentences.length) {
      const candidates = [{text: letters, span: letters.length, keys: []}];
      return {candidates, spans: [[0, letters.length]]};
    }
    const [{score: best, reading: {keys, spans}}] = sentences;
    const readings = [...new Set(sentences.map(one => one.reading))].slice(0, SHOWN_READINGS);
    const exact = allReadings.find(reading => !reading.cost);
    if (exact && readings.every(reading => reading.cost)) readings.push(exact);
    const shown = sentences.slice(0, keys.length === 1 || keys.length in WORDS ? BEST : SENTENCES);
    const found = new Map();
    const add = (text, length, reading) => {
      if (found.has(text)) return;
      const literal = reading.literal.slice(0, length).includes(true);
      const span = reading.spans[length - 1][1];
      found.set(text, {text, span, keys: literal ? [] : reading.keys.slice(0, length)});
    };
    for (const {text, score, reading} of shown) {
      const last = reading.keys.length === 1 && this.#countOdd(text); // of all single hanzi
      if (score === best || (best - score < JUNK && !last)) add(text, reading.keys.length, reading);
    }
    for (let length = LONGEST; length; length--) {
      for (const reading of readings) {
        if (length >= Math.max(reading.keys.length, 2)) continue;
        for (const text of await this.#beginnings(context, reading, length, shown)) {
          add(text, length, reading);
        }
      }
    }
    return {candidates: [...found.values()], spans};
  }

  // What may follow a text: [{text, span: 0, keys: []}].
  async nextWords(context) {
    const found = [];
    for (let {text} of await this.converter.predict(context)) {
      if (this.#countOdd(text)) continue;
      while (found.length < EXTENDED && countHanzi(text) < FORETOLD) {
        const following = await this.converter.predict(context + text);
        const shares = following.map(({score}) => Math.exp(score));
        if (!(shares[0] >= SURE * shares.reduce((a, b) => a + b, 0))) break;
        text += following[0].text;
      }
      found.push({text, span: 0, keys: []});
    }
    return found;
  }

  // The likeliest texts by readings of all the letters, best first, without repeats: {text, score,
  // reading}. The score is the converter's less the cost of the reading, and of odd hanzi.
  async #sentences(context, readings) {
    const found = new Map();
    for (const reading of readings) {
      for (const {text, score: converted} of await this.#convert(context, reading)) {
        const score = converted - reading.cost - ODD * this.#countOdd(text);
        if (!(found.get(text)?.score >= score)) found.set(text, {text, score, reading});
      }
    }
    const best = Math.max(...Array.from(found.values(), one => one.score));
    for (const reading of readings) {
      for (const {text, weight} of this.#chosen(reading, reading.keys.length)) {
        if (weight >= TWICE) found.set(text, {text, score: best + weight, reading});
      }
    }
    return [...found.values()].sort(byScore).slice(0, BEST);
  }

  // What may stand for the first keys, best first; texts may come again.
  async #beginnings(context, reading, length, sentences) {
    if (reading.literal.slice(0, length).includes(true)) return length === 1 ? [reading.keys[0]] : [];
    const found = this.#chosen(reading, length).map(({text}) => text);
    const keys = reading.keys.slice(0, length);
    if (length in WORDS) {
      const [most, margin] = WORDS[length];
      const words = await this.converter.convert(context, keys);
      found.push(
        ...sentences.filter(one => one.reading === reading)
          .map(({text}) => sliceHanzi(text, 0, length)),
        ...words.filter(({text, score}) => score > words[0].score - margin && !this.#countOdd(text))
          .map(({text}) => text).slice(0, most));
    } else if (length === 1) {
      const hanzi = (await this.converter.convert(context, keys)).map(({text}) => text);
      hanzi.push(...this.#frequent(keys[0]));
      found.push(...hanzi.sort((one, other) => this.#countOdd(one) - this.#countOdd(other)));
    }
    return found;
  }

  #countOdd(text) {
    let count = 0;
    for (const char of text) count += this.#odd.has(char);
    return count;
  }

  // The hanzi of a key, the most frequent first.
  #frequent(key) {
    const found = new Map(this.#sounds.get(key));
    if (!found.size) { // the beginning of a syllable
      for (const [sound, hanzi] of this.#sounds) {
        if (!sound.startsWith(key)) continue;
        for (const [one, count] of hanzi) found.set(one, (found.get(one) ?? 0) + count);
      }
    }
    return [...found].sort((one, other) => other[1] - one[1]).slice(0, HANZI).map(([hanzi]) => hanzi);
  }

  // User words that stand for just the first keys.
  #chosen(reading, length) {
    if (reading.literal.slice(0, length).includes(true)) return [];
    return this.userWords.words(reading.keys.slice(0, length)).filter(one => one.count === length);
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
        .sort(byScore).slice(0, BEST);
    }
    return beams;
  }

  // Converts any number of keys: of all windows but the last, the beginnings stay.
  async #long(context, keys) {
    const step = Math.ceil(3 * this.window / 4);
    let done = '', total = 0;
    for (; keys.length > this.window; keys = keys.slice(step)) {
      const [{text, score}] = await this.#run(context + done, keys.slice(0, this.window));
      done += sliceHanzi(text, 0, step);
      // What the beginning is worth: the window, less what comes again with the next one.
      const [again] = await this.#run(context + done, keys.slice(step, this.window));
      total += score - again.score;
    }
    const found = await this.#run(context + done, keys);
    return found.map(({text, score}) => ({text: done + text, score: total + score}));
  }

  async #run(context, keys) {
    const found = await this.converter.convert(context, keys);
    return this.userWords.mix(this.converter, context, keys, found);
  }
}

function byScore(one, other) {
  return other.score - one.score;
}
