/** Who may reach the ssh of a cluster that lives: by firewall rules for a network tag, which its instances are given and lose again. */
import { ownRuleOf, sshRules, tagOf } from "../prepare/firewall/rules.js"
import { isOurs } from "../../../src/fleet/tags.js"
import type { AccessControl, Calls, Instance, Opening, Owner } from "../../../src/provider.js"
import type { NativeFirewall } from "../client/native.js"
import type { Send } from "../client/send.js"
import type { GcpOptions } from "../options.js"
import { removeRules } from "../prepare/firewall/remove.js"
import type { KnownRules } from "../prepare/firewall/known-rules.js"
import { labelOpened } from "./opened-label.js"
import { ensureRules } from "../prepare/firewall/ensure.js"
import { readRules } from "../prepare/firewall/requests.js"
import { firewallProjectOf } from "../prepare/network.js"
import { checkAccess, ipv4Of, rulePlace } from "../prepare/firewall/way-in.js"
import { changeTags, readTags } from "./network-tags.js"
import { openingsOf } from "./openings.js"

const SSH = 22

export function accessControl(send: Send, options: GcpOptions, known: KnownRules): AccessControl {
  const { region } = options
  const context = { send, region, ...firewallProjectOf(options) }

  /** Of the rules of the network, whoever has made them. */
  const openings = async (owner: Owner, instances: readonly Instance[], calls: Calls): Promise<readonly Opening[]> => {
    const [rules, targets] = await Promise.all([readRules(context, calls), readTags(send, owner, instances, calls)])
    const own = new Set([tagOf(owner, "ssh"), tagOf(owner, "peers")])
    const plain = targets.map(({ network, tags, accounts }) => ({ network, tags, accounts }))
    return openingsOf(rules, plain, SSH, own)
  }

  return {
    openings,
    /** The rules before the tags: an instance that is given its tag is then as open as it is to be, and no more. */
    open: async (owner, access, instances, calls) => {
      checkAccess(access)
      const found = await readTags(send, owner, instances, calls)
      if (found.length === 0) return []
      known.opened(owner)
      await labelOpened(send, found, calls)
      const place = await rulePlace(send, options, calls)
      await ensureRules(context, owner, sshRules(owner, place, ipv4Of(access.from)), calls)
      await changeTags(send, region, found, (tags) => withTag(tags, tagOf(owner, "ssh")), calls)
      return openings(owner, instances, calls)
    },
    /** What opens goes first, and what closes last. */
    close: async (owner, instances, calls) => {
      const tag = tagOf(owner, "ssh")
      const rules = (await readRules(context, calls)).filter((rule) => isOwnSsh(rule, owner, region))
      const names = rules.map(({ name = "" }) => name)
      await removeRules(context, names, calls, async () => {
        const found = await readTags(send, owner, instances, calls)
        await changeTags(send, region, found, (tags) => tags.filter((one) => one !== tag), calls)
      })
    },
  }
}

function withTag(tags: readonly string[], tag: string): readonly string[] {
  return tags.includes(tag) ? tags : [...tags, tag]
}

function isOwnSsh(rule: NativeFirewall, owner: Owner, region: string): boolean {
  const own = ownRuleOf(rule)
  return own?.region === region && isOurs(own.tags, owner) && rule.targetTags?.includes(tagOf(owner, "ssh")) === true
}
