"""The whole of telephony as one thing to start and stop: signalling, one media worker, and the calls between them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from telephony.access_policy import TrunkPolicy
from telephony.call_record import CallJournal
from telephony.calls import CallRules, Calls
from telephony.dial_plan import HOTLINE_PLAN, DialPlan
from telephony.legs import LegMedia
from telephony.loop_stall import LoopStall
from telephony.media import MediaWorker, MediaWorkerConfig
from telephony.sip import Credentials, Hop, SipEndpoint, SipSettings, TrunkRegistration, WrongPasswordLimiter
from telephony.trunks import Trunk, TrunkKind
from vocabulary.clock import Clock
from vocabulary.phone_number import PhoneKeyer


@dataclass(frozen=True, slots=True)
class TelephonyConfig:
    """What an installation's telephony needs to know, as plain values.

    Attributes:
        spool: folder of fresh recordings.
        socket_path: Unix socket of the media worker; under 100 characters.
        bind_host: IP literal that SIP and RTP listen on.
        port: of SIP, UDP and TCP; 0 takes a free one.
        advertised_host: numeric address in Contact and SDP; "" means ``bind_host``.
        tcp: whether to listen on TCP too.
        realm: of our digest challenges.
        max_contacts: registered contacts of one account.
        accounts: SIP account → password.
        trunks: lines to the outside.
        plan: what dialled numbers do.
        capacity_calls: live calls at once.
        rtp_port_low, rtp_port_high: RTP ports, both included.
        rtp_timeout_s: silence of the line that ends a leg.
        never_banned: hosts that are not shut out after wrong passwords; None bans nobody.
        attach_media: the media worker is started by somebody else (``server.py media``).
        area_code: of local numbers, without the trunk 0.
    """

    spool: Path
    socket_path: Path
    bind_host: str = "127.0.0.1"
    port: int = 5060
    advertised_host: str = ""
    tcp: bool = True
    realm: str = "nuanxian"
    max_contacts: int = 2
    accounts: dict[str, str] = field(default_factory=dict, repr=False)
    trunks: tuple[Trunk, ...] = ()
    plan: DialPlan = HOTLINE_PLAN
    capacity_calls: int = 200
    rtp_port_low: int = 20000
    rtp_port_high: int = 23999
    rtp_timeout_s: float = 30.0
    never_banned: frozenset[str] | None = frozenset()
    attach_media: bool = False
    area_code: str = "532"


class Switchboard:
    """Signalling, media and calls, wired.

    Args:
        config: see TelephonyConfig.
        clock: time of everything in here.
        journal: where call records go.
        keyer: hashes callers' numbers for the records.
        on_media_died: told the reason each time the media worker dies; for the alert.

    Attributes:
        calls: the CallControl that the trade uses.
        endpoint: for metrics and registrations.
        worker: for metrics.
        loop_stall: how punctual the loop is, for metrics.
    """

    def __init__(
        self,
        config: TelephonyConfig,
        *,
        clock: Clock,
        journal: CallJournal,
        keyer: PhoneKeyer,
        on_media_died: Callable[[str], None] | None = None,
    ) -> None:
        self.loop_stall = LoopStall()
        advertised = config.advertised_host or config.bind_host
        rules = CallRules(config.capacity_calls, config.plan, config.trunks, config.area_code)
        self.calls = Calls(rules, clock=clock, journal=journal, keyer=keyer)
        self.worker = MediaWorker(
            media_config(config),
            on_recording=self.calls.recording_ended,
            on_died=on_media_died,
        )
        accounts = {name: Credentials(name, password) for name, password in config.accounts.items()}
        self.endpoint = SipEndpoint(
            SipSettings(
                bind_host=config.bind_host,
                port=config.port,
                advertised_host=config.advertised_host,
                tcp=config.tcp,
                realm=config.realm,
                max_contacts=config.max_contacts,
                reliable_trunks=frozenset(trunk.name for trunk in config.trunks if trunk.reliable_ringing),
            ),
            clock,
            self.calls,
            TrunkPolicy(config.trunks, accounts.get, _limiter(config, clock)),
            trunks=tuple(_registration(trunk) for trunk in config.trunks if trunk.kind is TrunkKind.REGISTER),
        )
        self.calls.connect(self.endpoint, LegMedia(self.worker, advertised, config.rtp_timeout_s))

    @property
    def port(self) -> int:
        """The SIP port in use, once started."""
        return self.endpoint.port

    async def start(self) -> None:
        """Start the media worker, then listen.

        Raises:
            MediaUnavailable: the media worker did not come up.
            PortInUse: names the address and the port.
        """
        await self.worker.start()
        await self.endpoint.start()
        self.loop_stall.start()

    async def stop(self) -> None:
        """End the calls and write their records, then stop listening and the media worker."""
        self.loop_stall.stop()
        await self.calls.stop()
        await self.endpoint.stop()
        await self.worker.stop()


def media_config(config: TelephonyConfig) -> MediaWorkerConfig:
    """What the media worker needs of it."""
    return MediaWorkerConfig(
        name="media",
        socket_path=config.socket_path,
        spool=config.spool,
        bind_host=config.bind_host,
        port_low=config.rtp_port_low,
        port_high=config.rtp_port_high,
        attach=config.attach_media,
    )


def run_media_alone(config: TelephonyConfig) -> None:
    """Be the media worker until SIGTERM (``server.py media``); the server then has ``attach_media`` set."""
    from telephony.media.io.media_process import run  # not above: the worker's child runs that module as its own

    run(media_config(config), stay=True)


def _limiter(config: TelephonyConfig, clock: Clock) -> WrongPasswordLimiter:
    if config.never_banned is None:
        return WrongPasswordLimiter(clock.monotonic_s, allowed=1_000_000)
    return WrongPasswordLimiter(clock.monotonic_s, exempt=config.never_banned)


def _registration(trunk: Trunk) -> TrunkRegistration:
    return TrunkRegistration(
        name=trunk.name,
        registrar=Hop(trunk.host, trunk.port, trunk.transport),
        domain=trunk.host,
        credentials=Credentials(trunk.username, trunk.password, realm=trunk.realm),
    )
