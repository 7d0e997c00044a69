"""W1 in Spark Structured Streaming, at its best settings: available-now, one batch, written to Cassandra by the connector.

Reads its task as one JSON object from the first argument, runs the query `passes` times in one JVM, and writes one JSON line
a pass. The clock of a pass runs from the query's start to its last batch done; the session (the JVM's start) is told apart,
and so is the time that Spark itself names query planning.
"""

import json
import os
import sys
import time

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

task = json.loads(sys.argv[1])
jars = ",".join(os.path.join(task["jars"], jar) for jar in sorted(os.listdir(task["jars"])))

began = time.time()
spark = (
    SparkSession.builder.master("local[2]")
    .appName("peer")
    .config("spark.jars", jars)
    .config("spark.sql.shuffle.partitions", "2")
    .config("spark.sql.streaming.noDataMicroBatches.enabled", "false")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.memory", "3g")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.local.dir", task["scratch"])
    .config("spark.sql.warehouse.dir", os.path.join(task["scratch"], "warehouse"))
    .config("spark.cassandra.connection.host", task["cassandra"]["host"])
    .config("spark.cassandra.connection.port", task["cassandra"]["port"])
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
session_seconds = time.time() - began

schema = T.StructType(
    [
        T.StructField("key", T.StringType()),
        T.StructField("ts", T.LongType()),
        T.StructField("v", T.DoubleType()),
    ]
)


def run(number: int) -> dict:
    written = []
    events = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", task["brokers"])
        .option("subscribe", task["topic"])
        .option("startingOffsets", "earliest")
        .load()
        .select(F.from_json(F.col("value").cast("string"), schema).alias("j"))
        .select("j.*")
        .withColumn("t", (F.col("ts") / 1000).cast("timestamp"))
    )
    view = (
        events.withWatermark("t", "30 seconds")
        .groupBy("key", F.window("t", "10 seconds"))
        .agg(F.count("*").alias("n"), F.sum("v").alias("s"), F.max("v").alias("mx"))
        .select("key", F.col("window.start").alias("w"), "n", "s", "mx")
    )

    def write(rows, _):
        rows.write.format("org.apache.spark.sql.cassandra").mode("append").options(
            keyspace=task["cassandra"]["keyspace"], table=task["cassandra"]["tables"][number]
        ).save()
        written.append(time.time())

    started = time.time()
    query = (
        view.writeStream.outputMode("update")
        .option("checkpointLocation", os.path.join(task["scratch"], f"checkpoint-{number}"))
        .trigger(availableNow=True)
        .foreachBatch(write)
        .start()
    )
    query.awaitTermination()
    planning = sum(progress["durationMs"].get("queryPlanning", 0) for progress in query.recentProgress)
    return {
        "seconds": written[-1] - started,
        "planningSeconds": planning / 1000,
        "batches": len(written),
        "rows": sum(progress["numInputRows"] for progress in query.recentProgress),
    }


for number in range(len(task["cassandra"]["tables"])):
    print(json.dumps({"sessionSeconds": session_seconds, **run(number)}), flush=True)
spark.stop()
