"""Small DICOM files and what pydicom and the formulas of PS3.3 make of them: writes tests/fixtures/images/dicom.json.

    pip install pydicom==3.0.2 pillow==12.3.0 numpy && python3 tests/reference/dicom_kinds.py > tests/fixtures/images/dicom.json

Each case: the file (base64), and for a frame and a way to show it ("file:N" is the file's own window or table N) the RGB bytes
(base64). Pixels are decoded, rescaled and looked up by pydicom; windows are the standard's formulas in NumPy.
"""

import base64
import io
import json
import struct
import sys

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi, convert_color_space
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    RLELossless,
)

rng = np.random.default_rng(3)
cases = {}
text = lambda raw: base64.b64encode(raw).decode()


def dataset(pixels, syntax=ExplicitVRLittleEndian, **elements):
    """pixels: [rows, columns], [rows, columns, 3] or [frames, rows, columns], of the type that is stored."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    ds = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = "1.2.3.4"
    ds.SeriesInstanceUID = "1.2.3"
    ds.Modality = "OT"
    colour = pixels.ndim == 3 and pixels.shape[-1] == 3
    ds.SamplesPerPixel = 3 if colour else 1
    ds.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        ds.PlanarConfiguration = 0
    elif pixels.ndim == 3:
        ds.NumberOfFrames = len(pixels)
    ds.Rows, ds.Columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
    ds.BitsAllocated = ds.BitsStored = pixels.dtype.itemsize * 8
    ds.PixelRepresentation = int(pixels.dtype.kind == "i")
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    ds.HighBit = elements.get("HighBit", ds.BitsStored - 1)
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    ds.PixelData = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    if len(ds.PixelData) % 2:
        ds.PixelData += b"\0"
    ds["PixelData"].VR = "OB" if ds.BitsAllocated == 8 else "OW"
    return ds


def written(ds):
    out = io.BytesIO()
    pydicom.dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


def level(values, center, width, function="LINEAR"):
    """PS3.3, C.11.2.1.2 and C.11.2.1.3."""
    x = values.astype(np.float64)
    if function == "SIGMOID":
        return 255 / (1 + np.exp(-4 * (x - center) / width))
    middle, span = (center - 0.5, width - 1) if function == "LINEAR" else (center, width)
    inside = ((x - middle) / span + 0.5) * 255 if span else np.zeros_like(x)
    return np.where(x <= middle - span / 2, 0, np.where(x > middle + span / 2, 255, inside))


def grey(levels, inverted=False):
    rounded = np.floor(levels + 0.5)
    return np.repeat((255 - rounded if inverted else rounded)[..., None], 3, -1)


def add(name, data, *views, tolerance=0):
    """views: (rendering, frame, rgb)."""
    shown = [
        {"rendering": rendering, "frame": frame, "rgb": text(rgb.astype(np.uint8).tobytes())}
        for rendering, frame, rgb in views
    ]
    cases[name] = {"file": text(data), "views": shown} | ({"tolerance": tolerance} if tolerance else {})


def full(values, padding=None):
    kept = values[values != padding] if padding is not None else values
    low, high = kept.min(), kept.max()
    return level(values, (float(low) + float(high)) / 2, float(high) - float(low), "LINEAR_EXACT")


SHAPE = (6, 8)
twelve = rng.integers(0, 4096, SHAPE).astype(np.uint16)
stored = dict(BitsStored=12, HighBit=11)
windowed = dict(WindowCenter=2000, WindowWidth=3000)
add("grey of 12 bits", written(dataset(twelve, **stored)), ("full", 0, grey(full(twelve))))
for name, syntax in ("implicit", ImplicitVRLittleEndian), ("big endian", ExplicitVRBigEndian), (
    "deflated",
    DeflatedExplicitVRLittleEndian,
):
    add(
        name,
        written(dataset(twelve, syntax, **stored, **windowed)),
        ("file:0", 0, grey(level(twelve, 2000, 3000))),
    )
ds = dataset(twelve, **stored, PhotometricInterpretation="MONOCHROME1", **windowed)
add("MONOCHROME1", written(ds), ("file:0", 0, grey(level(twelve, 2000, 3000), True)), ("full", 0, grey(full(twelve), True)))

hounsfield = dict(RescaleSlope="1", RescaleIntercept="-1024", RescaleType="HU", Modality="CT")
views = []
windows = [(40, 400), (-600, 1500), (32, 1)]
for at, (center, width) in enumerate(windows):
    views.append((f"file:{at}", 0, grey(level(twelve.astype(int) - 1024, center, width))))
ds = dataset(twelve, **stored, **hounsfield, WindowCenter=[c for c, _ in windows], WindowWidth=[w for _, w in windows])
ds.WindowCenterWidthExplanation = ["SOFT", "LUNG", "EDGE"]
add("CT with three windows", written(ds), *views)
signed = rng.integers(-2048, 2048, SHAPE).astype(np.int16)
ds = dataset(signed, ImplicitVRLittleEndian, RescaleSlope="1.5", RescaleIntercept="-10.25", WindowCenter="100.5", WindowWidth="700")
add("signed, fractions", written(ds), ("file:0", 0, grey(level(apply_modality_lut(signed, ds), 100.5, 700))))
for function in "LINEAR_EXACT", "SIGMOID":
    ds = dataset(twelve, **stored, **windowed, VOILUTFunction=function)
    add(function, written(ds), ("file:0", 0, grey(level(twelve, 2000, 3000, function))))
ds = dataset(twelve, **stored, PixelPaddingValue=int(twelve[0, 0]), PhotometricInterpretation="MONOCHROME1")
picture = grey(full(twelve, twelve[0, 0]), True)
picture[twelve == twelve[0, 0]] = 0
add("padding", written(ds), ("full", 0, picture))
ct = dataset(signed, **(hounsfield | dict(RescaleIntercept="0")))
clip = lambda low, high: (np.clip(signed, low, high).astype(np.float32) - np.float32(low)) / (high - low) * np.float32(255)
add("CT in three colours", written(ct), ("ct-colours", 0, np.round(np.stack([clip(-1024, 1024), clip(-135, 215), clip(0, 80)], -1))))

# The picture is in bits 2 to 11; what lies beside it is to be ignored (old overlays are stored there).
ten = rng.integers(0, 1024, SHAPE).astype(np.uint16)
noise = rng.integers(0, 4, SHAPE).astype(np.uint16)
ds = dataset(((ten << 2) | noise | (noise << 14)).astype(np.uint16), BitsStored=10, HighBit=11)
add("high bit", written(ds), ("full", 0, grey(full(ten))))
negative = rng.integers(-512, 512, SHAPE).astype(np.int16)
ds = dataset(((negative & 1023) | 0x4000).astype(np.uint16), BitsStored=10, HighBit=9, PixelRepresentation=1)
add("signed in ten bits", written(ds), ("full", 0, grey(full(negative))))
wide = rng.integers(0, 2**32, SHAPE).astype(np.uint32)
add("grey of 32 bits", written(dataset(wide)), ("full", 0, grey(full(wide))))
eight = rng.integers(0, 256, (3, 5)).astype(np.uint8)
add("grey of 8 bits, odd", written(dataset(eight)), ("full", 0, grey(full(eight))))
frames = rng.integers(0, 4096, (3, *SHAPE)).astype(np.uint16)
add("frames", written(dataset(frames, **windowed)), *[("file:0", at, grey(level(frames[at], 2000, 3000))) for at in range(3)])


def lut(first, entries, bits, vr="US"):
    item = Dataset()
    item.add_new(0x00283002, vr, [len(entries) % 65536, first, bits])
    item.add_new(0x00283006, "OW", np.asarray(entries, "<u2").tobytes())
    return item


table = rng.integers(0, 65536, 2000)
ds = dataset(twelve, **stored, VOILUTSequence=Sequence([lut(1000, table, 16)]))
add("VOI LUT", written(ds), ("file:0", 0, grey(apply_voi(twelve, ds) * 255.0 / 65535)))
ds = dataset(twelve, **stored, ModalityLUTSequence=Sequence([lut(500, table, 16)]), WindowCenter=30000, WindowWidth=50000)
ds.ModalityLUTSequence[0].ModalityLUTType = "US"
add("modality LUT", written(ds), ("file:0", 0, grey(level(apply_modality_lut(twelve, ds), 30000, 50000))))

rgb = rng.integers(0, 256, (*SHAPE, 3)).astype(np.uint8)
any_window = "full"
ds = dataset(eight, ExplicitVRBigEndian)
ds.PixelData = (eight.tobytes() + b"\0")
ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
ds["PixelData"].VR = "OW"
add("big endian, 8 bits in words", written(ds), ("full", 0, grey(full(eight))))
add("RGB", written(dataset(rgb)), (any_window, 0, rgb))
ds = dataset(rgb)
ds.PlanarConfiguration = 1
ds.PixelData = rgb.transpose(2, 0, 1).tobytes()
add("RGB in planes", written(ds), (any_window, 0, rgb))
ds = dataset(rgb, PhotometricInterpretation="YBR_FULL")
add("YBR_FULL", written(ds), (any_window, 0, convert_color_space(rgb, "YBR_FULL", "RGB")), tolerance=1)
half = rng.integers(0, 256, (*SHAPE[:1], SHAPE[1] // 2, 4)).astype(np.uint8)
ds = dataset(rgb, PhotometricInterpretation="YBR_FULL_422")
ds.PixelData = half.tobytes()
whole = np.stack([half[..., :2].reshape(SHAPE), half[..., 2].repeat(2, -1), half[..., 3].repeat(2, -1)], -1)
add("YBR_FULL_422", written(ds), (any_window, 0, convert_color_space(whole, "YBR_FULL", "RGB")), tolerance=1)
indices = rng.integers(10, 210, SHAPE).astype(np.uint8)
ds = dataset(indices, PhotometricInterpretation="PALETTE COLOR")
for colour in "Red", "Green", "Blue":
    setattr(ds, f"{colour}PaletteColorLookupTableDescriptor", [180, 20, 16])
    setattr(ds, f"{colour}PaletteColorLookupTableData", rng.integers(0, 65536, 180).astype("<u2").tobytes())
add("palette", written(ds), (any_window, 0, apply_color_lut(indices, ds) >> 8))

for name, pixels, extra in ("RLE", twelve, stored), ("RLE in colour", rgb, {}), ("RLE frames", frames, {}):
    ds = dataset(pixels, **extra)
    ds.compress(RLELossless, generate_instance_uid=False)
    if pixels is frames:
        views = [("full", at, grey(full(frames[at]))) for at in range(3)]
    else:
        views = [("full", 0, pixels if pixels is rgb else grey(full(pixels)))]
    add(name, written(ds), *views)

photo = np.linspace(0, 255, 16 * 24 * 3).reshape(16, 24, 3).astype(np.uint8)


def jpeg(pixels, **options):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=95, subsampling=0, **options)
    return out.getvalue()


def encapsulated(pixels, photometric, *streams):
    ds = dataset(pixels, JPEGBaseline8Bit, PhotometricInterpretation=photometric, LossyImageCompression="01")
    ds.PixelData = encapsulate([stream + b"\0" * (len(stream) % 2) for stream in streams])
    ds["PixelData"].is_undefined_length = True
    ds["PixelData"].VR = "OB"
    return written(ds)


decode = lambda stream: np.asarray(Image.open(io.BytesIO(stream)))
grey_stream = jpeg(photo[..., 0])
values = decode(grey_stream)
add("JPEG in grey", encapsulated(photo[..., 0], "MONOCHROME2", grey_stream), ("full", 0, grey(full(values))), tolerance=3)
colour_stream = jpeg(photo)
add("JPEG in colour", encapsulated(photo, "YBR_FULL_422", colour_stream), (any_window, 0, decode(colour_stream)), tolerance=2)

# Enhanced CT: rescale and windows are in functional groups, for all frames or for each.
enhanced = dataset(frames, Modality="CT")
shared = Dataset()
pixel = Dataset()
pixel.RescaleSlope, pixel.RescaleIntercept, pixel.RescaleType = "2", "-1000", "HU"
shared.PixelValueTransformationSequence = Sequence([pixel])
enhanced.SharedFunctionalGroupsSequence = Sequence([shared])
groups = []
for at in range(3):
    window, group = Dataset(), Dataset()
    window.WindowCenter, window.WindowWidth = str(1000 * at), "2000"
    group.FrameVOILUTSequence = Sequence([window])
    groups.append(group)
enhanced.PerFrameFunctionalGroupsSequence = Sequence(groups)
views = [("file:0", at, grey(level(frames[at].astype(int) * 2 - 1000, 1000 * at, 2000))) for at in range(3)]
add("enhanced CT", written(enhanced), *views)
enhanced.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
add("enhanced CT, implicit", written(enhanced), *views)

# Sequences of open length before the pixels, nested, and a private one of unknown type (which is in Implicit VR).
ds = dataset(twelve, **stored)
inner, outer = Dataset(), Dataset()
inner.CodeValue = "x"
outer.PurposeOfReferenceCodeSequence = Sequence([inner])
ds.ReferencedImageSequence = Sequence([outer, outer])
for element in ds["ReferencedImageSequence"], outer["PurposeOfReferenceCodeSequence"]:
    element.is_undefined_length = True
for item in inner, outer:
    item.is_undefined_length_sequence_item = True
plain = written(ds)
view = ("full", 0, grey(full(twelve)))
add("open sequences", plain, view)
item = struct.pack("<HHI", 0x0008, 0x0100, 2) + b"y "
unknown = struct.pack("<HH2sHI", 0x0009, 0x1010, b"UN", 0, 0xFFFFFFFF)
unknown += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF) + item + struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
unknown += struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
simple = written(dataset(twelve, **stored))
at = simple.index(struct.pack("<HH", 0x0020, 0x000E))
add("private open sequence", simple[:at] + unknown + simple[at:], view)
add("no preamble", simple[132:], view)
body = written(dataset(twelve, ImplicitVRLittleEndian, **stored))
add("no head", body[body.index(struct.pack("<HHI", 0x0008, 0x0016, 26)) :], view)

types = written(dataset(twelve, ImplicitVRLittleEndian, **stored))
uid = b"1.2.840.10008.1.2\0"
at = types.index(uid)
add("types are said and left out", types[: at - 2] + b"\x14\0" + b"1.2.840.10008.1.2.1\0" + types[at + len(uid) :], view)

# A series, out of order; instance numbers go against the position.
for number, position in (2, -5.0), (1, 0.0), (4, -15.0), (3, -10.0):
    ds = dataset(twelve + number, **stored, **hounsfield, InstanceNumber=number)
    ds.ImagePositionPatient, ds.ImageOrientationPatient = [0, 0, position], [1, 0, 0, 0, 1, 0]
    add(f"slice {number}", written(ds))
named = dataset(twelve, **stored, **windowed, PatientName="Hong^Gildong", PatientID="", BurnedInAnnotation="YES")
named.PatientBirthDate = "19700101"
add("identifying", written(named), ("file:0", 0, grey(level(twelve, 2000, 3000))))

json.dump(cases, sys.stdout, indent=0)
