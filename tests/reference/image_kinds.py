"""What Pillow's `convert("RGB")` gives for each kind of image file: writes tests/fixtures/images/kinds.json.

    pip install pillow==12.3.0 numpy && python3 tests/reference/image_kinds.py > tests/fixtures/images/kinds.json

Each case: the file (base64), width, height, and its RGB bytes (base64), turned upright by EXIF. Two kinds are not Pillow's: 16-bit grey,
which `convert` clips at 255, and 16-bit colour that uses fewer bits; their right bytes are computed here.
"""

import base64
import io
import json
import struct
import sys
import zlib

import numpy as np
from PIL import Image, ImageOps

rng = np.random.default_rng(12)
cases = {}


def add(name, data, rgb=None, tolerance=0):
    if rgb is None:
        picture = Image.open(io.BytesIO(data))
        rgb = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    height, width = rgb.shape[:2]
    text = lambda raw: base64.b64encode(raw).decode()
    case = {"file": text(data), "width": width, "height": height, "rgb": text(rgb.astype(np.uint8).tobytes())}
    cases[name] = case | ({"tolerance": tolerance} if tolerance else {})


# PNG: an encoder of its own, because Pillow does not write every form.
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def filtered(rows, distance):
    """Rows of bytes, each with a random filter."""
    out, above = b"", bytes(len(rows[0]))
    for row in rows:
        kind = int(rng.integers(0, 5))
        line = bytearray()
        for at, byte in enumerate(row):
            left = row[at - distance] if at >= distance else 0
            up, corner = above[at], above[at - distance] if at >= distance else 0
            guess = left + up - corner
            near = min((left, up, corner), key=lambda value: abs(guess - value))
            line.append((byte - (0, left, up, (left + up) // 2, near)[kind]) & 255)
        out += bytes([kind]) + bytes(line)
        above = row
    return out


def png(samples, depth, colour, interlaced=False, extra=(), split=None):
    """samples: [height, width, channels]."""
    height, width, channels = samples.shape
    body = b""
    for left, top, dx, dy in PASSES if interlaced else [(0, 0, 1, 1)]:
        part = samples[top::dy, left::dx]
        if part.size == 0:
            continue
        rows = []
        for line in part.reshape(part.shape[0], -1):
            if depth == 16:
                rows.append(line.astype(">u2").tobytes())
            elif depth == 8:
                rows.append(line.astype(np.uint8).tobytes())
            else:
                bits = "".join(f"{value:0{depth}b}" for value in line)
                bits += "0" * (-len(bits) % 8)
                rows.append(bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)))
        body += filtered(rows, max(1, depth * channels // 8))
    packed = zlib.compress(body)
    size = split or len(packed)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced)))
    for kind, content in extra:
        data += chunk(kind, content)
    for at in range(0, len(packed), size):
        data += chunk(b"IDAT", packed[at : at + size])
    return data + chunk(b"IEND", b"")


def noise(channels, top, height=9, width=11):
    return rng.integers(0, top + 1, (height, width, channels))


palette = rng.integers(0, 256, 768, dtype=np.uint8).tobytes()
for depth in 1, 2, 4, 8:
    add(f"png grey {depth}", png(noise(1, 2**depth - 1), depth, 0))
    add(f"png palette {depth}", png(noise(1, 2**depth - 1), depth, 3, extra=[(b"PLTE", palette[: 3 * 2**depth])]))
    add(f"png grey {depth} interlaced", png(noise(1, 2**depth - 1), depth, 0, interlaced=True))
transparent = [(b"PLTE", palette), (b"tRNS", bytes(range(0, 256)))]
add("png palette, tRNS", png(noise(1, 255), 8, 3, extra=transparent))
add("png palette shorter than the indices", png(noise(1, 15), 4, 3, extra=[(b"PLTE", palette[:30])]))
add("png grey, tRNS", png(noise(1, 3), 8, 0, extra=[(b"tRNS", b"\0\2")]))
add("png rgb", png(noise(3, 255), 8, 2))
add("png rgb, tRNS", png(noise(3, 1), 8, 2, extra=[(b"tRNS", b"\0\1\0\1\0\1")]))
add("png grey and alpha", png(noise(2, 255), 8, 4))
add("png rgba", png(noise(4, 255), 8, 6))
add("png rgba interlaced", png(noise(4, 255), 8, 6, interlaced=True))
add("png rgba, 3 pixels interlaced", png(noise(4, 255, 1, 3), 8, 6, interlaced=True))
add("png rgba in many chunks", png(noise(4, 255), 8, 6, split=7))
add("png gamma and profile ignored", png(noise(3, 255), 8, 2, extra=[(b"gAMA", struct.pack(">I", 100000))]))
for name, colour, channels in ("rgb", 2, 3), ("grey and alpha", 4, 2), ("rgba", 6, 4):
    samples = noise(channels, 65535)
    samples[0, 0] = 65535
    add(f"png {name} 16", png(samples, 16, colour))
    add(f"png {name} 16 interlaced", png(samples, 16, colour, interlaced=True))
for bits in 8, 10, 12, 16:
    samples = noise(1, 2**bits - 1)
    samples[0, 0] = 2**bits - 1
    add(f"png grey 16, {bits} used", png(samples, 16, 0), np.repeat(samples >> (bits - 8), 3, 2))
samples = noise(3, 4095)
samples[0, 0] = 4095
add("png rgb 16, 12 used", png(samples, 16, 2), samples >> 4)
for orientation in 2, 3, 4, 5, 6, 7, 8:
    exif = b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1" + struct.pack(">HH", orientation, 0) + b"\0\0\0\0"
    add(f"png turned {orientation}", png(noise(3, 255), 8, 2, extra=[(b"eXIf", exif)]))


def saved(picture, kind, **options):
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


pixels = lambda *shape: rng.integers(0, 256, shape, dtype=np.uint8)
animated = [Image.fromarray(pixels(9, 11, 3)) for _ in range(2)]
add("png animated", saved(animated[0], "PNG", save_all=True, append_images=animated[1:]))

# GIF: Pillow cannot write everything either.
indexed = Image.fromarray(pixels(24, 30), "P")
indexed.putpalette(palette)
add("gif", saved(indexed, "GIF"))
add("gif interlaced", saved(indexed, "GIF", interlace=1))
add("gif transparent", saved(indexed, "GIF", transparency=7))
add("gif 87a of two colours", saved(Image.fromarray(pixels(9, 11) > 127), "GIF"))
add("gif animated", saved(animated[0], "GIF", save_all=True, append_images=animated[1:]))
large = Image.fromarray(pixels(64, 66), "P")
large.putpalette(palette)
add("gif whose table is full", saved(large, "GIF"))
small = saved(indexed.crop((0, 0, 11, 9)), "GIF")
add("gif frame smaller than its screen", small[:6] + struct.pack("<HH", 20, 15) + small[10:])

photo = np.linspace(0, 255, 24 * 32 * 3).reshape(24, 32, 3).astype(np.uint8)
add("jpeg", saved(Image.fromarray(photo), "JPEG", quality=95, subsampling=0), tolerance=2)
add("jpeg grey", saved(Image.fromarray(photo[:, :, 0]), "JPEG", quality=95), tolerance=2)
add("jpeg progressive", saved(Image.fromarray(photo), "JPEG", quality=95, subsampling=0, progressive=True), tolerance=2)
add("jpeg cmyk", saved(Image.fromarray(photo).convert("CMYK"), "JPEG", quality=95, subsampling=0), tolerance=2)
exif = Image.Exif()
exif[274] = 6
add("jpeg turned", saved(Image.fromarray(photo), "JPEG", quality=95, subsampling=0, exif=exif), tolerance=2)
add("webp lossless", saved(Image.fromarray(pixels(9, 11, 3)), "WEBP", lossless=True))
add("webp lossless with alpha", saved(Image.fromarray(pixels(9, 11, 4)), "WEBP", lossless=True, exact=True))
add("webp with alpha", saved(Image.fromarray(pixels(9, 11, 4)), "WEBP", quality=90), tolerance=2)
add("webp animated", saved(animated[0], "WEBP", save_all=True, append_images=animated[1:], lossless=True))
add("avif", saved(Image.fromarray(photo), "AVIF", quality=90, subsampling="4:4:4"), tolerance=2)
add("avif with alpha", saved(Image.fromarray(pixels(9, 11, 4)), "AVIF", quality=90, subsampling="4:4:4"), tolerance=2)
add("bmp", saved(Image.fromarray(pixels(9, 11, 3)), "BMP"))
add("bmp palette", saved(indexed.crop((0, 0, 11, 9)), "BMP"))
add("bmp of two colours", saved(Image.fromarray(pixels(9, 11) > 127), "BMP"))
add("bmp of 32 bits", saved(Image.fromarray(pixels(9, 11, 4)), "BMP"))

json.dump(cases, sys.stdout, indent=0)
