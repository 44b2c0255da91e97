/** Resolved: a spec with every default filled in. */
import type { Arch, Check, Container, JsonObject, Provider, Range, WhenDone } from "../provider.js"
import type { Engine } from "../engines/engine.js"
import type { NamedEngine } from "./engine/engine-data.js"
import type { MarketWish, Order, Share, WorkerFields } from "./types.js"
import type { ResolvedAccess } from "./access.js"
import type { GivenHeadLife } from "./engine/head-life.js"
import type { ResolvedFiles } from "./files.js"
import type { ResolvedSecrets } from "./secrets.js"
import type { NamedProvider } from "./provider-data.js"
import type { ProviderName } from "./provider-schema.js"
import type { ResolvedBudget } from "../money/budget.js"

/** A group as the core works with it: every default filled in. */
export interface ResolvedGroup {
  readonly name: string
  readonly instanceTypes: readonly string[] | undefined
  readonly vcpus: Range | undefined
  readonly memoryGiB: Range | undefined
  readonly gpu: { readonly name?: string; readonly count?: number } | undefined
  readonly localDiskGiB: Range | undefined
  readonly arch: Arch | undefined
  readonly market: MarketWish
  readonly zones: readonly string[] | undefined
  readonly spread: "one-zone" | "zones"
  readonly order: Order
  readonly returnToSpotMs: number | undefined
  readonly maxUnavailable: Share
  readonly image: string | undefined
  readonly startup: string | undefined
  readonly setup: string | undefined
  readonly whenDone: WhenDone
  /** `whenDone` was given: its default is not kept where an instance cannot end itself. */
  readonly choosesEnd: boolean
  readonly container: Container | undefined
  readonly scratch: string | undefined
  readonly onNotice: string | undefined
  readonly drainMs: number
  /** Undefined: a worker is ready when it runs. */
  readonly ready: { readonly checks: readonly Check[]; readonly timeoutMs: number } | undefined
  readonly health: { readonly check: Check; readonly everyMs: number; readonly failures: number } | undefined
  readonly keepFailed: number
  /** What the user should know of it: what was converted, or may not work everywhere. */
  readonly notes: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly files: readonly ResolvedFiles[]
  readonly secrets: ResolvedSecrets
  readonly publicAddress: "auto" | boolean
  readonly tags: Readonly<Record<string, string>>
  /** Its workers are ready once the engine has seen them join, which its head says for all at once. */
  readonly joins: boolean
  /** The engine that runs there, by which another process can make the same one. */
  readonly engine: KeptEngine | undefined
  /** What the user wrote of the group, with the defaults of the whole spec: plain JSON, for a process that attaches later. */
  readonly asked: WorkerFields
  /** Known from the tags of its instances only: it can be watched and ended, but nothing says what to launch. */
  readonly isBare: boolean
}

/** An engine as it was given, and what of the spec its head has. */
export interface ResolvedEngine {
  readonly given: Engine | NamedEngine
  readonly headFields: WorkerFields
}

/** An engine by its name, and what its factory is to be told. */
export interface KeptEngine extends GivenHeadLife {
  readonly name: string
  readonly recipe: JsonObject
}

/** A provider as the core works with it: what was given as data is a name with options. */
export type ResolvedProvider = ProviderName | NamedProvider | Provider

export interface ResolvedSpec {
  readonly name: string | undefined
  readonly providers: readonly ResolvedProvider[]
  readonly regions: readonly string[] | undefined
  readonly owner: string
  readonly existing: "refuse" | "connect"
  readonly maxLifetimeMs: number
  readonly leaseMs: number | undefined
  readonly closeOnExit: boolean
  /** It says what its workers are; one that attaches need not. */
  readonly describesWorkers: boolean
  readonly budget: ResolvedBudget
  readonly maxWorkers: number | undefined
  /** Undefined: nobody asked for it. */
  readonly access: ResolvedAccess | undefined
  readonly peers: boolean
  readonly engine: ResolvedEngine | undefined
  readonly headLife: GivenHeadLife
  /** The directory as it was given. */
  readonly keepLogs: string | undefined
  readonly groups: readonly ResolvedGroup[]
}

/** The options that describe a machine instead of naming its type. */
export const SIZES = ["vcpus", "memoryGiB", "gpu", "localDisk"] as const
