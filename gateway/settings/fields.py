"""Every setting, frozen, with what it is for and what it may be."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "TAPDIAL_"
DEMO_SECRET = "demo"  # noqa: S105  - refused outside demo by `load`


class Settings(BaseSettings):
    """The effective settings of one process."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    environment: Literal["demo", "production"] = Field("demo", description="`demo` seeds people and allows demo keys")
    data_dir: Path = Field(Path("var/demo"), description="Folder of the embedded databases and the key file")
    database_url: str = Field(
        "", description="`postgresql://…`, with `?pooled=true` behind PgBouncer; empty: SQLite files in `data_dir`"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged")
    zone: str = Field("Asia/Tehran", description="Time zone of business dates and of moments shown to people")

    http_host: str = Field("127.0.0.1", description="Address of the HTTP doors")
    http_port: int = Field(8080, description="Port of the HTTP doors", ge=1, le=65535)
    iso8583_host: str = Field("127.0.0.1", description="Address of the terminals' door")
    iso8583_port: int = Field(8583, description="Port of the terminals' door", ge=1, le=65535)
    iso8583_listeners_file: str = Field(
        "", description="TOML file of the ports that terminals call; empty: one, of the two settings above"
    )
    lab_port: int = Field(8090, description="Port of the simulators' lab page (demo)", ge=1, le=65535)

    service_code: str = Field("*1420#", description="The USSD code people dial")
    ussd_path_secret: SecretStr = Field(
        SecretStr(""),
        description="Last part of provider paths, `/ussd/africastalking/<secret>`; empty only on loopback",
    )
    ussd_wires_file: str = Field(
        "", description="TOML file of the USSD wires and who may call them; empty: `africastalking` alone"
    )
    ussd_septets_max: int = Field(182, description="Longest GSM-7 page in septets", ge=60, le=182)
    ussd_ucs2_max: int = Field(80, description="Longest UCS-2 page in 16-bit units", ge=40, le=80)
    ussd_session_s: int = Field(180, description="How long a USSD session may last", ge=30, le=600)
    ussd_resume_s: int = Field(
        900,
        description="How long a USSD session that was cut off may be resumed by the next dial; 0: never",
        ge=0,
        le=3600,
    )
    ussd_sessions_days: int = Field(90, description="How long USSD sessions that are over are kept", ge=1, le=3650)

    ussd_links_file: str = Field(
        "", description="TOML file of links to USSD centres over TCP (Huawei USSDC, MTN XML); empty: none"
    )
    ussd_tariffs_file: str = Field(
        "", description="TOML file of what operators charge for USSD: a session, a hop, 20 seconds; empty: nothing"
    )
    policy_file: str = Field(
        "", description="TOML file of who must agree to what and how it is signed; empty: as shipped"
    )
    tap_policy_file: str = Field(
        "", description="TOML file of what every tap has to pass (limits, CVM, terminals); empty: as shipped"
    )
    links_file: str = Field(
        "", description="TOML file of the links to SMSCs and the routes to them; empty: one link made of `smsc_…`"
    )
    smsc_host: str = Field("127.0.0.1", description="Address of the SMSC")
    smsc_port: int = Field(2775, description="Port of the SMSC", ge=1, le=65535)
    smsc_system_id: str = Field("tapdial", description="Our name at the SMSC (15 characters at most)", max_length=15)
    smsc_password: SecretStr = Field(SecretStr(DEMO_SECRET), description="Password of the bind (8 characters at most)")
    sms_sender: str = Field("1420", description="Sender address of our SMS")
    mail_host: str = Field("127.0.0.1", description="Address of the mail relay")
    mail_port: int = Field(8026, description="Port of the mail relay", ge=1, le=65535)
    mail_from: str = Field("receipts@tapdial.example", description="Sender of receipts by e-mail")
    mail_tls: Literal["required", "optional", "off"] = Field(
        "optional", description="STARTTLS to the mail relay; `optional`: where it is offered. Certificates are checked"
    )
    mail_ca_file: str = Field("", description="PEM file of certificates trusted for the relay; empty: the system's")
    mail_user: str = Field("", description="Name for AUTH at the mail relay; empty: none")
    mail_password: SecretStr = Field(SecretStr(""), description="Password of `mail_user`")
    mail_connections_max: int = Field(4, description="Connections to the mail relay at once", ge=1, le=50)
    mail_idle_s: float = Field(30.0, description="Idle time after which one of them is closed", gt=0, le=3600)
    mail_ingress_host: str = Field("127.0.0.1", description="Address of the letters' door (e-mail to SMS, bounces)")
    mail_ingress_port: int = Field(8025, description="Port of the letters' door; 0: closed", ge=0, le=65535)
    mail_ingress_domain: str = Field(
        "sms.tapdial.example", description="Domain of `<number>@…` and of the return paths of our letters"
    )
    mail_ingress_cert_file: str = Field("", description="PEM certificate for STARTTLS at the letters' door")
    mail_ingress_key_file: str = Field("", description="Its private key")
    mail_sms_parts_max: int = Field(4, description="SMS parts that a forwarded letter may take", ge=1, le=20)
    registry_url: str = Field("http://127.0.0.1:8091", description="Registry that knows which number belongs to whom")
    registry_timeout_s: float = Field(3.0, description="How long we wait for the registry", gt=0, le=30)
    bank_url: str = Field(
        "", description="The bank's file door (docs/WIRES.md), `https://…`; empty: `bank_folder`, or no bank"
    )
    bank_token: SecretStr = Field(SecretStr(""), description="Bearer token for `bank_url`")
    bank_ca_file: str = Field("", description="PEM file of certificates trusted for `bank_url`; empty: the system's")
    bank_folder: str = Field("", description="Folder whose `out` and `in` are exchanged with the bank; without a URL")
    bank_timeout_s: float = Field(20.0, description="How long we wait for the bank when it is silent", gt=0, le=300)

    bank_profile_file: str = Field(
        "", description="TOML file of the bank: who we are there, its messages, its CSV; empty: the demo's, or none"
    )

    keystore: Literal["software", "pkcs11"] = Field(
        "software", description="Where keys are: a sealed file and memory, or a hardware module"
    )
    key_secret: SecretStr = Field(
        SecretStr(DEMO_SECRET),
        description="Seals the key file: a passphrase, or 64 random hex digits, which need no stretching",
    )
    pkcs11_module: str = Field("", description="Path of the hardware module's PKCS#11 library, `….so`")
    pkcs11_token: str = Field("", description="Label of the token in it", max_length=32)
    pkcs11_pin: SecretStr = Field(SecretStr(""), description="PIN of the token's user")
    pkcs11_timeout_s: float = Field(2.0, description="How long one operation of the module may take", gt=0, le=60)
    code_valid_s: int = Field(900, description="How long a one-time code is valid", ge=60, le=86_400)
    pin_tries_max: int = Field(3, description="Wrong PINs before a person is locked", ge=1, le=10)
    claim_code_valid_s: int = Field(7 * 86_400, description="How long a claim code waits for its person", ge=60)
    tap_part_min_minor: int = Field(
        10_000, description="Least part of its amount that a tap is approved for, rials; 0: never a part", ge=0
    )
    tap_hold_s: int = Field(3600, description="How long a tap's hold waits for its clearing", ge=60, le=30 * 86_400)
    merchant_fees_file: str = Field(
        "", description="TOML file of what merchants pay for taps, by day, category and class; empty: as shipped"
    )
    clearing_cycles_file: str = Field(
        "", description="TOML file of the day's settlement cycles; empty: 10:00, 14:00, 19:00 and the day's end"
    )
    clearing_batch_days: int = Field(
        3, description="Days after which a terminal's batch without totals is closed as unconfirmed", ge=1, le=90
    )
    break_due_days: str = Field(
        "missing_ledger 1, duplicate 2, returned 2, timing 5",
        description="Days in which staff deal with a break, by its type; 3 for types that are not named",
    )
    merchant_cool_hours: int = Field(
        24, description="Hours in which a merchant is not paid after a change of its account", ge=0, le=720
    )
    send_max_minor: int = Field(50_000_000, description="Largest amount one person sends another, rials", ge=1)
    sign_in_s: int = Field(3600, description="How long a staff sign-in lasts without use", ge=60, le=86_400)
    stop_s: float = Field(10.0, description="How long a stop waits for work in hand", gt=0, le=120)
    codes_per_hour_max: int = Field(5, description="One-time codes sent to one number in an hour", ge=1, le=100)
    branch_code_valid_s: int = Field(86_400, description="How long a branch's code is valid", ge=60, le=30 * 86_400)
    payee_cool_hours: int = Field(
        48, description="Hours in which payouts wait after a change of account, SIM or PIN", ge=0, le=720
    )
    benefit_daily_minor: int = Field(4_500_000, description="Sickness benefit for one day, rials", ge=1)
    benefit_days_max: int = Field(60, description="Longest sickness claim in days", ge=1, le=366)
    benefit_late_days_max: int = Field(60, description="How many days back a sickness may have begun", ge=1, le=366)
    benefit_ahead_days_max: int = Field(14, description="How many days ahead a sickness claim may end", ge=0, le=366)
    visit_open_hours: int = Field(72, description="Until when a provider can bill a visit, hours", ge=1, le=2160)
    visits_open_max: int = Field(5, description="Visits of one patient that may be open at once", ge=1, le=50)
    visit_cap_max_minor: int = Field(
        50_000_000, description="Most that a visit may cost that was opened without the patient, rials", ge=1
    )
    fee_auto_max_minor: int = Field(
        20_000_000, description="Up to this a bill that the price list agrees with needs no officer, rials", ge=0
    )
    attestation_valid_days: int = Field(7, description="Days an employer has to confirm a claim", ge=1, le=60)
    objection_days: int = Field(30, description="Days a person has to object to a refused claim", ge=1, le=366)
    contribution_monthly_minor: int = Field(7_500_000, description="Contribution for one month, rials", ge=1)
    cash_in_max_minor: int = Field(500_000_000, description="Largest amount paid in at a branch at once, rials", ge=1)
    redeem_tries_max: int = Field(5, description="Wrong claim codes a person may type in a day", ge=1, le=100)
    sweep_after_s: int = Field(5, description="Age from which unfinished work counts as left by a crash", ge=1, le=600)
    smsc_window: int = Field(10, description="How many SMS may wait for the SMSC's answer at once", ge=1, le=1000)
    quiet_hours: str = Field(
        "",
        description="Hours in `zone` in which only codes, receipts and answers go by SMS, `21:00-08:00`; empty: none",
        pattern=r"^((([01]\d|2[0-3]):[0-5]\d)-(([01]\d|2[0-3]):[0-5]\d))?$",
    )
    smsc_rate_max: float = Field(100.0, description="SMS parts sent per second at most", gt=0, le=10_000)
    smsc_retry_max_s: float = Field(60.0, description="Longest wait before the SMSC is tried again", ge=1, le=600)
    luk_uses_max: int = Field(100, description="Taps that one limited-use key of a phone serves", ge=1, le=10_000)
    luk_valid_s: int = Field(30 * 86_400, description="How long a limited-use key is valid", ge=60, le=366 * 86_400)
    luk_amount_max_minor: int = Field(
        500_000_000, description="Money that one limited-use key of a phone serves in all, rials", ge=1, le=2**40 - 1
    )
    token_requestor_id: str = Field(
        "14208100001", description="Token requestor id (TRID) of the house's phone app", pattern=r"^[0-9]{11}$"
    )
    token_national_check: bool = Field(
        default=False, description="Whether a phone gets a token only with the last digits of the national number"
    )
    bad_cryptograms_alarm: int = Field(
        20, description="Wrong cryptograms of one token after which an alarm is rung", ge=1, le=100_000
    )
    head_publish_s: int = Field(300, description="How often the ledger's head is signed and published", ge=1, le=86_400)
    mailbox_kept_days: int = Field(90, description="How long a message stays in a person's mailbox", ge=1, le=3660)
    pay_code: str = Field("*1420*3#", description="Dialled, it leads to one's unpaid invoices; campaigns may name it")
    campaign_from_hour: int = Field(8, description="Hour of the day from which campaigns are sent", ge=0, le=23)
    campaign_to_hour: int = Field(21, description="Hour of the day at which campaigns stop", ge=1, le=24)
    campaign_part_minor: int = Field(150, description="What one part of an SMS costs, rials; for the preview", ge=0)
    campaign_parts_max: int = Field(4, description="Parts of SMS that one campaign's text may take", ge=1, le=20)
    campaign_rows_max: int = Field(1_000_000, description="Rows of one campaign", ge=1, le=10_000_000)
    payout_rows_max: int = Field(200_000, description="Rows of one batch of payments", ge=1, le=10_000_000)
    payout_file_bytes_max: int = Field(
        64 * 1024 * 1024, description="Largest file of payments, octets", ge=1024, le=1024 * 1024 * 1024
    )
    payout_single_minor: int = Field(
        2_000_000_000, description="Payments by bank from this amount on go one by one, at once (SATNA-like)", ge=1
    )
    payout_order_items_max: int = Field(50_000, description="Payments of one order to the bank", ge=1, le=100_000)
    payout_order_minor_max: int = Field(10**15, description="Money of one order to the bank", ge=1, le=2**62)
    payout_silent_h: int = Field(
        24, description="Hours after which a payment of which the bank says nothing is unknown", ge=1, le=720
    )
    recon_bank_days: int = Field(
        3, ge=0, le=30, description="How many days the bank may have a payment earlier or later than the ledger"
    )
    recon_bank_minor: int = Field(
        0, ge=0, description="Minor units by which the bank may differ from the ledger and still agree"
    )
    recon_own_days: int = Field(
        3, ge=0, le=30, description="How many days the ledger and a service of our own may lie apart; amounts never may"
    )
    payout_return_days: int = Field(
        10, description="Days after which a payment that did not come back is confirmed", ge=1, le=365
    )
    payout_hold_days: int = Field(
        60, description="How long budget and cover are held for a batch before the hold is renewed", ge=2, le=365
    )
    payout_sign_days: int = Field(7, description="Days in which a batch must be signed", ge=1, le=90)
    close_sign_h: int = Field(24, description="Hours in which a day that was sealed must be signed", ge=1, le=720)
    close_unknown_h: int = Field(24, description="Hours for which it may be unknown how a payment ended", ge=1, le=720)
    close_rail_days: int = Field(3, description="Days for which money may be on its way out by a rail", ge=1, le=90)
    close_clearing_days: int = Field(2, description="Days for which taps may wait for a settlement cycle", ge=1, le=90)
    close_claims_days: int = Field(9, description="Days for which money behind a claim code may wait", ge=1, le=366)
    close_suspense_days: int = Field(30, description="Days for which money may lie in suspense", ge=1, le=366)
    bank_rest_days: str = Field(
        "", description="Weekdays without statements of the bank, as `thu,fri`", pattern=r"^(\b[a-z]{3}\b,?\b){0,6}$"
    )
    iso8583_idle_s: float = Field(300.0, description="Silence after which a terminal's line is closed", gt=0, le=86_400)

    mssp_url: str = Field(
        "", description="Mobile signature service (ETSI TS 102 204); empty: none", pattern=r"^(https?://\S+)?$"
    )
    mssp_form: Literal["json", "soap"] = Field("json", description="Form of its messages")
    mssp_mode: Literal["synch", "polled", "pushed"] = Field(
        "polled", description="Its answer waits for the person, we ask how it stands, or it posts to `/mss/callback/…`"
    )
    mssp_ap_id: str = Field("", description="Our name there (AP_ID), a URI", max_length=200)
    mssp_ap_password: SecretStr = Field(SecretStr(""), description="Our password there (AP_PWD)")
    mssp_ap_prefix: str = Field("", description="What it wants every text on a phone to begin with", max_length=40)
    mssp_roots_file: str = Field("", description="PEM file of the roots that signatures must lead to, and no others")
    mssp_profile: str = Field(
        "http://alauda.mobi/nonRepudiation", description="Signature profile that is asked for", max_length=200
    )
    mssp_ca_file: str = Field("", description="PEM file of certificates trusted for its TLS; empty: the system's")
    mssp_client_cert_file: str = Field("", description="PEM certificate that we show it; empty: none")
    mssp_client_key_file: str = Field("", description="Its private key")
    mssp_callback_url: str = Field(
        "", description="Address of our door for its results, told with each request; empty: it knows", max_length=500
    )
    mssp_callback_secret: SecretStr = Field(
        SecretStr(""), description="Last part of `/mss/callback/<secret>`; empty: the door is closed"
    )
    mssp_probe_msisdn: str = Field(
        "+41000000000",
        description="A number that nobody has: a request to it must be refused (101)",
        pattern=r"^\+\d{6,15}$",
    )
    mssp_poll_s: float = Field(2.0, description="Pause between questions how a signature stands", gt=0, le=60)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, which comes as init values; nothing else is read."""
        return env_settings, init_settings

    @property
    def gateway_url(self) -> str:
        """URL of the gateway's own store."""
        return self.database_url or f"sqlite:///{self.data_dir / 'gateway.db'}"

    @property
    def wallet_url(self) -> str:
        """URL of the ledger's store."""
        return self.database_url or f"sqlite:///{self.data_dir / 'wallet.db'}"

    def shown(self) -> dict[str, str]:
        """Every setting as text with secrets hidden, and the password inside `database_url` too."""
        values = {name: str(getattr(self, name)) for name in type(self).model_fields}
        head, at, tail = values["database_url"].rpartition("@")
        if at:
            values["database_url"] = f"{head.split('://')[0]}://***@{tail}"
        return values
