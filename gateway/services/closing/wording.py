"""What the signer of a day reads on the phone: with the hash's digits and the code, at most 119 characters."""

from collections.abc import Mapping
from datetime import date

from gateway.services.closing.model import Cover
from wallet.money import ASSETS, Money

_TEXTS = {
    "en": "SSO: close {day}, float {float} of {trust} {asset}, open breaks {breaks}",
    "fa": "تامین اجتماعی: بستن {day}، شناور {float} از {trust} {asset}، مغایرت باز {breaks}",
    "fr": "SSO: clore {day}, flottant {float} sur {trust} {asset}, écarts {breaks}",
    "ar": "الضمان: إقفال {day}، عائم {float} من {trust} {asset}، فروق {breaks}",
}
_SHORT = {
    "en": "SSO: close the day {day}, open breaks {breaks}",
    "fa": "تامین اجتماعی: بستن روز {day}، مغایرت باز {breaks}",
    "fr": "SSO: clore le jour {day}, écarts {breaks}",
    "ar": "الضمان: إقفال يوم {day}، فروق {breaks}",
}
"""For amounts of more digits than a phone has room for."""
TEXT_MAX = 90


def texts(day: date, cover: Cover, breaks: int) -> Mapping[str, str]:
    """By language; digits are those that every phone has."""
    named = {
        "day": day.isoformat(), "float": _grouped(cover.float_minor, cover.asset), "asset": cover.asset,
        "trust": _grouped(cover.trust_minor, cover.asset), "breaks": f"{breaks:,}",
    }  # fmt: skip
    whole = {language: text.format(**named) for language, text in _TEXTS.items()}
    short = {language: text.format(**named) for language, text in _SHORT.items()}
    return {language: text if len(text) <= TEXT_MAX else short[language] for language, text in whole.items()}


def title(day: date) -> str:
    """One line for the inbox."""
    return day.isoformat()


def _grouped(minor: int, asset: str) -> str:
    number = str(Money(abs(minor), ASSETS[asset])).partition(" ")[0]
    whole, point, part = number.partition(".")
    return f"{'-' if minor < 0 else ''}{int(whole):,}{point}{part}"
