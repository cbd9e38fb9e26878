"""Short videos with sound, made for the tests."""

import av
import numpy as np


def write(path, *, seconds=2.0, colour=(200, 30, 30), pitch=440, size=(64, 48), rate=16_000):
    """A video that grows brighter at 25 frames per second, with a tone; None for no sound."""
    width, height = size
    codecs = ("libvpx", "libopus") if str(path).endswith("webm") else ("mpeg4", "aac")
    with av.open(str(path), "w") as video:
        video_stream = video.add_stream(codecs[0], rate=25)
        video_stream.width, video_stream.height, video_stream.pix_fmt = width, height, "yuv420p"
        audio_stream = video.add_stream(codecs[1], rate=rate, layout="mono") if pitch else None
        number = round(25 * seconds)
        for i in range(number):
            shade = np.full((height, width, 3), colour) * (0.2 + 0.8 * i / number)
            frame = av.VideoFrame.from_ndarray(shade.astype(np.uint8), format="rgb24")
            video.mux(video_stream.encode(frame))
        video.mux(video_stream.encode())
        if audio_stream is not None:
            t = np.arange(round(seconds * rate)) / rate
            wave = (0.5 * np.sin(2 * np.pi * pitch * t)).astype(np.float32)
            for start in range(0, len(wave), 1024):
                part = wave[None, start : start + 1024]
                frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
                frame.sample_rate, frame.pts = rate, start
                video.mux(audio_stream.encode(frame))
            video.mux(audio_stream.encode())
    return path
