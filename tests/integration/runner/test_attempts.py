"""What a job meets, and how its end is told, with real processes."""

from __future__ import annotations

import asyncio
import resource
from dataclasses import replace

from rota.core.seams import EndCause, Refused
from runner_process import Bench, soon

_OWN_FACTS = ("/proc/self/status", "/proc/self/limits")
_OF_THE_C_LIBRARY = 0b11 << 31  # signals 32 and 33, which posix_spawn of glibc ignores


async def test_output_and_exit_code_are_kept(bench: Bench) -> None:
    ended, log = await bench.run("echo out; echo err >&2; exit 3")

    assert (ended.cause, ended.exit_code, ended.signal) == (EndCause.EXIT, 3, None)
    assert log == "out\nerr\n"
    assert ended.log_size == len(log)


async def test_a_job_that_dies_by_a_signal_ends_with_that_signal(bench: Bench) -> None:
    ended, _ = await bench.run("kill -SEGV $$")

    assert (ended.cause, ended.exit_code, ended.signal) == (EndCause.SIGNAL, None, 11)


async def test_a_job_inherits_nothing(bench: Bench) -> None:
    _, log = await bench.run("env; umask; ls /proc/self/fd | wc -l; readlink /proc/self/fd/0")

    assert "SECRET_OF_THE_RUNNER" not in log
    assert f"ROTA_ATTEMPT_ID={bench.runner.folder.name}-1\n" in log
    assert f"ROTA_OUTPUT={bench.runner.state}/job/1/main.1/job/outputs\n" in log
    # stdin, stdout, stderr, and the directory that ls reads
    assert log.endswith("0022\n4\n/dev/null\n")


async def test_a_job_leads_a_session_of_its_own(bench: Bench) -> None:
    _, log = await bench.run("ps -o pid=,sid= -p $$")

    pid, session = log.split()
    assert pid == session


async def test_a_job_begins_with_default_signals_and_the_usual_limit_of_files(bench: Bench) -> None:
    order = replace(bench.order(""), argv=("grep", "-hE", "SigIgn|SigBlk|open files", *_OWN_FACTS))

    await bench.start(order)
    await bench.end(order)

    facts = dict(line.split(None, 1) for line in bench.log(order).splitlines())
    assert int(facts["SigBlk:"], 16) == 0
    assert int(facts["SigIgn:"], 16) & ~_OF_THE_C_LIBRARY == 0
    assert facts["Max"].split()[2] == str(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


async def test_writing_to_the_devices_of_the_streams_appends_to_the_log(bench: Bench) -> None:
    _, log = await bench.run("echo one; echo two > /dev/stderr; echo three > /dev/stdout; echo four")

    assert log == "one\ntwo\nthree\nfour\n"


async def test_outputs_are_read_from_the_file_that_the_job_was_given(bench: Bench) -> None:
    order = bench.order('echo size=42 >> "$ROTA_OUTPUT"; echo "no output" >> "$ROTA_OUTPUT"')

    await bench.start(order)
    ended = await bench.end(order)

    assert ended.has_outputs
    assert bench.logs.outputs(order.ref) == {"size": "42"}


async def test_of_a_job_without_outputs_the_runner_says_so(bench: Bench) -> None:
    order = bench.order("true")

    await bench.start(order)

    assert not (await bench.end(order)).has_outputs


async def test_a_program_that_is_not_there_is_refused_and_may_be_ordered_again(bench: Bench) -> None:
    order = replace(bench.order("true"), argv=("no-such-program",))

    first = await soon(bench.client.start(order))
    again = await soon(bench.client.start(replace(order, argv=("true",))))

    assert first == Refused(
        code="ENOENT", message=f"no program no-such-program in PATH ({order.env['PATH']})"
    )
    assert not isinstance(again, Refused)


async def test_a_directory_that_is_not_there_is_refused(bench: Bench) -> None:
    refused = await soon(bench.client.start(replace(bench.order("true"), cwd="/no/such")))

    assert refused == Refused(code="ENOENT", message="no directory /no/such to work in")


async def test_a_file_that_is_no_program_is_refused(bench: Bench) -> None:
    (bench.runner.folder / "data").write_text("no program")

    refused = await soon(bench.client.start(replace(bench.order(""), argv=(f"{bench.runner.folder}/data",))))

    assert isinstance(refused, Refused)
    assert refused.code == "EACCES"


async def test_a_large_environment_travels(bench: Bench) -> None:
    order = bench.order("echo ${#BIG1} ${#BIG2} ${#BIG3}")
    big = {f"BIG{n}": "ä" * 60_000 for n in (1, 2, 3)}

    await bench.start(replace(order, env={**order.env, **big, "LC_ALL": "C.UTF-8"}))
    await bench.end(order)

    assert bench.log(order) == "60000 60000 60000\n"


async def test_output_beyond_the_limit_keeps_head_and_tail_and_says_what_is_missing(bench: Bench) -> None:
    order = replace(bench.order("for i in $(seq 20000); do echo line $i; done"), output=64 * 1024)

    await bench.start(order)
    ended = await bench.end(order)

    head = bench.logs.page(order.ref, limit=3)
    everything = bench.logs.page(order.ref, limit=100_000)
    assert ended.log_size == sum(len(f"line {n}\n") for n in range(1, 20_001))
    assert [line.text for line in head.lines] == ["line 1", "line 2", "line 3"]
    assert everything.end
    assert everything.gap is not None
    assert everything.lines[-1].text == "line 20000"
    assert everything.lines[-1].n == 19_999
    assert all(line.text == f"line {line.n + 1}" for line in everything.lines[-500:])
    assert (
        sum(file.stat().st_size for file in bench.logs.directory(order.ref).glob("output.log*")) <= 64 * 1024
    )


async def test_two_hundred_jobs_at_once_all_end_well(bench: Bench) -> None:
    orders = [replace(bench.order(""), argv=("echo", "hello")) for _ in range(200)]

    await asyncio.gather(*(bench.start(order) for order in orders))
    ends = await asyncio.gather(*(bench.end(order) for order in orders))

    assert {end.exit_code for end in ends} == {0}
    assert {bench.log(order) for order in orders} == {"hello\n"}


async def test_the_directories_of_a_run_are_removed_once_nothing_of_it_is_held(bench: Bench) -> None:
    order = bench.order("echo hi")
    await bench.start(order)
    await bench.end(order)

    await soon(bench.client.remove("job", order.ref.number))
    assert bench.logs.directory(order.ref).exists()

    await bench.client.ack(order.ref)
    await soon(bench.client.remove("job", order.ref.number))
    assert not bench.logs.directory(order.ref).exists()
