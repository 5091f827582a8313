"""The gate: policy, digest and registrar put together for requests outside dialogs."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from telephony.sip.core.address import Hop
from telephony.sip.core.digest_server import DigestServer, ProofState
from telephony.sip.core.message import Request, Response, make_response
from telephony.sip.core.reasons import reason_header, warning_header
from telephony.sip.core.registrar import Registrar
from telephony.sip.io.limited_log import LimitedLog
from telephony.sip.io.policy import AccessPolicy, Dropped, Refused, Trusted
from telephony.sip.io.ports import Cancellable, Scheduler
from telephony.sip.io.transactions import Counters

log = logging.getLogger(__name__)

_SWEEP_S = 1.0
"""The whole table is looked through at most this often."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Who the request comes from: a trunk or an account, never both."""

    trunk: str | None = None
    account: str | None = None


class Gate:
    """Decides on requests outside dialogs by the owner's policy, and serves REGISTER.

    Args:
        host: named in Warning headers.
        policy: see AccessPolicy.
        digest: see DigestServer.
        registrar: see Registrar.
        monotonic_s: the clock.
        scheduler: for the expiry of contacts.
        new_token: for To tags.
        changed: told the account whose contacts came or went.
        counters: shared with the endpoint.
        md5_only_agents: see SipSettings.
    """

    def __init__(
        self,
        host: str,
        policy: AccessPolicy,
        digest: DigestServer,
        registrar: Registrar,
        monotonic_s: Callable[[], float],
        scheduler: Scheduler,
        new_token: Callable[[], str],
        changed: Callable[[str], None],
        counters: Counters,
        md5_only_agents: tuple[str, ...] = (),
    ) -> None:
        self._md5_only_agents = tuple(agent for agent in md5_only_agents if agent)
        self._bare_gets_md5 = "" in md5_only_agents
        self._host = host
        self._policy = policy
        self._digest = digest
        self.registrar = registrar
        self._monotonic_s = monotonic_s
        self._log = LimitedLog(log, monotonic_s)
        self._scheduler = scheduler
        self._new_token = new_token
        self._changed = changed
        self._counters = counters
        self._expiry: Cancellable | None = None
        self._expiry_at_s = float("inf")

    def admit(self, request: Request, source: Hop, *, digest_always: bool = False) -> Grant | Response | None:
        """A grant, a refusal to send, or None to say nothing.

        Args:
            digest_always: REGISTER: an address alone is no proof of an account.
        """
        verdict = self._policy.judge(request, source)
        match verdict:
            case Trusted(trunk) if not digest_always:
                return Grant(trunk=trunk)
            case Refused(status, reason, why):
                self._log.info("request refused by policy", extra={"status": status, "why": why, "host": source.host})
                return self._answer(request, status, reason, [warning_header(self._host, why)])
            case Dropped(why):
                log.debug("request dropped by policy", extra={"why": why, "host": source.host})
                self._counters.dropped += 1
                return None
            case _:
                return self._prove(request, source)

    def silenced(self, request: Request, source: Hop) -> bool:
        """Whether the policy wants this source to meet silence, whatever it asks."""
        verdict = self._policy.judge(request, source)
        if not isinstance(verdict, Dropped):
            return False
        self._counters.dropped += 1
        return True

    def register(self, request: Request, source: Hop) -> Response | None:
        """Serve one REGISTER (RFC 3261 §10.3); None to say nothing.

        Raises:
            MessageMalformed: a Contact or Expires that cannot be read.
        """
        grant = self.admit(request, source, digest_always=True)
        if not isinstance(grant, Grant):
            return grant
        account = grant.account
        assert account is not None
        if request.to_address.uri.user != account:
            self._log.warning("REGISTER for another account refused", extra={"account": account, "host": source.host})
            return self._answer(request, 403, "", [warning_header(self._host, "the account is not the address")])
        now_s = self._monotonic_s()
        reply = self.registrar.register(account, request, source, now_s)
        if reply.why:
            self._log.info("REGISTER refused", extra={"account": account, "status": reply.status, "why": reply.why})
            return self._answer(request, reply.status, "", [*reply.headers, warning_header(self._host, reply.why)])
        self._watch_expiry(min((held.expires_at_s for held in self.registrar.contacts(account, now_s)), default=None))
        if reply.changed:
            log.info("registration changed", extra={"account": account, "contacts": len(reply.headers)})
            self._changed(account)
        return self._answer(request, 200, "", [*reply.headers])

    def flow_closed(self, flow: Hop) -> None:
        """A connection has closed: contacts that were registered over it cannot be reached any more (RFC 5626 §5.3)."""
        for account in self.registrar.drop_flow(flow):
            log.info("contact lost with its connection", extra={"account": account, "host": flow.host})
            self._changed(account)

    def close(self) -> None:
        """Stop the expiry timer."""
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None

    def _prove(self, request: Request, source: Hop) -> Grant | Response:
        now_s = self._monotonic_s()
        proof = self._digest.verify(request, now_s)
        match proof.state:
            case ProofState.RIGHT:
                self._policy.password_right(source)
                return Grant(account=proof.account)
            case ProofState.BROKEN:
                return self._answer(request, 400, "", [warning_header(self._host, proof.why)])
            case ProofState.WRONG:
                self._counters.wrong_passwords += 1
                self._log.warning("wrong password", extra={"host": source.host, "method": request.method})
                self._policy.password_wrong(source)
            case ProofState.MISSING | ProofState.STALE:
                pass
        self._counters.challenged += 1
        stale = proof.state is ProofState.STALE
        return self._answer(request, 401, "", self._challenge(request, now_s, stale=stale))

    def _challenge(self, request: Request, now_s: float, *, stale: bool) -> list[tuple[str, str]]:
        agent = request.get("User-Agent")
        md5_only = self._bare_gets_md5 if not agent else agent.startswith(self._md5_only_agents)
        return self._digest.challenge(now_s, stale=stale, md5_only=md5_only)

    def _answer(self, request: Request, status: int, reason: str, headers: list[tuple[str, str]]) -> Response:
        if status == 403 and request.method == "INVITE":
            headers.append(reason_header(21, "call rejected"))
        return make_response(request, status, reason, to_tag=self._new_token(), headers=headers)

    def _watch_expiry(self, at_s: float | None) -> None:
        """Have the timer run out when that contact does, unless it runs out before."""
        if at_s is None or (self._expiry is not None and at_s >= self._expiry_at_s):
            return
        if self._expiry is not None:
            self._expiry.cancel()
        self._expiry_at_s = at_s
        self._expiry = self._scheduler.call_later(max(at_s - self._monotonic_s(), 0) + 0.01, self._expire)

    def _expire(self) -> None:
        self._expiry = None
        now_s = self._monotonic_s()
        for account in self.registrar.expire(now_s):
            log.info("contact expired", extra={"account": account})
            self._changed(account)
        next_s = self.registrar.next_expiry_s()
        self._watch_expiry(None if next_s is None else max(next_s, now_s + _SWEEP_S))
