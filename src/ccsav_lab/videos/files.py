"""Write a procedural video as a real MP4 file. Needs PyAV."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from ccsav.disk.writing import write_whole

CODECS = ("h264", "aac")
SAMPLES = 1024  # of a frame of sound


def save_video(video, file: str | Path) -> Path:
    """Write a video's frames (H.264) and sound (AAC) to an MP4 file, whole or not at all.

    Parameters
    ----------
    video : from `render_video`; its frames must have an even height and width.
    file : ends in .mp4; an existing file is replaced.
    """
    file = Path(file)
    if file.suffix.lower() != ".mp4":
        raise ValueError(f"{file}: the name of the file must end in .mp4.")
    write_whole(file, lambda partial: _write(video, partial))
    return file


def _write(video, file):
    """Encode both tracks."""
    try:
        import av
    except ImportError as error:
        raise ImportError("writing videos needs PyAV: pip install 'ccsav[video]'.") from error
    with av.open(str(file), "w", format="mp4") as container:
        picture = container.add_stream(CODECS[0], rate=Fraction(video.fps).limit_denominator(1000))
        picture.height, picture.width = video.frames.shape[1:3]
        picture.pix_fmt, picture.options = "yuv420p", {"crf": "18"}
        sound = container.add_stream(CODECS[1], rate=video.rate, layout="mono")
        sound.options = {"aac_coder": "fast"}  # half the time, as near to the waveform
        for frame in video.frames:
            container.mux(picture.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(picture.encode())
        wave = np.ascontiguousarray(video.waveform, np.float32)
        for start in range(0, len(wave), SAMPLES):
            part = wave[None, start : start + SAMPLES]
            piece = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
            piece.sample_rate, piece.pts = video.rate, start
            container.mux(sound.encode(piece))
        container.mux(sound.encode())
