/**
 * Instances as supervised process groups on this machine: the reference implementation of the seam, and the provider to
 * try things with. See docs/local.md.
 */
import { join } from "node:path"
import pLimit from "p-limit"
import { RejectedError } from "../../src/errors.js"
import { TAG } from "../../src/fleet/tags.js"
import { plainOptions } from "../../src/input/parse.js"
import type { Arch, Calls, Instance, LaunchCall, Launched, Limits, Owner, Provider, Route } from "../../src/provider.js"
import { checkRoot, layoutOf, readText } from "./client/directory.js"
import type { Layout } from "./client/layout.js"
import { endingsOf } from "./end/endings.js"
import { toCloudError } from "./client/errors.js"
import { lookAtLaunch, sendLaunch } from "./launch/launch.js"
import { renewLeases } from "./end/lease.js"
import { findLeftovers, removeLeftovers } from "./end/leftovers.js"
import { instancesOf } from "./observe/living.js"
import { resumeCluster } from "./launch/resume.js"
import { listInstances } from "./observe/list.js"
import { readConsole } from "./observe/console.js"
import { localOffers } from "./offers/offers.js"
import { type Config, configOf, type LocalOptions } from "./options.js"
import { claimCluster, prepareGroup, refusePlatform, USER_DATA_BYTES } from "./prepare/prepare.js"
import {
  type InstanceRecord,
  isOfLaunch,
  PROVIDER,
  parseRecord,
  REGION,
  recordName,
  specName,
} from "./client/record.js"
import { isInstance } from "./client/safe.js"
import { INSTANCES_PER_CALL, splitWish } from "./launch/split.js"
import { terminateAll } from "./end/terminate.js"

/**
 * Launch calls under way at the same time. All of a thousand instances at once would each take as long as all of them, longer than
 * an attempt may; and the first would run no sooner than the last.
 */
const LAUNCHES = 4

/** Where its servers listen when it has no address of its own. */
const LOOPBACK = "127.0.0.1"

export type { LocalOptions } from "./options.js"

/**
 * The provider whose instances are process groups on this machine.
 *
 * @param options.root directory of all state; default `$XDG_STATE_HOME/muster/local`, else `~/.local/state/muster/local`.
 * @param options.capacity how many instances of one type may live at once in one zone; 256 by default.
 * @param options.vcpus cores to offer; by default those that this container may use, rounded down, at least one.
 * @param options.memoryGiB memory to offer in GiB; by default what this container may use.
 * @param options.prices USD per hour by instance type; a type that is not named has no known price.
 * @param options.graceMs milliseconds between SIGTERM and SIGKILL; 1000 by default.
 * @param options.zones names of zones; `["local-a"]` by default.
 * @throws SpecError with all that is wrong with the options; RejectedError on a platform without process groups or of
 *   another architecture than x86_64 and arm64.
 */
export function local(options?: LocalOptions): Provider {
  refusePlatform(process.platform)
  const arch = archOf(process.arch)
  const config = configOf(options)
  const layout = layoutOf(config.root)
  const launches = pLimit(LAUNCHES)
  const claim = (owner: Owner, calls: Calls) =>
    claimCluster(layout, owner, calls, {
      livingOf: (host, other) => instancesOf(layout, host, other),
      resume: (host) => resumeCluster(layout, host, owner),
    })
  const provider: Provider = {
    name: PROVIDER,
    region: REGION,
    limits: limitsOf(config),
    recipe: () => plainOptions(options ?? {}),
    whereabouts: () => (options?.root === undefined ? {} : { root: config.root }),
    offers: async (query, calls) => {
      calls.signal.throwIfAborted()
      return localOffers(config, arch, query)
    },
    prepare: (owner, group, calls) => prepareGroup(() => claim(owner, calls), config.notes, owner, group, calls),
    split: (wish, prepared) => splitWish(wish, prepared),
    launch: (call, calls) =>
      launches(() =>
        calls.send(call.api, call.cost, ({ signal }) => sendLaunch(layout, config, call, calls.now(), signal)),
      ),
    settle: (call, _ref, calls) => settleLaunch(layout, config, call, calls),
    list: (selector, calls) => listInstances(layout, selector, calls),
    terminate: (instances, calls) => terminateAll(layout, instances, calls),
    interruptions: (instances, calls) => endingsOf(layout, config.graceMs, instances, calls),
    claim,
    leftovers: (selector, calls) => findLeftovers(layout, selector, calls),
    remove: (leftovers, calls) => removeLeftovers(layout, leftovers, calls),
    recall: (instance, calls) =>
      calls.send("local.recall", {}, () => readIn(layout, instance, (here) => readText(join(here, specName)))),
    renew: (instances, until, calls) => renewLeases(layout, instances, until, calls),
    route: (instance) => routeTo(layout, instance),
    examine: async () => (await import("./doctor/index.js")).examinationOf(config),
    walk: async () => (await import("./live/index.js")).walkOf(provider),
    consoleLog: (instance, calls) =>
      calls.send("local.console", {}, async () => (await readIn(layout, instance, readConsole)) ?? ""),
  }
  return provider
}

/** Every launch is settled when it returns; this is for those who ask all the same. */
function settleLaunch(layout: Layout, config: Config, call: LaunchCall, calls: Calls): Promise<Launched> {
  return calls.send("local.settle", {}, ({ signal }) => lookAtLaunch(layout, config, call, calls.now(), signal))
}

function limitsOf(config: Config): Limits {
  return {
    account: `local:${config.root}`,
    buckets: {},
    userDataBytes: USER_DATA_BYTES,
    launchBatch: INSTANCES_PER_CALL,
    // A directory is seen as soon as it is there; a second is for the clock that the core compares with.
    consistencyMs: 1000,
    goneStates: ["terminated"],
    // Nothing here is paid by the request, but a list takes some 0.1 ms of a core for each instance: a tenth of one at most.
    look: { firstMs: 50, everyMs: 100, eachMs: 1, watchMs: 2000 },
    // A call of 25 takes about 0.3 s on two cores; this is for a machine that is busy with its workers.
    attemptMs: 10_000,
    arrivalMs: 0,
    launchesNeedClaim: true,
    bootMs: 60_000,
    markets: ["on-demand"],
  }
}

/** Its supervisor's script brings a command into it. */
function routeTo(layout: Layout, { id, privateIp = LOOPBACK }: Instance): Route {
  const here = layout.instance(id)
  const words = ["/bin/sh", join(here, "supervise.sh"), "enter", here]
  return { kind: "local", words, address: privateIp, log: join(here, "guest", "boot.log") }
}

function archOf(arch: string): Arch {
  if (arch === "x64") return "x86_64"
  if (arch === "arm64") return "arm64"
  throw new RejectedError(`using the local provider on ${arch}: only x86_64 and arm64 are known`, {
    code: "UnsupportedArchitecture",
  })
}

/** What `read` finds in this instance's directory; undefined when it finds nothing, the instance is gone, or is another one by now. */
async function readIn(
  layout: Layout,
  { id, tags }: Instance,
  read: (here: string, record: InstanceRecord) => Promise<string | undefined>,
): Promise<string | undefined> {
  const here = layout.instance(id)
  try {
    await checkRoot(layout)
    if (!isInstance(layout, id)) return undefined
    const text = await readText(join(here, recordName))
    const record = text === undefined ? undefined : parseRecord(here, text)
    if (record === undefined || !isOfLaunch(record, tags[TAG.launch] ?? "")) return undefined
    return await read(here, record)
  } catch (error) {
    throw toCloudError(`reading ${here}`, error, { provider: PROVIDER })
  }
}
