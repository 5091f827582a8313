"""``make demo``: one whole round, live, with each step and its time; the exit status is 1 if one is not reached.

A call: a user (pyVoIP) rings 96556 and speaks, a seat (baresip) answers, the call is recorded, transcribed and becomes
a case; the rating is keyed. The case goes through its seven steps. Then, on a shifted clock (the jumps are shown, no
rule is switched off): case A is asked by SMS over SMPP and the user answers "3 还是凉的"; case B, a fixed line, is
asked by the AI voice and says 没有修好. Both end in the human callback queue.
"""

import asyncio
import json
import secrets
import shutil
import sys
import time
import wave
from collections.abc import Awaitable, Callable
from datetime import time as clock_time
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.demo.hotline import Api, Refused, Server, weekday_at
from benchmarks.demo.peers import ROOT, Peer, PeerMissing, Seat, start_gateway, start_user
from benchmarks.server_process import free_port, settings_text
from vocabulary.clock import SHANGHAI

OUT = ROOT / "demo-out"
CLIPS = ROOT / "data" / "speech"
MOBILE, FIXED = "13800001234", "053285551234"
DEMAND = CLIPS / "s17_a.wav"  # 家里暖气不热,暖气片摸着是凉的
ANSWERS_B = {
    "s03_b.wav": "好的",
    "s11_b.wav": "没有修好",
    "s17_b.wav": "家里暖气不热,暖气片摸着是凉的",
    "s08_b.wav": "不满意",
    "s06_b.wav": "不用了谢谢",
}
WRITTEN_BY_THE_SEAT = {
    "case_type": "HELP",
    "demand": "家里暖气不热,暖气片摸着是凉的",
    "address": "市北区延吉路3号楼2单元502户",
}
Reached = TypeVar("Reached")


class Demo:
    """The steps, their times and what they left behind."""

    def __init__(self) -> None:
        self.began_s = time.monotonic()
        self.steps: list[tuple[float, str, str]] = []

    def note(self, step: str, detail: str = "") -> None:
        """One step was reached: show it."""
        at_s = time.monotonic() - self.began_s
        self.steps.append((at_s, step, detail))
        print(f"  {at_s:6.1f} s  {step}{'  ' + detail if detail else ''}", flush=True)

    async def reach(
        self, step: str, wait: Awaitable[Reached], tell: Callable[[Reached], str] = lambda _: ""
    ) -> Reached:
        """Wait for a step and show it.

        Raises:
            NotReached: it was not.
        """
        try:
            found = await wait
        except TimeoutError as error:
            raise NotReached(step) from error
        self.note(step, tell(found))
        return found

    def report(self, ending: str) -> None:
        """Write ``demo-out/report.md``."""
        rows = [f"| {at_s:.1f} | {step} | {detail} |" for at_s, step, detail in self.steps]
        head = ["# make demo", "", ending, "", "| seconds | step | detail |", "|---:|---|---|"]
        (OUT / "report.md").write_text("\n".join([*head, *rows]) + "\n", "utf-8")


class NotReached(Exception):
    """A step was waited for in vain."""


class Ports:
    """Free ports of this run."""

    def __init__(self) -> None:
        self.sip, self.api, self.smpp = free_port(), free_port(), free_port()
        self.caller, self.fixed, self.seat, self.control = (free_port() for _ in range(4))
        self.rtp_low = 10000 + 200 * secrets.randbelow(90)  # below the kernel's own ephemeral ports


def write_settings(ports: Ports, offset_file: Path) -> tuple[Path, dict[str, str]]:
    """The demonstration's settings: embedded defaults, simulated trunk, SMPP to the peer, a shifted clock."""
    passwords = {name: f"demo-{name}-{ports.sip}" for name in ("8001", "mobile", "fixed")}
    sections: dict[str, Any] = {
        "sip": {"port": ports.sip},
        "media": {"port_low": ports.rtp_low, "port_high": ports.rtp_low + 99},
        "api": {"port": ports.api},
        "accounts": [
            {"username": "8001", "password": passwords["8001"], "seat": True},
            {"username": "mobile", "password": passwords["mobile"]},
            {"username": "fixed", "password": passwords["fixed"]},
        ],
        "trunks": [
            {
                "name": "simulated",
                "kind": "sim",
                "lines": [{"account": "mobile", "number": MOBILE}, {"account": "fixed", "number": FIXED}],
            }
        ],
        "sms": {"driver": "smpp"},
        "sms.smpp": {"port": ports.smpp, "password": "secret"},
        "clock": {"offset_file": str(offset_file)},
    }
    file = OUT / "nuanxian.toml"
    file.write_text(settings_text(sections, data_folder=str(OUT / "var")), "utf-8")
    file.chmod(0o600)
    return file, passwords


async def call_the_hotline(demo: Demo, api: Api, caller: Peer, seat: Seat, ports: Ports) -> dict[str, Any]:
    """The inbound call, to the case with its transcript."""
    seat.command("dial", f"sip:*11@127.0.0.1:{ports.sip}")

    async def signed_in() -> str | None:
        row = next(row for row in await api.get("/api/v1/seats") if row["account"] == "8001")
        return str(row["state_text"]) if row["state"] == "free" else None

    await demo.reach("the seat (baresip) dialled *11 and is free", api.until(signed_in, 20))
    caller.tell("call", number="96556")
    await demo.reach("a user (pyVoIP) rings 96556, the hotline answers", caller.event("answered", 20))

    async def talking() -> str | None:
        row = next(row for row in await api.get("/api/v1/seats") if row["account"] == "8001")
        return str(row["call_id"]) if row["state"] == "talking" else None

    call_id = await demo.reach("greeting, routed to the longest-free seat, bridged", api.until(talking, 30))
    await asyncio.sleep(4)  # 工号播报 goes before the bridge
    caller.tell("say", wav=str(DEMAND))
    await demo.reach("the user says: 家里暖气不热,暖气片摸着是凉的", caller.event("said", 20))
    await asyncio.sleep(1.5)
    seat.command("hangup")

    async def wrapping_up() -> bool | None:
        row = next(row for row in await api.get("/api/v1/seats") if row["account"] == "8001")
        return True if row["state"] == "wrap_up" else None

    await demo.reach("the seat hangs up: wrap-up; the user is asked to rate", api.until(wrapping_up, 20))
    await asyncio.sleep(2)
    caller.tell("key", key="2")
    await demo.reach("the user keys 2 (RFC 4733)", caller.event("pressed", 5))
    await demo.reach("the call ends", caller.event("ended", 30))

    async def transcribed() -> dict[str, Any] | None:
        answer: dict[str, Any] = await api.get(f"/api/v1/calls/{call_id}")
        return answer if answer["transcripts"] else None

    def said(answer: dict[str, Any]) -> str:
        segments = answer["transcripts"][0]["segments"]
        return "caller: " + " / ".join(s["text"] for s in segments if s["speaker"] == "caller")

    call = await demo.reach("recorded, stored, transcribed by a durable job", api.until(transcribed, 90), said)
    recording = call["call"]["recordings"][0]
    await api.download(f"/api/v1/recordings/{recording}?reason=demo", OUT / "recording.wav")
    with_tail = (OUT / "recording.wav").stat().st_size
    demo.note("the recording is in demo-out/recording.wav", f"{with_tail} bytes, left caller, right hotline")

    async def the_case() -> dict[str, Any] | None:
        page = await api.get("/api/v1/cases", phone=MOBILE)
        return page["rows"][0] if page["rows"] else None

    return await demo.reach("the call is a case", api.until(the_case, 20), lambda row: row["number"])


async def through_the_loop(demo: Demo, api: Api, server: Server, number: str, fields: dict[str, Any]) -> None:
    """受理 → 分拣 → 审核 → 办理 → 反馈 → 督查, up to the callback."""
    handled_at = server.now().isoformat(timespec="seconds")
    feedback = {
        "handler": "张师傅",
        "handled_at": handled_at,
        "measures": "上门排气,清洗过滤器",
        "result": "室温恢复",
        "contacted_user": True,
    }
    moves: list[tuple[str, str, dict[str, Any]]] = [
        ("save", "AGENT", fields),
        ("classify", "SORTER", {"matter": "HEAT_NONE", "urgency": "P2", "case_type": "HELP"}),
        ("assign", "SPECIALIST", {"unit": "市北供热服务站"}),
        ("sign", "UNIT_DISPATCH", {}),
        ("contacted", "UNIT_STAFF", {"contacted_at": handled_at}),
        ("feedback", "UNIT_DISPATCH", feedback),
        ("check", "INSPECTOR", {}),
        ("precheck_ok", "INSPECTOR", {}),
    ]
    state = ""
    for event, role, given in moves:
        answer = await api.post(f"/api/v1/cases/{number}/moves", {"event": event, "role": role, "fields": given})
        state = answer["to_state"]
    demo.note(f"{number}: accepted → sorted → reviewed → assigned → in progress → feedback → check", f"now {state}")


async def in_human_queue(demo: Demo, api: Api, number: str, step: str, within_s: float) -> None:
    """Wait until the case stands in the human queue, and show why."""

    async def queued() -> dict[str, Any] | None:
        rows = await api.get("/api/v1/callbacks", limit="100")
        return next((row for row in rows if row["case_number"] == number), None)

    await demo.reach(step, api.until(queued, within_s), lambda row: f"rule {row['rule_number']}: {row['reason']}")


async def run(demo: Demo) -> None:
    """Everything, in order."""
    ports = Ports()
    offset_file = OUT / "clock-offset"
    settings, passwords = write_settings(ports, offset_file)
    server = Server(settings, OUT / "server.log", offset_file)
    opening = weekday_at(clock_time(8, 50))
    server.set_clock(opening)
    peers: list[Any] = []
    api = Api(ports.api)
    try:
        gateway = await start_gateway(ports.smpp, {f"86{MOBILE}": "3 还是凉的"}, OUT / "smpp-gateway.log")
        peers.append(gateway)
        demo.note("an SMPP gateway of another make listens (npm smpp)")
        password = await server.start()
        demo.note("server.py runs: server, media, speech, messages, jobs", f"its clock says {opening:%a %d %b %H:%M}")
        await api.sign_in("admin", password)
        caller = await start_user(
            "mobile", passwords["mobile"], (ports.sip, ports.caller, ports.rtp_low + 100), OUT / "user.log"
        )
        fixed = await start_user(
            "fixed", passwords["fixed"], (ports.sip, ports.fixed, ports.rtp_low + 130), OUT / "fixed-line.log"
        )
        seat = Seat(OUT / "baresip", OUT / "seat.log")
        peers += [caller, fixed, seat]
        await seat.start(
            "8001",
            passwords["8001"],
            (ports.sip, free_port(), ports.control, ports.rtp_low + 160),
            seat_speech(),
            OUT,
        )
        demo.note("two users (pyVoIP) and a seat (baresip) are registered")
        case_a = (await call_the_hotline(demo, api, caller, seat, ports))["number"]
        await through_the_loop(demo, api, server, case_a, WRITTEN_BY_THE_SEAT)
        case_b = await open_case_b(api)
        demo.note("case B came by letter from a fixed line", case_b)
        await through_the_loop(demo, api, server, case_b, {})
        fixed.tell("answer", wavs=[str(CLIPS / name) for name in ANSWERS_B])
        await fixed.event("waiting", 5)
        window = opening.astimezone(SHANGHAI) + timedelta(minutes=15)
        server.set_clock(window)
        demo.note(f"the clock jumps to {window:%a %d %b %H:%M}: the callback window opens at 09:00")
        await in_human_queue(demo, api, case_a, "case A: SMS survey sent, answered 3 还是凉的 → human queue", 60)
        await demo.reach("case B: the AI voice callback rings the fixed line", fixed.event("answered", 60))
        for words in ANSWERS_B.values():
            await demo.reach(f"case B: the bot asks, the user says {words}", fixed.event("said", 60))
        await demo.reach("case B: the callback call is over", fixed.event("ended", 60))
        await demo.reach(
            "case B: the bot understood 没有修好 and 不满意", api.until(partial(understood, api, case_b), 30), str
        )
        await in_human_queue(demo, api, case_b, "case B: 没有修好 → human queue", 30)
        await leave_evidence(api, (case_a, case_b))
    finally:
        for peer in reversed(peers):
            await peer.stop()
        await api.close()
        await server.stop()


async def open_case_b(api: Api) -> str:
    """A demand from somebody with a fixed line only."""
    answer = await api.post(
        "/api/v1/cases",
        {
            "command_id": "demo-case-b",
            "source": "LETTER",
            "role": "AGENT",
            "phone": FIXED,
            "person_name": "李女士",
            "address": "李沧区虎山路12号楼1单元301户",
            "demand": "家里暖气不热,暖气片是凉的",
            "case_type": "HELP",
        },
    )
    return str(answer["case_number"])


async def understood(api: Api, number: str) -> str | None:
    """What the AI callback made of the conversation, once it says not solved and dissatisfied."""
    for row in await api.get(f"/api/v1/cases/{number}/callbacks"):
        for answer in (await api.get(f"/api/v1/callbacks/{row['id']}"))["answers"]:
            if answer["channel"] == "ai_voice" and answer["resolved"] is False and answer["rating"] == "不满意":
                return f"resolved: no, rating: 不满意, words: {answer['words']}"
    return None


async def leave_evidence(api: Api, numbers: tuple[str, str]) -> None:
    """What the API says of both cases and their callbacks, beside the logs and the recording."""
    evidence = {}
    for number in numbers:
        callbacks = await api.get(f"/api/v1/cases/{number}/callbacks")
        evidence[number] = {
            "case": await api.get(f"/api/v1/cases/{number}"),
            "callbacks": [await api.get(f"/api/v1/callbacks/{row['id']}") for row in callbacks],
        }
    (OUT / "cases.json").write_text(json.dumps(evidence, ensure_ascii=False, indent=2), "utf-8")


def seat_speech() -> Path:
    """What the seat says, over and over: one clip, then quiet."""
    target = OUT / "seat-says.wav"
    with wave.open(str(CLIPS / "s03_b.wav")) as clip, wave.open(str(target), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(clip.readframes(clip.getnframes()))
        out.writeframes(b"\0\0" * 8000 * 60)
    return target


def main() -> int:
    """Run the demonstration; the exit status."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    demo = Demo()
    print("Nuanxian demo: everything on this machine, peers are not ours\n", flush=True)
    try:
        asyncio.run(run(demo))
    except PeerMissing as missing:
        print(f"\n{missing}", file=sys.stderr)
        demo.report(f"Not run: {missing}")
        return 1
    except (NotReached, Refused) as step:
        print(f"\nnot reached: {step}  (logs in {OUT.relative_to(ROOT)}/)", file=sys.stderr)
        demo.report(f"**Not reached: {step}**")
        return 1
    took_s = time.monotonic() - demo.began_s
    demo.report(f"Every step was reached in {took_s:.0f} s.")
    print(f"\nEvery step was reached in {took_s:.0f} s. Logs, recording and report: {OUT.relative_to(ROOT)}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
