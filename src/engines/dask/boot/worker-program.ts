/**
 * Worker program: what runs in Dask's workers and their nannies, as Python's text.
 *
 * - Run as a program it looks at the machine's memory, and waits until the head is reached. It prints the head's address and the own one.
 * - In the outermost of Dask's processes it compares versions with the head's before anything joins, has the worker give away what it
 *   holds before SIGTERM ends it, and ends what waits for a head that is elsewhere now.
 * - In the worker's own process it says what is being computed, and leaves the file `left` where the worker was told to leave.
 */

/** Nannies and workers load it with `--preload-nanny` and `--preload`. */
export const WORKER_PROGRAM = `import asyncio, os, signal, socket, sys, threading, time

HERE = os.environ.get("MUSTER_DASK_DIR", ".")
LEFT, FAILED = os.path.join(HERE, "left"), os.path.join(HERE, "failed")
# Within what a service manager, or a cloud that takes a machine away, leaves for an end.
LEAVE_S = 10
# Dask's own death timeout goes first, and the time that its close has.
LATER_S, CLOSE_S = 10, 30

def say(text):
    print("muster: " + text, file=sys.stderr, flush=True)

def fail(text):
    say(text)
    open(FAILED, "w").close()
    sys.stderr.flush()
    os._exit(78)

def memory_bytes():
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            limits.append(int(open(path).read()))
        except (OSError, ValueError):
            pass
    return min(limits)

def head_address():
    try:
        return open(os.environ["MUSTER_HEAD_FILE"]).read().strip() or os.environ["MUSTER_HEAD_ADDRESS"]
    except (KeyError, OSError):
        return os.environ["MUSTER_HEAD_ADDRESS"]

def wait_for_head(port):
    begun, told = time.monotonic(), 30
    while True:
        head = head_address()
        try:
            with socket.create_connection((head, port), 3) as one:
                return head, one.getsockname()[0]
        except OSError as error:
            if time.monotonic() - begun > told:
                say("this worker does not get to the head at %s:%d (%s): its scheduler does not run yet, or the network between them lets nothing through" % (head, port, error))
                told += 300
        time.sleep(1)

def guard(server, is_nanny):
    """
    Ends what waits for a head that is elsewhere now, or closes for one that was: Dask asks at the address that it was given until its
    death timeout, also a nanny whose worker is started again, and its close waits for what is computed. Before Python 3.12 the timeout
    may be lost, and it asks for good: asyncio.wait_for can take a refused connection for the end of what is cancelled
    (https://github.com/python/cpython/issues/86296). A member finds out by itself that its head is lost.
    """
    given, death_s = os.environ["MUSTER_DASK_HEAD"], float(os.environ["MUSTER_DASK_DEATH_S"])
    begun, late = time.monotonic(), death_s + LATER_S
    while True:
        now, status = time.monotonic(), server.status.name
        process = server.process if is_nanny else None
        is_up = process is None or process.status.name == "running"
        if is_up and status in ("running", "paused", "closing_gracefully"):
            # Who leaves may compute for long before it closes.
            begun, late = now, death_s + CLOSE_S + LATER_S
        if not (is_up and status in ("running", "paused")) and head_address() != given:
            say("the head is at %s now, and not at %s any more" % (head_address(), given))
            os._exit(0)
        if now - begun > late:
            say("the head at %s has not taken this worker in %d s" % (given, now - begun))
            os._exit(1)
        time.sleep(1)

def minor(version):
    return version.split("+")[0].split(".")[:2]

async def compare(server):
    from distributed.versions import get_package_info, required_packages

    theirs = (await server.scheduler.versions())["packages"]
    ours = get_package_info(required_packages)
    for name in ("distributed", "dask", "python"):
        if minor(ours[name]) != minor(theirs[name]):
            fail("%s %s here, %s on the head: give both the same requirements, image or container" % (name, ours[name], theirs[name]))

def leave_on_term(server, is_nanny):
    """Dask's own handler closes the worker; before it runs the others take over what the worker holds."""
    loop, closing, begun = asyncio.get_running_loop(), signal.getsignal(signal.SIGTERM), []

    async def move():
        from distributed.comm import get_address_host_port

        # A head that is gone too is not waited for.
        await asyncio.wait_for(asyncio.open_connection(*get_address_host_port(server.scheduler.address)), 1)
        address = server.worker_address if is_nanny else server.address
        await asyncio.wait_for(server.scheduler.retire_workers(workers=[address], close_workers=False, remove=False), LEAVE_S)

    async def leave():
        try:
            await move()
        except Exception as error:
            say("what this worker holds was not moved (%r)" % error)
        if is_nanny and callable(closing):
            closing(signal.SIGTERM, None)
        else:
            try:
                await asyncio.wait_for(server.close(), 3)
            finally:
                os._exit(143)

    def asked(*_):
        if not begun:
            begun.append(open(LEFT, "w").close())
            loop.call_soon_threadsafe(lambda: begun.append(asyncio.ensure_future(leave())))

    signal.signal(signal.SIGTERM, asked)

def outlive_term():
    """SIGTERM reaches all processes of a machine that ends; the nanny closes this one. Where the nanny sent it alone, it ends."""

    def end_unless_leaving():
        if not os.path.exists(LEFT):
            os._exit(143)

    loop = asyncio.get_running_loop()
    signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(loop.call_later, 0.5, end_unless_leaving))

def tell_of_work(worker):
    def running(comm=None):
        state = getattr(worker, "state", worker)
        return len(getattr(state, "executing", ())) + len(getattr(state, "long_running", ()))

    change = worker.stream_handlers["worker-status-change"]

    def changed(status, **more):
        if status == "closing_gracefully":
            open(LEFT, "w").close()
        elif os.path.exists(LEFT):
            os.remove(LEFT)
        return change(status, **more)

    worker.handlers["muster_running"] = running
    worker.stream_handlers["worker-status-change"] = changed

async def dask_setup(server):
    is_nanny = hasattr(server, "instantiate")
    if is_nanny or not server.nanny:
        threading.Thread(target=guard, args=[server, is_nanny], name="muster", daemon=True).start()
        await compare(server)
        leave_on_term(server, is_nanny)
    else:
        outlive_term()
    if not is_nanny:
        tell_of_work(server)

if __name__ == "__main__":
    limit = int(sys.argv[2])
    if limit > memory_bytes():
        fail("memoryLimit of dask() is %.1f GiB, and this machine has %.1f GiB: give less, or larger machines" % (limit / 2**30, memory_bytes() / 2**30))
    print(*wait_for_head(int(sys.argv[1])))
`
