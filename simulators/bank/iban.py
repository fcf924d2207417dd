"""IBANs (ISO 13616) and their check digits (ISO 7064, MOD 97-10), as Iran writes them: IR and 24 digits (SHEBA)."""

import re

TEST_BANK = "999"
"""No bank has this code: its accounts exist in this simulator alone."""
_FORM = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{10,30}")
_SHEBA = re.compile(r"IR[0-9]{24}")


def is_valid(iban: str) -> bool:
    """Whether the form and the check digits are right, and the length where we know the country."""
    if not _FORM.fullmatch(iban) or (iban.startswith("IR") and not _SHEBA.fullmatch(iban)):
        return False
    return _number(iban[4:] + iban[:4]) % 97 == 1


def of_account(account: int | str, *, bank: str = TEST_BANK) -> str:
    """The IBAN of an account at the bank without a bank: code, a zero for deposits, eighteen digits."""
    bban = f"{bank}0{int(account):018d}"
    check = 98 - _number(f"{bban}IR00") % 97
    return f"IR{check:02d}{bban}"


def _number(text: str) -> int:
    return int("".join(str(int(letter, 36)) for letter in text))
