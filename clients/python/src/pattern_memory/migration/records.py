"""Reads single old records. Whatever is wrong with one is said without repeating what it holds."""

from __future__ import annotations

import json
import math
from datetime import datetime, timezone, tzinfo
from typing import TYPE_CHECKING, Any, NoReturn

from pattern_memory import names

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST = 2**63 - 1


class Malformed(ValueError):
    """Why a record cannot move."""


def json_object(data: object, what: str = "the record") -> dict[str, Any]:
    """A JSON object from its text (or one that was read already), of values that any JSON reader takes."""
    if isinstance(data, (bytes, str)):
        try:
            data = json.loads(data, parse_constant=_refuse_constant)
        except RecursionError as error:
            raise Malformed(f"{what} is nested too deeply") from error
        except ValueError as error:
            raise Malformed(f"{what} is no JSON") from error
    if not isinstance(data, dict):
        raise Malformed(f"{what} is no JSON object")
    try:
        json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{what} holds what is no JSON") from error
    return data


def identifier(record: Mapping[str, Any], name: str) -> str:
    """A name, as the drop-in class would write it: what the module refuses in one is escaped."""
    value = record.get(name)
    if not isinstance(value, str) or not value:
        raise Malformed(f"{name} is missing")
    return names.identifier(value)


def number(record: Mapping[str, Any], name: str, low: float, high: float, default: float | None = None) -> float:
    """A number within bounds; `default` where there is none."""
    value = record.get(name)
    if value is None or value == "":
        if default is None:
            raise Malformed(f"{name} is missing")
        return default
    try:
        found = float(value)
    except (TypeError, ValueError) as error:
        raise Malformed(f"{name} is no number") from error
    if not (math.isfinite(found) and low <= found <= high):
        raise Malformed(f"{name} is not within {low:g} and {high:g}")
    return found


def count(record: Mapping[str, Any], name: str, default: int | None = None) -> int:
    """A whole number from 0 on; `default` where there is none."""
    value = record.get(name)
    if value is None or value == "":
        if default is None:
            raise Malformed(f"{name} is missing")
        return default
    try:
        found = int(value)
        if isinstance(value, float) and value != found:
            raise ValueError
    except (TypeError, ValueError, OverflowError) as error:
        raise Malformed(f"{name} is no whole number") from error
    if not 0 <= found <= _MOST:
        raise Malformed(f"{name} is out of range")
    return found


def flag(record: Mapping[str, Any], name: str) -> bool:
    """True or false, in the ways in which it was written."""
    value = record.get(name)
    text = str(value).lower()
    if text in {"true", "1", "1.0"}:
        return True
    if text in {"false", "0", "0.0"}:
        return False
    raise Malformed(f"{name} is neither true nor false")


def instant(record: Mapping[str, Any], zone: tzinfo | None, *names: str) -> datetime:
    """The first of these times that is there, in UTC.

    The class wrote them without an offset: they are of `zone`, or of this machine's where that is None.
    """
    for name in names:
        value = record.get(name)
        if value is None or value == "":
            continue
        return _instant(value, zone, name)
    raise Malformed(f"{names[0]} is missing")


def _instant(value: object, zone: tzinfo | None, name: str) -> datetime:
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            found = datetime.fromtimestamp(value, timezone.utc)
        else:
            text = str(value)
            found = datetime.fromisoformat(f"{text[:-1]}+00:00" if text.endswith(("Z", "z")) else text)
            # Without a zone `astimezone` takes a time for one of this machine's.
            found = (found.replace(tzinfo=zone) if found.tzinfo is None else found).astimezone(timezone.utc)
    except (ValueError, OverflowError, OSError) as error:
        raise Malformed(f"{name} is no time in ISO 8601") from error
    if found.year < 1970:
        raise Malformed(f"{name} is before 1970")
    return found


def written(at: datetime) -> str:
    """As the module writes times."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("no number of JSON")
