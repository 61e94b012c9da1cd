"""Changes of single fields of an ONNX model, as damage or malice would make them: seeded, always the same."""

import math

import exported_sequences
import numpy as np
from google.protobuf.descriptor import FieldDescriptor as Field

INTEGERS = (0, -1, 1, 2, 3, 7, 16, 17, 2**31 - 1, 2**31, 2**40, -(2**40), 2**62)
REALS = (0.0, -0.0, 1.0, -1.0, 0.5, 3.4e38, 1e-38, math.inf, -math.inf, math.nan, 1e9)
NUMBERS = (Field.TYPE_FLOAT, Field.TYPE_DOUBLE, Field.TYPE_BYTES, Field.TYPE_INT64, Field.TYPE_INT32, Field.TYPE_ENUM)
TEXTS = ("", "x", "y", "no such name", 'a"b\\c\nd', "n" * 3000, "\x00")


def mutated(seed):
    """A small valid model with one to three of its fields changed."""
    rng = np.random.default_rng(seed)
    names = sorted(exported_sequences.BUILDERS)
    model = exported_sequences.model(names[int(rng.integers(len(names)))], seed=seed, opset=(9, 13, 17, 21)[seed % 4])
    for _ in range(int(rng.integers(1, 4))):
        places = list(fields(model))
        # Names alone would be most of what is changed, and soon found out.
        deep = [place for place in places if place[1].type in NUMBERS] if rng.random() < 0.7 else []
        message, field = (deep or places)[int(rng.integers(len(deep or places)))]
        change(rng, message, field, places)
    return model


def fields(message):
    """Every field that is set, in the message and all those inside it, with the message that holds it."""
    for field, value in message.ListFields():
        yield message, field
        if field.type == Field.TYPE_MESSAGE:
            for part in value if field.is_repeated else (value,):
                yield from fields(part)


def change(rng, message, field, places):
    """Changes a field: a part of a list is left out, doubled or moved, a value becomes another one."""
    if not field.is_repeated:
        if field.type == Field.TYPE_MESSAGE or rng.random() < 0.15:
            message.ClearField(field.name)
        else:
            setattr(message, field.name, other(rng, field, getattr(message, field.name), places))
        return
    parts = getattr(message, field.name)
    at, kind = int(rng.integers(len(parts))), rng.random()
    if kind < 0.3:
        del parts[at]
    elif kind < 0.5:
        parts.append(parts[at])
    elif kind < 0.6:
        moved = list(parts)[::-1]
        del parts[:]
        parts.extend(moved)
    elif field.type != Field.TYPE_MESSAGE:
        parts[at] = other(rng, field, parts[at], places)


def other(rng, field, value, places):
    """Another value of a field's type."""
    if field.type in (Field.TYPE_FLOAT, Field.TYPE_DOUBLE):
        return REALS[int(rng.integers(len(REALS)))]
    if field.type == Field.TYPE_STRING:
        known = [getattr(one, key.name) for one, key in places if key.type == Field.TYPE_STRING and not key.is_repeated]
        choices = [*TEXTS, *known]
        return choices[int(rng.integers(len(choices)))]
    if field.type == Field.TYPE_BYTES:
        return damaged(rng, value)
    if field.type == Field.TYPE_ENUM:
        numbers = [one.number for one in field.enum_type.values]
        return numbers[int(rng.integers(len(numbers)))]
    whole = INTEGERS[int(rng.integers(len(INTEGERS)))]
    return whole if field.type == Field.TYPE_INT64 else max(min(whole, 2**31 - 1), -(2**31))


def damaged(rng, data):
    """Bytes that are cut, empty, or changed in one place."""
    kind = rng.random()
    if kind < 0.3 or not data:
        return data[: int(rng.integers(len(data) + 1))]
    changed = bytearray(data)
    changed[int(rng.integers(len(data)))] = int(rng.integers(256))
    return bytes(changed)
