"""Start ministack with what this project needs and the emulator lacks.

Every patch names the function it replaces, and `expect` refuses to start when a new version no longer has what a
patch was written against: a patch that silently stops working is worse than none. The version is pinned.

1. Kafka event source mappings. Stock CloudFormation drops the properties of a self-managed Kafka mapping, and the
   Lambda API refuses to create one. Both keep them here, so that ListEventSourceMappings tells the Kafka trigger all
   it needs. Nothing in the emulator polls Kafka.
2. Invocations that log nothing. After each invocation the emulator waits up to 50 ms for log lines that may still be
   on their way. Here the Node worker ends an invocation's log with a marker, so the wait is exact: as long as needed,
   and complete.
3. Checkpoints. S3 objects are on disk at once, but functions, mappings, stacks and parameters only after a graceful
   stop: a kill -9 would take a deployment with it. `POST /_bifold/checkpoint` writes them down while it runs.
4. Old logs. Each invocation opens a log stream of its own and none is ever dropped, so that a day of invocations
   fills the memory and makes every checkpoint slower. A log group keeps its newest streams.
5. Addresses of HTTP APIs. CloudFormation answers with a host name made of the API's id, which no resolver on a
   developer's machine knows. Here it is the emulator's own address with a path, so that a stack's output can be used.
6. Batches of records. The emulator reads an invocation's payload as JSON and writes it again for the worker, which
   costs it more than all else for the megabytes of a Kafka batch. Here such a payload travels as the text that it
   came as. The worker still parses it, so a payload that is no JSON fails the invocation.
7. Adopted buckets. A stack that imports a bucket which an earlier stack left behind is refused, because the bucket
   exists. AWS adopts it, and so does this.
8. Warm workers. Of several idle workers the emulator takes the oldest. Here it is the one that was busy last, so that
   the next batch of a partition mostly meets the worker that has what the batch before it left in memory.
9. Objects that are on disk. The emulator answers 200 although an object found no room on the disk, keeps it in memory,
   and has lost it after the next start. Here such a request fails and leaves nothing. And an object's metadata is on
   disk before its bytes: a kill between the two left an object without its metadata.
10. Requests of web pages. The emulator answers any page of any site, with `Access-Control-Allow-Origin: *`, and it
    runs code. Here such requests are refused: see request_guard.py.
11. Memory of functions. The emulator starts a function's process and never looks at it again. Here one that takes
    more than its MemorySize is killed and reported as Lambda does: see memory_limit.py.

Nothing that this process or a function writes is readable by other users of the machine.
"""

import contextvars
import json
import os
import queue
import sys
import time

import ministack.app as gateway
import ministack.core.lambda_runtime as runtime
import ministack.core.persistence as persistence
import ministack.services.apigateway as apis
import ministack.services.cloudformation.changesets as changesets
import ministack.services.cloudformation.provisioners as provisioners
import ministack.services.cloudformation.stacks as stacks
import ministack.services.cloudwatch_logs as logs
import ministack.services.lambda_svc as lambda_service
import ministack.services.s3 as s3

from expectation import expect
from memory_limit import patch_memory_limit
from request_guard import guarded


def _provisioners_of(resource_type: str) -> dict:
    """The functions that create, update and delete a type of resource for CloudFormation."""
    tables = (table for table in vars(provisioners).values() if isinstance(table, dict))
    found = (table[resource_type] for table in tables if resource_type in table)
    handlers = next((entry for entry in found if isinstance(entry, dict) and "create" in entry), None)
    expect(handlers is not None, f"the table of provisioners, for {resource_type}")
    return handlers


# 1. Kafka event source mappings

KAFKA_BATCH_SIZE = 100  # what AWS takes when a Kafka mapping names none; stock knows only the 10 of a queue

KAFKA_PROPERTIES = (
    "SelfManagedEventSource",
    "Topics",
    "SourceAccessConfigurations",
    "SelfManagedKafkaEventSourceConfig",
    "AmazonManagedKafkaEventSourceConfig",
    "ProvisionedPollerConfig",
    "StartingPositionTimestamp",
)


def _as_the_api_says(name, value):
    """CloudFormation spells the endpoints KafkaBootstrapServers, the Lambda API KAFKA_BOOTSTRAP_SERVERS."""
    if name != "SelfManagedEventSource":
        return value
    endpoints = value.get("Endpoints", {})
    servers = endpoints.get("KAFKA_BOOTSTRAP_SERVERS") or endpoints.get("KafkaBootstrapServers")
    return {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": servers}}


def _keep_kafka_properties(mapping: dict, properties: dict) -> None:
    for name in KAFKA_PROPERTIES:
        if properties.get(name) is not None:
            mapping[name] = _as_the_api_says(name, properties[name])


def patch_kafka_mappings() -> None:
    handlers = _provisioners_of("AWS::Lambda::EventSourceMapping")
    stock_create, stock_update = handlers["create"], handlers["update"]
    stock_api_create, stock_response = lambda_service._create_esm, lambda_service._esm_response

    def create(logical_id, properties, stack_name):
        physical_id, attributes = stock_create(logical_id, properties, stack_name)
        mapping = lambda_service._esms[physical_id]
        if "SelfManagedEventSource" in properties and "BatchSize" not in properties:
            mapping["BatchSize"] = KAFKA_BATCH_SIZE
        _keep_kafka_properties(mapping, properties)
        return physical_id, attributes

    def update(physical_id, old_properties, new_properties, stack_name):
        result = stock_update(physical_id, old_properties, new_properties, stack_name)
        new_id = result[0] if isinstance(result, tuple) else physical_id
        _keep_kafka_properties(lambda_service._esms[new_id], new_properties)
        return result

    def api_create(data: dict):
        if "SelfManagedEventSource" not in data:
            return stock_api_create(data)
        function, qualifier, error = lambda_service._resolve_existing_esm_function(data.get("FunctionName", ""))
        if error:
            return error
        enabled = data.get("Enabled", True)
        mapping = {
            "UUID": lambda_service.new_uuid(),
            "EventSourceArn": "",
            "FunctionArn": lambda_service._func_arn(function) + (f":{qualifier}" if qualifier else ""),
            "FunctionName": function,
            "Qualifier": qualifier,
            "State": "Enabled" if enabled else "Disabled",
            "StateTransitionReason": "USER_INITIATED",
            "BatchSize": data.get("BatchSize", KAFKA_BATCH_SIZE),
            "MaximumBatchingWindowInSeconds": data.get("MaximumBatchingWindowInSeconds", 0),
            "LastModified": int(time.time()),
            "LastProcessingResult": "No records processed",
            "Enabled": enabled,
            "StartingPosition": data.get("StartingPosition", "LATEST"),
            "FunctionResponseTypes": data.get("FunctionResponseTypes", []),
        }
        for name in ("FilterCriteria", "DestinationConfig", "MaximumRetryAttempts"):
            if name in data:
                mapping[name] = data[name]
        _keep_kafka_properties(mapping, data)
        lambda_service._esms[mapping["UUID"]] = mapping
        return lambda_service.json_response(lambda_service._esm_response(mapping), 202)

    def response(mapping: dict) -> dict:
        shown = stock_response(mapping)
        if shown.get("EventSourceArn") == "":  # AWS leaves it out for a self-managed source
            shown.pop("EventSourceArn")
        return shown

    handlers.update(create=create, update=update)
    provisioners._lambda_esm_create = create  # update calls it by name to replace a mapping
    lambda_service._create_esm = api_create
    lambda_service._esm_response = response


# 2. The end of an invocation's log

END_OF_LOG = "\x00end-of-log"
LOG_WAIT_S = 0.25  # as the stock hard cap; only reached when a worker died with its log unfinished

_STDOUT = "const _realStdoutWrite = process.stdout.write.bind(process.stdout);"
_STDOUT_MARKED = """
const _plainStdoutWrite = process.stdout.write.bind(process.stdout);
const _realStdoutWrite = function(text) {
  if (!text.startsWith('{"status":"ready"')) _stderrWrite("\\u0000end-of-log\\n");
  return _plainStdoutWrite(text);
};
"""


def patch_end_of_log() -> None:
    script = runtime._NODEJS_WORKER_SCRIPT
    expect(script.count(_STDOUT) == 1, "the Node worker's standard output")
    runtime._NODEJS_WORKER_SCRIPT = script.replace(_STDOUT, _STDOUT_MARKED)
    stock_drain = runtime.Worker._drain_stderr_bounded

    def drain(self, *arguments, **named):
        if not str(self.config.get("Runtime", "")).startswith("nodejs"):
            return stock_drain(self, *arguments, **named)
        lines = []
        deadline = time.monotonic() + LOG_WAIT_S
        while True:
            try:
                line = self._stderr_queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            if line.endswith(END_OF_LOG):  # a last line without its newline stands in front of the marker
                if line != END_OF_LOG:
                    lines.append(line[: -len(END_OF_LOG)])
                break
            lines.append(line)
        return "\n".join(lines)

    runtime.Worker._drain_stderr_bounded = drain


# 3. Checkpoints

CHECKPOINT_PATH = "/_bifold/checkpoint"


def patch_checkpoint() -> None:
    expect(hasattr(gateway, "_build_persistence_save_dict"), "the list of states to save")
    stock_app = gateway.app

    async def app(scope, receive, send):
        if scope["type"] != "http" or scope["path"] != CHECKPOINT_PATH or scope["method"] != "POST":
            return await stock_app(scope, receive, send)
        # On the loop's own thread, as at shutdown: no request changes a state while it is written.
        persistence.save_all(gateway._build_persistence_save_dict())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    gateway.app = app


# 4. Old logs

LOG_STREAMS_MAX = 2_000


def patch_old_logs() -> None:
    stock_emit = lambda_service._emit_lambda_logs

    def emit(func, *arguments, **named):
        stock_emit(func, *arguments, **named)
        config = func.get("config") or func
        chosen = (config.get("LoggingConfig") or {}).get("LogGroup")
        group = logs._log_groups.get(chosen or f"/aws/lambda/{config.get('FunctionName')}")
        if group is None:
            return
        streams = group["streams"]
        if len(streams) > LOG_STREAMS_MAX:  # a dictionary keeps the order in which its entries came
            for oldest in list(streams)[: len(streams) - LOG_STREAMS_MAX + LOG_STREAMS_MAX // 10]:
                streams.pop(oldest, None)

    lambda_service._emit_lambda_logs = emit


# 5. Addresses of HTTP APIs


def patch_api_addresses() -> None:
    handlers = _provisioners_of("AWS::ApiGatewayV2::Api")
    gateway_url = os.environ["AWS_ENDPOINT_URL"]
    stock_create = handlers["create"]

    def create(logical_id, properties, stack_name):
        api_id, attributes = stock_create(logical_id, properties, stack_name)
        api = apis._apis[api_id]
        if api["protocolType"] == "HTTP":
            api["apiEndpoint"] = attributes["ApiEndpoint"] = f"{gateway_url}/_aws/execute-api/{api_id}"
        return api_id, attributes

    handlers["create"] = create  # an update keeps the address that the record has
    provisioners._apigw_v2_api_create = create  # update calls it by name to replace an API


# 6. Batches of records

BATCH_PREFIX = b'{"eventSource":"SelfManagedKafka"'


class Batch(dict):
    """A payload that nobody here looks into, and the text of it."""

    def __init__(self, text: str):
        super().__init__(eventSource="SelfManagedKafka")
        self.text = text


class JsonWithBatches:
    """Stands for the json module where payloads come in and go out."""

    def __getattr__(self, name):
        return getattr(json, name)

    @staticmethod
    def loads(text, *arguments, **named):
        # A line break would end the worker's input line in the middle of the payload.
        if isinstance(text, bytes) and text.startswith(BATCH_PREFIX) and b"\n" not in text and b"\r" not in text:
            return Batch(text.decode("utf-8"))
        return json.loads(text, *arguments, **named)

    @staticmethod
    def dumps(value, *arguments, **named):
        if isinstance(value, dict) and isinstance(value.get("event"), Batch):
            rest = json.dumps({name: entry for name, entry in value.items() if name != "event"}, *arguments, **named)
            return '{"event":' + value["event"].text + "," + rest[1:]
        return json.dumps(value, *arguments, **named)


def patch_batches() -> None:
    expect(lambda_service.json is json and runtime.json is json, "the json module of the Lambda service")
    lambda_service.json = JsonWithBatches()
    runtime.json = JsonWithBatches()


# 7. Adopted buckets

NAME_CONFLICT = "NAME_CONFLICT_VALIDATION"


def patch_adopted_buckets() -> None:
    adopted = contextvars.ContextVar("adopted", default=frozenset())
    stock_deploy, stock_errors = stacks._deploy_stack_async, stacks._validation_errors
    expect(changesets._deploy_stack_async is stock_deploy, "how a change set is deployed")

    async def deploy(*arguments, **named):
        adopted.set(frozenset(named.get("imports") or {}))
        return await stock_deploy(*arguments, **named)

    def errors(*arguments, **named):
        found = stock_errors(*arguments, **named)
        return [error for error in found if not (error[2] == NAME_CONFLICT and error[0] in adopted.get())]

    stacks._deploy_stack_async = deploy
    changesets._deploy_stack_async = deploy
    stacks._validation_errors = errors


# 8. Warm workers


def patch_warm_workers() -> None:
    stock_acquire, stock_release = runtime.acquire_worker, runtime.release_worker
    expect(hasattr(runtime, "_workers") and hasattr(runtime, "_worker_key"), "the pools of workers")

    def acquire(func_name, config, code_zip, qualifier="$LATEST", max_concurrency=None):
        with runtime._lock:
            pool = runtime._workers.get(runtime._worker_key(func_name, config, qualifier), [])
            idle = [worker for worker in pool if not worker.in_use]
            if idle:
                warmest = max(idle, key=lambda worker: getattr(worker, "released", 0.0))
                warmest.in_use = True
                warmest.last_used = time.time()
                return warmest, "reused"
        return stock_acquire(func_name, config, code_zip, qualifier, max_concurrency)

    def release(worker):
        worker.released = time.monotonic()
        return stock_release(worker)

    for module in (runtime, lambda_service):
        module.acquire_worker = acquire
        module.release_worker = release


# 9. Objects that are on disk


class NotOnDisk(Exception):
    """An object could not be written to the disk."""


def patch_objects_on_disk() -> None:
    stock_put, stock_persist, stock_write = s3._put_object, s3._persist_object, s3._atomic_write
    for name in ("_object_disk_path", "_object_meta_from_record", "_key_history_meta", "_delete_persisted_object"):
        expect(hasattr(s3, name), f"how objects are kept on disk, {name}")
    failure = contextvars.ContextVar("failure", default=None)

    def write(*arguments, **named):
        try:
            stock_write(*arguments, **named)
        except OSError as error:
            failure.set(error)
            raise

    def persist(bucket_name, key, record):
        failure.set(None)
        path = s3._object_disk_path(bucket_name, key)
        try:
            if path is not None and isinstance(record, dict) and record.get("body") is not None:
                os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
                kept = {**s3._object_meta_from_record(record), **s3._key_history_meta(bucket_name, key), "key": key}
                write(f"{path}.meta.json", json.dumps(kept), text=True)
            stock_persist(bucket_name, key, record)  # which logs what fails, and goes on
        except OSError as error:
            failure.set(error)
        if failure.get() is not None:
            raise NotOnDisk(f"{failure.get().strerror}: {bucket_name}/{key}")

    def put(bucket_name, key, body, headers):
        bucket = s3._ensure_bucket(bucket_name)
        before = None if bucket is None else bucket["objects"].get(key)
        try:
            return stock_put(bucket_name, key, body, headers)
        except NotOnDisk as error:
            if before is None:
                bucket["objects"].pop(key, None)
                s3._delete_persisted_object(bucket_name, key)
            else:
                bucket["objects"][key] = before
            return s3._error("InternalError", str(error), 500)

    s3._atomic_write, s3._persist_object, s3._put_object = write, persist, put


# 10. Requests of web pages


def patch_request_guard() -> None:
    gateway.app = guarded(gateway.app, int(os.environ["GATEWAY_PORT"]))


# The guard comes last: it stands in front of everything, the checkpoint too.
PATCHES = [
    patch_kafka_mappings,
    patch_end_of_log,
    patch_checkpoint,
    patch_old_logs,
    patch_api_addresses,
    patch_batches,
    patch_adopted_buckets,
    patch_warm_workers,
    patch_objects_on_disk,
    patch_memory_limit,
    patch_request_guard,
]


def main(patches=tuple(PATCHES)) -> None:
    os.umask(0o077)
    for patch in patches:
        patch()
    sys.exit(gateway.main())


if __name__ == "__main__":
    main()
