"""Ask the record: ``python -m runs.query '{"config.arm": "dcgan", "config.seed": {"$lt": 3}}'``."""

import csv
import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TextIO

from runs.addresses import store_url
from runs.errors import CommandLine, UserError, comma_separated, report_user_errors
from runs.filters import COMBINATIONS, CONDITIONS, checked_field
from runs.filters import FIELDS as FILTER_FIELDS
from runs.kinds import KINDS, STABILITY
from runs.printable import printable
from runs.records import RunRecord, RunStore, checked_metrics
from runs.store import open_store

LONGEST_INTEGER = 20  # digits, which is more than MongoDB's 64 bits hold
MARKS = ("complete", "shortcoming")  # shown where records may be incomplete

DESCRIPTION = """
Find runs in the record. Where that is, MONGO_URL says; by default it is records in the folder GAN_STABILITY_LOCAL, or
else in runs/_local.
"""
QUERY_HELP = f"""a filter in the style of MongoDB, as JSON; default: {{}}. Fields:
{", ".join(FILTER_FIELDS)} (times in UTC). Operators: {" ".join((*CONDITIONS, *COMBINATIONS))}"""
FORMAT_HELP = """table (default); csv, where a value that is not recorded is empty; json, a list of objects without the
values that are not recorded, and null for those that are not finite"""

Row = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the matching runs, or their traces. Raises UserError on bad arguments."""
    options = _parser().parse_args(arguments)
    query = parsed_query(options.query)
    marks = MARKS if options.all else ()
    kind = KINDS[options.kind]
    shown = options.fields or ("id", "status", *kind.shown, "start_time", *marks)
    fields = [field if field in ("id", *MARKS) else checked_field(field) for field in shown]
    names = list(checked_metrics(options.traces or []))
    store = open_store(store_url())
    records = store.find(query, kind=kind, complete_only=not options.all)
    if names:
        header = ["id", *marks[:1], "step", *names]
        rows = trace_rows(store, records, names, marks[:1])
    else:
        header, rows = fields, (field_row(record, fields) for record in records)
    WRITERS[options.format](sys.stdout, header, rows)
    if not records and not options.all:
        sys.stderr.write("no complete record matches; --all looks at the others too\n")
    if records and not names:
        _warn_of_empty_fields(records, options.fields or ())
    return 0


def parsed_query(text: str) -> Any:
    """A filter from JSON. Raises UserError if it is malformed."""
    try:
        return json.loads(text, parse_constant=_refused_constant, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise UserError(f'the query is malformed JSON: {error}; expected such as {{"config.seed": 3}}') from None


def field_row(record: RunRecord, fields: Iterable[str]) -> Row:
    """The recorded values of these fields."""
    values = {field: _value(record, field.split(".")) for field in fields}
    return {field: value for field, value in values.items() if value is not None}


def trace_rows(
    store: RunStore, records: Iterable[RunRecord], names: Sequence[str], marks: Sequence[str]
) -> Iterator[Row]:
    """One row a run and step; a trace without a point at that step is left out."""
    for record in records:
        traces = store.traces(record, names)
        points = {
            name: dict(zip(traces[name].steps.tolist(), traces[name].values.tolist(), strict=True)) for name in names
        }
        for step in sorted(set().union(*points.values())):
            values = {name: points[name][step] for name in names if step in points[name]}
            yield {**field_row(record, ["id", *marks]), "step": step, **values}


def _warn_of_empty_fields(records: Sequence[RunRecord], fields: Sequence[str]) -> None:
    asked = [field for field in fields if field not in MARKS]  # a complete record has no shortcoming
    empty = [field for field in asked if all(_value(record, field.split(".")) is None for record in records)]
    if empty:
        sys.stderr.write(f"none of these records has a value for {', '.join(empty)}\n")


def _write_table(out: TextIO, header: Sequence[str], rows: Iterable[Row]) -> None:
    lines = [list(header), *([_cell(row.get(name)) for name in header] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        out.write("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n")


def _write_csv(out: TextIO, header: Sequence[str], rows: Iterable[Row]) -> None:
    writer = csv.DictWriter(out, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _plain(value) for name, value in row.items()} for row in rows)


def _write_json(out: TextIO, header: Sequence[str], rows: Iterable[Row]) -> None:
    del header  # every object names its own values
    out.write("[")
    for count, row in enumerate(rows):
        out.write((",\n " if count else "\n ") + json.dumps(_finite(row), ensure_ascii=False, default=_plain))
    out.write("\n]\n")


WRITERS = {"table": _write_table, "json": _write_json, "csv": _write_csv}


def _parser() -> CommandLine:
    parser = CommandLine(prog="python -m runs.query", description=DESCRIPTION)
    parser.add_argument("query", nargs="?", default="{}", help=QUERY_HELP)
    parser.add_argument(
        "--kind", choices=KINDS, default=STABILITY.name, help=f"what kind of runs; default: {STABILITY.name}"
    )
    parser.add_argument("--format", choices=WRITERS, default="table", help=FORMAT_HELP)
    parser.add_argument(
        "--fields",
        type=comma_separated,
        help="what to show of each run, by commas; default: id, status and what its kind shows",
    )
    parser.add_argument(
        "--traces", type=comma_separated, help="show these traces instead, one line a step, such as d_x,d_g_z1"
    )
    parser.add_argument("--all", action="store_true", help="incomplete records too, marked as such")
    return parser


def _integer(digits: str) -> int:
    if len(digits) > LONGEST_INTEGER:
        raise ValueError(f"an integer of {len(digits):,} digits")
    return int(digits)


def _refused_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _value(record: RunRecord, path: Sequence[str]) -> Any:
    value = getattr(record, path[0].removeprefix("_"))
    for part in path[1:]:
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else printable(str(_plain(value)))


def _plain(value: Any) -> Any:
    """A value as CSV shows it; of what no run of ours records, as a damaged one may hold, its text."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, Mapping | list | bool):
        return json.dumps(value, default=_plain)
    return value if isinstance(value, str | int | float | None) else str(value)


def _finite(value: Any) -> Any:
    """NaN and infinity as None: JSON has no word for them, and strict readers refuse the usual ones."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list) else value


if __name__ == "__main__":
    sys.exit(report_user_errors(main))
