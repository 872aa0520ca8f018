import asyncio
import functools

from harness import Row


async def yields(tasks, n):
    """100,000 yields in all, so many tasks in turn."""
    async def one():
        for _ in range(100_000 // tasks):
            await asyncio.sleep(0)
        return 100_000 // tasks

    return [sum(await asyncio.gather(*(one() for _ in range(tasks)))) for _ in range(n)] == [100_000] * n


async def ping_pong(n):
    rounds, sums = 10_000, []
    for _ in range(n):
        there, back = asyncio.Queue(1), asyncio.Queue(1)

        async def answer():
            for _ in range(rounds):
                await back.put(await there.get() + 1)

        other = asyncio.create_task(answer())
        total = 0
        for i in range(rounds):
            await there.put(i)
            total += await back.get()
        await other
        sums.append(total)
    return sums == [rounds * (rounds + 1) // 2] * n


async def put_and_get(pairs, n):
    each = 20_000 // pairs

    async def produce(queue):
        for i in range(each):
            await queue.put(i)
        return 0

    async def consume(queue):
        total = 0
        for _ in range(each):
            total += await queue.get()
        return total

    for _ in range(n):
        queue = asyncio.Queue(1024)
        sides = [side(queue) for _ in range(pairs) for side in (produce, consume)]
        if sum(await asyncio.gather(*sides)) != pairs * (each * (each - 1) // 2):
            return False
    return True


async def lock_often(lock, held, n):
    for _ in range(n):
        async with lock:
            held[0] += 1


async def lock_alone(n):
    held = [0]
    await lock_often(asyncio.Lock(), held, n)
    return held[0] == n


async def lock_eight(n):
    held, lock = [0], asyncio.Lock()
    for _ in range(n):
        await asyncio.gather(*(lock_often(lock, held, 1000) for _ in range(8)))
    return held[0] == 8000 * n


async def within(work, guarded):
    if not guarded:
        return await work
    async with asyncio.timeout(1):
        return await work


async def ready(guarded, n):
    done = asyncio.get_running_loop().create_future()
    done.set_result(42)
    for _ in range(n):
        if await within(done, guarded) != 42:
            return False
    return True


async def suspends_once(guarded, n):
    async def answer(promise, value):
        promise.set_result(value)

    loop = asyncio.get_running_loop()
    for i in range(n):
        promise = loop.create_future()
        task = loop.create_task(answer(promise, i))
        if await within(promise, guarded) != i:
            return False
        del task  # the loop itself holds tasks only weakly
    return True


def of(run, *settings):
    return functools.partial(run, *settings)


ROWS = {
    **{f"yield/all/asyncio/workers:1/fibers:{tasks}": Row(of(yields, tasks), 100_000) for tasks in (2, 1000)},
    **{f"queue/put_and_get/asyncio/workers:1/pairs:{pairs}/capacity:1024": Row(of(put_and_get, pairs), 20_000)
       for pairs in (1, 4)},
    "channel/ping_pong_buffered/asyncio/workers:1": Row(ping_pong, 10_000),
    "mutex/alone/asyncio/workers:1": Row(lock_alone),
    "mutex/eight/asyncio/workers:1": Row(lock_eight, 8000),
    **{f"timeout/{case}/{library}/workers:1": Row(of(run, guarded)) for library, guarded in
       (("asyncio", True), ("asyncio_bare", False)) for case, run in (("ready", ready), ("suspends_once", suspends_once))},
}
