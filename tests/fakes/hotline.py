"""The answering side of the hotline over fakes: seats, reception and the leak lane on a fake clock, no network."""

import asyncio
from datetime import date
from pathlib import Path

from ivr.leak_lane import LeakLane, LeakRules
from ivr.listening import Heard
from ivr.message_taking import MessageRules, MessageTaking
from ivr.ports import CallIntake
from ivr.rating import RatingByKey, RatingRules
from ivr.reception import Reception, ReceptionRules
from ivr.visit import CaseOpening
from seats.call_lists import CallLists
from seats.duty_chain import DutyPerson
from seats.rules import SeatRules
from seats.services import SeatConfig, SeatServices
from telephony.ports import Admission, Leg, LegEnded
from tests.fakes.call_control import FakeCall, FakeCallControl
from tests.fakes.clock import FakeClock
from tests.fakes.seats_store import SeatsStore
from vocabulary.audio_frame import AudioFile
from vocabulary.errors import NuanxianError


class FakePrompts:
    """Every key is a file of that name; digits are one piece each."""

    def file(self, key: str) -> AudioFile:
        return AudioFile(Path(f"{key}.alaw"), key)

    def pieces(self, value: date | int | str) -> list[AudioFile]:
        if isinstance(value, str):
            return [self.file(f"digit.{digit}") for digit in value]
        return [self.file(f"number.{value}")]


class FakeCases:
    """Makes a number for each new command; ``fails`` is how many opens fail first."""

    def __init__(self) -> None:
        self.intakes: list[CallIntake] = []
        self.numbers: dict[str, str] = {}
        self.rated: list[tuple[str, str]] = []
        self.fails = 0

    async def open(self, intake: CallIntake) -> str:
        if self.fails:
            self.fails -= 1
            raise NuanxianError("the store is away")
        self.intakes.append(intake)
        return self.numbers.setdefault(intake.command_id, f"RX20261124-{len(self.numbers) + 1:04d}")

    async def rate(self, call_id: str, label: str) -> None:
        self.rated.append((call_id, label))


class FakeEars:
    """Hears what the test says: ``message`` ends a message after ``after_s``; ``say`` names a safety word."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.message = Heard(silence=True)
        self.after_s = 5.0
        self.spotting = 0
        self.fault: Exception | None = None
        self._word: asyncio.Future[str] | None = None

    async def take_message(self, leg: Leg, *, silence_s: float = 4.0, max_s: float = 120.0) -> Heard:
        await leg.listen("message", "speech.sock")
        await self._clock.sleep(min(self.after_s, max_s))
        if leg.cause is not None:
            raise LegEnded(leg.cause)
        await leg.unlisten()
        return self.message

    async def spot_safety(self, leg: Leg) -> str:
        if self.fault is not None:
            raise self.fault
        self.spotting += 1
        self._word = asyncio.get_running_loop().create_future()
        try:
            return await self._word
        finally:
            self.spotting -= 1

    def say(self, word: str) -> None:
        assert self._word is not None, "nobody listens"
        self._word.set_result(word)


CHAIN = (DutyPerson("班长", "13900000001"), DutyPerson("抢修调度", "13900000002"), DutyPerson("负责人", "13900000003"))


class Hotline:
    """A hotline on fakes.

    Args:
        seats: accounts whose staff are signed in; 工号 is the account's last three digits.
    """

    def __init__(
        self,
        *seats: str,
        clock: FakeClock | None = None,
        seat_rules: SeatRules | None = None,
        reception_rules: ReceptionRules | None = None,
        leak_rules: LeakRules | None = None,
        rating_rules: RatingRules | None = None,
        ears: bool = False,
    ) -> None:
        self.clock = clock or FakeClock()
        self.control = FakeCallControl(self.clock)
        self.control.lengths_s = {"piece.agent": 0.5, "piece.serves_you": 0.5} | {f"digit.{d}": 0.3 for d in range(10)}
        self.store = SeatsStore()
        self.accounts = seats
        self.seats = SeatServices(self.store, self.clock, seat_rules, holder="server-1")
        self.lists = CallLists(self.store, self.clock)
        self.cases = FakeCases()
        self.ears = FakeEars(self.clock) if ears else None
        prompts = FakePrompts()
        opening = CaseOpening(self.cases, self.clock)
        self.leak_lane = LeakLane(
            seats=self.seats,
            prompts=prompts,
            cases=opening,
            desk=self.lists,
            clock=self.clock,
            rules=leak_rules or LeakRules(duty_chain=CHAIN),
        )
        self.messages = MessageTaking(prompts, self.ears, opening, self.lists, self.clock, MessageRules())
        self.reception = Reception(
            seats=self.seats,
            prompts=prompts,
            leak_lane=self.leak_lane,
            messages=self.messages,
            rating=RatingByKey(prompts, self.lists, opening, self.clock, rating_rules),
            cases=opening,
            missed=self.lists,
            clock=self.clock,
            ears=self.ears,
            rules=reception_rules,
        )
        self.control.on_inbound(self.reception.run)
        self.tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Hotline":
        configs = [SeatConfig(account, account[-3:], signed_in=True) for account in self.accounts]
        await self.seats.start(configs)
        return self

    async def __aexit__(self, *exc: object) -> None:
        for call in self.control.calls:
            for leg in call.legs:
                leg.hang_up()
        await self.pass_s(60)
        await self.seats.stop()
        for task in self.tasks:
            if not task.done():
                task.cancel()
        results = await asyncio.gather(*self.tasks, return_exceptions=True)
        assert all(result is None for result in results), results

    async def ring(self, number: str | None = "13800001234", *, admission: Admission = Admission.FULL) -> FakeCall:
        """A caller rings, is answered, and hears the beginning of the greeting."""
        call = self.control.inbound(number, admission=admission)
        self.tasks.append(self.control.run(call))
        await self.pass_s(0.1)
        return call

    async def pass_s(self, seconds: float) -> None:
        """Let that much time pass, with everything that falls due in it."""
        await self.clock.run_for(seconds)

    @property
    def missed(self) -> list[str]:
        """Kinds of missed calls noted, in order."""
        return [missed.kind.value for missed in self.store.tables["missed_calls"].values()]

    @property
    def rescue_calls(self) -> list[object]:
        """The rescue desk's list."""
        return list(self.store.tables["rescue_calls"].values())

    def state(self, account: str) -> str:
        """The seat's state."""
        return str(self.store.tables["seats"][account].state.value)
