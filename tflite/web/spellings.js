// Which keys some letters may stand for, and what that costs, as keras_pinyin/ime/spellings.py has
// it.
import {SCHEMES, splitSyllable} from './schemes.js';
import {slips, soundsLike} from './slips.js';
import {keys as keyTables, spellings as tables} from './tables.js';

const {AGAIN, FUZZY_COST, INITIAL, NO_INITIALS, SLIP, UNFINISHED} = tables;

// Maps from what is typed to edges, [{key, cost, saving}]: ids of keys, what each costs, and what it
// costs less after a beginning of a syllable. `typed` is of what may stand anywhere, `unfinished` of
// beginnings of syllables at the end of the letters, `exact` of what is spelled without a slip.
export class Spellings {
  constructor({keys, first_prefix: firstPrefix, first_toned: firstToned}, {scheme, fuzzy, correct}) {
    const spell = key => SCHEMES[scheme](...splitSyllable(key));
    const put = (table, text, key, cost) => {
      const found = table.get(text) ?? table.set(text, new Map()).get(text);
      found.set(key, Math.min(cost, found.get(key) ?? Infinity));
    };
    const exact = new Map(), typed = new Map(), unfinished = new Map();
    for (let key = 2; key < firstPrefix; key++) {
      for (const text of spell(keys[key])) {
        put(exact, text, key, 0);
        put(typed, text, key, 0);
        if (correct && !text.includes('ü')) {
          for (const [kind, slip] of slips(text)) put(typed, slip, key, SLIP[kind]);
        }
      }
      for (const [other, count] of soundsLike(keys[key], fuzzy)) {
        for (const text of spell(other)) put(typed, text, key, count * FUZZY_COST);
      }
    }
    for (let key = firstPrefix; key < firstToned; key++) {
      const name = keys[key];
      if (NO_INITIALS.includes(name)) continue;
      const initial = keyTables.INITIALS.includes(name);
      for (const [other, count] of [[name, 0], ...(initial ? soundsLike(name, fuzzy) : [])]) {
        for (const text of spell(other)) {
          put(unfinished, text, key, UNFINISHED + count * FUZZY_COST);
          if (initial) put(typed, text, key, INITIAL + count * FUZZY_COST);
        }
      }
    }
    const edges = (table, saving) => new Map([...table].map(([text, costs]) => [text, Array.from(
      costs, ([key, cost]) => ({key, cost, saving: key >= firstPrefix ? saving : 0}))]));
    this.exact = edges(exact, 0);
    this.typed = edges(typed, AGAIN);
    this.unfinished = edges(unfinished, 0);
    this.longest = Math.max(...Array.from(typed.keys(), text => text.length));
    this.letters = new Set([...exact.keys()].join(''));
  }
}
