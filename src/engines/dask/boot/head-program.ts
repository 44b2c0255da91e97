/**
 * Head program: what runs in Dask's scheduler, as Python's text. It adds routes for whoever has the token, with what Dask's own routes
 * lack: workers by their names with what they do and hold, and a drain by name that waits for what runs.
 *
 * It uses of `distributed` what has been there from 2022.12 on. Where a version lacks it nevertheless, Dask's own routes are added
 * instead, and the log says so.
 */

/** The scheduler loads it with `--preload`. */
export const HEAD_PROGRAM = `import asyncio, hmac, json, os, socket, sys, time

def say(text):
    print("muster: " + text, file=sys.stderr, flush=True)

class Idle:
    """For how long nobody has had anything to do."""

    def __init__(self, scheduler):
        self.scheduler, self.since, self.seen = scheduler, time.monotonic(), None

    def seconds(self):
        s = self.scheduler
        counter = getattr(s, "transition_counter", None)
        waiting = len(getattr(s, "queued", ())) + len(s.unrunnable)
        if waiting or counter != self.seen or any(w.processing for w in s.workers.values()):
            self.since, self.seen = time.monotonic(), counter
        return time.monotonic() - self.since

    async def watch(self):
        while True:
            self.seconds()
            await asyncio.sleep(0.5)

def state(scheduler, idle):
    import dask, distributed

    prefixes = {p.name: {k: n for k, n in p.states.items() if n} for p in scheduler.task_prefixes.values()}
    tasks = {}
    for states in prefixes.values():
        for name, count in states.items():
            tasks[name] = tasks.get(name, 0) + count
    workers = [
        {"name": str(w.name), "status": w.status.name, "threads": w.nthreads, "processing": len(w.processing),
         "keys": len(w.has_what), "bytes": w.nbytes, "memory": w.metrics.get("memory", 0)}
        for w in scheduler.workers.values()
    ]
    versions = {"python": "%d.%d.%d" % sys.version_info[:3], "dask": dask.__version__, "distributed": distributed.__version__}
    return {
        "workers": workers, "desired": scheduler.adaptive_target(), "tasks": tasks,
        "prefixes": {name: states for name, states in prefixes.items() if set(states) - {"forgotten", "released"}},
        "clients": len([c for c in scheduler.clients if c != "fire-and-forget"]),
        "idle": idle.seconds(), "versions": versions,
    }

async def is_running(scheduler, address):
    """Whether a task is being computed there. What only waits there is given to others when the worker leaves."""
    try:
        return await asyncio.wait_for(scheduler.rpc(address).muster_running(), 5)
    except Exception:
        w = scheduler.workers.get(address)
        return w is not None and bool(w.processing)

def holds_nothing(scheduler, address):
    w = scheduler.workers.get(address)
    return w is None or all(len(ts.who_has) > 1 for ts in w.has_what)

async def drain(scheduler, names):
    """Until all have left: what they compute is finished, what they hold is moved, and then they close."""
    while True:
        found = [w.address for w in scheduler.workers.values() if str(w.name) in names]
        if not found:
            return
        moved = list(await scheduler.retire_workers(workers=found, close_workers=False, remove=False))
        busy = await asyncio.gather(*(is_running(scheduler, address) for address in moved))
        # What a task has given is told by another connection than the one that says that it has ended.
        await asyncio.sleep(0.1)
        free = [a for a, running in zip(moved, busy) if not running and holds_nothing(scheduler, a)]
        if free:
            await scheduler.retire_workers(workers=free, close_workers=True, remove=True)
        else:
            await asyncio.sleep(0.2 if moved else 2)

def add_routes(scheduler, token):
    from distributed.http.utils import RequestHandler

    idle = Idle(scheduler)

    class Guarded(RequestHandler):
        def prepare(self):
            given = self.request.headers.get("Authorization", "").encode()
            if not hmac.compare_digest(given, b"Bearer " + token):
                self.set_status(401)
                self.finish({"error": "wrong token"})

    class State(Guarded):
        def get(self):
            self.write(state(scheduler, idle))

    class Drain(Guarded):
        async def post(self):
            asked = json.loads(self.request.body)
            names = set(map(str, asked["names"]))
            try:
                await asyncio.wait_for(drain(scheduler, names), float(asked["seconds"]))
            except asyncio.TimeoutError:
                pass
            here = {str(w.name) for w in scheduler.workers.values()}
            self.write({"left": sorted(names - here), "here": sorted(names & here)})

    state(scheduler, idle)
    scheduler.muster_watch = asyncio.ensure_future(idle.watch())
    add(scheduler, [("/muster/state", State), ("/muster/drain", Drain)])

def add(scheduler, routes):
    scheduler.http_application.add_handlers(".*", [(path, one, {"dask_server": scheduler}) for path, one in routes])

async def dask_setup(scheduler):
    with open(os.path.join(os.environ["MUSTER_DASK_KEYS"], "token"), "rb") as file:
        token = file.read().strip()
    try:
        add_routes(scheduler, token)
    except Exception as error:
        from distributed.http.scheduler import api

        say("this distributed has no place for Muster's routes (%r): Dask's own know no load of workers, and no drain" % error)
        add(scheduler, [(path, one) for path, one, _ in api.routes])

`

/** Its arguments: a host, a port and the option that gives the port, once for each port that must be free. */
export const PORTS_PROGRAM = `import socket, sys
for host, port, option in zip(*[iter(sys.argv[1:])] * 3):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, int(port)))
        except OSError as error:
            sys.exit("muster: port %s of this machine cannot be listened on (%s): end what has it, or give dask() another %s" % (port, error.strerror, option))
`
