/** Dressed: groups with what an engine runs on their machines. Pure. */
import { SpecError, type SpecProblem } from "../errors.js"
import { hereDocument } from "../guest/text.js"
import type { JsonObject } from "../provider.js"
import { HEAD } from "../spec/engine/engine.js"
import type { GivenHeadLife } from "../spec/engine/head-life.js"
import type { ResolvedGroup } from "../spec/resolved.js"
import type { ResolvedSecrets } from "../spec/secrets.js"
import type { SecretSource } from "../spec/worker/worker-fields.js"
import type { Engine, EngineBoot, EngineSecret } from "./engine.js"

/** Until when a worker must have joined, from when it runs, and for how long it may let go of what it holds, in milliseconds. */
const [JOIN_MS, DRAIN_MS] = [15 * 60_000, 5 * 60_000]

/** Secrets that are made once for each cluster. */
export interface MadeSecrets {
  add(name: string, make: () => Promise<string> | string): void
  value(name: string): Promise<string>
}

/**
 * The group as it is launched.
 *
 * @throws SpecError where what the user gave the group and what the engine needs exclude each other.
 */
export function dressed(engine: Engine, group: ResolvedGroup, made: MadeSecrets, life: GivenHeadLife): ResolvedGroup {
  const isHead = group.name === HEAD
  const asked = { name: group.name, fields: group.asked }
  const boot = isHead ? engine.head(asked) : engine.worker(asked)
  const problems = [...otherEngine(engine, group), ...clashes(engine, group, boot)]
  if (problems.length > 0) throw new SpecError(problems)
  const setup = bothSetups(boot.setup, group.setup)
  return {
    ...group,
    setup,
    startup: boot.startup,
    environment: { ...boot.environment, ...group.environment },
    secrets: withSecrets(group.secrets, boot.secrets ?? {}, made),
    // What its head has to say of its end is read before it goes. A worker whose startup has ended is no member any more.
    whenDone: isHead ? { success: "keep", failure: "keep" } : { success: "replace", failure: "replace" },
    joins: true,
    ready: group.ready ?? { checks: [], timeoutMs: JOIN_MS },
    drainMs: group.asked.drain === undefined ? DRAIN_MS : group.drainMs,
    engine: { name: engine.name, recipe: engine.recipe as JsonObject, ...life },
  }
}

/** What its instances were made for. */
function otherEngine({ name }: Engine, { engine }: ResolvedGroup): readonly SpecProblem[] {
  if (engine === undefined || engine.name === name) return []
  return [
    { option: "cluster.engine", value: name, message: `is ${name}, and the cluster that lives has ${engine.name}` },
  ]
}

/** A variable has one value. */
function clashes({ name }: Engine, group: ResolvedGroup, boot: EngineBoot): readonly SpecProblem[] {
  const at = `cluster.groups.${group.name}`
  return Object.keys(boot.secrets ?? {}).flatMap((secret) => {
    const message = `is a secret of ${name}'s own; give yours another name`
    return [
      ...(group.secrets.has(secret) ? [{ option: `${at}.secrets.${secret}`, message }] : []),
      ...(Object.hasOwn(group.environment, secret) ? [{ option: `${at}.environment.${secret}`, message }] : []),
    ]
  })
}

function withSecrets(
  own: ResolvedSecrets,
  engines: Readonly<Record<string, EngineSecret>>,
  made: MadeSecrets,
): ResolvedSecrets {
  const all = Object.entries(engines).map(([name, source]): readonly [string, SecretSource] => {
    if (typeof source === "function" || !("make" in source)) return [name, source]
    made.add(name, source.make)
    return [name, () => made.value(name)]
  })
  return new Map([...own, ...all])
}

/** The engine's before the user's, in one script: each fails with its own exit code. */
export function bothSetups(engines: string | undefined, own: string | undefined): string | undefined {
  if (engines === undefined || own === undefined) return engines ?? own
  const [, interpreter] = /^#!\s*(.+)/.exec(own) ?? []
  const isPlain = interpreter === undefined || /^\/(?:usr\/)?bin\/sh$/.test(interpreter.trim())
  return [
    "#!/bin/sh",
    "(",
    engines.trimEnd(),
    ")",
    "muster_code=$?",
    '[ "$muster_code" -eq 0 ] || exit "$muster_code"',
    ...(isPlain ? [own.trimEnd()] : [inFile(own, interpreter.trim())]),
    "",
  ].join("\n")
}

/** For another program than `sh`. Where the file is programs may not be allowed to start. */
function inFile(script: string, interpreter: string): string {
  return `muster_own=$(mktemp) || exit
${hereDocument('cat >"$muster_own"', script)}
${interpreter} "$muster_own"
muster_code=$?
rm -f "$muster_own"
exit "$muster_code"`
}
