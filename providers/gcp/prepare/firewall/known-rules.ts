/**
 * Known rules: whether a cluster may have firewall rules, as far as one provider object knows. A cluster that was made here without a way
 * in, and was given none since, has none: its end asks for none, so that who never wants any needs no right to read them.
 */
import type { Instance, Owner, Selector } from "../../../../src/provider.js"
import { TAG } from "../../../../src/fleet/tags.js"

/** The label that tells the owner of a cluster that another process has opened it. */
export const OPENED = "muster-opened"

export class KnownRules {
  readonly #mayBe = new Map<string, boolean>()
  #last: Promise<unknown> = Promise.resolve()

  /** One after the other: groups that are prepared at once then find what the first has made, and made for good. */
  inTurn<T>(make: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(make)
    this.#last = turn.catch(() => {})
    return turn
  }

  /** A group is prepared: in the first generation nothing was before it. */
  prepared({ uid, generation }: Owner, asks: boolean): void {
    if (asks) this.#mayBe.set(uid, true)
    else if (generation === 1 && !this.#mayBe.has(uid)) this.#mayBe.set(uid, false)
  }

  opened({ uid }: Owner): void {
    this.#mayBe.set(uid, true)
  }

  seen(instances: readonly Instance[]): readonly Instance[] {
    for (const { tags } of instances) if (tags[OPENED] !== undefined) this.#mayBe.set(tags[TAG.uid] ?? "", true)
    return instances
  }

  /** Of clusters of earlier processes nothing is known. */
  mayBeOf({ uid }: Selector): boolean {
    return uid === undefined || this.#mayBe.get(uid) !== false
  }
}
