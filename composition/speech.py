"""``python server.py speech``: the speech worker."""

from asr.engines import Backend, EngineChoice
from asr.speech_process import SpeechConfig, run
from asr.weights import BASE
from composition.foundation import make_folders
from vocabulary.settings import Settings


def run_speech(settings: Settings) -> None:
    """Serve until told to stop; needs neither database nor secrets."""
    folders = make_folders(settings)
    speech = settings.speech
    engine = EngineChoice(Backend(speech.backend), speech.model or BASE, folders.data / "weights", speech.threads)
    run(SpeechConfig(folders.speech_socket, engine))
