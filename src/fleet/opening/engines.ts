/** Engines: the engine of a cluster that is opened: as its spec has it, else as its instances keep it. */
import type { Clock } from "../../calls/clock.js"
import type { Engine } from "../../engines/engine.js"
import { loadEngine } from "../../engines/registry.js"
import type { Provider } from "../../provider.js"
import { resolveAccess } from "../../spec/access.js"
import { isEngineName } from "../../spec/engine/engine-data.js"
import { type HeadLife, headLifeOf } from "../../spec/engine/head-life.js"
import type { ResolvedEngine, ResolvedSpec } from "../../spec/resolved.js"
import type { Recalled } from "../state/kept-spec.js"

/** A spec whose engine is loaded. */
export interface SpecWithEngine extends ResolvedSpec {
  readonly engine: (ResolvedEngine & { readonly given: Engine }) | undefined
  readonly headLife: HeadLife
}

/** @throws SpecError where the options of a named engine are refused. */
export async function withEngine(
  spec: ResolvedSpec,
  recalled: ReadonlyMap<string, Recalled>,
  { clock, providers }: { readonly clock: Clock; readonly providers: readonly Provider[] },
): Promise<SpecWithEngine> {
  const { engine } = spec
  const kept = [...recalled.values()].find(({ group }) => group.engine !== undefined)?.group.engine
  const headLife = headLifeOf(spec.headLife, kept)
  if (engine !== undefined) {
    const given =
      "named" in engine.given ? await clock.busy("loading the engine", loadEngine(engine.given)) : engine.given
    return { ...spec, engine: { ...engine, given }, headLife }
  }
  if (kept === undefined || !isEngineName(kept.name)) return { ...spec, engine: undefined, headLife }
  const loading = loadEngine({ named: kept.name, options: kept.recipe })
  // What it needs may be on another machine. Whoever only looks does without, and launching says that it is missing.
  const given = await clock.busy("loading the engine", loading).catch(() => undefined)
  if (given === undefined) return { ...spec, engine: undefined, headLife }
  const takesKeys = providers.some(({ limits }) => limits.takesKeys === true)
  const access = spec.access ?? (takesKeys ? resolveAccess("here") : undefined)
  return { ...spec, engine: { given, headFields: {} }, headLife, peers: true, access }
}
