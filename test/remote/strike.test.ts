/** What ends a command's group is understood by every login shell that a user may have. */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { expect, test } from "vitest"
import { strikeText } from "../../src/remote/ssh/process.js"

const SHELLS = [["dash"], ["bash"], ["busybox", "sh"], ["zsh"], ["fish"]] as const
const present = SHELLS.filter(([program]) => spawnSync(program, ["-c", "true"]).error === undefined)

test.each(present.map((words) => [words.join(" "), words] as const))("%s", async (_name, [program, ...words]) => {
  const sleeper = spawn("sh", ["-c", "sleep 100 & wait"], { detached: true, stdio: "ignore" })
  const over = once(sleeper, "exit")
  spawnSync(program, [...words, "-c", strikeText(String(sleeper.pid), "SIGTERM")])
  expect(await over).toEqual([null, "SIGTERM"])
})
