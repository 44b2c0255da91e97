/** A terminal for a program: python3 holds it, types what it is told, and returns what was shown. */
import { spawn } from "node:child_process"
import { lacking } from "../support/tools.js"

/** Why tests at a terminal skip; undefined where they run. */
export const noPython = lacking("python3")

/** Waits for a text, then types. A step that does not come within a minute ends the program. */
export type Step = readonly [awaited: string, typed: string]

const DRIVER = `
import json, os, pty, select, sys, time
steps, argv = json.loads(sys.argv[1]), sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(argv[0], argv)
shown, seen, end = "", 0, time.time() + 60
def read(wait):
    global shown
    if not select.select([fd], [], [], wait)[0]: return True
    try: part = os.read(fd, 65536)
    except OSError: return False
    shown += part.decode("utf-8", "replace")
    return len(part) > 0
for awaited, typed in steps:
    while awaited not in shown[seen:] and time.time() < end:
        if not read(0.1): break
    if awaited not in shown[seen:]: break
    seen = shown.index(awaited, seen) + len(awaited)
    os.write(fd, typed.encode())
    end = time.time() + 60
while time.time() < end and read(0.1): pass
if time.time() >= end: os.kill(pid, 9)
_, status = os.waitpid(pid, 0)
print(json.dumps({"shown": shown, "code": os.waitstatus_to_exitcode(status)}))
`

/** @param env nothing else is in the environment. Returns all that the terminal was sent, and the exit code. */
export function inTerminal(
  command: readonly string[],
  steps: readonly Step[],
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<{ readonly shown: string; readonly code: number }> {
  const child = spawn("python3", ["-c", DRIVER, JSON.stringify(steps), ...command], { cwd, env })
  let out = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text
  })
  child.stderr.pipe(process.stderr)
  return new Promise((resolve, reject) => {
    child.once("error", reject)
    child.once("close", () => resolve(JSON.parse(out) as { readonly shown: string; readonly code: number }))
  })
}
