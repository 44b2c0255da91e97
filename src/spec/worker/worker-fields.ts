/** Worker fields: what may be said of the workers of a group, as a user writes it. Types only. */
import type { Arch, Check, Market } from "../../provider.js"

/** A duration with its unit: "90s", "10m", "12h", "2d". */
export type Duration = `${number}${"ms" | "s" | "m" | "h" | "d"}`

export type MarketWish = Market | "spot-with-fallback"

/** In which order offers are tried. */
export type Order = "cheapest" | "as-listed" | "fewest-calls"

/** So many workers, or so much of the target: "10%". */
export type Share = number | `${number}%`

/** What becomes of a worker whose startup has ended. */
export type Action = "keep" | "end" | "replace"

/** How a container runs. */
export interface ContainerFields {
  /** As `docker pull` takes it: "python:3.12", "ghcr.io/me/job@sha256:…". */
  readonly image: string
  /** What the container runs; left out: it is held open, and `startup` runs inside. A text is for `sh -c`. */
  readonly command?: string | readonly string[]
  /** `instance`: logs in to the cloud's own registry by the identity that the instance has. */
  readonly login?: "instance"
  /** More arguments for `docker run`. */
  readonly dockerArgs?: readonly string[]
}

/** A directory of this machine that workers have. */
export interface FilesFields {
  /** A directory here. */
  readonly from: string
  /** There, from the directory of the worker's startup; that directory itself when left out. */
  readonly to?: string
  /** What stays here beside what a `.gitignore` names, as one has it. */
  readonly ignore?: readonly string[]
}

/** A worker, as a secret's function is told of it. */
export interface SecretWorker {
  readonly name: string
  readonly id: string
  readonly group: string
}

/** Where a secret's value is from. It is asked for when the first worker needs it; a function for each worker. */
export type SecretSource =
  /** A variable of this process. */
  | { readonly fromEnvironment: string }
  /** What a command of this machine prints, without the line's end. A text is for `sh -c`. */
  | { readonly command: string | readonly string[] }
  | { readonly value: string }
  | ((worker: SecretWorker) => Promise<string> | string)

/** A check, and how long after it runs a worker may take to pass it: "15m" by default. In a list the longest counts. */
export type ReadyCheck = Check & { readonly timeout?: Duration }

/** With an engine, whose head tells who has joined: how long after it runs a worker may take for that, "15m" by default. */
export interface JoinTime {
  readonly timeout: Duration
}

/** What may fail on a worker that has been ready. */
export type HealthCheck = Extract<Check, { tcp: number } | { http: string } | { command: string } | { gpu: true }> & {
  /** From one look to the next: "1m" by default, "1s" at least. */
  readonly every?: Duration
  /** A worker is unhealthy after so many failures in a row: 3 by default. */
  readonly failures?: number
}

/** All that may be said of what the workers of a group are. Fields given at the top of a spec are the defaults of every group. */
export interface WorkerFields {
  /** Types by name; of those that cost the same the first one. Not together with sizes (`vcpus`, `memoryGiB`, …). */
  readonly instanceType?: string | readonly string[]
  readonly vcpus?: number | { readonly min?: number; readonly max?: number }
  readonly memoryGiB?: number | { readonly min?: number; readonly max?: number }
  readonly gpu?: { readonly name?: string; readonly count?: number }
  /** Types with at least so much local (not network) disk. */
  readonly localDisk?: { readonly minGiB: number }
  readonly arch?: Arch
  /** `on-demand` by default. */
  readonly market?: MarketWish
  readonly zones?: readonly string[]
  /**
   * `one-zone` (the default) keeps traffic between workers free: more are asked for where the group is already. `zones`
   * survives the outage of one: workers are spread evenly, also when some are added later.
   */
  readonly spread?: "one-zone" | "zones"
  /**
   * `cheapest` (the default): one list over all providers and regions; with `spot-with-fallback` every spot offer goes
   * before every on-demand one. `as-listed`: provider, region and type as written, spot then on-demand inside each.
   * `fewest-calls`: first where the whole count takes the fewest requests.
   */
  readonly order?: Order
  /**
   * With `spot-with-fallback`: so long after its launch an on-demand worker is exchanged for a spot one, when there is
   * spot again. The new one runs before the old one goes. Left out: on-demand workers stay.
   */
  readonly returnToSpot?: Duration
  /**
   * The most workers that are taken away at one time by our own choice (to return to spot, or because they are unhealthy), a number
   * or a part of the target: "10%" by default, one at least. What the cloud takes away is not counted, nor a target that was lowered.
   */
  readonly maxUnavailable?: Share
  readonly image?: string
  /** A shell script that each instance runs once when it has started. */
  readonly startup?: string
  /** A shell script that each instance runs once before `startup`: what prepares the machine. Where it fails, `startup` does not run. */
  readonly setup?: string
  /**
   * What becomes of a worker whose `startup` has ended: it is kept, it ends and the target falls by one, or another takes its place.
   * One word is for both ends. `{ success: "keep", failure: "replace" }` by default.
   */
  readonly whenDone?: Action | { readonly success?: Action; readonly failure?: Action }
  /** Where `startup`, `setup`, commands and tasks run: an image of a registry, or that and how it is run. Docker must be on the machine's image, or be installable. */
  readonly container?: string | ContainerFields
  /** Where the instance's own (not network) disks are put together and mounted: "/scratch". On this machine it is a directory. */
  readonly scratch?: string
  /**
   * A shell script that runs once on a worker before an end that has time, in its container where it has one. MUSTER_REASON is
   * `interrupted`, `scaled-down` or `deadline`; MUSTER_SECONDS_LEFT says how long the cloud waits. [What each cloud gives](docs/guest.md).
   */
  readonly onNotice?: string
  /**
   * How long a running worker may go on when Muster chooses to end it: a target was lowered, or a spot worker takes its place. "0s" by
   * default. It counts no longer, and is paid for. Its `worker` event (to `terminating`) comes at once, for a program that can take the
   * work away from it; `termination-started` follows when the time is over. The worker itself hears of it by its shutdown
   * alone (`onNotice`). `scale(0)` and `close` do not wait, unless they are given a `drain` of their own, and neither do a budget, a
   * deadline, and `detach`. With an engine it is "5m" by default, and a worker ends as soon as it has let go of what it holds.
   */
  readonly drain?: Duration
  /**
   * When a worker counts as ready: one check, or a list that must all pass. `scale` then waits for ready workers, and one that is not
   * ready in time is replaced. Left out: a worker is ready when it runs. With an engine it must have joined as well, and `{ timeout }`
   * alone says until when. [What each check looks at](docs/ready.md).
   */
  readonly ready?: ReadyCheck | readonly ReadyCheck[] | JoinTime
  /** What is looked at on a worker from when it is ready: one that is unhealthy is replaced, at most `maxUnavailable` at a time. */
  readonly health?: HealthCheck
  /**
   * How many workers that failed their check are kept for looking at, and not ended: 0 by default. They count no longer toward the
   * target, but toward `maxWorkers` and the budget, until the cluster scales to 0 or ends.
   */
  readonly keepFailed?: number
  readonly environment?: Readonly<Record<string, string>>
  /**
   * Files of this machine that each worker has before `setup` runs: a directory, or several with their places there. What a `.gitignore`
   * names is left out. On a cloud it needs `access`.
   */
  readonly files?: string | readonly FilesFields[]
  /**
   * Variables of scripts, container and commands that stand nowhere but in a worker's memory: names of variables of this process, or
   * where each value is from. On a cloud they need `access`.
   */
  readonly secrets?: readonly string[] | Readonly<Record<string, SecretSource>>
  /** `auto` (the default) gives an address only where the subnet has no other way out. */
  readonly publicAddress?: "auto" | boolean
  readonly tags?: Readonly<Record<string, string>>
}
