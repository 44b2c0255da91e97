/** The provider itself, from options that are checked already. */
import { sshRoute } from "../../src/client/ssh-route.js"
import type { Provider } from "../../src/provider.js"
import { checkAsked, withAccess } from "./access/access.js"
import { accessOf } from "./access/control.js"
import { type Azure, azureOf } from "./client/send.js"
import { leftovers, remove } from "./end/leftovers.js"
import { terminate } from "./end/terminate.js"
import { launch } from "./launch/launch.js"
import { settle } from "./launch/settle.js"
import { split } from "./launch/split.js"
import { limitsOf } from "./limits.js"
import { consoleLog, consoleUrl } from "./observe/console.js"
import { interruptions } from "./observe/interruptions.js"
import { list } from "./observe/list.js"
import { recall } from "./observe/recall.js"
import { headroom } from "./offers/headroom.js"
import { offers } from "./offers/offers.js"
import type { AzureOptions } from "./options.js"
import { claimOwner } from "./prepare/claim-name.js"
import { prepare } from "./prepare/prepare.js"

/** @param sdkName the SDK's name where it was installed under another: for tests of two versions. */
export function adapterOf(options: AzureOptions, sdkName?: string): Provider {
  return {
    ...verbsOf(azureOf(options, sdkName)),
    walk: async (tap) => {
      const { walkOf, walkOptions } = await import("./live/index.js")
      const azure = azureOf(walkOptions(options), sdkName, tap)
      return walkOf(azure, verbsOf(azure))
    },
  }
}

function verbsOf(azure: Azure): Provider {
  const { options } = azure
  const { location, resourceGroup, subscriptionId, endpoint } = options
  return {
    name: "azure",
    region: location,
    limits: limitsOf(options),
    whereabouts: () => ({ subscriptionId, ...(endpoint === undefined ? {} : { endpoint }) }),
    offers: (query, calls) => offers(azure, query, calls),
    prepare: async (owner, group, calls) => {
      checkAsked(options, group)
      return withAccess(azure, owner, group, calls, await prepare(azure, owner, group, calls))
    },
    split,
    launch: (call, calls) => launch(azure, call, calls),
    settle: (call, _ref, calls) => settle(azure, call, calls),
    list: (selector, calls) => list(azure, selector, calls),
    terminate: (instances, calls) => terminate(azure, instances, calls),
    // A given group is not ours to claim.
    ...(resourceGroup === undefined
      ? { claim: async (owner, calls) => void (await claimOwner(azure, owner, calls)) }
      : {}),
    interruptions: (instances) => Promise.resolve(interruptions(location, instances)),
    route: sshRoute,
    // In a subnet of theirs its rules are for the user to change.
    ...(options.subnetId === undefined ? { access: accessOf(azure) } : {}),
    consoleLog: (instance, calls) => consoleLog(azure, instance, calls),
    consoleUrl: (instance) => consoleUrl(options, instance),
    recall: (instance, calls) => recall(azure, instance, calls),
    examine: async () => (await import("./doctor/index.js")).examinationOf(azure),
    headroom: (wish, calls) => headroom(azure, wish, calls),
    leftovers: (selector, calls) => leftovers(azure, selector, calls),
    remove: (found, calls) => remove(azure, found, calls),
  }
}
