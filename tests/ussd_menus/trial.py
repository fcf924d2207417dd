"""Small menus for one thing at a time, run without the verifier: what the engine does, not what people are given."""

from collections.abc import Mapping

from ussd_menus import FrozenMenus, load_files
from ussd_menus.texts import Speech

HOUSE = """
[house]
entry = "home.menu"
unavailable = "home.over"
slow = "home.over"
too_many = "home.over"
languages = ["en"]
help = "home.help"
"""
HOME = """
[dialogue]
home = "menu"
[menu]
type = "menu"
options = [{ text = "go", to = "trial.first" }]
[over]
type = "end"
"""
ENGLISH = """
[language]
name = "English"
alphabet = "gsm"
digits = "latin"
calendar = "gregorian"
group = ","
[nav]
back = "Back"
home = "Home"
more = "More"
help = "Help"
go_on = "Go on"
[error]
choice = "No."
number = "No number."
iban = "No IBAN."
text = "No."
[house]
over = "Over."
[unit]
IRR = "rials"
[home]
menu = "Menu"
go = "Go"
over = "Over."
help = "Help text."
[trial]
"""


def trial(
    dialogue: str, texts: str, words: str, actions: str = "", more: Mapping[str, str] | None = None
) -> FrozenMenus:
    """Menus whose home leads to `trial.first`."""
    files = {
        "menus/house.toml": HOUSE,
        "menus/home.toml": HOME,
        "menus/trial.toml": '[dialogue]\nhome = "home.menu"\n' + dialogue,
        "menus/actions.toml": f"[words]\n{words}\n[actions]\n{actions}",
        "texts/en.toml": ENGLISH + texts,
        **(more or {}),
    }
    menus = load_files({name: text.encode() for name, text in files.items()})
    return FrozenMenus(menus, {code: Speech(tongue, menus.words) for code, tongue in menus.tongues.items()})
