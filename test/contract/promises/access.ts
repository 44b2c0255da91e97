import assert from "node:assert/strict"
import type { AccessControl, Instance } from "../../../src/provider.js"
import type { ProviderPromise } from "../promise.js"
import { need, type Scene } from "../scene.js"

/** Addresses inside what is asked for, and of strangers. */
const [HERE, OFFICE, STRANGER] = ["192.0.2.7", "198.51.100.9", "203.0.113.8"]
const [HERE_RANGE, OFFICE_RANGE] = [`${HERE}/32`, "198.51.100.0/24"]
const ALL = [HERE, OFFICE, STRANGER]
const PORTS = [22, 80, 443]

const asked = (...from: readonly string[]) => ({ from, port: 22, isPrivate: false }) as const

/** Which of the addresses reach which ports: ["192.0.2.7:22"]. */
function reached(scene: Scene, instance: Instance): readonly string[] {
  const isOpen = need(scene.subject.isOpen, "isOpen")
  return PORTS.flatMap((port) => ALL.filter((from) => isOpen(instance, port, from)).map((from) => `${from}:${port}`))
}

function openTo(scene: Scene, instances: readonly Instance[], addresses: readonly string[]): void {
  for (const instance of instances)
    assert.deepEqual(
      reached(scene, instance),
      addresses.map((from) => `${from}:22`),
      instance.id,
    )
}

/** Live instances, once each has its private address: clouds give it while they boot. */
async function addressed(scene: Scene, uid: string, count: number): Promise<readonly Instance[]> {
  let live: readonly Instance[] = []
  await scene.until(`the addresses of ${uid}`, async () => {
    live = await scene.live({ uid }, count)
    return live.every(({ privateIp }) => privateIp !== undefined)
  })
  return live
}

/** A provider without a control has no firewall that Muster could open, and keeps these promises so. */
const promise = (text: string, check: (scene: Scene, control: AccessControl) => Promise<void>): ProviderPromise => ({
  promise: `access: ${text}`,
  async check(scene) {
    const { access } = scene.provider
    if (access !== undefined) await check(scene, access)
  },
})

export const access: readonly ProviderPromise[] = [
  promise("what is launched with it is open to exactly what was asked, and without it to nobody", async (scene) => {
    const open = await scene.up(2, { group: { access: asked(HERE_RANGE, OFFICE_RANGE) } })
    const shut = await scene.up(1)
    openTo(scene, await scene.live({ uid: open.owner.uid }, 2), [HERE, OFFICE])
    openTo(scene, await scene.live({ uid: shut.owner.uid }, 1), [])
  }),
  promise("living workers are opened, twice to no more, and closed, twice", async (scene, control) => {
    const { owner } = await scene.up(2)
    const other = await scene.up(1)
    const instances = await scene.live({ uid: owner.uid }, 2)
    const strangers = await scene.live({ uid: other.owner.uid }, 1)
    const shown = async () =>
      (await control.openings(owner, instances, scene.calls({ readOnly: true }))).flatMap(({ from }) => from).toSorted()
    assert.deepEqual(await shown(), [])
    for (let time = 0; time < 2; time += 1) await control.open(owner, asked(HERE_RANGE), instances, scene.calls())
    openTo(scene, instances, [HERE])
    assert.deepEqual(await shown(), [HERE_RANGE])
    await control.open(owner, asked(OFFICE_RANGE), instances, scene.calls())
    openTo(scene, instances, [HERE, OFFICE])
    assert.deepEqual(await shown(), [HERE_RANGE, OFFICE_RANGE])
    openTo(scene, strangers, [])
    for (let time = 0; time < 2; time += 1) await control.close(owner, instances, scene.calls())
    openTo(scene, instances, [])
    assert.deepEqual(await shown(), [])
  }),
  promise("another process may open and close, and looking changes nothing", async (scene, control) => {
    const { owner } = await scene.up(1)
    const instances = await scene.live({ uid: owner.uid }, 1)
    const other = need(need(scene.subject.another, "another")().access, "provider.access")
    await other.open(owner, asked(HERE_RANGE), instances, scene.calls())
    const seen = await control.openings(owner, instances, scene.calls({ readOnly: true }))
    assert.deepEqual(await other.openings(owner, instances, scene.calls({ readOnly: true })), seen)
    openTo(scene, instances, [HERE])
    await control.close(owner, instances, scene.calls())
    openTo(scene, instances, [])
  }),
  promise("peers reach every port of each other, and nobody else does by it", async (scene) => {
    const isOpen = need(scene.subject.isOpen, "isOpen")
    const peers = await scene.up(2, { group: { peers: true } })
    const others = await scene.up(1, { group: { peers: true } })
    const [one, two] = await addressed(scene, peers.owner.uid, 2)
    const [other] = await addressed(scene, others.owner.uid, 1)
    assert.ok(one !== undefined && two !== undefined && other !== undefined)
    const from = (instance: Instance) => instance.privateIp ?? ""
    for (const port of PORTS) {
      assert.ok(isOpen(one, port, from(two)) && isOpen(two, port, from(one)), `port ${port} among peers`)
      assert.ok(!isOpen(one, port, from(other)), `port ${port} from another cluster`)
    }
    openTo(scene, [one, two], [])
  }),
  promise("nothing of it is left once the cluster is gone but what is shared", async (scene, control) => {
    const { owner } = await scene.up(1, { group: { access: asked(HERE_RANGE), peers: true } })
    const instances = await scene.live({ uid: owner.uid }, 1)
    await control.open(owner, asked(OFFICE_RANGE), instances, scene.calls())
    await scene.down(owner)
    await scene.removeLeft(owner)
    await scene.consistent()
    const left = (await scene.provider.leftovers?.({ uid: owner.uid }, scene.calls())) ?? []
    assert.deepEqual(
      left.filter(({ shared }) => !shared),
      [],
    )
  }),
]
