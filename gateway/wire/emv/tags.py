"""Data elements of EMV that the house knows (EMV Book 3 annex A, Contactless Books), and check digits."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Form(Enum):
    """How a data element counts its content, which decides how a DOL pads and cuts it (EMV Book 3 §4.3)."""

    BINARY = "b"
    NUMERIC = "n"
    COMPRESSED = "cn"
    ALPHA = "a"
    ALPHANUMERIC = "an"
    TEXT = "ans"


@dataclass(frozen=True, slots=True)
class Tag:
    """A data element: its tag in hex, form, and length in bytes (0: it varies)."""

    tag: str
    name: str
    form: Form = Form.BINARY
    length: int = 0


_FORMS = {form.value: form for form in Form}

_TABLE = """
42   n    3  issuer identification number
4F   b    0  application identifier of the card
50   ans  0  application label
56   b    0  track 1 data
57   b    0  track 2 equivalent data
5A   cn   0  application PAN
5F20 ans  0  cardholder name
5F24 n    3  application expiration date
5F25 n    3  application effective date
5F28 n    2  issuer country code
5F2A n    2  transaction currency code
5F2D an   0  language preference
5F30 n    2  service code
5F34 n    1  PAN sequence number
5F36 n    1  transaction currency exponent
5F50 ans  0  issuer URL
5F53 b    0  IBAN
5F54 b    0  BIC
5F55 a    2  issuer country code, alpha 2
5F56 a    3  issuer country code, alpha 3
61   b    0  application template
6F   b    0  file control information template
70   b    0  record template
71   b    0  issuer script template 1
72   b    0  issuer script template 2
73   b    0  directory discretionary template
77   b    0  response template format 2
80   b    0  response template format 1
81   b    4  amount authorised, binary
82   b    2  application interchange profile
83   b    0  command template
84   b    0  dedicated file name
86   b    0  issuer script command
87   b    1  application priority indicator
88   b    1  short file identifier
89   b    6  authorisation code
8A   an   2  authorisation response code
8C   b    0  CDOL1
8D   b    0  CDOL2
8E   b    0  CVM list
8F   b    1  certification authority public key index
90   b    0  issuer public key certificate
91   b    0  issuer authentication data
92   b    0  issuer public key remainder
93   b    0  signed static application data
94   b    0  application file locator
95   b    5  terminal verification results
97   b    0  TDOL
98   b    20 TC hash value
99   b    0  transaction PIN data
9A   n    3  transaction date
9B   b    2  transaction status information
9C   n    1  transaction type
9D   b    0  directory definition file name
9F01 n    6  acquirer identifier
9F02 n    6  amount, authorised
9F03 n    6  amount, other
9F04 b    4  amount, other, binary
9F05 b    0  application discretionary data
9F06 b    0  application identifier of the terminal
9F07 b    2  application usage control
9F08 b    2  application version number of the card
9F09 b    2  application version number of the terminal
9F0B ans  0  cardholder name, extended
9F0D b    5  issuer action code, default
9F0E b    5  issuer action code, denial
9F0F b    5  issuer action code, online
9F10 b    0  issuer application data
9F11 n    1  issuer code table index
9F12 ans  0  application preferred name
9F13 b    2  last online ATC register
9F14 b    1  lower consecutive offline limit
9F15 n    2  merchant category code
9F16 ans  15 merchant identifier
9F17 b    1  PIN try counter
9F18 b    4  issuer script identifier
9F19 n    6  token requestor id
9F1A n    2  terminal country code
9F1B b    4  terminal floor limit
9F1C an   8  terminal identification
9F1D b    0  terminal risk management data
9F1E an   8  interface device serial number
9F1F ans  0  track 1 discretionary data
9F20 cn   0  track 2 discretionary data
9F21 n    3  transaction time
9F23 b    1  upper consecutive offline limit
9F24 an   29 payment account reference
9F25 n    2  last 4 digits of PAN
9F26 b    8  application cryptogram
9F27 b    1  cryptogram information data
9F2D b    0  ICC PIN encipherment public key certificate
9F2E b    0  ICC PIN encipherment public key exponent
9F2F b    0  ICC PIN encipherment public key remainder
9F32 b    0  issuer public key exponent
9F33 b    3  terminal capabilities
9F34 b    3  CVM results
9F35 n    1  terminal type
9F36 b    2  application transaction counter
9F37 b    4  unpredictable number
9F38 b    0  PDOL
9F39 n    1  point of service entry mode
9F3A b    4  amount, reference currency
9F3B n    0  application reference currency
9F3C n    2  transaction reference currency code
9F3D n    1  transaction reference currency exponent
9F40 b    5  additional terminal capabilities
9F41 n    0  transaction sequence counter
9F42 n    2  application currency code
9F43 n    0  application reference currency exponent
9F44 n    1  application currency exponent
9F45 b    2  data authentication code
9F46 b    0  ICC public key certificate
9F47 b    0  ICC public key exponent
9F48 b    0  ICC public key remainder
9F49 b    0  DDOL
9F4A b    0  static data authentication tag list
9F4B b    0  signed dynamic application data
9F4C b    0  ICC dynamic number
9F4D b    2  log entry
9F4E ans  0  merchant name and location
9F4F b    0  log format
9F51 n    2  application currency code of the kernel
9F53 an   1  transaction category code
9F54 n    6  cumulative total transaction amount limit
9F58 b    1  consecutive transaction counter limit
9F59 b    1  consecutive transaction counter upper limit
9F5A b    0  application program identifier
9F5B b    0  issuer script results
9F5C n    6  cumulative total transaction amount upper limit
9F5D n    6  available offline spending amount
9F60 b    2  CVC3 of track 1
9F61 b    2  CVC3 of track 2
9F62 b    6  PCVC3 of track 1
9F63 b    0  PUNATC of track 1, or offline counter initial value
9F64 b    1  NATC of track 1
9F65 b    2  PCVC3 of track 2
9F66 b    4  terminal transaction qualifiers
9F67 b    1  NATC of track 2
9F68 b    0  card additional processes
9F69 b    0  card authentication related data
9F6A n    4  unpredictable number, numeric
9F6B b    0  track 2 data
9F6C b    2  card transaction qualifiers
9F6D b    2  application version number of the mag-stripe mode
9F6E b    0  form factor indicator
9F70 b    0  protected data envelope 1
9F7C b    0  customer exclusive data
9F7D b    0  applet version
9F7E b    0  mobile support indicator
9F7F b    0  card production life cycle data
A5   b    0  file control information proprietary template
BF0C b    0  file control information issuer discretionary data
DF8104 n   6  balance read before generate AC
DF8105 n   6  balance read after generate AC
DF810C b   1  kernel id
DF8115 b   6  error indication
DF8116 b   22 user interface request data
DF8117 b   1  card data input capability
DF8118 b   1  CVM capability, CVM required
DF8119 b   1  CVM capability, no CVM required
DF811B b   1  kernel configuration
DF811E b   1  mag-stripe CVM capability, CVM required
DF811F b   1  security capability
DF8120 b   5  terminal action code, default
DF8121 b   5  terminal action code, denial
DF8122 b   5  terminal action code, online
DF8123 n   6  reader contactless floor limit
DF8124 n   6  reader contactless transaction limit, no on-device CVM
DF8125 n   6  reader contactless transaction limit, on-device CVM
DF8126 n   6  reader CVM required limit
DF8127 b   2  time-out value
DF8129 b   8  outcome parameter set
DF812C b   1  mag-stripe CVM capability, no CVM required
DF812D b   3  message hold time
DF8130 b   1  hold time value
DF8131 b   0  phone message table
"""
"""Tag, form, length in bytes (0: it varies), name; where kernels differ about a tag, kernels 2 and 3 are meant."""


def _rows() -> Mapping[str, Tag]:
    rows = (line.split(maxsplit=3) for line in _TABLE.strip().splitlines())
    return {tag: Tag(tag, name, _FORMS[form], int(length)) for tag, form, length, name in rows}


TAGS: Mapping[str, Tag] = _rows()
"""The data elements that the house knows, by tag in upper-case hex."""


def luhn_digit(digits: str) -> str:
    """The check digit that makes `digits` + it pass ISO/IEC 7812-1 annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)
