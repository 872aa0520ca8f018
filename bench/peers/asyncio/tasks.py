import asyncio
import time

from harness import Row

MANY = 1000
slots = [0] * MANY


async def fib(n):
    if n < 2:
        return n
    left = asyncio.create_task(fib(n - 1))
    right = await fib(n - 2)
    return await left + right


async def skynet(first, leaves):
    """The sum of the leaves first .. first + leaves - 1."""
    if leaves == 1:
        return first
    below = leaves // 10
    return sum([await child for child in [asyncio.create_task(skynet(first + i * below, below)) for i in range(10)]])


async def store(i, stamp):
    slots[i] = stamp


async def fail(i, stamp):
    slots[i] = stamp
    if i == MANY - 1:
        raise ValueError("the last one fails")


async def fibs(n):
    return [await fib(18) for _ in range(n)] == [2584] * n


async def skynets(n):
    return [await skynet(0, 10_000) for _ in range(n)] == [49_995_000] * n


async def join_one(n):
    for stamp in range(1, n + 1):
        slots[0] = 0
        await asyncio.create_task(store(0, stamp))
        if slots[0] != stamp:
            return False
    return True


def fresh():
    slots[:] = [0] * MANY


async def join_many(n):
    for stamp in range(1, n + 1):
        fresh()
        for task in [asyncio.create_task(store(i, stamp)) for i in range(MANY)]:
            await task
        if slots != [stamp] * MANY:
            return False
    return True


async def group(n):
    for stamp in range(1, n + 1):
        fresh()
        async with asyncio.TaskGroup() as g:
            for i in range(MANY):
                g.create_task(store(i, stamp))
        if slots != [stamp] * MANY:
            return False
    return True


async def failing_group(n):
    for stamp in range(1, n + 1):
        try:
            async with asyncio.TaskGroup() as g:
                for i in range(MANY):
                    g.create_task(fail(i, stamp))
            return False
        except* ValueError as failures:
            right = len(failures.exceptions) == 1
        if not right:
            return False
    return True


async def sleepers():
    count, late = 100_000, []

    async def sleep(i):
        length = i * 7_654_321 % 1_000_000 / 1e6
        due = time.monotonic() + length
        await asyncio.sleep(length)
        late.append(time.monotonic() - due)

    cpu, begin = time.process_time(), time.monotonic()
    for task in [asyncio.create_task(sleep(i)) for i in range(count)]:
        await task
    if min(late) < -1e-6:  # the event loop rounds to the clock's resolution
        return None
    return {"cpu_ms": (time.process_time() - cpu) * 1e3, "over_1s_ms": (time.monotonic() - begin - 1) * 1e3,
            "latest_ms": max(late) * 1e3}


ROWS = {
    "fib/spawn/asyncio/n:18/workers:1": Row(fibs, 4180),
    "skynet/tree/asyncio/leaves:10000/workers:1": Row(skynets, 10_000),
    "spawn_join/one/asyncio/workers:1": Row(join_one),
    "spawn_join/thousand/asyncio/workers:1": Row(join_many, MANY),
    "group/thousand/asyncio/workers:1": Row(group, MANY),
    "group/with_failure/asyncio/workers:1": Row(failing_group, MANY),
    "sleepers/100k/asyncio/workers:1": Row(sleepers, once=True),
}
