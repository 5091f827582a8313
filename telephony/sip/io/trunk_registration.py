"""Keeps our registration at one trunk going."""

import logging
from collections.abc import Callable
from typing import Protocol

from telephony.sip.core.actions import Failure
from telephony.sip.core.message import Request, Response
from telephony.sip.core.registration_client import RegistrationClient, RegistrationState, Step
from telephony.sip.io.ports import Cancellable, Scheduler
from telephony.sip.io.settings import TrunkRegistration
from telephony.sip.io.transactions import ClientUser

log = logging.getLogger(__name__)


class _Sender(Protocol):
    def __call__(self, request: Request, user: ClientUser) -> None: ...


class TrunkRegistrationKeeper:
    """Sends what RegistrationClient asks for, when it asks for it.

    Args:
        trunk: what to register.
        client: the rules.
        send: sends a request to the trunk's registrar.
        scheduler: see Scheduler.
        changed: told (trunk, registered, detail).
    """

    def __init__(
        self,
        trunk: TrunkRegistration,
        client: RegistrationClient,
        send: _Sender,
        scheduler: Scheduler,
        changed: Callable[[str, bool, str], None],
    ) -> None:
        self._trunk = trunk
        self._client = client
        self._send = send
        self._scheduler = scheduler
        self._changed = changed
        self._timer: Cancellable | None = None

    def begin(self) -> None:
        """Register now."""
        self._timer = None
        self._do(self._client.begin())

    def leave(self) -> None:
        """Unregister and stop."""
        if self._timer is not None:
            self._timer.cancel()
        self._do(self._client.leave())

    def response(self, request: Request, response: Response) -> None:
        """See ClientUser."""
        self._do(self._client.response(request, response))

    def failed(self, request: Request, failure: Failure) -> None:
        """See ClientUser."""
        self._do(self._client.failed(failure.value))

    def _do(self, step: Step) -> None:
        if step.changed:
            registered = self._client.state is RegistrationState.REGISTERED
            log.log(
                logging.INFO if registered else logging.WARNING,
                "trunk registration changed",
                extra={"trunk": self._trunk.name, "registered": registered, "detail": step.detail},
            )
            self._changed(self._trunk.name, registered, step.detail)
        if step.again_s is not None:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._scheduler.call_later(step.again_s, self.begin)
        if step.send is not None:
            self._send(step.send, self)
