"""The settings of one installation: one TOML file, overridden by the environment, checked before anything starts.

Each section is a frozen pydantic model; every policy number carries its unit in the name and its source in the
description. Rooms never read this module's file: ``server.py`` hands each the plain values it needs.
"""

from datetime import time
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from vocabulary.errors import InvalidPhoneNumber
from vocabulary.phone_number import PhoneNumber


def _address(text: str) -> str:
    ip_address(text)
    return text


def _network(text: str) -> str:
    ip_network(text)
    return text


def _users_number(text: str) -> str:
    try:
        PhoneNumber.parse(text)
    except InvalidPhoneNumber as error:
        raise ValueError("not a number that a user can be called on, e.g. 13800001234 or 053285551234") from error
    return text


def _windows(day: tuple[tuple[time, time], ...]) -> tuple[tuple[time, time], ...]:
    if not day:
        raise ValueError('at least one window, e.g. [["09:00", "11:00"]]')
    for opens, closes in day:
        if opens >= closes:
            raise ValueError(f"a window opens before it closes, on the same day; found {opens:%H:%M} to {closes:%H:%M}")
    return day


Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86400)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]
Digits = Annotated[str, Field(pattern=r"^[0-9*#]{2,20}$")]
Address = Annotated[str, AfterValidator(_address)]
Windows = Annotated[tuple[tuple[time, time], ...], AfterValidator(_windows)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SipSettings(_Section):
    """Signalling. Defaults bind the loopback only (design §6.14)."""

    bind: Address = "127.0.0.1"
    port: Port = 5060
    tcp: bool = True
    advertised_address: Address | None = Field(None, description="address put into Contact and SDP; default: bind")
    realm: str = "nuanxian"
    hotline_numbers: tuple[Digits, ...] = Field(("96556", "053296556"), min_length=1)
    capacity_calls: int = Field(200, ge=1, le=5000, description="at 90 % new calls hear only the leak announcement")
    trusted_without_digest: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(
        (), description="addresses whose calls are not challenged (tests)"
    )
    ban_wrong_passwords: bool = True
    max_contacts: int = Field(2, ge=1, le=16, description="registered contacts of one account")

    @model_validator(mode="after")
    def _reachable(self) -> "SipSettings":
        if ip_address(self.advertised_address or self.bind).is_unspecified:
            raise ValueError(
                f"bind {self.bind} needs advertised_address, the address that phones and the carrier reach us at:"
                " in SDP 0.0.0.0 means hold, and nobody would hear anything"
            )
        return self


class SimulatedLineSettings(_Section):
    """A phone of ours that plays one outside user."""

    account: Name
    number: Annotated[Digits, AfterValidator(_users_number)] | None = Field(
        None, description="the number it calls from; any other called number rings the first line"
    )


class TrunkSettings(_Section):
    """One SIP trunk: trusted by address, registered by us, or simulated."""

    name: Name
    kind: Literal["address", "register", "sim"] = "address"
    host: str | None = None
    port: Port = 5060
    transport: Literal["udp", "tcp"] = "udp"
    sources: tuple[str, ...] = Field((), description="addresses its calls come from; default: host")
    source_ports: tuple[Port, ...] = Field((), description="only these source ports are this trunk; default: any")
    username: str | None = None
    password: str | None = Field(None, repr=False)
    realm: str | None = None
    caller_ids: tuple[Digits, ...] = ("96556",)
    priority: int = Field(1, ge=1, le=100)
    capacity_calls: int = Field(100, ge=1, le=5000)
    reliable_ringing: bool = Field(False, description="ask for 100rel: provisional responses acknowledged by PRACK")
    lines: tuple[SimulatedLineSettings, ...] = Field(
        (), description="kind = sim: phones of ours that play outside users"
    )

    @model_validator(mode="after")
    def _complete(self) -> "TrunkSettings":
        for source in self.sources or ((self.host,) if self.host and self.kind != "sim" else ()):
            try:
                ip_network(source)
            except ValueError as error:
                raise ValueError(
                    f"trunk {self.name}: sources: {error}; an address or a network, e.g. 203.0.113.7"
                ) from error
        if self.kind != "sim" and not self.host:
            raise ValueError(f'trunk {self.name}: kind "{self.kind}" needs host')
        if self.kind == "register" and not (self.username and self.password):
            raise ValueError(f'trunk {self.name}: kind "register" needs username and password')
        if self.kind == "sim" and not self.lines:
            raise ValueError(f'trunk {self.name}: kind "sim" needs lines')
        return self


class AccountSettings(_Section):
    """A SIP account for a phone. Without a password here, a random one is made at the first start."""

    username: Name
    password: str | None = Field(None, min_length=8, repr=False)
    seat: bool = Field(False, description="whether this phone is a seat (坐席)")
    display_number: str | None = Field(None, description="工号 said to the caller; default: the user name's digits")


class DialPlanSettings(_Section):
    """A number that is answered without the hotline's reception; for tests and measuring."""

    number: Digits
    action: Literal["prompt", "seat", "wait", "queue"]
    prompt: str = "music.hold"
    seat: str | None = Field(None, description='action = seat: "host:port" of a static phone, or an account')
    record: bool = True

    @model_validator(mode="after")
    def _complete(self) -> "DialPlanSettings":
        if self.action == "seat" and not self.seat:
            raise ValueError(f'dial_plan {self.number}: action "seat" needs seat')
        return self


class MediaSettings(_Section):
    """RTP."""

    port_low: Port = 20000
    port_high: Port = 23999
    rtp_timeout_s: Seconds = 30.0
    attach: bool = Field(False, description="the worker is started by itself: python server.py media")

    @model_validator(mode="after")
    def _ordered(self) -> "MediaSettings":
        if self.port_high - self.port_low < 8:
            raise ValueError("port_high must be at least 8 above port_low")
        return self


class SeatSettings(_Section):
    """Distribution and presence."""

    ring_s: Seconds = Field(15.0, description="领先 GB/T 33358: 15 s 应答")
    wrap_up_s: float = Field(20.0, ge=0, le=3600)
    break_after_missed: bool = Field(True, description="a seat that does not answer is put on break with the reason")
    max_waiting: int = Field(50, ge=0, le=10000, description="over it the bot answers at once")
    static_seats: tuple[str, ...] = Field((), description='"host:port" seats that never register (measuring)')


class ReceptionSettings(_Section):
    """One inbound call (design §6.3)."""

    greeting: bool = True
    offer_bot_after_s: Seconds = 60.0
    position_every_s: Seconds = 30.0
    message_max_s: Seconds = 60.0
    rating_wait_s: Seconds = 6.0
    rating: bool = True
    announce_staff: bool = Field(True, description="工号播报: the seat's number is said to the caller")
    cases: bool = Field(True, description="whether each answered call makes or joins a case")


class DutyPerson(_Section):
    """One of the duty chain (值班链): 班长→抢修调度→负责人→分公司."""

    name: str
    number: Digits


class LeakSettings(_Section):
    """The gas-leak lane, domain spec §10."""

    seat_wait_s: Seconds = Field(10.0, description="§10.1: no seat in 10 s, then the duty chain")
    duty_ring_s: Seconds = Field(20.0, description="§10.1: 20 s each")
    duty_chain: tuple[DutyPerson, ...] = ()


class SpeechSettings(_Section):
    """Recognition (design §6.9)."""

    backend: Literal["faster-whisper", "openai-whisper", "vosk", "none"] = "faster-whisper"
    model: str | None = Field(None, description="folder or file of the weights; default: the packaged base model")
    threads: int = Field(1, ge=1, le=64)
    live: bool = Field(True, description="hear callers in dialogues; otherwise keys only")


class StoreSettings(_Section):
    """Database and recordings."""

    url: str = Field(
        "sqlite",
        pattern=r"^(sqlite|sqlite:///.+|postgresql(\+psycopg)?://.+)$",
        description='"sqlite" (a file in the data folder), "sqlite:///PATH" or "postgresql://…"',
    )
    recordings: str = Field(
        "folder",
        pattern=r"^(folder|file:///.+|s3://.+)$",
        description='"folder" (in the data folder), "file:///PATH" or "s3://BUCKET/PREFIX"',
    )


class SmppSettings(_Section):
    """An SMPP 3.4 link."""

    host: str = "127.0.0.1"
    port: Port = 2775
    system_id: str = "nuanxian"
    password: str = Field("", repr=False)
    window: int = Field(10, ge=1, le=500)
    enquire_link_s: Seconds = 30.0


class SmsSettings(_Section):
    """Short messages."""

    driver: Literal["sim", "smpp"] = "sim"
    access_number: Digits = "10690096556"
    signature: str = "青岛能源"
    smpp: SmppSettings = SmppSettings()
    sim_replies: dict[str, str] = Field({}, description="sim only: number → what that user replies")


class CallbackSettings(_Section):
    """回访: windows of 管理办法 第十二条 (09:00–11:00, 14:30–16:00), lock and caps of domain spec §3.3."""

    human_windows: Windows = ((time(9), time(11)), (time(14, 30), time(16)))
    sms_windows: Windows = ((time(9), time(11)), (time(14, 30), time(16)))
    ai_enabled: bool = True
    ai_concurrent: int = Field(2, ge=1, le=200)
    ring_s: Seconds = 30.0
    tick_s: Seconds = 1.0
    allow_weekends: bool = True


class ApiSettings(_Section):
    """The HTTP API and console."""

    bind: str = "127.0.0.1"
    port: Port = 8056
    token_days: int = Field(30, ge=1, le=3650)


class ClockSettings(_Section):
    """Only for demonstrations: a file with seconds to add to the clock of every process."""

    offset_file: Path | None = None


class Settings(_Section):
    """Everything; see ``nuanxian.example.toml`` for the commented file."""

    data_folder: Path = Path("var")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    sip: SipSettings = SipSettings()
    media: MediaSettings = MediaSettings()
    trunks: tuple[TrunkSettings, ...] = ()
    accounts: tuple[AccountSettings, ...] = ()
    dial_plan: tuple[DialPlanSettings, ...] = ()
    seats: SeatSettings = SeatSettings()
    reception: ReceptionSettings = ReceptionSettings()
    leak: LeakSettings = LeakSettings()
    speech: SpeechSettings = SpeechSettings()
    store: StoreSettings = StoreSettings()
    sms: SmsSettings = SmsSettings()
    callbacks: CallbackSettings = CallbackSettings()
    api: ApiSettings = ApiSettings()
    clock: ClockSettings = ClockSettings()

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        for what, names in (
            ("trunks", [t.name for t in self.trunks]),
            ("accounts", [a.username for a in self.accounts]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what}: {', '.join(twice)} stands there twice")
        known = {account.username for account in self.accounts}
        for trunk in self.trunks:
            for line in trunk.lines:
                if line.account not in known:
                    raise ValueError(f"trunk {trunk.name}: {line.account} is not among the accounts")
        return self
