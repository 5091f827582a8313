"""The transaction table: runs what the four transaction machines ask for, and matches messages to them."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from telephony.sip.core.actions import Action, Deliver, Failed, Failure, Finished, Send, StartTimer, StopTimer
from telephony.sip.core.address import Hop
from telephony.sip.core.client_transaction import ClientTransaction
from telephony.sip.core.invite_client_transaction import InviteClientTransaction
from telephony.sip.core.invite_server_transaction import InviteServerTransaction
from telephony.sip.core.message import Request, Response
from telephony.sip.core.server_transaction import ServerTransaction
from telephony.sip.core.timers import SipTimers, Timer
from telephony.sip.io.ports import Cancellable, Scheduler

log = logging.getLogger(__name__)

MAGIC = "z9hG4bK"

Key = tuple[object, ...]


class ClientUser(Protocol):
    """Who hears the outcome of a request of ours."""

    def response(self, request: Request, response: Response) -> None:
        """A response that is no retransmission."""
        ...

    def failed(self, request: Request, failure: Failure) -> None:
        """There will be no final response."""
        ...


class ServerUser(Protocol):
    """Who stands behind an INVITE's server transaction."""

    @property
    def local_tag(self) -> str:
        """To tag of its responses."""
        ...

    def receive(self, request: Request) -> None:
        """The ACK to its 2xx came with the INVITE's own branch."""
        ...

    def cancelled(self, cancel: Request) -> None:
        """A CANCEL came and has been answered."""
        ...

    def undelivered(self, failure: Failure) -> None:
        """A response could not be sent, or a refusal was never acknowledged."""
        ...


@dataclass(slots=True)
class Counters:
    """What the endpoint counts; see SipStats."""

    received: int = 0
    sent: int = 0
    malformed: int = 0
    dropped: int = 0
    retransmitted: int = 0
    challenged: int = 0
    wrong_passwords: int = 0
    refused_overload: int = 0
    invites_in: int = 0
    invites_out: int = 0


class Running:
    """One transaction with its timers, hop and user."""

    __slots__ = ("_table", "hop", "key", "machine", "merge_key", "server_user", "timers", "user")

    def __init__(
        self,
        table: "TransactionTable",
        machine: InviteServerTransaction | ServerTransaction | InviteClientTransaction | ClientTransaction,
        key: Key,
        hop: Hop,
    ) -> None:
        self._table = table
        self.machine = machine
        self.key = key
        self.merge_key: Key | None = None
        self.hop = hop
        self.timers: dict[Timer, Cancellable] = {}
        self.user: ClientUser | None = None
        self.server_user: ServerUser | None = None

    def run(self, actions: list[Action]) -> None:
        """Do what the machine asks for."""
        for action in actions:
            match action:
                case Send(message):
                    self._table.transmit(message, self.hop, self.transport_failed)
                case Deliver(message):
                    self._table.deliver(self, message)
                case StartTimer(timer, after_s):
                    running = self.timers.get(timer)
                    if running is not None:
                        running.cancel()
                    self.timers[timer] = self._table.scheduler.call_later(after_s, partial(self.expire, timer))
                case StopTimer(timer):
                    running = self.timers.pop(timer, None)
                    if running is not None:
                        running.cancel()
                case Failed(failure):
                    self._table.tell_failure(self, failure)
                case Finished():
                    self._table.finish(self)

    def expire(self, timer: Timer) -> None:
        """A timer has run out."""
        self.timers.pop(timer, None)
        if timer in (Timer.A, Timer.E, Timer.G):
            self._table.counters.retransmitted += 1
        self.run(self.machine.expired(timer))

    def transport_failed(self) -> None:
        """The transport reported an error for something this transaction sent."""
        self.run(self.machine.transport_failed())


class TransactionTable:
    """All running transactions.

    Args:
        timers: lengths.
        scheduler: see Scheduler.
        send: puts a message on the wire; calls back later if that fails.
        ack_came: an ACK that a server transaction hands up (its 2xx was acknowledged with the INVITE's own branch).
    """

    def __init__(
        self,
        timers: SipTimers,
        scheduler: Scheduler,
        send: Callable[[Request | Response, Hop, Callable[[], None]], None],
        ack_came: Callable[[Request], None],
    ) -> None:
        self.timers = timers
        self.scheduler = scheduler
        self.transmit = send
        self.counters = Counters()
        self._ack_came = ack_came
        self._servers: dict[Key, Running] = {}
        self._clients: dict[Key, Running] = {}
        self._merged: dict[Key, Key] = {}

    @property
    def servers(self) -> int:
        """Server transactions."""
        return len(self._servers)

    @property
    def clients(self) -> int:
        """Client transactions."""
        return len(self._clients)

    @property
    def running_timers(self) -> int:
        """Timers of all transactions."""
        return sum(len(running.timers) for table in (self._servers, self._clients) for running in table.values())

    def server(self, key: Key) -> Running | None:
        """The server transaction of that key."""
        return self._servers.get(key)

    def merged_with(self, request: Request, key: Key) -> bool:
        """Whether the same request came by another way (RFC 3261 §8.2.2.2)."""
        known = self._merged.get(_merge_key(request))
        return known is not None and known != key

    def open_server(self, request: Request, key: Key, hop: Hop) -> Running:
        """Begin a server transaction; ``hop`` is where its responses go."""
        reliable = hop.transport != "udp"
        machine: InviteServerTransaction | ServerTransaction
        if request.method == "INVITE":
            machine = InviteServerTransaction(request, self.timers, reliable=reliable)
        else:
            machine = ServerTransaction(request, self.timers, reliable=reliable)
        running = Running(self, machine, key, hop)
        self._servers[key] = running
        if not request.to_tag and request.method != "CANCEL":
            running.merge_key = _merge_key(request)
            self._merged.setdefault(running.merge_key, key)
        return running

    def respond(self, request: Request, response: Response) -> None:
        """Answer by the request's server transaction; nothing if that has ended."""
        running = self._servers.get(server_key(request))
        if running is None:
            return
        machine = running.machine
        if isinstance(machine, InviteServerTransaction | ServerTransaction):
            running.run(machine.respond(response))

    def open_client(self, request: Request, hop: Hop, user: ClientUser | None) -> None:
        """Begin a client transaction; the request carries its Via."""
        reliable = hop.transport != "udp"
        machine: InviteClientTransaction | ClientTransaction
        if request.method == "INVITE":
            machine = InviteClientTransaction(request, self.timers, reliable=reliable)
        else:
            machine = ClientTransaction(request, self.timers, reliable=reliable)
        running = Running(self, machine, client_key(request), hop)
        running.user = user
        self._clients[running.key] = running
        running.run(machine.start())

    def client(self, response: Response) -> Running | None:
        """The client transaction that a response belongs to."""
        return self._clients.get(client_key(response))

    def response_came(self, running: Running, response: Response) -> None:
        """Hand a response to its transaction."""
        machine = running.machine
        if isinstance(machine, InviteClientTransaction | ClientTransaction):
            running.run(machine.receive(response))

    def request_came(self, running: Running, request: Request) -> None:
        """Hand a retransmission or an ACK to its transaction."""
        machine = running.machine
        if isinstance(machine, InviteServerTransaction | ServerTransaction):
            if request.method != "ACK":
                self.counters.retransmitted += 1
            running.run(machine.receive(request))

    def abandon(self, invite: Request) -> None:
        """No final response came to a cancelled INVITE of ours: forget its transaction."""
        running = self._clients.get(client_key(invite))
        if running is not None and isinstance(running.machine, InviteClientTransaction):
            running.run(running.machine.abandon())

    def deliver(self, running: Running, message: Request | Response) -> None:
        """A message for the transaction's user.

        An ACK with the branch of its accepted INVITE breaks RFC 3261 §17.1.1.3, but the transaction knows whose it is,
        even where the To tag is wrong too (pyVoIP 1.6.8).
        """
        if isinstance(message, Request):
            if running.server_user is not None:
                running.server_user.receive(message)
            else:
                self._ack_came(message)
        elif running.user is not None:
            running.user.response(running.machine.request, message)

    def tell_failure(self, running: Running, failure: Failure) -> None:
        """The transaction failed."""
        if running.server_user is not None:
            running.server_user.undelivered(failure)
        elif running.user is not None:
            running.user.failed(running.machine.request, failure)

    def finish(self, running: Running) -> None:
        """Forget a transaction and its timers."""
        for timer in running.timers.values():
            timer.cancel()
        running.timers.clear()
        table = self._servers if self._servers.get(running.key) is running else self._clients
        if table.get(running.key) is running:
            del table[running.key]
        if running.merge_key is not None and self._merged.get(running.merge_key) == running.key:
            del self._merged[running.merge_key]

    def clear(self) -> None:
        """Forget everything, at the endpoint's end."""
        for running in [*self._servers.values(), *self._clients.values()]:
            self.finish(running)


def server_key(request: Request) -> Key:
    """RFC 3261 §17.2.3; ACK matches its INVITE, and CANCEL has a transaction of its own."""
    via = request.via
    method = "INVITE" if request.method == "ACK" else request.method
    branch = via.branch
    if branch.startswith(MAGIC):
        return branch, via.host, via.port, method
    return request.call_id, request.from_tag, request.cseq.number, request.get_list("Via")[0], method


def cancelled_key(cancel: Request) -> Key:
    """The key of the INVITE that a CANCEL means (RFC 3261 §9.2)."""
    return (*server_key(cancel)[:-1], "INVITE")


def client_key(message: Request | Response) -> Key:
    """RFC 3261 §17.1.3."""
    return message.via.branch, message.cseq.method


def _merge_key(request: Request) -> Key:
    return request.call_id, request.from_tag, request.cseq
