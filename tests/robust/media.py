"""Recordings whose headers do not say how long they are, or say it wrongly, made for the tests."""

import io
from pathlib import Path

import av
import numpy as np
import soundfile

RATE, SECONDS = 16_000, 3.5


def noise(seconds=SECONDS, rate=RATE, seed=0):
    """A soft tone, then loud noise, so that the bit rate of the beginning is no estimate."""
    t = np.arange(round(seconds * rate)) / rate
    hiss = np.random.default_rng(seed).normal(0, 0.15, len(t)).clip(-0.6, 0.6) * (t > seconds / 2)
    return (0.1 * np.sin(2 * np.pi * 440 * t) + hiss).astype(np.float32)


def mp3(path, wave, rate=44_100, *, counted=True):
    """MP3 of variable bit rate, with a count of its frames or, as in a pipe, without."""
    options = {"write_xing": str(int(counted)), "id3v2_version": "3" if counted else "0"}
    with av.open(str(path), "w", format="mp3", options=options) as file:
        stream = file.add_stream("libmp3lame", rate=rate, layout="mono")
        stream.codec_context.flags |= 2  # AV_CODEC_FLAG_QSCALE
        stream.codec_context.global_quality = 4 * 118
        for start in range(0, len(wave), 1152):
            part = wave[None, start : start + 1152]
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = rate, start
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return Path(path)


def flac(path, wave, rate=RATE, *, samples):
    """FLAC whose header declares so many samples; 0: it does not know."""
    soundfile.write(path, wave, rate)
    data = bytearray(Path(path).read_bytes())
    number = int.from_bytes(data[18:26], "big")  # rate, channels, bits, and in 36 bits the samples
    data[18:26] = (number >> 36 << 36 | samples).to_bytes(8, "big")
    Path(path).write_bytes(data)
    return Path(path)


def wav(path, wave, rate=RATE, *, size):
    """WAV whose header declares so many bytes of sound."""
    soundfile.write(path, wave, rate)
    data = bytearray(Path(path).read_bytes())
    start = data.index(b"data") + 4
    data[start : start + 4] = size.to_bytes(4, "little")
    Path(path).write_bytes(data)
    return Path(path)


def cut(path, share, name):
    """The first part of a file, of the same kind."""
    data = Path(path).read_bytes()
    part = Path(path).with_name(f"{name}{Path(path).suffix}")
    part.write_bytes(data[: round(share * len(data))])
    return part


def joined(path, *others):
    """Files joined end to end into the first one's folder."""
    whole = Path(path).with_name(f"joined{Path(path).suffix}")
    whole.write_bytes(b"".join(Path(file).read_bytes() for file in (path, *others)))
    return whole


def streamed(path, form):
    """A copy of a video as it is written into a pipe: without its duration."""

    class Pipe(io.RawIOBase):
        written = b""

        def writable(self):
            return True

        def write(self, data):
            self.written += bytes(data)
            return len(data)

    pipe = Pipe()
    with av.open(str(path)) as source, av.open(pipe, "w", format=form) as sink:
        streams = {x.index: sink.add_stream_from_template(x) for x in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                sink.mux(packet)
    copy = Path(path).with_name(f"streamed{Path(path).suffix}")
    copy.write_bytes(pipe.written)
    return copy
