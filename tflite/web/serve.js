// Serves the page on this machine alone: node serve.js [MODEL] [PORT]
import {createReadStream, existsSync, statSync} from 'node:fs';
import {createServer} from 'node:http';
import {extname, join, normalize} from 'node:path';
import {fileURLToPath} from 'node:url';

const ROOT = fileURLToPath(new URL('.', import.meta.url));
const TYPES = {
  '.html': 'text/html', '.js': 'text/javascript', '.json': 'application/json',
  '.wasm': 'application/wasm', '.tflite': 'application/octet-stream',
};

export function serve(model, port = 0) {
  const server = createServer((request, response) => {
    const [pathname] = request.url.split('?'); // the page asks for no name that needs decoding
    const file = pathname === '/model.tflite'
      ? model
      : join(ROOT, normalize(pathname === '/' ? '/index.html' : `/${pathname}`));
    if (!existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {'Content-Type': TYPES[extname(file)] ?? 'text/plain'});
    createReadStream(file).pipe(response);
  });
  return new Promise(resolve => server.listen(port, '127.0.0.1', () => resolve(server)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const model = process.argv[2] ?? join(ROOT, '..', 'small.static.tflite');
  const server = await serve(model, Number(process.argv[3] ?? 8000));
  console.log(`http://localhost:${server.address().port}`);
}
