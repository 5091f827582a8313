"""What every answered dialog can do, whoever called: BYE, INFO, and proofs for a peer that challenges."""

from collections.abc import Sequence

from telephony.sip.core.actions import Forget, Notify, Respond, SendRequest, UserAction
from telephony.sip.core.dialog import Dialog
from telephony.sip.core.digest import DigestClient, read_challenges
from telephony.sip.core.errors import WrongState
from telephony.sip.core.events import DialogEnd, EndedBy
from telephony.sip.core.message import Request, Response, make_response
from telephony.sip.core.reasons import read_reason, reason_header
from telephony.sip.core.user_agent import Phase, UserAgent

Headers = Sequence[tuple[str, str]]


class DialogUsage:
    """State, end and proofs of one INVITE dialog; driven like a transaction, it returns actions.

    Attributes:
        phase: see Phase.
        dialog: the confirmed (or the callee's early) dialog; None before a caller has one.
    """

    def __init__(self, agent: UserAgent, digest: DigestClient | None = None) -> None:
        self.agent = agent
        self.phase = Phase.INVITING
        self.dialog: Dialog | None = None
        self.digest = digest
        self._bye_after_ack: Headers | None = None
        self._proved: set[int] = set()  # CSeq numbers that carried a proof

    @property
    def local_tag(self) -> str:
        """Our tag; with the Call-ID it names the dialog."""
        raise NotImplementedError

    def dialog_of(self, request: Request) -> Dialog | None:
        """The dialog that a request of ours belongs to; None for the first INVITE."""
        return self.dialog if request.to_tag else None

    def bye(self, *, q850: int = 16, text: str = "", by: EndedBy = EndedBy.LOCAL) -> list[UserAction]:
        """End the dialog; waits for a missing ACK (RFC 3261 §15). Nothing if it has ended."""
        if self.phase not in (Phase.ACCEPTED, Phase.CONFIRMED):
            return []
        told = Notify(DialogEnd(by, q850, text))
        reason = (reason_header(q850, text),)
        if self.phase is Phase.ACCEPTED:
            if self._bye_after_ack is not None:
                return []
            self._bye_after_ack = reason
            return [told]
        return [*self._send_bye(reason), told]

    def info(self, content_type: str, body: bytes) -> list[UserAction]:
        """Send an INFO.

        Raises:
            WrongState: not answered yet, or ended.
        """
        if self.phase is not Phase.CONFIRMED or self.dialog is None:
            raise WrongState("INFO needs a confirmed dialog")
        return [SendRequest(self._proved_request("INFO", (), body, content_type))]

    # -- parts ---------------------------------------------------------------------------------------------------

    def _is_ours(self, request: Request) -> bool:
        assert self.dialog is not None
        return request.from_tag == self.dialog.remote_tag

    def _drop_pending(self) -> list[UserAction]:
        """End what waits for an answer, as the dialog does."""
        return []

    def _send_bye(self, headers: Headers) -> list[UserAction]:
        self.phase = Phase.CLOSING
        actions = self._drop_pending()
        return [*actions, SendRequest(self._proved_request("BYE", headers))]

    def _bye_came(self, request: Request) -> list[UserAction]:
        told = self.phase is Phase.CLOSING or self._bye_after_ack is not None
        actions = [*self._drop_pending(), Respond(request, make_response(request, 200))]
        self.phase = Phase.ENDED
        if told:
            return [*actions, Forget()]
        q850, text = read_reason(request)
        return [*actions, Notify(DialogEnd(EndedBy.PEER, q850, text)), Forget()]

    def _closed(self) -> list[UserAction]:
        self.phase = Phase.ENDED
        return [Forget()]

    def _lost(self, text: str, q850: int = 41, why: str = "peer lost") -> list[UserAction]:
        if self.phase is not Phase.CONFIRMED:
            return []
        bye = self._send_bye((reason_header(q850, why),))
        return [*bye, Notify(DialogEnd(EndedBy.PEER_LOST, q850, text))]

    def _proved_request(
        self, method: str, headers: Headers, body: bytes = b"", content_type: str = "", *, dialog: Dialog | None = None
    ) -> Request:
        dialog = dialog or self.dialog
        assert dialog is not None
        request = dialog.request(method, headers=tuple(headers), body=body, content_type=content_type)
        if self.digest is not None and (proof := self.digest.proof(method, request.uri)) is not None:
            request.fields[proof[0]] = [proof[1]]
        return request

    def _prove_again(self, request: Request, response: Response) -> Request | None:
        """The same request with the next number and an answer to the challenge; None if there is none to give."""
        dialog = self.dialog_of(request)
        if response.status not in (401, 407) or self.digest is None or dialog is None:
            return None
        name = "WWW-Authenticate" if response.status == 401 else "Proxy-Authenticate"
        before = request.cseq.number in self._proved
        if not self.digest.challenged(
            response.status, read_challenges(response.fields.get(name, [])), answered_before=before
        ):
            return None
        dialog.local_seq += 1
        retry = prove(request, dialog.local_seq, self.digest)
        self._proved.add(dialog.local_seq)
        return retry


def renumbered(request: Request, number: int, headers: Headers = ()) -> Request:
    """The request again under another CSeq number, without Via; ``headers`` replace those of the same name."""
    fields = {name: list(values) for name, values in request.fields.items() if name != "Via"}
    fields["CSeq"] = [f"{number} {request.method}"]
    for name, value in headers:
        fields[name] = [value]
    return Request(request.method, request.uri, fields, request.body)


def prove(request: Request, number: int, digest: DigestClient) -> Request:
    """The request again under another CSeq number, without Via, with the digest's proof."""
    again = renumbered(request, number)
    proof = digest.proof(request.method, request.uri)
    if proof is not None:
        again.fields.pop("Authorization", None)
        again.fields.pop("Proxy-Authorization", None)
        again.fields[proof[0]] = [proof[1]]
    return again
