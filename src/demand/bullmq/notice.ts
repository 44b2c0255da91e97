/**
 * Notice: how a process on a worker hears that the worker ends, and for how long it has time.
 *
 * Two ways lead here. The group's `onNotice` runs ahead of an end, where the cloud tells of it. It knows the time that is left, and writes
 * it into a folder that belongs to this worker; whoever drains has a file there, and `onNotice` waits until these are gone. SIGTERM comes
 * with the end itself, and says nothing of time. Nobody is signalled by a number of a process that may be somebody else's by now.
 */
import { lstatSync, mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type { Clock } from "../../calls/clock.js"

export interface Notice {
  /** `interrupted`, `scaled-down`, `deadline` as `onNotice` is told; `SIGTERM`; or `signal` where the program's own signal aborted. */
  readonly reason: string
  /** From now on; undefined where nothing tells. */
  readonly secondsLeft?: number
}

/**
 * The script to give as a group's `onNotice`: it tells all `drainOnNotice` of the worker how much time there is, and waits for them, as long
 * as there is time. It needs nothing but a POSIX shell, and works in a container too. The folder is moved before it is removed: a process
 * that begins at that moment has its file in the next one.
 */
export const drainNotice = `#!/bin/sh
place="\${TMPDIR:-/tmp}/muster-drain-$MUSTER_UID-$MUSTER_NAME"
if [ ! -d "$place" ] || [ -L "$place" ] || [ ! -O "$place" ]; then
  echo "drainOnNotice runs in no process of this worker"
  exit 0
fi
echo "$MUSTER_REASON $MUSTER_SECONDS_LEFT" >"$place/notice.new"
mv "$place/notice.new" "$place/notice"
waits=$((MUSTER_SECONDS_LEFT * 10))
while [ "$waits" -gt 0 ]; do
  busy=
  for file in "$place"/drain-*; do
    process=\${file##*/drain-}
    kill -0 "\${process%%.*}" 2>/dev/null && busy=yes
  done
  [ -n "$busy" ] || break
  sleep 0.1
  waits=$((waits - 1))
done
mv "$place" "$place.$$" 2>/dev/null
rm -rf "$place.$$"
`

/** So often the folder is looked at. */
const LOOK_MS = 200

/** Those of this process that listen. All hear the same notice at once: the process ends with the last of them. */
const listening = new Set<(notice: Notice) => void>()

/** Numbers their files. */
let count = 0

/** What ends the listening of this process; undefined while nobody listens. */
let silence: (() => void) | undefined

/**
 * Hears of the first notice that comes.
 *
 * @param heard is called once. @param signal is this listener's own, and tells no other.
 * @returns what ends the listening, and takes this listener's file away: `onNotice` then waits no longer for it.
 */
export function listen(clock: Clock, heard: (notice: Notice) => void, signal?: AbortSignal): () => void {
  let isOver = false
  const hear = (notice: Notice) => {
    if (isOver) return
    isOver = true
    heard(notice)
  }
  const onAbort = () => hear({ reason: "signal" })
  if (signal?.aborted === true) queueMicrotask(onAbort)
  else signal?.addEventListener("abort", onAbort, { once: true })
  count += 1
  const file = makeFile(`drain-${process.pid}.${count}`)
  const place = file === undefined ? undefined : dirname(file)
  listening.add(hear)
  silence ??= listenInProcess(clock, place)
  return () => {
    isOver = true
    signal?.removeEventListener("abort", onAbort)
    listening.delete(hear)
    if (file !== undefined) rmSync(file, { force: true })
    if (listening.size > 0) return
    silence?.()
    silence = undefined
    leave(place)
  }
}

/** The last one of the worker takes the folder away. With a notice in it, `onNotice` does, which still looks there. */
function leave(place: string | undefined): void {
  try {
    if (place !== undefined) rmdirSync(place)
  } catch {
    // Another process has its file there, or it is gone.
  }
}

function listenInProcess(clock: Clock, place: string | undefined): () => void {
  const tell = (notice: Notice | undefined) => {
    if (notice !== undefined) for (const hear of listening) hear(notice)
  }
  const onSignal = () => tell(noticeIn(clock, place) ?? { reason: "SIGTERM" })
  process.on("SIGTERM", onSignal)
  const look = () => {
    rest = clock.timer(LOOK_MS, look)
    tell(noticeIn(clock, place))
  }
  let rest = place === undefined ? () => {} : clock.timer(LOOK_MS, look)
  return () => {
    process.removeListener("SIGTERM", onSignal)
    rest()
  }
}

/** Another process, or `onNotice`, may take the folder away between its making and the file's. */
function makeFile(name: string, tries = 3): string | undefined {
  try {
    const place = ownPlace(process.env)
    if (place === undefined) return undefined
    writeFileSync(join(place, name), "")
    return join(place, name)
  } catch (error) {
    if (tries > 1 && (error as NodeJS.ErrnoException).code === "ENOENT") return makeFile(name, tries - 1)
    throw error
  }
}

/** Undefined where this is no worker of Muster's, or its folder is somebody else's, who could then tell us anything. */
function ownPlace({ MUSTER_UID, MUSTER_NAME, TMPDIR }: NodeJS.ProcessEnv): string | undefined {
  if (MUSTER_UID === undefined || MUSTER_NAME === undefined) return undefined
  const place = join(
    TMPDIR === undefined || TMPDIR === "" ? "/tmp" : TMPDIR,
    `muster-drain-${MUSTER_UID}-${MUSTER_NAME}`,
  )
  try {
    mkdirSync(place, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
  }
  const found = lstatSync(place)
  if (found.isDirectory() && found.uid === process.getuid?.()) return place
  process.emitWarning(`${place} belongs to somebody else: drainOnNotice hears of the worker's end by SIGTERM alone`)
  return undefined
}

function noticeIn(clock: Clock, place: string | undefined): Notice | undefined {
  if (place === undefined) return undefined
  const file = join(place, "notice")
  try {
    const [reason = "", seconds = ""] = readFileSync(file, "utf8").trim().split(" ")
    const [{ mtimeMs }, now] = [statSync(file), clock.wall?.() ?? clock.now()]
    const secondsLeft = Math.max(0, Number(seconds) - (now - mtimeMs) / 1000)
    return Number.isFinite(secondsLeft) ? { reason, secondsLeft } : { reason }
  } catch {
    return undefined
  }
}
