"""Names in the letters that banks promise each other: a-z A-Z 0-9 / - ? : ( ) . , ' + and space.

European Payments Council, EPC217-08, "SEPA requirements for an extended character set": the basic Latin set. Persian
and Arabic letters become those that are read most alike; vowels that are not written stay away.
"""

import re
import unicodedata

_OTHER = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
_ARABIC = {
    "ا": "a", "آ": "a", "أ": "a", "إ": "e", "ب": "b", "پ": "p", "ت": "t", "ث": "s", "ج": "j", "چ": "ch", "ح": "h",
    "خ": "kh", "د": "d", "ذ": "z", "ر": "r", "ز": "z", "ژ": "zh", "س": "s", "ش": "sh", "ص": "s", "ض": "z", "ط": "t",
    "ظ": "z", "ع": "a", "غ": "gh", "ف": "f", "ق": "gh", "ک": "k", "ك": "k", "گ": "g", "ل": "l", "م": "m", "ن": "n",
    "و": "v", "ؤ": "o", "ه": "h", "ة": "h", "ۀ": "h", "ی": "i", "ي": "i", "ى": "a", "ئ": "i", "ء": "", "ـ": "",
    "\N{ZERO WIDTH NON-JOINER}": " ",
}  # fmt: skip
_LATIN = {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d",
          "&": "+", "_": "-", "’": "'", "‘": "'", "–": "-", "—": "-", "،": ",", "\t": " ", "\n": " "}  # fmt: skip
_TABLE = str.maketrans({**_ARABIC, **_LATIN})


def latin(text: str) -> str:
    """The text in basic Latin; what has no likeness becomes a full stop, words of Persian or Arabic begin large."""
    if not _OTHER.search(text):
        return text
    words = [_word(word) for word in text.split(" ")]
    return " ".join(words)


def _word(word: str) -> str:
    # A Persian letter may be one character or a letter and a mark: composed first, the table knows it.
    plain = unicodedata.normalize("NFC", word).translate(_TABLE)
    plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    digits = "".join(str(unicodedata.decimal(c, c)) for c in plain)
    plain = _OTHER.sub(".", digits)
    return plain[:1].upper() + plain[1:] if word[:1] in _ARABIC else plain
