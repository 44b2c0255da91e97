/** The built program, run as a shell would run it. */
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { CloudName } from "../chaos/places.js"
import type { JsonObject } from "../../src/provider.js"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly said: string
}

export interface Running {
  /** Resolves when it has said this on standard error; rejects when it ends before. */
  says(text: string): Promise<void>
  signal(name: NodeJS.Signals): void
  readonly ended: Promise<Ran>
}

/** With nothing of ours in its environment but what is given. */
export function startMuster(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  { closeOutput = false }: { readonly closeOutput?: boolean } = {},
): Running {
  const child = spawn(process.execPath, [".cache/js/src/cli/index.js", ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  })
  // As `head` does that has read enough: what is written next is refused.
  if (closeOutput) child.stdout.destroy()
  let [out, said] = ["", ""]
  let hear = () => {}
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text
    hear()
  })
  const ended = new Promise<Ran>((resolve) => child.once("close", (code) => resolve({ code, out, said })))
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      hear = () => {
        if (said.includes(text)) resolve()
      }
      hear()
      void ended.then(() => reject(new Error(`it ended without saying ${text}: ${out}${said}`)))
    })
  return { says, signal: (name) => void child.kill(name), ended }
}

/** How a command line names a place: the provider, its region, and each other option of its factory. */
export function flagsFor(cloud: CloudName, options: JsonObject): readonly string[] {
  const { region, location, ...rest } = options
  const place = region ?? location
  return [
    "--provider",
    cloud,
    ...(typeof place === "string" ? ["--region", place] : []),
    ...Object.entries(rest).flatMap(([key, value]) => [
      "--option",
      typeof value === "string" ? `${key}=${value}` : `${key}:=${JSON.stringify(value)}`,
    ]),
  ]
}
