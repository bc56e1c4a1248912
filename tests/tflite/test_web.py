"""The web page: its text logic agrees with the library, and a browser types with it."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import keras
import pytest

from conftest import ROOT
from hosts import reading_questions

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
RELEASED = ROOT / "tflite" / "small.static.tflite"
ASK = """
import {readFileSync} from 'node:fs';
import {readMetadata} from './metadata.js';
import {Text} from './text.js';
const text = new Text(await readMetadata(new Uint8Array(readFileSync(process.argv[1]))));
const does = {
  encode: written => text.encode(written),
  parse: keys => text.parse(keys.split(/[\\s'\x85]+/).filter(key => key)),
  segment: (letters, best) => text.segment(letters, best).map(reading => reading.keys),
};
const answers = JSON.parse(readFileSync(0)).map(([name, ...given]) => {
  try {
    return does[name](...given);
  } catch (error) {
    return error.message;
  }
});
console.log(JSON.stringify(answers));
"""

pytestmark = [
    pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the same on all backends"),
    pytest.mark.skipif(not shutil.which("npm"), reason="needs Node.js and npm"),
]


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """A copy of the page with the packages that its lock file names."""
    folder = tmp_path_factory.mktemp("web") / "web"
    source = ROOT / "tflite" / "web"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("node_modules"))
    run = subprocess.run(["npm", "ci"], cwd=folder, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-3000:]
    return folder


@pytest.mark.parametrize("kind", ["int8", "released"])
def test_text_keys_and_letters_are_read_as_the_library_does(web, exported, kind):
    model = exported.get(kind, ROOT / "tflite" / "small.tflite")
    questions, expected = zip(*reading_questions(model))
    run = subprocess.run(
        ["node", "--input-type=module", "-e", ASK, str(model)],
        input=json.dumps(questions),
        cwd=web,
        capture_output=True,
        encoding="utf-8",
    )
    assert run.returncode == 0, run.stderr[-3000:]
    for question, found, wanted in zip(questions, json.loads(run.stdout), expected):
        if question[0] == "segment" and isinstance(wanted, str):
            wanted = []  # the page shows letters that are no pinyin as they are
        assert found == wanted, question


@pytest.mark.skipif(not CHROMIUM, reason="needs Debian's package chromium")
def test_a_browser_types(web):
    run = subprocess.run(
        ["node", "--test", "test/"],
        cwd=web,
        env={**os.environ, "MODEL": str(RELEASED), "CHROMIUM": CHROMIUM},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout[-5000:]
    tests = Path(web, "test", "typing.test.js").read_text(encoding="utf-8").count("\ntest(")
    assert f"# pass {tests}\n" in run.stdout
