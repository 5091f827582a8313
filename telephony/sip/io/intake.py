"""Intake: every message that comes in finds its transaction, its dialog, or its refusal."""

import logging
from collections.abc import Callable
from typing import Protocol

from telephony.sip.core.address import Hop
from telephony.sip.core.errors import MessageMalformed
from telephony.sip.core.message import Request, Response, make_response, parse_message
from telephony.sip.core.reasons import reason_header, warning_header
from telephony.sip.core.session_timer import interval_refusal
from telephony.sip.core.uas import Uas
from telephony.sip.core.uri import parse_uri
from telephony.sip.core.user_agent import ALLOW, SUPPORTED, UserAgent, refuse_method
from telephony.sip.io.access import Gate, Grant
from telephony.sip.io.incoming import IncomingInvite
from telephony.sip.io.invites import InviteDialog, Line
from telephony.sip.io.limited_log import LimitedLog
from telephony.sip.io.outgoing import contact_value
from telephony.sip.io.settings import SipSettings
from telephony.sip.io.transactions import Running, TransactionTable, cancelled_key, server_key
from telephony.sip.io.wire import Wire, response_hop

log = logging.getLogger(__name__)


class Host(Line, Protocol):
    """The endpoint, as intake sees it."""

    def agent(self, contact: str, *, trunk: str | None, account: str | None) -> UserAgent:
        """What a new dialog needs to know of us."""
        ...


class Intake:
    """Dispatches what the network receives; an error in one message never reaches the listener.

    Args:
        settings, table, wire, gate: the endpoint's parts.
        dialogs: (Call-ID, our tag) → dialog; shared with the endpoint.
        host: the endpoint.
        invited: the owner's handler.
        new_token: for To tags.
        monotonic_s: the clock, for the log.
    """

    def __init__(
        self,
        settings: SipSettings,
        table: TransactionTable,
        wire: Wire,
        gate: Gate,
        dialogs: dict[tuple[str, str], InviteDialog],
        host: Host,
        invited: Callable[[IncomingInvite], None],
        new_token: Callable[[], str],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._table = table
        self._counters = table.counters
        self._wire = wire
        self._gate = gate
        self._dialogs = dialogs
        self._host = host
        self._invited = invited
        self._new_token = new_token
        self._log = LimitedLog(log, monotonic_s)
        self.stopping = False

    def received(self, data: bytes, source: Hop) -> None:
        """One message from the network."""
        self._counters.received += 1
        try:
            message = parse_message(data)
        except MessageMalformed as error:
            self._malformed(data, source, error)
            return
        try:
            if isinstance(message, Response):
                self._response(message, source)
            else:
                message.stamp(source.host, source.port)
                self._request(message, source)
        except Exception:
            log.exception("a SIP message could not be handled", extra={"host": source.host})

    def ack(self, ack: Request) -> None:
        """The ACK to a 2xx."""
        dialog = self._dialogs.get((ack.call_id, ack.to_tag))
        if dialog is None:
            self._counters.dropped += 1
            return
        dialog.receive(ack)

    def _malformed(self, data: bytes, source: Hop, error: MessageMalformed) -> None:
        if not data.strip(b"\r\n\0 "):  # a keep-alive
            return
        self._counters.malformed += 1
        self._log.info("malformed message", extra={"why": str(error), "host": source.host, "bytes": len(data)})
        request = error.request
        if request is None:
            return
        try:
            request.stamp(source.host, source.port)
            warning = warning_header(self._wire.host, str(error))
            response = make_response(request, error.status, to_tag=self._new_token(), headers=[warning])
            self._wire.send(response, response_hop(request, source), _nothing)
        except (MessageMalformed, ValueError) as second:
            self._log.info("malformed message not answered", extra={"why": str(second), "host": source.host})

    def _response(self, response: Response, source: Hop) -> None:
        running = self._table.client(response)
        if running is None:
            self._counters.dropped += 1
            return
        if response.status in (401, 407) and self._wire.known_address(running.hop.host) != source.host:
            self._counters.dropped += 1
            self._log.warning(
                "a challenge from elsewhere than the request's hop was dropped", extra={"host": source.host}
            )
            return
        self._table.response_came(running, response)

    def _request(self, request: Request, source: Hop) -> None:
        key = server_key(request)
        running = self._table.server(key)
        if running is not None:
            self._table.request_came(running, request)
            return
        if request.method == "ACK":
            self.ack(request)
            return
        hop = response_hop(request, source)
        if self._table.servers >= self._settings.max_transactions:
            self._counters.refused_overload += 1
            self._wire.send(make_response(request, 503, to_tag=self._new_token()), hop, _nothing)
            return
        merged = not request.to_tag and request.method != "CANCEL" and self._table.merged_with(request, key)
        running = self._table.open_server(request, key, hop)
        try:
            response = self._serve(request, source, running, merged=merged)
        except MessageMalformed as error:
            self._counters.malformed += 1
            response = self._refusal(request, 400, str(error))
        except Exception:
            log.exception("a SIP request could not be served", extra={"method": request.method})
            response = self._refusal(request, 500, "internal error")
        if response is None:
            return
        if (
            response.status == 401
        ):  # no state for strangers: a repeated request gets a fresh challenge (RFC 3261 §8.2.7)
            self._table.finish(running)
            self._wire.send(response, hop, _nothing)
        else:
            self._table.respond(request, response)

    def _serve(self, request: Request, source: Hop, running: Running, *, merged: bool) -> Response | None:
        """The response to send now; None if somebody else sends one, or nobody."""
        if request.method == "CANCEL":
            return self._cancel(request)
        if merged:
            return self._refusal(request, 482, "this request came by another way already")
        foreign = [tag for tag in request.get_list("Require") if tag not in SUPPORTED]
        if foreign:
            return make_response(request, 420, to_tag=self._new_token(), headers=[("Unsupported", ", ".join(foreign))])
        if request.to_tag:
            return self._inside_dialog(request)
        scheme = request.uri.partition(":")[0].lower()
        if scheme not in ("sip", "sips", "tel"):
            return self._refusal(request, 416, "only sip, sips and tel URIs")
        if request.method not in ("INVITE", "REGISTER") and self._gate.silenced(request, source):
            self._table.finish(running)
            return None
        match request.method:
            case "INVITE":
                return self._invite(request, source, running)
            case "REGISTER":
                response = self._gate.register(request, source)
                if response is None:
                    self._table.finish(running)
                return response
            case "OPTIONS":
                headers = [("Allow", ALLOW), ("Accept", "application/sdp"), ("Supported", ", ".join(sorted(SUPPORTED)))]
                headers.append(("Server", self._settings.product))
                return make_response(request, 200, to_tag=self._new_token(), headers=headers)
            case "BYE" | "INFO" | "UPDATE" | "PRACK":
                return self._refusal(request, 481, "no such dialog")
            case method:
                return refuse_method(request, method)

    def _cancel(self, request: Request) -> Response:
        running = self._table.server(cancelled_key(request))
        if running is None:
            return self._refusal(request, 481, "no INVITE to cancel")
        user = running.server_user
        tag = user.local_tag if user is not None else self._new_token()  # the INVITE's own (RFC 3261 §9.2)
        response = make_response(request, 200, to_tag=tag)
        if user is not None:
            self._table.respond(request, response)  # before the INVITE's 487
            user.cancelled(request)
        return response

    def _inside_dialog(self, request: Request) -> Response | None:
        dialog = self._dialogs.get((request.call_id, request.to_tag))
        if dialog is None:
            return self._refusal(request, 481, "no such dialog")
        dialog.receive(request)
        return None

    def _invite(self, request: Request, source: Hop, running: Running) -> Response | None:
        if request.get("Max-Forwards") in ("0", "00", "000"):
            return self._refusal(request, 483, "Max-Forwards is 0")
        grant = self._gate.admit(request, source)
        if grant is None:
            self._table.finish(running)
            return None
        if not isinstance(grant, Grant):
            return grant
        if (too_short := interval_refusal(request, self._settings.session)) is not None:
            return make_response(request, 422, to_tag=self._new_token(), headers=too_short)
        uri = parse_uri(request.uri)
        contact = contact_value(uri.user, self._wire.host, self._wire.port, source.transport)
        if self.stopping or len(self._dialogs) >= self._settings.max_invites:
            self._counters.refused_overload += 1
            return self._overloaded(request, grant)
        invite = IncomingInvite(
            self._host,
            Uas(request, self._host.agent(contact, trunk=grant.trunk, account=grant.account)),
            source,
            account=grant.account,
            trunk=grant.trunk,
        )
        self._counters.invites_in += 1
        self._dialogs[invite.call_id, invite.usage.local_tag] = invite
        running.server_user = invite
        try:
            self._invited(invite)
        except Exception:
            log.exception("the handler of calls raised", extra={"call_id": invite.call_id})
            invite.reject(500, q850=41, warning="internal error")
        invite.run(invite.usage.trying())
        return None

    def _overloaded(self, request: Request, grant: Grant) -> Response:
        headers = [reason_header(42, "congestion"), warning_header(self._wire.host, "all lines are busy")]
        if grant.account is not None:  # a trunk told to retry later would shut the leak lane too
            headers.append(("Retry-After", "5"))
        self._log.warning("call refused, too many dialogs", extra={"trunk": grant.trunk, "account": grant.account})
        return make_response(request, 503, to_tag=self._new_token(), headers=headers)

    def _refusal(self, request: Request, status: int, why: str) -> Response:
        self._log.info("request refused", extra={"method": request.method, "status": status, "why": why})
        headers = [warning_header(self._wire.host, why)]
        return make_response(request, status, to_tag=self._new_token(), headers=headers)


def _nothing() -> None:
    return None
