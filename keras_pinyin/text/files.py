"""Files that are never left half written."""

import os
from pathlib import Path


def write_whole(path, content):
    """Writes a file beside the old one, which it replaces only when complete.

    Args:
        path: where it goes.
        content: str, written as UTF-8, or bytes.
    """
    part = Path(f"{path}.part{os.getpid()}")
    try:
        part.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
