"""The training table: one Parquet file, read by DuckDB into columns of numpy."""

from dataclasses import dataclass

import duckdb
import numpy as np

from refusal import Refusal

# Stands for null among categories: scikit-learn and ONNX take texts, not None.
NULL = "\u2400"
TIME = "_event_time_ms"


@dataclass(frozen=True)
class Table:
    """Feature columns side by side (numbers as float64 with NaN for null, categories as text), the target, and event times where there are any."""

    features: np.ndarray
    # How records write each feature: "double", "integer", "boolean" or "text".
    written: list
    target: np.ndarray
    times: object
    dropped: int


def read_table(path, request):
    """Rows without a target are left out and counted: nothing can be learned from them."""
    connection = duckdb.connect()
    source = connection.read_parquet(path)
    types = dict(zip(source.columns, (str(one) for one in source.types)))
    wanted = [feature["field"] for feature in request["features"]] + [request["target"]]
    for name in wanted:
        if name not in types:
            raise Refusal(
                "BIFOLD_TRAINING_COLUMN_MISSING",
                f'model "{request["name"]}" cannot be trained',
                f'a training table without the column "{name}"',
                ", ".join(sorted(types)),
                "correct the name in defineModel, or give the column",
            )
    quoted = {name: '"' + name.replace('"', '""') + '"' for name in types}
    by_time = request["split"] == "time"
    columns = list(dict.fromkeys(wanted + ([TIME] if by_time else [])))
    order = f" ORDER BY {quoted[TIME]}" if by_time else ""
    fetched = source.query("rows", f"SELECT {', '.join(quoted[name] for name in columns)} FROM rows{order}").fetchnumpy()
    target = labels(fetched[request["target"]], request)
    kept = ~np.array([label is None for label in target], dtype=bool)
    features = np.empty((int(kept.sum()), len(request["features"])), dtype=object)
    written = []
    for index, feature in enumerate(request["features"]):
        values = fetched[feature["field"]]
        written.append(written_as(types[feature["field"]]))
        features[:, index] = (numbers if feature["type"] == "number" else texts)(values, feature["field"], request)[kept]
    times = np.ma.filled(fetched[TIME], 0)[kept] if by_time else None
    return Table(features, written, np.array(target, dtype=object)[kept], times, int((~kept).sum()))


def written_as(sql_type):
    if sql_type == "BOOLEAN":
        return "boolean"
    if sql_type == "VARCHAR":
        return "text"
    return "double" if sql_type in ("DOUBLE", "FLOAT") or sql_type.startswith("DECIMAL") else "integer"


def numbers(values, field, request):
    try:
        plain = np.ma.filled(np.ma.asarray(values).astype(np.float64), np.nan)
    except (TypeError, ValueError) as error:
        raise Refusal(
            "BIFOLD_FEATURE_NOT_NUMERIC",
            f'model "{request["name"]}" takes "{field}" as a number',
            str(error),
            "a column of numbers, booleans or times",
            f"write category('{field}') in defineModel, or clean the column",
        ) from error
    plain[~np.isfinite(plain)] = np.nan
    return plain.astype(object)


def texts(values, field, request):
    plain = np.empty(len(values), dtype=object)
    nulls = np.ma.getmaskarray(np.ma.asarray(values))
    for row, value in enumerate(np.ma.getdata(values)):
        plain[row] = NULL if nulls[row] or value is None else category_text(value)
    return plain


def category_text(value):
    """As JSON writes it: true, 12, or the text itself."""
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def value_of(written, text):
    """A category as records write it, from its text."""
    if written == "boolean":
        return text == "true"
    if written == "integer":
        return int(text)
    return float(text) if written == "double" else str(text)


def labels(values, request):
    nulls = np.ma.getmaskarray(np.ma.asarray(values))
    plain = []
    for row, value in enumerate(np.ma.getdata(values)):
        if nulls[row] or value is None:
            plain.append(None)
        elif request["task"] == "regression":
            try:
                number = float(value)
            except ValueError as error:
                raise Refusal(
                    "BIFOLD_TARGET_NOT_NUMERIC",
                    f'model "{request["name"]}" cannot learn "{request["target"]}" as a number',
                    repr(value),
                    "numbers, or task: 'classification'",
                    "correct the target or the task in defineModel",
                ) from error
            plain.append(number if np.isfinite(number) else None)
        elif isinstance(value, (bool, np.bool_)):
            plain.append("true" if value else "false")
        elif isinstance(value, (int, np.integer)):
            plain.append(int(value))
        else:
            plain.append(category_text(value))
    return plain
