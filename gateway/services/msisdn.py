"""Telephone numbers as people type them, and as they are kept: E.164 with a plus, `+989120000001`."""

import phonenumbers

REGION = "IR"
_MOBILE = frozenset({phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE})


def normal_msisdn(text: str) -> str | None:
    """The number in E.164, typed in any usual way (`0912…`, `+98 912…`, `0098…`, Persian digits); None if not a mobile.

    Source: ITU-T E.164; numbering plans as the phonenumbers library has them.
    """
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in _MOBILE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
