// Everything that computes or stores, in a thread of its own; engine.js asks, by messages.
import {Converter} from './converter.js';
import {Letters} from './letters.js';
import {Proposer} from './proposer.js';
import {UserStore} from './store.js';
import {SyllableScores} from './syllables.js';
import {UserWords} from './user_words.js';
import {dressed, toSimplified} from './variants.js';

let converter, scores, store, userWords, proposer, options;
let work = Promise.resolve();

const kept = () => {
  if (!store) throw new Error(userWords.warning);
  return store;
};
const simple = text => toSimplified(text, options.script);
const found = (candidates, spans = []) => (
  {candidates: dressed(candidates, options), spans, warning: userWords.warning});

const answers = {
  async load({model, wasm}) {
    self.Module = {locateFile: name => wasm + name}; // a worker's script does not know where it lies
    converter = await Converter.load(model, wasm);
    await converter.convert('', ['a']); // the first takes several times as long as later ones
    const {metadata} = converter;
    scores = await SyllableScores.read(metadata);
    try {
      store = await UserStore.open(metadata.lexicon, metadata.keys.slice(2, metadata.first_prefix));
      userWords = new UserWords(store);
    } catch (error) {
      userWords = new UserWords(null, `Nothing can be remembered here: ${error.message}`);
    }
  },
  configure(wanted) {
    options = wanted;
    const letters = new Letters(converter.metadata, scores, options);
    proposer = new Proposer(converter, letters, userWords);
    return {alphabet: [...letters.alphabet]};
  },
  async candidates({context, letters}) {
    const {candidates, spans} = await proposer.candidates(simple(context), letters);
    return found(candidates, spans);
  },
  async nextWords({context}) {
    return found(await proposer.nextWords(simple(context)));
  },
  async learn({context, choices}) {
    const simplified = choices.map(choice => ({...choice, text: simple(choice.text)}));
    await userWords.learn(converter, simple(context), simplified);
  },
  words: () => kept().entries(),
  exportWords: () => kept().export(),
  importWords: ({content}) => kept().import(content),
  forget: ({text}) => kept().forget(text),
};

// One after the other: what is learned counts for the next question.
self.onmessage = ({data: {number, name, request}}) => {
  work = work.then(async () => {
    try {
      self.postMessage({number, answer: await answers[name](request)});
    } catch (error) {
      self.postMessage({number, error: error.message});
    }
  });
};
