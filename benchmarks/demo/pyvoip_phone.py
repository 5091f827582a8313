"""A softphone of another make (pyVoIP) that plays a user, as a process of its own.

It takes one JSON command a line on standard input and prints one JSON event a line:
``{"do": "call", "number": …}`` → ``answered`` · ``{"do": "say", "wav": …}`` → ``said`` · ``{"do": "key", "key": "1"}``
· ``{"do": "hang up"}`` · ``{"do": "answer", "wavs": […]}``: take the next incoming call and say the next file each time
the other side has finished speaking. ``heard`` tells how many seconds of speech came.
"""

import argparse
import json
import os
import socket
import struct
import sys
import threading
import time
import wave
from pathlib import Path
from typing import Any

from pyVoIP.RTP import PayloadType
from pyVoIP.VoIP import CallState, VoIPPhone
from pyVoIP.VoIP.VoIP import PhoneStatus  # type: ignore[attr-defined]

FRAME = 160
QUIET_S = 1.1
"""The other side has finished when it was quiet for so long after having spoken."""
LOUD = 6
"""Mean distance from the middle of an unsigned 8-bit sample that counts as speech."""


def tell(event: str, **facts: Any) -> None:
    """Print one event."""
    print(json.dumps({"event": event, **facts}, ensure_ascii=False), flush=True)


def unsigned_8bit(wav: Path) -> bytes:
    """A 16-bit mono WAV at 8 kHz as pyVoIP wants it, as loud as 8 bits allow: quiet consonants would be lost."""
    with wave.open(str(wav)) as file:
        samples = struct.unpack(f"<{file.getnframes()}h", file.readframes(file.getnframes()))
    gain = 32000 / max(1, *(abs(sample) for sample in samples))
    return bytes((int(sample * gain) >> 8) + 128 for sample in samples)


class Phone:
    """See the module's head."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.answers: list[bytes] = []
        self.call: Any = None
        self.phone = VoIPPhone(
            "127.0.0.1",
            options.server_port,
            options.username,
            options.password,
            callCallback=self.rings,
            myIP="127.0.0.1",
            sipPort=options.sip_port,
            rtpPortLow=options.rtp_port,
            rtpPortHigh=options.rtp_port + 20,
        )

    def start(self) -> None:
        """Register and say so."""
        self.phone.start()
        deadline = time.monotonic() + 15
        while self.phone.get_status() is not PhoneStatus.REGISTERED and time.monotonic() < deadline:
            time.sleep(0.05)
        tell("registered" if self.phone.get_status() is PhoneStatus.REGISTERED else "not registered")

    def rings(self, call: Any) -> None:
        """An incoming call: answer it and hold the conversation that was ordered."""
        self.call = call
        tell("ringing")
        call.answer()
        for client in call.RTPClients:
            client.preference = PayloadType.PCMU  # pyVoIP 1.6.8 labels mu-law as A-law where A-law was agreed
        tell("answered")
        for answer in self.answers:
            if not self.wait_until_finished(call):
                break
            call.write_audio(answer)
            tell("said", seconds=round(len(answer) / 8000, 1))
            self.let_pass(call, len(answer) / 8000)
        while call.state is CallState.ANSWERED:
            call.read_audio(FRAME, blocking=False)
            time.sleep(0.05)
        tell("ended")

    def wait_until_finished(self, call: Any, most_s: float = 40.0) -> bool:
        """Listen until the other side has spoken and then been quiet; False when the call ended instead."""
        spoken_s, quiet_s, began = 0.0, 0.0, time.monotonic()
        due = began
        while call.state is CallState.ANSWERED and time.monotonic() - began < most_s:
            due += 0.02
            time.sleep(max(0.0, due - time.monotonic()))
            frame = call.read_audio(FRAME, blocking=False)  # blocking, it would never return silence
            if sum(abs(sample - 128) for sample in frame) / FRAME > LOUD:
                spoken_s, quiet_s = spoken_s + 0.02, 0.0
            else:
                quiet_s += 0.02
            if spoken_s > 0.4 and quiet_s > QUIET_S:
                tell("heard", seconds=round(spoken_s, 1))
                return True
        return bool(call.state is CallState.ANSWERED)

    def let_pass(self, call: Any, seconds: float) -> None:
        """Speak on without listening; what comes meanwhile is read away, or it would be heard late."""
        due = time.monotonic()
        for _ in range(int(seconds / 0.02)):
            due += 0.02
            time.sleep(max(0.0, due - time.monotonic()))
            call.read_audio(FRAME, blocking=False)

    def dial(self, number: str) -> None:
        """Call and wait for the answer."""
        self.call = self.phone.call(number)
        deadline = time.monotonic() + 15
        while self.call.state is not CallState.ANSWERED and time.monotonic() < deadline:
            time.sleep(0.02)
        tell("answered" if self.call.state is CallState.ANSWERED else "not answered")
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self) -> None:
        """Empty the receive buffer, and tell when the call ends."""
        heard_s = 0.0
        while self.call.state is CallState.ANSWERED:
            frame = self.call.read_audio(FRAME, blocking=True)
            heard_s += 0.02 * (sum(abs(sample - 128) for sample in frame) / FRAME > LOUD)
        tell("ended", heard_s=round(heard_s, 1))

    def say(self, wav: str) -> None:
        """Speak a recorded sentence."""
        audio = unsigned_8bit(Path(wav))
        self.call.write_audio(audio)
        time.sleep(len(audio) / 8000)
        tell("said", seconds=round(len(audio) / 8000, 1))

    def press(self, key: str) -> None:
        """An RFC 4733 event, which pyVoIP cannot send by itself; the packets leave by its own socket."""
        client = self.call.RTPClients[0]
        event = "0123456789*#".index(key)
        stamp, sequence = client.outTimestamp, client.outSequence
        destination = (client.outIP, client.outPort)
        out: socket.socket = client.sout
        for step in range(8):
            ended = 0x80 if step >= 5 else 0
            marker = 0x80 if step == 0 else 0
            header = struct.pack("!BBHII", 0x80, marker | 101, (sequence + step) & 0xFFFF, stamp, client.outSSRC)
            out.sendto(header + struct.pack("!BBH", event, ended | 10, 160 * min(step + 1, 6)), destination)
            time.sleep(0.02)
        client.outSequence += 8
        tell("pressed", key=key)

    def obey(self, order: dict[str, Any]) -> None:
        """One command."""
        match order["do"]:
            case "call":
                self.dial(order["number"])
            case "say":
                self.say(order["wav"])
            case "key":
                self.press(order["key"])
            case "hang up":
                self.call.hangup()
            case "answer":
                self.answers = [unsigned_8bit(Path(wav)) for wav in order["wavs"]]
                tell("waiting")


def main() -> None:
    """Obey until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("server-port", "sip-port", "rtp-port"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--username", required=True)
    options = parser.parse_args()
    options.password = os.environ["PHONE_PASSWORD"]
    phone = Phone(options)
    phone.start()
    for line in sys.stdin:
        phone.obey(json.loads(line))
    os._exit(0)  # pyVoIP's threads do not end by themselves


if __name__ == "__main__":
    main()
