"""Links and routes out of a TOML file, strictly: what is not known is refused, with its nearest neighbour named."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from gateway.errors import SettingsFault
from gateway.peers.smsc.profile import BindKind, LinkProfile, OutbindDoor, UssdDialect
from gateway.peers.smsc.routing import Route
from gateway.services.notices import NoticeClass
from gateway.settings import must_be_closed, read_secret, read_table
from gateway.wire.gsm import Coding, Language

_PROFILE = TypeAdapter(LinkProfile)
_ROUTE = TypeAdapter(Route)
_CODINGS = {coding.name.lower(): coding for coding in Coding}
_LANGUAGES = {language.name.lower(): language for language in Language if language}
Table = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LinksFile:
    """What the file says."""

    links: tuple[LinkProfile, ...]
    routes: tuple[Route, ...]


def read_links(path: Path, *, demo: bool) -> LinksFile:
    """Read and check the file.

    Args:
        path: Of the file; other files that it names are looked for beside it.
        demo: Whether secrets may lie in files that others can read.

    Raises:
        SettingsFault: One sentence about the first thing that is wrong; never a secret.
    """
    content = read_table(path)
    _known("the file", content, ("link", "route"))
    links = tuple(_link(path, table, demo=demo) for table in _tables(content, "link"))
    if not links:
        raise SettingsFault(f"{path} has no [[link]]")
    names = [link.name for link in links]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise SettingsFault(f"two links are called {twice}")
    return LinksFile(links, tuple(_route(table, links) for table in _tables(content, "route")))


def _tables(content: Table, name: str) -> list[Table]:
    tables = content.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise SettingsFault(f"{name} is written [[{name}]]")
    return tables


def _link(path: Path, table: Table, *, demo: bool) -> LinkProfile:
    where = f"link {table.get('name', '?')}"
    _known(where, table, (*_names(LinkProfile), "password_file"))
    values = _with_password(where, path, table, demo=demo)
    _known(f"{where}, ussd", _table(where, values, "ussd"), _names(UssdDialect))
    if "outbind" in values:
        door = _table(where, values, "outbind")
        _known(f"{where}, outbind", door, (*_names(OutbindDoor), "password_file"))
        values["outbind"] = _with_password(f"{where}, outbind", path, door, demo=demo)
    if values.get("tls_ca_file"):
        values["tls_ca_file"] = str(path.parent / values["tls_ca_file"])
    codings = _table(where, values, "data_coding")
    values["data_coding"] = {_coding(where, name): number for name, number in codings.items()}
    if "codings" in values:
        values["codings"] = tuple(_coding(where, name) for name in _names_in(where, values, "codings"))
    if "languages" in values:
        values["languages"] = tuple(_language(where, name) for name in _names_in(where, values, "languages"))
    received = _table(where, values, "data_coding_in")
    values["data_coding_in"] = {_number(where, key): _coding(where, name) for key, name in received.items()}
    statuses = _table(where, values, "statuses")
    values["statuses"] = {_number(where, key): action for key, action in statuses.items()}
    profile = _checked(where, _PROFILE, values)
    if profile.outbind and profile.bind is BindKind.PAIR:
        raise SettingsFault(f"{where}: an outbind brings one connection, a pair needs two")
    return profile


def _with_password(where: str, path: Path, table: Table, *, demo: bool) -> Table:
    values = dict(table)
    named = values.pop("password_file", None)
    if named is None:
        if "password" in values and not demo:
            must_be_closed(where, "password", path)
        return values
    if "password" in values:
        raise SettingsFault(f"{where}: password or password_file, not both")
    values["password"] = read_secret(where, "password", path.parent / str(named), demo=demo, named="password_file")
    return values


def _route(table: Table, links: tuple[LinkProfile, ...]) -> Route:
    values = {("class_" if key == "class" else key): value for key, value in table.items()}
    _known("a route", table, ("to", "prefix", "sender", "class", "lane"))
    if not values.get("to"):
        raise SettingsFault("a route leads nowhere: to = [{ name = weight }]")
    route = _checked("a route", _ROUTE, values)
    sending = [link.name for link in links if link.bind is not BindKind.RX]
    for group in route.to:
        _known("a route's to", group, sending)
        if not group or any(weight < 1 for weight in group.values()):
            raise SettingsFault("a route's group needs links with weights of 1 and more")
    _known("a route's class", dict.fromkeys(route.class_), [class_.value for class_ in NoticeClass])
    return route


def _checked(where: str, kind: TypeAdapter[T], values: Table) -> T:
    try:
        return kind.validate_python(values)
    except ValidationError as problem:
        # The input itself is left out: it may be a password.
        wrong = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in problem.errors())
        raise SettingsFault(f"{where}: {wrong}") from None


def _known(where: str, table: Mapping[str, Any], names: Iterable[str]) -> None:
    known = list(names)
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
            raise SettingsFault(f"{where}: {key} is unknown" + (f"; the nearest is {near[0]}" if near else ""))


def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _table(where: str, values: Table, name: str) -> Table:
    table = values.get(name, {})
    if not isinstance(table, dict):
        raise SettingsFault(f"{where}: {name} is a table")
    return table


def _coding(where: str, name: object) -> Coding:
    if str(name) not in _CODINGS:
        raise SettingsFault(f"{where}: {name} is no alphabet; there are {', '.join(_CODINGS)}")
    return _CODINGS[str(name)]


def _language(where: str, name: object) -> Language:
    if str(name) not in _LANGUAGES:
        raise SettingsFault(f"{where}: {name} is no language with tables; there are {', '.join(_LANGUAGES)}")
    return _LANGUAGES[str(name)]


def _names_in(where: str, values: Table, name: str) -> list[object]:
    names = values[name]
    if not isinstance(names, list):
        raise SettingsFault(f"{where}: {name} is a list")
    return names


def _number(where: str, text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise SettingsFault(f"{where}: {text} is no number such as 0x58") from None
