"""Hold functions to their MemorySize, as Lambda does, and say in REPORT lines what they took.

A thread looks at the processes of running invocations and kills those that exceed their limit. The invocation then ends
with the error of Lambda: `Runtime.ExitError`, "Runtime exited with error: signal: killed".

What counts is memory that the kernel cannot take back: anonymous pages, shared memory, and both in swap, of the
function's process and all its children. Pages of files do not count: the kernel drops them before it kills, on Lambda
too, and on this machine the page cache of other processes would be counted with them. Pages that a child shares with
its parent count once.

A function that takes and frees memory between two looks is not seen. Only Linux tells what is needed here: elsewhere
nothing is enforced.
"""

import os
import signal
import sys
import threading
import time

import ministack.core.lambda_runtime as runtime
import ministack.services.lambda_svc as lambda_service

from expectation import expect

LOOK_EVERY_S = 0.02
LOOKS_PER_TREE = 10  # finding the children costs ten times what reading one process's memory does
KILLED = "Runtime exited with error: signal: killed"
MEMORY_SIZE_DEFAULT_MB = 128  # what AWS takes when a function names none
KIB_PER_MIB = 1024


def _kib(path: str, names: tuple[str, ...]) -> int:
    """The sum of some lines of a file such as /proc/PID/status; 0 when the process is gone."""
    total = 0
    try:
        with open(path, "rb") as lines:
            for line in lines:
                name, _, value = line.partition(b":")
                if name.decode() in names:
                    total += int(value.split()[0])
    except (OSError, ValueError, IndexError):
        return 0
    return total


def _tree(pid: int) -> list[int]:
    """A process and everything that it started."""
    found = [pid]
    for parent in found:
        try:
            threads = os.listdir(f"/proc/{parent}/task")
        except OSError:
            continue
        for thread in threads:
            try:
                with open(f"/proc/{parent}/task/{thread}/children") as children:
                    found.extend(int(child) for child in children.read().split())
            except OSError:
                continue
    return found


def _used_kib(processes: list[int]) -> int:
    return sum(_kib(f"/proc/{each}/status", ("RssAnon", "RssShmem", "VmSwap")) for each in processes)


def _shared_once_kib(processes: list[int]) -> int:
    """As `_used_kib`, with pages that several of them share counted once. Slow: walks page tables."""
    return sum(_kib(f"/proc/{each}/smaps_rollup", ("Pss_Anon", "Pss_Shmem", "SwapPss")) for each in processes)


def _kill(processes: list[int]) -> None:
    for each in processes:
        try:
            os.kill(each, signal.SIGKILL)
        except ProcessLookupError:
            continue


class Watch:
    """One invocation, from before its process starts to its end."""

    def __init__(self, worker):
        self.worker = worker
        self.limit_kib = int(worker.config.get("MemorySize") or MEMORY_SIZE_DEFAULT_MB) * KIB_PER_MIB
        self.peak_kib = 0
        self.killed = False
        self._processes: list[int] = []
        self._looks = 0

    def look(self) -> None:
        process = self.worker._proc
        if self.killed or process is None or process.poll() is not None:
            return
        if self._looks % LOOKS_PER_TREE == 0 or self._processes[0] != process.pid:
            self._processes = _tree(process.pid)
        self._looks += 1
        used = _used_kib(self._processes)
        if used > self.limit_kib and len(self._processes) > 1:
            used = _shared_once_kib(self._processes)
        self.peak_kib = max(self.peak_kib, used)
        if used > self.limit_kib:
            self.killed = True
            _kill(_tree(process.pid))


class Watcher:
    """The thread that looks, while there is anything to look at."""

    def __init__(self):
        self._watches: set[Watch] = set()
        self._changed = threading.Condition()
        threading.Thread(target=self._run, daemon=True, name="memory-limit").start()

    def begin(self, watch: Watch) -> None:
        with self._changed:
            self._watches.add(watch)
            self._changed.notify()

    def end(self, watch: Watch) -> None:
        with self._changed:
            self._watches.discard(watch)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._watches)
                watches = list(self._watches)
            for watch in watches:
                watch.look()
            time.sleep(LOOK_EVERY_S)


def _exit_error(request_id: str, cold: bool, log: str) -> dict:
    message = f"RequestId: {request_id} Error: {KILLED}"
    return {
        "status": "error",
        "error": message,
        "trace": f"{message}\nRuntime.ExitError",
        "cold_start": cold,
        "log": log,
    }


def patch_memory_limit() -> None:
    for name in ("_execute_function_warm", "_probe_peak_memory_mb"):
        expect(hasattr(lambda_service, name), f"how a function is executed, {name}")
    if not sys.platform.startswith("linux"):
        return
    stock_invoke = runtime.Worker.invoke
    stock_execute, stock_peak = lambda_service._execute_function_warm, lambda_service._probe_peak_memory_mb
    watcher = Watcher()
    last = threading.local()  # an invocation and its REPORT line are of one thread

    def invoke(self, event, request_id, **named):
        watch = Watch(self)
        watcher.begin(watch)
        try:
            result = stock_invoke(self, event, request_id, **named)
        except RuntimeError:  # the process ended while it started
            if not watch.killed:
                raise
            self._proc = None
            result = {"cold_start": True, "log": self._drain_stderr()}
        else:
            # A process that is killed after its answer has answered; the next invocation starts another.
            watch.look()
        finally:
            watcher.end(watch)
        last.peak_mib = -(-watch.peak_kib // KIB_PER_MIB)
        if watch.killed and result.get("status") != "ok":
            result = _exit_error(request_id, result.get("cold_start", False), result.get("log", ""))
        return result

    def execute(func, event, request_id):
        last.peak_mib = None
        result = stock_execute(func, event, request_id)
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and str(body.get("errorMessage", "")).endswith(KILLED):
            body["errorType"] = "Runtime.ExitError"
        return result

    def peak(func):
        own = getattr(last, "peak_mib", None)
        return stock_peak(func) if own is None else own

    runtime.Worker.invoke = invoke
    lambda_service._execute_function_warm = execute
    lambda_service._probe_peak_memory_mb = peak
