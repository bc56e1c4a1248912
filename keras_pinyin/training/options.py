"""The options of a recipe: a dataclass, and the command line that fills it."""

import argparse
from dataclasses import MISSING, fields


def read_options(config, description, arguments=None):
    """An instance of a dataclass from command-line arguments.

    A field with a default is an option; one without is given by its place. `--no-NAME` turns a
    bool off.

    Args:
        config: a dataclass whose fields are str, int, float or bool.
        description: str, what `--help` begins with.
        arguments: list of str; those of the process by default.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass
        ... class Config:
        ...     task: str
        ...     steps: int = 300
        ...     export: bool = True
        >>> read_options(Config, "", ["classify", "--steps", "5", "--no-export"])
        Config(task='classify', steps=5, export=False)
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for field in fields(config):
        if field.default is MISSING:
            parser.add_argument(field.name, type=field.type)
            continue
        kind = {"type": field.type}
        if field.type is bool:
            kind = {"action": argparse.BooleanOptionalAction}
        parser.add_argument(f"--{field.name.replace('_', '-')}", default=field.default, **kind)
    return config(**vars(parser.parse_args(arguments)))
