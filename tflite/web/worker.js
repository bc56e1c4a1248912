// Everything that computes, in a thread of its own; engine.js asks, by messages.
import {Converter} from './converter.js';
import {Proposer} from './proposer.js';

let proposer;

const answers = {
  async load({model, wasm}) {
    self.Module = {locateFile: name => wasm + name}; // a worker's script does not know where it lies
    const converter = await Converter.load(model, wasm);
    await converter.convert('', ['a']); // the first takes several times as long as later ones
    proposer = new Proposer(converter);
  },
  candidates: request => proposer.candidates(request),
  nextWords: ({context}) => proposer.nextWords(context),
};

self.onmessage = async ({data: {number, name, request}}) => {
  try {
    self.postMessage({number, answer: await answers[name](request)});
  } catch (error) {
    self.postMessage({number, error: error.message});
  }
};
