"""The USSD wires of the demo: those that its gateway serves, and the carriers that its lab has a phone for."""

import json
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from gateway.demo.files import write_private
from gateway.errors import SettingsFault
from gateway.settings import Settings

FILE = "wires.toml"
FIRST = "africastalking"
OTHERS = ("arkesel", "bonga", "hollatags", "hubtel", "infobip", "nalo", "restcomm", "safaricom")
"""Of each way to say the same: query, form and JSON, accumulated or not, a number for each hop, a MAP dialogue."""


def served(settings: Settings) -> Settings:
    """The settings with a file of wires in the data folder, unless the house has its own or its carrier a secret."""
    if settings.ussd_wires_file or settings.ussd_path_secret.get_secret_value():
        return settings
    file = settings.data_dir / FILE
    names = [FIRST, *OTHERS]
    tables = (f"[[wire]]\nname = {json.dumps(name)}\nprofile = {json.dumps(name)}\n" for name in names)
    # Without auth a wire of the demo is open to this machine alone.
    write_private(file, "\n".join(tables))
    return settings.model_copy(update={"ussd_wires_file": str(file)})


def carrier_tables(settings: Settings) -> Iterator[str]:
    """Lines of the simulators' configuration: a carrier for each wire of the file that asks for no credential.

    Raises:
        SettingsFault: The file cannot be read.
    """
    for name, profile in _open_wires(settings):
        yield from ("", "[[carrier]]", f"wire = {json.dumps(profile)}", f"name = {json.dumps(name)}", "reports = true")
    if settings.ussd_wires_file:
        yield from ("", "[[carrier]]", 'wire = "smpp"')


def _open_wires(settings: Settings) -> Iterable[tuple[str, str]]:
    if not settings.ussd_wires_file:
        return ()
    file = Path(settings.ussd_wires_file)
    try:
        wires = tomllib.loads(file.read_text("utf-8")).get("wire", [])
    except (OSError, ValueError) as problem:
        raise SettingsFault(f"cannot read {file}: {problem}") from problem
    return [
        (wire["name"], wire["profile"]) for wire in wires if "profile" in wire and not {"auth", "send"} & wire.keys()
    ]


__all__ = ["carrier_tables", "served"]
