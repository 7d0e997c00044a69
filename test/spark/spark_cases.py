"""Plans of Bifold, as queries of Spark Structured Streaming: one session, one streaming query a case.

Reads its task from the file that the first argument names, and writes one JSON line a case: the rows of the result, or why there is
none. A plan becomes a query by the words of Spark's own documentation; nothing here knows what Bifold makes of it.
"""

import json
import math
import os
import re
import sys
import time

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

with open(sys.argv[1], encoding="utf-8") as file:
    task = json.load(file)

spark = (
    SparkSession.builder.master("local[1]")
    .appName("cases")
    .config("spark.sql.shuffle.partitions", "2")
    .config("spark.sql.session.timeZone", "UTC")
    # Inputs are small: compiling a query would take longer than running it.
    .config("spark.sql.codegen.wholeStage", "false")
    .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
    .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.memory", "1g")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.local.dir", task["scratch"])
    .config("spark.sql.warehouse.dir", os.path.join(task["scratch"], "warehouse"))
    .getOrCreate()
)
spark.sparkContext.setLogLevel("OFF")

TYPES = {
    "integer": T.LongType(),
    "double": T.DoubleType(),
    "text": T.StringType(),
    "boolean": T.BooleanType(),
    # ISO 8601 texts; read as times below.
    "timestamp": T.StringType(),
    "json": T.StringType(),
}
MICROS = {"s": 1_000_000, "ms": 1_000, "us": 1}
TIME = "event_time"
WINDOW = "event_window"


def name_of(field):
    """Spark reads a dot as a path."""
    return field.replace(".", "__")


def schema_of(columns):
    def type_of(each):
        return T.ArrayType(TYPES[each["items"]["type"]]) if "items" in each else TYPES[each["type"]]

    return T.StructType([T.StructField(each["name"], type_of(each)) for each in columns])


def items_of(flat_map):
    source = flat_map["source"]
    if source["kind"] == "items":
        return F.explode(F.col(source["field"]))
    parts = F.split(expression(source["text"]), re.escape(source["separator"]))
    # Empty parts are no items.
    return F.explode(F.filter(parts, lambda part: part != ""))


def with_times(rows, columns):
    for column in columns:
        if column["type"] == "timestamp":
            rows = rows.withColumn(column["name"], F.col(column["name"]).cast("timestamp"))
    return rows


def expression(node):
    kind = node["kind"]
    if kind == "field":
        return F.col(name_of(node["field"]))
    if kind == "literal":
        return F.lit(node["value"])
    if kind == "isNull":
        return expression(node["operand"]).isNull()
    if kind == "not":
        return ~expression(node["operand"])
    if kind == "isIn":
        return expression(node["operand"]).isin(node["values"])
    if kind == "case":
        first, *others = node["branches"]
        chosen = F.when(expression(first["when"]), expression(first["value"]))
        for branch in others:
            chosen = chosen.when(expression(branch["when"]), expression(branch["value"]))
        return chosen.otherwise(expression(node["otherwise"]))
    if kind == "coalesce":
        return F.coalesce(*[expression(each) for each in node["operands"]])
    if kind == "concat":
        return F.concat(*[expression(each) for each in node["operands"]])
    if kind == "length":
        return F.length(expression(node["operand"]))
    if kind == "substring":
        return F.substring(expression(node["operand"]), node["start"] + 1, node.get("length", 2**31 - 1))
    if kind == "letters":
        return {"lower": F.lower, "upper": F.upper}[node["to"]](expression(node["operand"]))
    if kind == "textTest":
        text, part = expression(node["operand"]), expression(node["part"])
        return {"startsWith": text.startswith, "endsWith": text.endswith, "contains": text.contains}[node["test"]](part)
    if kind == "numeric":
        functions = {"abs": F.abs, "floor": F.floor, "ceil": F.ceil, "round": F.round, "sqrt": F.sqrt}
        return functions[node["function"]](expression(node["operand"]))
    if kind == "timePart":
        time = expression(node["operand"])
        if node["part"] == "dayOfWeek":
            return F.weekday(time) + 1
        parts = {"year": F.year, "month": F.month, "day": F.dayofmonth, "hour": F.hour, "minute": F.minute, "second": F.second}
        return F.unix_millis(time) if node["part"] == "epochMs" else parts[node["part"]](time)
    left, right = expression(node["left"]), expression(node["right"])
    if kind == "arithmetic":
        operator = node["operator"]
        # Null by zero, with or without ANSI mode.
        if operator == "/":
            return F.when(right != 0, left / right)
        if operator == "%":
            return F.when(right != 0, left % right)
        return {"+": left + right, "-": left - right, "*": left * right}[operator]
    if kind == "and":
        return left & right
    if kind == "or":
        return left | right
    return {
        "=": left == right,
        "<>": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }[node["operator"]]


def event_time(declared):
    field = F.col(declared["field"])
    if declared["kind"] == "dateTime":
        return field
    return F.expr(f"timestamp_micros({declared['field']} * {MICROS[declared['unit']]})")


def aggregates_of(plan):
    """Each aggregate, and for those that Spark rounds or estimates what it was made from, to tell by how much."""
    columns = []
    for each in plan["aggregates"]:
        kind, name = each["kind"], each["name"]
        value = F.lit(1) if each["field"] is None else F.col(name_of(each["field"]))
        if each["where"] is not None:
            value = F.when(F.col(name_of(each["where"])), value)
        second = F.col(name_of(each["second"])) if "second" in each else None
        columns.append(
            {
                "count": lambda: F.count(value),
                "sum": lambda: F.sum(value),
                "mean": lambda: F.avg(value),
                "min": lambda: F.min(value),
                "max": lambda: F.max(value),
                "variance": lambda: F.var_samp(value),
                "stddev": lambda: F.stddev_samp(value),
                "quantile": lambda: F.percentile_approx(value, float(each["parameter"]), 10_000),
                "distinct": lambda: F.approx_count_distinct(value),
                "any": lambda: F.bool_or(value),
                "all": lambda: F.bool_and(value),
                "covariance": lambda: F.covar_samp(value, second),
                "correlation": lambda: F.corr(value, second),
            }[kind]().alias(name)
        )
        if kind in ("mean", "variance", "stddev", "quantile") or (kind == "sum" and each["domain"] == "double"):
            columns.append(F.sort_array(F.collect_list(value)).alias(f"{name}__values"))
        if kind == "distinct":
            columns.append(F.size(F.collect_set(value)).alias(f"{name}__exact"))
    return columns


def millis(length):
    return f"{length} milliseconds"


def window_of(window):
    kind = window["kind"]
    if kind == "running":
        return None
    if kind == "session":
        return F.session_window(TIME, millis(window["gapMs"])).alias(WINDOW)
    if kind == "calendar":
        unit, zone = window["unit"], window["zone"]
        start = F.date_trunc(unit, F.from_utc_timestamp(TIME, zone))
        end = start + F.expr(f"INTERVAL 1 {unit}")
        return F.struct(F.to_utc_timestamp(start, zone).alias("start"), F.to_utc_timestamp(end, zone).alias("end")).alias(WINDOW)
    size = window["sizeMs"]
    slide = window.get("slideMs", size)
    return F.window(TIME, millis(size), millis(slide), millis(window.get("offsetMs", 0))).alias(WINDOW)


def refusal_of(rows, window):
    """What Spark says to windows that leave room between them."""
    try:
        rows.groupBy(window_of(window)).count()
    except Exception as refused:
        return str(refused).split("\n")[0]
    return None


def plain(value):
    """JSON as JavaScript reads it without loss."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, int):
        return value if abs(value) < 2**53 else {"long": str(value)}
    return value if math.isfinite(value) else {"double": repr(value)}


def run(case, number):
    plan = case["plan"]
    (window,) = plan["windows"]
    stream = spark.readStream.schema(schema_of(plan["columns"]))
    if case["batches"] > 1:
        stream = stream.option("maxFilesPerTrigger", 1)
    rows = with_times(stream.json(case["folder"]), plan["columns"])
    rows = rows.withColumn(TIME, event_time(plan["eventTime"]))
    if case["watermarkMs"] is not None:
        rows = rows.withWatermark(TIME, millis(case["watermarkMs"]))
    for lookup in plan["lookups"]:
        alias = lookup["name"]
        table = with_times(spark.read.schema(schema_of(lookup["columns"])).json(case["lookups"][alias]), lookup["columns"])
        table = table.select([F.col(each["name"]).alias(f"{alias}__{each['name']}") for each in lookup["columns"]])
        same = F.col(lookup["on"]) == F.col(f"{alias}__{lookup['key']}")
        rows = rows.join(table, same, "inner" if lookup["missing"] == "drop" else "left")
    if "flatMap" in plan:
        rows = rows.withColumn(plan["flatMap"]["name"], items_of(plan["flatMap"]))
    for derived in plan["derived"]:
        rows = rows.withColumn(derived["name"], expression(derived["expression"]))
    if "where" in plan:
        rows = rows.where(expression(plan["where"]))

    refused, shorter = None, 0
    if window["kind"] == "sliding" and window["slideMs"] > window["sizeMs"]:
        refused = refusal_of(rows, window)
        # What Spark has instead: longer windows side by side, and of each the first part.
        shorter = window["slideMs"] - window["sizeMs"]
        length = F.expr(f"INTERVAL {window['sizeMs'] * 1000} MICROSECONDS")
        window = {**window, "sizeMs": window["slideMs"]}
        rows = rows.withColumn("room", window_of(window)).where(F.col(TIME) < F.col("room.start") + length).drop("room")

    cut = window_of(window)
    grouped = rows.groupBy(*plan["groupBy"], *([] if cut is None else [cut]))
    result = grouped.agg(*aggregates_of(plan))
    types = dict(result.dtypes)
    keys = [
        (F.unix_millis(name) if types[name] == "timestamp" else F.col(name)).alias(f"key{index}")
        for index, name in enumerate(plan["groupBy"])
    ]
    bounds = (
        [F.lit(0).alias("startMs"), F.lit(None).alias("endMs")]
        if cut is None
        else [
            F.unix_millis(f"{WINDOW}.start").alias("startMs"),
            (F.unix_millis(f"{WINDOW}.end") - shorter).alias("endMs"),
        ]
    )
    values = [name for name in result.columns if name not in plan["groupBy"] and name != WINDOW]
    result = result.select(*keys, *bounds, *values)

    batches = []

    def take(batch, _):
        batches.append(
            [
                {
                    "key": [plain(row[f"key{index}"]) for index in range(len(keys))],
                    "startMs": row["startMs"],
                    "endMs": row["endMs"],
                    "values": {name: plain(row[name]) for name in values},
                }
                for row in batch.collect()
            ]
        )

    query = (
        result.writeStream.outputMode(case["mode"])
        .option("checkpointLocation", os.path.join(task["scratch"], f"checkpoint-{number}"))
        .trigger(availableNow=True)
        .foreachBatch(take)
        .start()
    )
    query.awaitTermination()
    return {"batches": batches, "refused": refused}


STREAM_SCHEMA = T.StructType(
    [T.StructField("at", T.LongType()), T.StructField("key", T.StringType()), T.StructField("n", T.LongType())]
)
JOIN_TYPES = {"inner": "inner", "left": "left_outer", "right": "right_outer", "full": "full_outer"}


def run_stream(case, number):
    """Two streams that become one, as the guide to Structured Streaming joins them."""
    within = case["within"]

    def side(index, prefix):
        rows = spark.readStream.schema(STREAM_SCHEMA).option("maxFilesPerTrigger", 1).json(case["folders"][index])
        rows = rows.select([F.col(name).alias(prefix + name) for name in STREAM_SCHEMA.names])
        rows = rows.withColumn(prefix + TIME, F.expr(f"timestamp_millis({prefix}at)"))
        return rows if within is None else rows.withWatermark(prefix + TIME, millis(case["delaysMs"][index]))

    if case["of"] == "union":
        rows = side(0, "").union(side(1, "")).withWatermark(TIME, millis(case["delaysMs"][0]))
        names = STREAM_SCHEMA.names
    else:
        condition = F.col("key") == F.col("r_key")
        if within is not None:
            condition = (
                condition
                & (F.col(f"r_{TIME}") >= F.col(TIME) - F.expr(f"INTERVAL {within['beforeMs']} MILLISECONDS"))
                & (F.col(f"r_{TIME}") <= F.col(TIME) + F.expr(f"INTERVAL {within['afterMs']} MILLISECONDS"))
            )
        rows = side(0, "").join(side(1, "r_"), condition, JOIN_TYPES[case["of"]])
        names = [*STREAM_SCHEMA.names, *(f"r_{name}" for name in STREAM_SCHEMA.names)]
    if case["isCounted"]:
        hour = F.window(TIME, "1 hour")
        rows = rows.groupBy(hour.alias(WINDOW), "key").agg(F.count("*").alias("rows"))
        rows = rows.select(F.unix_millis(f"{WINDOW}.start").alias("start"), F.unix_millis(f"{WINDOW}.end").alias("end"), "key", "rows")
        names = ["start", "end", "key", "rows"]
    batches = []
    query = (
        rows.select(*names)
        .writeStream.outputMode("append")
        .option("checkpointLocation", os.path.join(task["scratch"], f"checkpoint-stream-{number}"))
        .trigger(availableNow=True)
        .foreachBatch(lambda batch, _: batches.append([[plain(row[name]) for name in names] for row in batch.collect()]))
        .start()
    )
    query.awaitTermination()
    return {"batches": batches, "refused": None}


runs = [(case, run) for case in task["cases"]] + [(case, run_stream) for case in task["streams"]]
for number, (case, run_case) in enumerate(runs):
    began = time.time()
    try:
        answer = run_case(case, number)
    except Exception as failed:
        answer = {"failed": str(failed)[:2_000]}
    print(json.dumps({"name": case["name"], "seconds": time.time() - began, **answer}), flush=True)
spark.stop()
