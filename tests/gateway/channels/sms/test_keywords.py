"""What people really type: in four languages, two alphabets and any spelling that a keypad makes easy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.channels.sms import Keyword, Keywords
from gateway.channels.sms.keywords import looks_secret
from gateway.languages import LANGUAGES
from gateway.wire import gsm

WORDS = Keywords()
K = Keyword


@pytest.mark.parametrize(
    ("text", "keyword", "language", "argument"),
    [
        # English
        ("BAL", K.BALANCE, "en", ""),
        ("  bal. ", K.BALANCE, "en", ""),
        ('"Balance"!', K.BALANCE, "en", ""),
        ("PAY 1405-08", K.PAY, "en", "1405-08"),
        ("pay140508", K.PAY, "en", "140508"),
        ("Pay:8", K.PAY, "en", "8"),
        ("CLAIM S-12345674", K.CLAIM, "en", "S-12345674"),
        ("Stop sending me this!!", K.STOP, "en", "sending me this!!"),
        ("opt out", K.STOP, "en", ""),
        ("OPT-OUT", K.STOP, "en", ""),
        ("help me please", K.HELP, "en", "me please"),
        ("Complaint: money gone, twice", K.COMPLAINT, "en", "money gone, twice"),
        ("yes", K.YES, "en", ""),
        ("Yes please", K.YES, "en", "please"),
        ("NO.", K.NO, "en", ""),
        # Persian: Persian and Arabic letters, half spaces, vowel marks, Latin letters
        ("موجودی", K.BALANCE, "fa", ""),
        ("موجودي", K.BALANCE, "fa", ""),
        ("موجودی من؟", K.BALANCE, "fa", "من؟"),
        ("mojoodi", K.BALANCE, "fa", ""),
        ("پرداخت ۱۴۰۵۰۸", K.PAY, "fa", "۱۴۰۵۰۸"),
        ("پرداخت۸", K.PAY, "fa", "۸"),
        ("حق بیمه", K.PAY, "fa", ""),
        ("حق\u200cبیمه ۸", K.PAY, "fa", "۸"),
        ("حق‌بيمه", K.PAY, "fa", ""),
        ("درخواست", K.CLAIM, "fa", ""),
        ("درخواست ٣", K.CLAIM, "fa", "٣"),
        ("پیگیری ۱۲۳۴۵۶۷۴", K.CLAIM, "fa", "۱۲۳۴۵۶۷۴"),
        ("لغو", K.STOP, "fa", ""),
        ("لغو۱۱", K.STOP, "fa", ""),
        ("لغو ١١", K.STOP, "fa", ""),
        ("شروع", K.START, "fa", ""),
        ("كمك", K.HELP, "fa", ""),
        ("راهنمایی", K.HELP, "fa", ""),
        ("شكايت: پول من نرسیده\u200cاست", K.COMPLAINT, "fa", "پول من نرسیده\u200cاست"),
        ("شِکایَت دارم", K.COMPLAINT, "fa", ""),
        ("shekayat pulam nist", K.COMPLAINT, "fa", "pulam nist"),
        ("\u202bبله\u202c", K.YES, "fa", ""),
        ("آره", K.YES, "fa", ""),
        ("خير", K.NO, "fa", ""),
        ("نه!", K.NO, "fa", ""),
        # Arabic, with the marks and the letter forms of either keypad
        ("رصيد", K.BALANCE, "ar", ""),
        ("رصید", K.BALANCE, "ar", ""),
        ("الرصيد؟", K.BALANCE, "ar", ""),
        ("ادفع ٨", K.PAY, "ar", "٨"),
        ("إدفع٨", K.PAY, "ar", "٨"),
        ("مطالبة S-12345674", K.CLAIM, "ar", "S-12345674"),
        ("مطالبه", K.CLAIM, "ar", ""),
        ("شكوى: لم يصل المال", K.COMPLAINT, "ar", "لم يصل المال"),
        ("شَكْوَى", K.COMPLAINT, "ar", ""),
        ("إيقاف", K.STOP, "ar", ""),
        ("ايقاف", K.STOP, "ar", ""),
        ("ابدأ", K.START, "ar", ""),
        ("مساعدة", K.HELP, "ar", ""),
        ("السلام عليكم", K.HELP, "ar", ""),
        ("نعم", K.YES, "ar", ""),
        ("لا شكرا", K.NO, "ar", "شكرا"),
        # French, with accents or without, composed or not
        ("SOLDE", K.BALANCE, "fr", ""),
        ("réclamation mon argent", K.COMPLAINT, "fr", "mon argent"),
        ("RE\u0301CLAMATION: rien reçu", K.COMPLAINT, "fr", "rien reçu"),
        ("Payer 1405/08", K.PAY, "fr", "1405/08"),
        ("Arrêt", K.STOP, "fr", ""),
        ("d’accord", K.YES, "fr", ""),
        ("Oui", K.YES, "fr", ""),
        ("Non merci", K.NO, "fr", "merci"),
        # Digits of any script alone
        ("5", K.DIGIT, "", "5"),
        (" ۵ .", K.DIGIT, "", "5"),
        ("(٥)", K.DIGIT, "", "5"),
    ],
)
def test_what_people_type_is_understood(text: str, keyword: Keyword, language: str, argument: str) -> None:
    found = WORDS.find(text, "")

    assert found is not None
    assert (found.keyword, found.language, found.argument) == (keyword, language, argument)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "?!",
        "55",
        "1234",
        "²",
        "hmm",
        "are you there",
        "no news from you since May",
        "balançoire",
        "\u200f",
        "😀",
    ],
)
def test_what_nobody_asked_for_is_no_keyword(text: str) -> None:
    assert WORDS.find(text, "en") is None


@pytest.mark.parametrize(("language", "spoken"), [("en", "en"), ("fr", "fr"), ("fa", "en"), ("", "en")])
def test_a_word_of_two_languages_is_in_the_persons_own(language: str, spoken: str) -> None:
    found = WORDS.find("stop", language)

    assert found is not None
    assert found.language == spoken


def test_an_arabic_word_that_persian_has_too_is_arabic_for_who_speaks_arabic() -> None:
    found = [WORDS.find("توقف", language) for language in ("ar", "fa", "")]

    assert [one.language for one in found if one] == ["ar", "fa", "fa"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("keyword", [keyword for keyword in Keyword if keyword is not Keyword.DIGIT])
def test_each_language_has_each_word_and_reads_the_one_it_names(language: str, keyword: Keyword) -> None:
    named = WORDS.named(keyword, language)
    found = WORDS.find(named, language)

    assert found is not None
    assert (found.keyword, found.language, found.argument) == (keyword, language, "")
    assert gsm.parts_count(named) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1234", True), ("۱۲۳۴", True), ("12 34.", True), ("12345678", True), ("123", False), ("123456789", False),
     ("PAY 1234", False), ("", False), ("12a4", False)],
)  # fmt: skip
def test_what_may_be_a_pin_or_a_code_looks_secret(text: str, expected: object) -> None:
    assert looks_secret(text) is expected


@given(st.text(max_size=300), st.sampled_from([*LANGUAGES, "", "de"]))
def test_no_text_breaks_the_reader(text: str, language: str) -> None:
    found = WORDS.find(text, language)

    assert found is None or len(found.argument) <= len(text)
    assert isinstance(looks_secret(text), bool)
