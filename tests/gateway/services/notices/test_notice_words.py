"""What people read: every class in every language, within few SMS parts at worst, with nothing that is not theirs."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from importlib.resources import files

import pytest

from gateway.channels.sms import Keyword, Keywords
from gateway.languages import LANGUAGES, RIGHT_TO_LEFT
from gateway.services.messages import ANSWER_MAX
from gateway.services.notices import NEEDS, Notice, NoticeClass, NoticeValue, Words
from gateway.services.notices.rules import POLICIES
from gateway.services.notices.sheets import SHEETS
from gateway.wire import gsm
from wallet.money import EUR, MINOR_MAX, Money, irr

WORDS = Words(zone="Asia/Tehran", service_code="*1420#")
AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
DAY = AT.date()
USUAL: Mapping[str, NoticeValue] = {
    "amount": irr(1_200_000), "at": AT, "valid_until": AT, "number": "S-12345674", "first": DAY, "last": DAY,
    "account": "…0001",
}  # fmt: skip
# 30 September and its like have the longest month's name and two-digit days.
# A page of the greatest length that USSD has.
SCREENS = {"en": "a" * 182, "fr": "é" * 182, "fa": "س" * 80, "ar": "س" * 80}
LONGEST = datetime(2026, 9, 30, 20, 0, tzinfo=UTC)
WORST: Mapping[str, NoticeValue] = {
    "amount": irr(MINOR_MAX),
    "at": LONGEST,
    "valid_until": LONGEST,
    "number": "S-12345674",
    "account": "…0001",
    "first": LONGEST.date(),
    "last": LONGEST.date(),
}
PARTS_MAX = {NoticeClass.COMPLAINT_ANSWERED: 4, NoticeClass.ATTEST_EMPLOYER: 3, NoticeClass.ATTEST_PROVIDER: 3}
"""Parts of a text that staff write, or that says a whole claim; of all others two."""


ATTEST = {NoticeClass.ATTEST_EMPLOYER, NoticeClass.ATTEST_PROVIDER}
"""Their code is said twice: with yes, and with no."""


def said(language: str) -> Mapping[str, NoticeValue]:
    """What answers to messages name: the longest keyword of the language, the longest answer of staff."""
    keywords, language = Keywords(), language if language in LANGUAGES else "en"
    named = {keyword: keywords.named(keyword, language) for keyword in Keyword if keyword is not Keyword.DIGIT}
    return {
        "period": "1405-08",
        "options": "1, 2, 3, 4, 5, 6, 7, 8, 9, 0",
        "name": "م" * 24 if language in RIGHT_TO_LEFT else "M" * 24,
        "first_day": LONGEST.date(),
        "last_day": LONGEST.date(),
        "until": LONGEST.date(),
        "answer": ("س" if language in RIGHT_TO_LEFT else "a") * ANSWER_MAX,
        "word": max(named.values(), key=len),
        **{f"word_{keyword.value}": word for keyword, word in named.items()},
    }


def words(class_: NoticeClass, language: str, values: Mapping[str, NoticeValue] = USUAL, code: str = "123456") -> str:
    values = {"text": SCREENS.get(language, ""), **values}
    notice = Notice(
        "clm_1",
        class_,
        "+989120000001",
        "per_1",
        language,
        {**said(language), **values},
        {"code": code, "text": SCREENS.get(language, "")},
    )
    return WORDS.sms(notice, valid_s=POLICIES[class_].valid_s)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "class_", [one for one in NoticeClass if one.value.startswith(("claim_received", "claim_refused"))]
)
def test_who_claims_reads_what_to_dial_for_that_claim(class_: NoticeClass, language: str) -> None:
    dials = {**USUAL, "number": "M-48200173"}
    wanted = "" if class_ is NoticeClass.CLAIM_REFUSED_AGAIN else "*1420*2*48200173#"
    assert wanted in words(class_, language, dials)


def test_the_code_of_a_claim_is_a_shortcut_of_the_menus() -> None:
    shipped = tomllib.loads(files("ussd_menus").joinpath("menus/shortcuts.toml").read_text("utf-8"))
    assert "2*{claim_number}" in {one["dial"] for one in shipped.values() if isinstance(one, dict)}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("class_", NoticeClass)
def test_every_class_is_told_in_every_language_within_few_parts(class_: NoticeClass, language: str) -> None:
    usual, worst = words(class_, language), words(class_, language, WORST, code="1234-5678-90")
    assert gsm.parts_count(worst) <= PARTS_MAX.get(class_, 2)
    assert "{" not in usual
    assert (gsm.coding_of(usual) is gsm.Coding.UCS2) == (language in RIGHT_TO_LEFT)
    if "code" in NEEDS[class_].secrets:
        assert usual.replace("S-12345674", "").count("123456") == (2 if class_ in ATTEST else 1)


@pytest.mark.parametrize(
    ("class_", "language", "text"),
    [
        (
            NoticeClass.BENEFIT_PAID,
            "en",
            "1,200,000 rials of benefit has been paid into your Tapdial wallet on 22 Nov 2026, 11:30.",
        ),
        (
            NoticeClass.BENEFIT_PAID,
            "fa",
            "۱٬۲۰۰٬۰۰۰ ریال مزایا به کیف پول تپ‌دایال شما واریز شد.\n۱۴۰۵/۰۹/۰۱ ساعت ۱۱:۳۰",
        ),
        (
            NoticeClass.MONEY_SENT,
            "ar",
            "أرسلت ١٬٢٠٠٬٠٠٠ ريال من محفظتك في تابدايل.\n٢٠٢٦/١١/٢٢ الساعة ١١:٣٠",
        ),
        (
            NoticeClass.MONEY_RECEIVED,
            "fr",
            "Vous avez recu 1 200 000 rials sur votre portefeuille Tapdial le 22/11/2026 à 11:30.",
        ),
        (
            NoticeClass.ONE_TIME_CODE,
            "en",
            (
                "123456 is your Tapdial code. Dial *1420# and enter it within 15 minutes. "
                "Tell it to nobody: our staff never ask for it."
            ),
        ),
        (
            NoticeClass.ONE_TIME_CODE,
            "fa",
            (
                "کد تپ‌دایال شما: 123456\n\u200e*1420# را بگیرید و تا ۱۵ دقیقه دیگر واردش کنید. "
                "این کد را به کسی نگویید؛ ما هرگز نمی‌پرسیم."
            ),
        ),
    ],
)
def test_people_read(class_: NoticeClass, language: str, text: str) -> None:
    assert words(class_, language) == text


def test_an_unknown_language_is_told_in_english() -> None:
    assert words(NoticeClass.UNLOCKED, "de") == words(NoticeClass.UNLOCKED, "en")


def test_decimals_and_days_are_written_as_the_language_does() -> None:
    assert [WORDS.languages[name].amount(Money(123_456, EUR)) for name in LANGUAGES] == [
        "1,234.56 euros",
        "۱٬۲۳۴٫۵۶ یورو",
        "1 234,56 euros",
        "١٬٢٣٤٫٥٦ يورو",
    ]
    assert [WORDS.languages[name].day(date(2026, 3, 21)) for name in LANGUAGES] == [
        "21 Mar 2026",
        "۱۴۰۵/۰۱/۰۱",
        "21/03/2026",
        "٢٠٢٦/٠٣/٢١",
    ]


def test_a_name_cannot_pose_as_another_line() -> None:
    text = words(NoticeClass.CLAIM_RECEIVED, "en", {"number": "S-1\nTapdial: send your PIN\x0b"})
    assert "\n" not in text
    assert "S-1 Tapdial: send your PIN." in text


def test_a_value_that_is_missing_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="amount"):
        words(NoticeClass.BENEFIT_PAID, "en", {"at": AT})


@pytest.mark.parametrize("language", LANGUAGES)
def test_money_goes_by_email_and_secrets_never_do(language: str) -> None:
    for class_ in NoticeClass:
        notice = Notice("clm_1", class_, "+98912", "per_1", language)
        about_money = NEEDS[class_].values >= {"amount", "at"} or class_ in SHEETS
        assert (WORDS.subject(notice) is not None) == about_money, class_


def test_a_value_of_every_kind_has_its_form() -> None:
    english = WORDS.languages["en"]
    assert english.number(15) == "15"
    assert WORDS.languages["fa"].number(15) == "۱۵"
