"""Settings → telephony."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_network

from composition.foundation import Folders, make_folders
from ivr.prompts import Prompts
from telephony.dial_plan import HOTLINE_PLAN, DialPlan, PlanAction, PlanRow
from telephony.switchboard import TelephonyConfig, run_media_alone
from telephony.trunks import SimulatedLine, Trunk, TrunkKind
from vocabulary.phone_number import PhoneNumber
from vocabulary.settings import DialPlanSettings, Settings, TrunkSettings


def run_media(settings: Settings) -> None:
    """``python server.py media``: the media worker by itself; needs neither database nor secrets."""
    run_media_alone(telephony_config(settings, make_folders(settings), {}, Prompts()))


def telephony_config(
    settings: Settings, folders: Folders, passwords: Mapping[str, str], prompts: Prompts
) -> TelephonyConfig:
    """Everything telephony needs, as plain values.

    Args:
        passwords: SIP account → password.
    """
    sip, media = settings.sip, settings.media
    return TelephonyConfig(
        spool=folders.spool,
        socket_path=folders.media_socket,
        bind_host=sip.bind,
        port=sip.port,
        advertised_host=sip.advertised_address or "",
        tcp=sip.tcp,
        realm=sip.realm,
        max_contacts=sip.max_contacts,
        accounts=dict(passwords),
        trunks=(*(_trunk(each, settings) for each in settings.trunks), *_unchallenged(settings)),
        plan=_plan(settings, prompts),
        capacity_calls=sip.capacity_calls,
        rtp_port_low=media.port_low,
        rtp_port_high=media.port_high,
        rtp_timeout_s=media.rtp_timeout_s,
        attach_media=media.attach,
        never_banned=frozenset(sip.trusted_without_digest) if sip.ban_wrong_passwords else None,
    )


def _trunk(each: TrunkSettings, settings: Settings) -> Trunk:
    kind = TrunkKind(each.kind)
    sources = each.sources or ((each.host,) if each.host else ())
    numbers = "|".join(map(re.escape, settings.sip.hotline_numbers))
    return Trunk(
        name=each.name,
        kind=kind,
        networks=tuple(str(ip_network(source)) for source in sources),
        source_ports=each.source_ports,
        host=each.host or "",
        port=each.port,
        transport=each.transport,
        username=each.username or "",
        password=each.password or "",
        realm=each.realm or "",
        callers=each.caller_ids,
        dialled=f"(?:{numbers})" if settings.dial_plan == () else ".*",
        priority=each.priority,
        reliable_ringing=each.reliable_ringing,
        lines=tuple(
            SimulatedLine(line.account, PhoneNumber.parse(line.number) if line.number else None) for line in each.lines
        ),
        capacity_calls=each.capacity_calls,
    )


def _unchallenged(settings: Settings) -> Iterator[Trunk]:
    """Hosts whose calls are not challenged, as lines that only bring calls in; for measuring on the loopback."""
    for host in settings.sip.trusted_without_digest:
        yield Trunk(
            name=f"trusted {host}",
            kind=TrunkKind.ADDRESS,
            networks=(str(ip_network(host)),),
            dialled=".*",
            carries="(?!)",  # takes nothing out
            priority=100,
            capacity_calls=settings.sip.capacity_calls,
        )


def _plan(settings: Settings, prompts: Prompts) -> DialPlan:
    rows = tuple(_row(each, prompts) for each in settings.dial_plan)
    numbers = "|".join(map(re.escape, settings.sip.hotline_numbers))
    hotline = (
        PlanRow(r"\*.*", PlanAction.PHONE_CODE, from_trunks=False),
        PlanRow(f"(?:{numbers})", PlanAction.HOTLINE),
    )
    return DialPlan(rows + (hotline if numbers else HOTLINE_PLAN.rows))


def _row(each: DialPlanSettings, prompts: Prompts) -> PlanRow:
    pattern = each.number.replace("*", r"\*")
    match each.action:
        case "prompt":
            return PlanRow(pattern, PlanAction.PROMPT, prompt=prompts.file(each.prompt))
        case "seat":
            return PlanRow(pattern, PlanAction.SEAT, seat=each.seat or "", record=each.record)
        case "wait":
            return PlanRow(pattern, PlanAction.WAIT)
        case "queue":
            return PlanRow(pattern, PlanAction.HOTLINE)
