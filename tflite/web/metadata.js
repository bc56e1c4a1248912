// What a .tflite file says of itself: buffers of its flatbuffer. Two are JSON in zlib; that of
// syllables is for syllables.js.

// Fields by their places in TFLite's schema.
const MODEL_BUFFERS = 4, MODEL_METADATA = 6, NAME = 0, BUFFER = 1, DATA = 0;

export async function readMetadata(bytes) {
  try {
    const [main, lexicon] = await Promise.all(
      ['keras_pinyin', 'keras_pinyin.lexicon'].map(name => inflate(namedBuffer(bytes, name)).json()));
    return {...main, lexicon, syllables: namedBuffer(bytes, 'keras_pinyin.syllables')};
  } catch (cause) {
    throw new Error('This is no .tflite file made by recipes/export.py.', {cause});
  }
}

// What zlib compressed, as a Response.
export function inflate(bytes) {
  const stream = new Blob([bytes]).stream();
  return new Response(stream.pipeThrough(new DecompressionStream('deflate')));
}

// The bytes of a buffer, null if there is none of this name.
function namedBuffer(bytes, wanted) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const number = at => view.getUint32(at, true);
  const field = (table, index) => {
    const layout = table - view.getInt32(table, true);
    if (4 + 2 * index >= view.getUint16(layout, true)) return 0;
    const offset = view.getUint16(layout + 4 + 2 * index, true);
    return offset && table + offset;
  };
  const tables = at => {
    const start = at + number(at);
    return Array.from({length: number(start)}, (_, i) => {
      const entry = start + 4 + 4 * i;
      return entry + number(entry);
    });
  };
  const data = at => {
    const start = at + number(at);
    return bytes.subarray(start + 4, start + 4 + number(start));
  };
  if (new TextDecoder().decode(bytes.subarray(4, 8)) !== 'TFL3') throw new Error('no flatbuffer');
  const model = number(0);
  const buffers = tables(field(model, MODEL_BUFFERS));
  for (const entry of tables(field(model, MODEL_METADATA))) {
    if (new TextDecoder().decode(data(field(entry, NAME))) === wanted) {
      return data(field(buffers[number(field(entry, BUFFER))], DATA));
    }
  }
  return null;
}
