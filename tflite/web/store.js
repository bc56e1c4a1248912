// What the user has chosen before, as keras_pinyin/ime/store.py has it, in the browser's IndexedDB:
// in memory all of it, so that a keystroke needs no waiting.
import {openDB} from 'idb';

import {normalizeKey} from './text.js';
import {store as tables} from './tables.js';

const {LEAST, LIMIT, LONGEST, MOST, SPARED} = tables;
const DATABASE = 'keras-pinyin', WORDS = 'words';

// A word weighs 1 when it is chosen, and 1 more each time again; each choice halves the weight of its
// homophones.
export class UserStore {
  #database;
  #words = new Map(); // {text, reading, weight, used} by both, tab between
  #begun = new Map(); // the same, in lists by the initials of the reading
  #tabs = new BroadcastChannel(DATABASE); // one that writes says so

  // lexicon: readings of hanzi; syllables: a list. limit: how many words are kept.
  static async open(lexicon, syllables, limit = LIMIT) {
    const found = new UserStore();
    Object.assign(found, {lexicon, syllables: new Set(syllables), limit});
    found.#database = await openDB(DATABASE, 1, {
      upgrade: database => database.createObjectStore(WORDS, {keyPath: ['reading', 'text']}),
    });
    found.#tabs.onmessage = () => found.#read();
    await found.#read();
    return found;
  }

  // Remembers a choice of a text for keys, one a hanzi. A word that is not known yet counts as chosen
  // so many times; if that is 0, the choice only speaks for a known word, and against its homophones.
  async learn(keys, text, times) {
    const reading = this.#reading(keys, text);
    const changed = [];
    for (const word of this.#begun.get(initialsOf(reading)) ?? []) {
      if (word.reading === reading && word.text !== text) {
        changed.push({...word, weight: Math.max(word.weight / 2, LEAST)});
      }
    }
    const known = this.#words.get(`${text}\t${reading}`);
    if (known || times) {
      const weight = known ? Math.min(known.weight + 1, MOST) : times;
      changed.push({text, reading, weight, used: now()});
    }
    await this.#write(changed);
  }

  // The words that keys begin with: {text, count, weight}, count keys each, the heaviest first, then
  // the latest. Beginnings of syllables stand for all that begin so.
  candidates(keys) {
    keys = keys.slice(0, LONGEST).map(key => key.replace(/[1-5]$/, ''));
    const found = [];
    for (let count = 1, initials = ''; count <= keys.length; count++) {
      initials += keys[count - 1][0];
      for (const word of this.#begun.get(initials) ?? []) {
        // xi means itself alone, x all with x.
        const fits = word.reading.split(' ').every((syllable, i) => syllable === keys[i]
          || (syllable.startsWith(keys[i]) && !this.syllables.has(keys[i])));
        if (fits) found.push({...word, count});
      }
    }
    return found.sort(byWeight);
  }

  // The words that have two hanzi in a row of a text.
  overlapping(text) {
    const hanzi = [...text], pairs = hanzi.slice(1).map((second, i) => hanzi[i] + second);
    return [...this.#words.values()].filter(word => pairs.some(pair => word.text.includes(pair)));
  }

  // All words, the heaviest first, then the latest.
  entries() {
    return [...this.#words.values()].sort(byWeight);
  }

  // All words as the library's `keras-pinyin words import` takes them.
  export() {
    const lines = this.entries().map(({text, reading, weight, used}) => (
      [text, reading, weight, new Date(1000 * used).toISOString().slice(0, 10)].join('\t')));
    return ['# text\treading\tweight\tlast used', ...lines, ''].join('\n');
  }

  // Adds words of such lines, or of text and reading alone; gives how many. Of words known already
  // the heavier stay. If a line is wrong, none is taken.
  async import(content) {
    const words = [];
    for (const line of content.replace(/^\ufeff/, '').split(/\r?\n/)) {
      if (!line.trim() || line.startsWith('#')) continue;
      const [text, reading = '', weight = 2, day] = line.split('\t');
      const used = day === undefined ? now() : Date.parse(day) / 1000;
      if (!(weight > 0 && weight <= MOST) || Number.isNaN(used)) {
        throw new Error(`'${line}' is no word, tab, reading, like 你好<tab>ni hao.`);
      }
      const word = {text, reading: this.#reading(reading.split(' '), text), weight: +weight, used};
      const known = this.#words.get(`${text}\t${word.reading}`);
      if (known) {
        word.weight = Math.max(word.weight, known.weight);
        word.used = Math.max(word.used, known.used);
      }
      words.push(word);
    }
    await this.#write(words);
    return words.length;
  }

  // Forgets a word, or everything if none is named.
  async forget(text) {
    await this.#write([], this.entries().filter(word => text === undefined || word.text === text));
  }

  async #read() {
    const words = await this.#database.getAll(WORDS);
    this.#words.clear();
    this.#begun.clear();
    words.forEach(word => this.#keep(word));
  }

  #keep(word) {
    const initials = initialsOf(word.reading), others = this.#begun.get(initials) ?? [];
    const same = one => one.text === word.text && one.reading === word.reading;
    this.#begun.set(initials, [...others.filter(one => !same(one)), word]);
    this.#words.set(`${word.text}\t${word.reading}`, word);
  }

  // Writes words, and takes others out, as one transaction. Where there are too many, those go that
  // were used least and longest ago.
  async #write(changed, gone = []) {
    const added = changed.filter(word => !this.#words.has(`${word.text}\t${word.reading}`)).length;
    if (this.#words.size + added > this.limit) {
      const value = word => word.used + word.weight * SPARED;
      gone = this.entries().sort((one, other) => value(one) - value(other))
        .slice(0, this.#words.size + added - this.limit + Math.floor(this.limit / 20));
    }
    const transaction = this.#database.transaction(WORDS, 'readwrite');
    const {store} = transaction;
    for (const word of gone) store.delete([word.reading, word.text]);
    for (const word of changed) store.put(word);
    await transaction.done;
    if (gone.length) await this.#read();
    else changed.forEach(word => this.#keep(word));
    this.#tabs.postMessage('written');
  }

  #reading(keys, text) {
    const hanzi = [...text];
    if (keys.length !== hanzi.length || !hanzi.length || hanzi.length > LONGEST) {
      throw new Error(`'${text}' is no word of 1 to ${LONGEST} hanzi with a syllable each.`);
    }
    return keys.map((key, i) => this.#syllable(key, hanzi[i])).join(' ');
  }

  // The full syllable of a key for a hanzi: beginnings become the likeliest one.
  #syllable(key, hanzi) {
    key = normalizeKey(key).replace(/[1-5]$/, '');
    if (this.syllables.has(key)) return key;
    const readings = Object.entries(this.lexicon[hanzi] ?? {})
      .filter(([reading]) => key && reading.startsWith(key))
      .sort((one, other) => other[1] - one[1]);
    if (!readings.length) throw new Error(`'${key}' is no reading of ${hanzi}: write it like zhong.`);
    return readings[0][0].slice(0, -1);
  }
}

function byWeight(one, other) {
  return other.weight - one.weight || other.used - one.used;
}

function initialsOf(reading) {
  return reading.split(' ').map(syllable => syllable[0]).join('');
}

function now() {
  return Math.floor(Date.now() / 1000);
}
