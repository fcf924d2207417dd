"""What the signer of a batch reads on the phone: with the hash's digits and the code, at most 119 characters."""

from collections.abc import Mapping

from wallet.money import Money

_TEXTS = {
    "en": "SSO: pay {count} people {asset} {total} batch {label}",
    "fa": "تامین اجتماعی: پرداخت {total} {asset} به {count} نفر، دسته {label}",
    "fr": "SSO: payer {count} personnes {asset} {total} lot {label}",
    "ar": "الضمان: ادفع {total} {asset} إلى {count} شخصًا، دفعة {label}",
}
TEXT_MAX = 90


def texts(label: str, count: int, total: Money) -> Mapping[str, str]:
    """By language; digits are those that every phone has."""
    number, _, asset = str(total).partition(" ")
    whole, point, part = number.partition(".")
    grouped = f"{int(whole):,}{point}{part}"
    return {
        language: text.format(count=count, total=grouped, asset=asset, label=label) for language, text in _TEXTS.items()
    }


def title(label: str, name: str) -> str:
    """One line for the inbox."""
    return f"{label} {name}"
