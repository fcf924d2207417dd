"""Field 86 of an MT940: what the account's owner is told of the entry before it.

Free text, or the structure of the German banks (`166?20EREF+…?32Name`), or words between slashes as the Dutch ones
write (`/EREF/…/NAME/…/REMI/…`).
"""

import re
from dataclasses import replace

from gateway.wire.iso20022.values import NOT_PROVIDED
from wallet.reconciliation import StatementLine

_STRUCTURED = re.compile(r"[0-9]{3}\?[0-9]{2}")
_SUBFIELD = re.compile(r"\?([0-9]{2})")
_PLUS = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|BIC|PURP|RREF)\+")
_SLASH = re.compile(
    r"/(EREF|PREF|KREF|MARF|CSID|TRTP|NAME|IBAN|BIC|REMI|RTRN|BENM|ORDP|PURP|ISDT|ADDR|ULTC|ULTD|SVCL|TRCD|RETN|NRTX)/"
)
_REASON = re.compile(r"[A-Z]{2}[0-9A-Z]{2}")
_REMITTANCE = frozenset({*(f"{number}" for number in range(20, 30)), *(f"{number}" for number in range(60, 64))})


def explained(line: StatementLine, text: str) -> StatementLine:
    """The line with what its field 86 says."""
    if _STRUCTURED.match(text):
        return _structured(line, text.replace("\n", ""))
    flat = text.replace("\n", "")
    if _SLASH.search(flat):
        return _told(line, _words(_SLASH, flat.removesuffix("/")))
    if _PLUS.search(flat):
        return _told(line, _words(_PLUS, flat))
    return replace(line, remittance=" ".join(text.split())[:500] or line.remittance)


def _structured(line: StatementLine, text: str) -> StatementLine:
    parts = _SUBFIELD.split(text)
    subfields = [(parts[place], parts[place + 1]) for place in range(1, len(parts) - 1, 2)]
    joined = "".join(value for number, value in subfields if number in _REMITTANCE)
    words = _words(_PLUS, joined) if _PLUS.search(joined) else {"SVWZ": joined}
    words.setdefault("NAME", " ".join(value for number, value in subfields if number in {"32", "33"}))
    words.setdefault("IBAN", next((value for number, value in subfields if number == "31"), ""))
    return _told(line, words)


def _words(pattern: re.Pattern[str], text: str) -> dict[str, str]:
    """What stands behind each word; of a word that comes twice, the first that says something."""
    parts = pattern.split(text)
    words: dict[str, str] = {"": parts[0].strip()}
    for place in range(1, len(parts) - 1, 2):
        word = parts[place]
        words[word] = words.get(word, "") or parts[place + 1].strip(" /")
    return words


def _told(line: StatementLine, words: dict[str, str]) -> StatementLine:
    reference, order = words.get("EREF", ""), words.get("KREF", "")
    reference = "" if reference == NOT_PROVIDED else reference
    information = words.get("PREF", "")
    returned = _REASON.match(words.get("RTRN", "") or words.get("RETN", ""))
    single = bool(reference) or not (order or information)
    remittance = words.get("SVWZ") or words.get("REMI", "").removeprefix("USTD//") or words.get("", "")
    return replace(
        line,
        end_to_end_id=(reference or ("" if order or information else line.end_to_end_id))[:35],
        message_id=(order or line.message_id)[:35],
        payment_information_id=information[:35],
        count=1 if single else 0,
        return_reason=returned[0] if returned else "",
        counterparty=words.get("NAME", "").strip()[:140],
        counterparty_account=words.get("IBAN", "").strip()[:34],
        remittance=" ".join(remittance.split())[:500] or line.remittance,
    )
