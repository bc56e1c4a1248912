// Texts and keys as the ids that the graph takes, as keras_pinyin/text does.

const TONE_MARKS = {'\u0304': '1', '\u0301': '2', '\u030c': '3', '\u0300': '4'};
const WHITE = /[\t\v\f\r \x85\xa0\u3000\u200b\ufeff]/;

export class Text {
  constructor(metadata) {
    this.metadata = metadata;
    this.tokenIds = new Map(metadata.tokens.map((token, i) => [token, i]));
    this.keyIds = new Map(metadata.keys.map((key, i) => [key, i]));
    this.runs = new Set(metadata.text.runs.map(token => this.tokenIds.get(token)));
  }

  // Token ids of a text. White space is dropped.
  encode(text) {
    const id = token => this.tokenIds.get(token);
    const wide = this.metadata.text.full_width;
    text = text.normalize('NFKC').replace(/(?<=\p{Nd})[.,](?=\p{Nd})/gu, '');
    const found = [];
    for (const char of text.replaceAll('...', '…')) {
      let index;
      if (/[0-9]/.test(char)) index = id('[NUM]');
      else if (/[A-Za-z]/.test(char)) index = id('[LATIN]');
      else if (char === '\n') index = id('[BOS]'); // a line is a context of its own
      else if (WHITE.test(char)) continue;
      else index = id(wide[char] ?? char) ?? id('[UNK]');
      if (!(found.at(-1) === index && this.runs.has(index))) found.push(index);
    }
    return found;
  }

  // Ids of keys, a list of strings.
  parse(keys) {
    return keys.map(key => {
      let name = key === '<any>' ? key : normalizeKey(key);
      // A tone that no hanzi of the syllable has says nothing.
      if (!this.keyIds.has(name) && /[1-5]$/.test(name)) name = name.slice(0, -1);
      if (!this.keyIds.has(name)) {
        throw new Error(
          `'${key}' is no pinyin syllable or beginning of one: use full syllables, ` +
            'prefixes like zh, or <any>.');
      }
      return this.keyIds.get(name);
    });
  }
}

// Parts of a text by its hanzi: some are two characters of a string.
export const sliceHanzi = (text, start, stop) => [...text].slice(start, stop).join('');
export const countHanzi = text => [...text].length;

// Lower case, `v` for ü, tone marks and tone digits as one digit at the end, 5 for the neutral tone.
export function normalizeKey(key) {
  let tone = '', plain = '';
  for (const char of key.trim().toLowerCase().replaceAll('u:', 'v').normalize('NFD')) {
    if (TONE_MARKS[char]) tone = TONE_MARKS[char];
    else if (char === '\u0308' && plain.endsWith('u')) plain = plain.slice(0, -1) + 'v';
    else plain += char;
  }
  if (/[0-5]$/.test(plain)) {
    tone = plain.at(-1).replace('0', '5');
    plain = plain.slice(0, -1);
  }
  return plain.replace(/^([jqxy])v/, '$1u').replace(/^([ln])ue/, '$1ve') + tone;
}
