"""The curves of a run: CSV while it trains, PNG at the end."""

import csv
from pathlib import Path

import keras


class CurveLog(keras.callbacks.Callback):
    """Appends a line to a CSV file at the end of each epoch.

    Lines of a run that was cut after its last checkpoint are dropped when it resumes, so the file
    reads as if nothing had happened.

    Args:
        path: the `.csv` file.
    """

    def __init__(self, path):
        super().__init__()
        self.path = Path(path)

    def on_epoch_end(self, epoch, logs=None):
        rows = [row for row in read_curve(self.path) if int(row["epoch"]) < epoch]
        rows.append({"epoch": epoch, **{k: f"{float(v):.6g}" for k, v in logs.items()}})
        part = self.path.with_suffix(".part")
        with open(part, "w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(rows[-1]), extrasaction="ignore", restval="")
            writer.writeheader()
            writer.writerows(rows)
        part.replace(self.path)


def read_curve(path):
    """The lines of a `CurveLog` file as dicts of strings; none if there is no file."""
    if not Path(path).exists():
        return []
    with open(path, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def plot_curve(path, target, *, steps_per_epoch):
    """Draws loss and accuracy of a `CurveLog` file over steps, as PNG."""
    from matplotlib.figure import Figure

    rows = read_curve(path)
    if not rows:
        return
    steps = [(int(row["epoch"]) + 1) * steps_per_epoch for row in rows]
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    for axis, word in zip(figure.subplots(1, 2), ("loss", "accuracy")):
        for name in rows[0]:
            if word in name:
                axis.plot(steps, [float(row[name] or "nan") for row in rows], label=name)
        axis.set(xlabel="steps", title=word)
        axis.grid(alpha=0.3)
        axis.legend()
    figure.savefig(target, dpi=120)
