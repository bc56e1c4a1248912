// English words as people write them inside Chinese text, as keras_pinyin/ime/words.py has them: how
// rare each is among them, in nats.
import table from '../../keras_pinyin/ime/words.tsv';

const counts = table.trim().split('\n').map(line => line.split('\t'));
const total = counts.reduce((sum, [, count]) => sum + Number(count), 0);

export const WORD_COSTS = new Map(counts.map(([word, count]) => [word, Math.log(total / count)]));
