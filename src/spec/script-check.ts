/** Script check: a shell of this machine reads a startup, and runs nothing of it. */
import type * as ChildProcess from "node:child_process"
import { createRequire } from "node:module"
import type * as Yaml from "yaml"
import { isCloudConfig } from "../guest/text.js"
import { shellOf } from "./script.js"

/** A shell's verdict on a script: it is wrong (`problem`), or may be valid for another shell of that name (`note`). */
export interface ScriptVerdict {
  readonly problem?: string
  readonly note?: string
}

/** A shell's syntax error. */
interface Complaint {
  readonly line: number
  readonly message: string
}

/** A shell reads thousands of lines in milliseconds; what takes longer is no answer. */
const LONGEST_MS = 2000

/** A program may make thousands of clusters with one script. */
const verdicts = new Map<string, ScriptVerdict>()
const MOST_VERDICTS = 1000

/**
 * Asks the shell that a script is for whether it can read it, where this machine has that shell. Scripts of other programs are
 * not read, nor what a script only gets to where options of its own are on.
 */
export function checkScript(script: string): ScriptVerdict {
  const known = verdicts.get(script) ?? verdictOf(script)
  if (verdicts.size >= MOST_VERDICTS) verdicts.clear()
  verdicts.set(script, known)
  return known
}

function verdictOf(script: string): ScriptVerdict {
  if (isCloudConfig(script)) return cloudConfigVerdict(script)
  const shell = shellOf(script)
  // An alias may stand for any part of the syntax.
  if (shell === undefined || script.trim() === "" || script.includes("expand_aliases")) return {}
  const complaint = complaintOf(shell, script)
  if (complaint === undefined || complaint.line > lastLine(script)) return {}
  const complaintText = `line ${complaint.line}: ${complaint.message}`
  const problem = `${shell} cannot read it: ${complaintText}; correct the script`
  if (shell === "bash") return isOldBash() ? { note: problem } : { problem }
  // What sh is differs between images: bash on Amazon Linux, dash on Ubuntu.
  if (shell === "sh" && complaintOf("bash", script) === undefined && hasShell("bash")) {
    return {
      note: `only bash can read it, and sh is not bash on every image (${complaintText}); begin it with "#!/bin/bash"`,
    }
  }
  return { problem }
}

/** cloud-init reads a malformed one as none at all, and says so in its log alone. */
function cloudConfigVerdict(script: string): ScriptVerdict {
  const { isMap, parseDocument } = createRequire(import.meta.url)("yaml") as typeof Yaml
  const document = parseDocument(script, { prettyErrors: true })
  const [error] = document.errors
  if (error !== undefined) {
    return {
      problem: `cannot be read as cloud-config: ${error.message.split("\n", 1)[0]?.replace(/:$/, "")}; correct it`,
    }
  }
  return isMap(document.contents)
    ? {}
    : { problem: "cannot be read as cloud-config: it is no mapping of modules to their settings" }
}

/** What follows these is never read: an archive, say, behind the script that unpacks it. */
function lastLine(script: string): number {
  const at = script.split("\n").findIndex((line) => /^(exit|exec)\b/.test(line))
  return at < 0 ? Number.POSITIVE_INFINITY : at + 1
}

/** Undefined where it can be read, or there is no such shell. */
function complaintOf(shell: string, script: string): Complaint | undefined {
  const options = shell === "bash" && script.includes("extglob") ? ["-O", "extglob"] : []
  const { status, stderr } = run(shell, [...options, "-n"], script)
  if (status === 0 || status === null) return undefined
  // "bash: line 3: …" and "dash: 3: …".
  const [, line, message] = /^[^:]*: (?:line )?(\d+): (.*)$/m.exec(stderr) ?? []
  return line === undefined || message === undefined ? undefined : { line: Number(line), message: message.trim() }
}

function hasShell(shell: string): boolean {
  return run(shell, ["-c", ":"], "").status === 0
}

/** macOS has bash 3, which cannot read all that the bash of today's images can. */
function isOldBash(): boolean {
  return /^[123]\./.test(run("bash", ["-c", "echo $BASH_VERSION"], "").stdout)
}

function run(shell: string, args: readonly string[], input: string) {
  // Loaded now: with it come sockets, which a program without scripts has no use for.
  const { spawnSync } = createRequire(import.meta.url)("node:child_process") as typeof ChildProcess
  // Nothing of the environment: BASH_ENV would name a file to run first.
  const env = { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C" }
  return spawnSync(shell, [...args], { input, env, encoding: "utf8", timeout: LONGEST_MS })
}
