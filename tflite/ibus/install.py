"""Tells IBus of the engine beside this file, for this user or, as root, for all.

    python install.py [--fuzzy z/zh] ...    # the options of `keras-pinyin type`
    python install.py --remove

IBus will start it with the Python that runs this.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

SYSTEM = Path("/usr/share/ibus/component")
USER = Path.home() / ".local" / "share" / "ibus" / "component"
PATH = f"{SYSTEM}:{USER}"
ENVIRONMENT = Path.home() / ".config" / "environment.d" / "keras-pinyin.conf"
ENGINE = Path(__file__).resolve().with_name("engine.py")
FILE = "keras-pinyin.xml"


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--user", action="store_true", help="for this user, even as root")
    parser.add_argument("--remove", action="store_true", help="take it away")
    options, engine_options = parser.parse_known_args(argv)
    for_user = options.user or not os.access(SYSTEM, os.W_OK)
    folder = USER if for_user else SYSTEM
    try:
        if options.remove:
            (folder / FILE).unlink(missing_ok=True)
            if for_user:
                ENVIRONMENT.unlink(missing_ok=True)
        else:
            command = [sys.executable, str(ENGINE), *engine_options]
            check(engine_options)
            write(folder / FILE, component(command))
            if for_user:
                write(ENVIRONMENT, f"IBUS_COMPONENT_PATH={PATH}\n".encode())
    except (OSError, ValueError) as error:
        print(f"install.py: {error}", file=sys.stderr)
        return 2
    if shutil.which("ibus"):
        path = {"IBUS_COMPONENT_PATH": PATH} if for_user else {}
        subprocess.run(["ibus", "write-cache"], env={**os.environ, **path}, capture_output=True)
    print(f"{folder / FILE} is {'gone' if options.remove else 'written'}.")
    print("Log out and in again." if for_user else "Now: ibus restart")
    return 0


def check(engine_options):
    """Raises ValueError if IBus could not start the engine so."""
    try:
        from engine import open_engine, read_options
    except (ImportError, ValueError) as error:
        raise ValueError(
            f"{sys.executable} cannot run the engine ({error}): it needs keras_pinyin, and "
            "Debian's gir1.2-ibus-1.0 and python3-gi (or PyGObject from pip)."
        ) from error
    options = read_options(engine_options)
    for path in (options.model, options.store):
        if path and not os.path.isabs(path):
            raise ValueError(f"{path} would be looked for elsewhere: give the whole path.")
    open_engine(options).close()


def component(command):
    """What IBus reads, bytes of XML."""
    root = ElementTree.Element("component")
    engine = ElementTree.SubElement(ElementTree.SubElement(root, "engines"), "engine")
    for parent, fields in (
        (
            root,
            {
                "name": "org.freedesktop.IBus.KerasPinyin",
                "description": "keras_pinyin",
                "exec": shlex.join(command),
                "version": "0.1.0",
                "license": "Apache-2.0",
                "textdomain": "keras-pinyin",
            },
        ),
        (
            engine,
            {
                "name": "keras-pinyin",
                "longname": "Pinyin (keras_pinyin)",
                "description": "Pinyin by a neural network on this machine",
                "language": "zh_CN",
                "license": "Apache-2.0",
                "layout": "us",
                "symbol": "拼",
                "rank": "50",
            },
        ),
    ):
        for name, value in fields.items():
            ElementTree.SubElement(parent, name).text = value
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main())
