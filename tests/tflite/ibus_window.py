"""A window with fields to type in: says as JSON lines what they hold, and heeds lines on standard
input: `picture PATH` of the screen, `focus NAME`, `write TEXT`."""

import json
import sys

try:
    import gi
except ImportError:
    sys.path.append("/usr/lib/python3/dist-packages")
    import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Gdk, GLib, Gtk  # noqa: E402


def say(**what):
    print(json.dumps(what), flush=True)


def heed(channel, condition):
    command, _, rest = sys.stdin.readline().rstrip("\n").partition(" ")
    if not command:
        Gtk.main_quit()
        return False
    if command == "picture":
        root = Gdk.get_default_root_window()
        pixels = Gdk.pixbuf_get_from_window(root, 0, 0, root.get_width(), root.get_height())
        pixels.savev(rest, "png", [], [])
    elif command == "focus":
        {"text": text, "secret": secret}[rest].grab_focus()
    elif command == "write":
        text.get_buffer().set_text(rest)
    say(done=f"{command} {rest}")
    return True


window = Gtk.Window(title="typing", default_width=700, default_height=300)
box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
text, secret = Gtk.TextView(), Gtk.Entry(visibility=False, input_purpose=Gtk.InputPurpose.PASSWORD)
box.pack_start(text, True, True, 0)
box.pack_start(secret, False, False, 0)
window.add(box)
text.get_buffer().connect("changed", lambda b: say(text=b.get_text(*b.get_bounds(), False)))
text.connect("preedit-changed", lambda view, preedit: say(preedit=preedit))
text.connect("focus-in-event", lambda *_: say(focus="text"))
secret.connect("changed", lambda entry: say(secret=entry.get_text()))
window.connect("destroy", Gtk.main_quit)
window.show_all()
GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, heed)
Gtk.main()
