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

/** Exactly these addresses get to port 22, and to other ports whoever the network lets in by itself. */
function openTo(
  scene: Scene,
  instances: readonly Instance[],
  addresses: readonly string[],
  others: readonly string[],
): void {
  const wanted = [...addresses.map((from) => `${from}:22`), ...others.filter((one) => !one.endsWith(":22"))]
  for (const instance of instances) assert.deepEqual(reached(scene, instance), wanted, instance.id)
}

/** Who reaches workers that nobody has opened anything to: nobody, but for what the network lets in by itself. */
async function unopened(
  scene: Scene,
): Promise<{ readonly instances: readonly Instance[]; readonly by: readonly string[] }> {
  const { owner } = await scene.up(1)
  const instances = await scene.live({ uid: owner.uid }, 1)
  return { instances, by: instances.flatMap((instance) => reached(scene, instance)) }
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
  promise("what is launched with it is open to exactly what was asked", async (scene) => {
    const { by } = await unopened(scene)
    const open = await scene.up(2, { group: { access: asked(HERE_RANGE, OFFICE_RANGE) } })
    openTo(scene, await scene.live({ uid: open.owner.uid }, 2), [HERE, OFFICE], by)
  }),
  promise("living workers are opened, twice to no more, and closed, twice", async (scene, control) => {
    const other = await unopened(scene)
    const { owner } = await scene.up(2)
    const instances = await scene.live({ uid: owner.uid }, 2)
    const shown = async () =>
      (await control.openings(owner, instances, scene.calls({ readOnly: true }))).flatMap(({ from }) => from).toSorted()
    const before = await shown()
    const isShown = async (...ranges: readonly string[]) => {
      const now = await shown()
      for (const range of ranges) assert.ok(now.includes(range), `${range} is among ${now.join(", ")}`)
      assert.deepEqual(
        now.filter((range) => !ranges.includes(range) && !before.includes(range)),
        [],
      )
    }
    for (let time = 0; time < 2; time += 1) await control.open(owner, asked(HERE_RANGE), instances, scene.calls())
    openTo(scene, instances, [HERE], other.by)
    await isShown(HERE_RANGE)
    await control.open(owner, asked(OFFICE_RANGE), instances, scene.calls())
    openTo(scene, instances, [HERE, OFFICE], other.by)
    await isShown(HERE_RANGE, OFFICE_RANGE)
    assert.deepEqual(
      other.instances.flatMap((instance) => reached(scene, instance)),
      other.by,
    )
    for (let time = 0; time < 2; time += 1) await control.close(owner, instances, scene.calls())
    for (const instance of instances) assert.deepEqual(reached(scene, instance), other.by)
    assert.deepEqual(await shown(), before)
  }),
  promise("another process may open and close, and looking changes nothing", async (scene, control) => {
    const { by } = await unopened(scene)
    const { owner } = await scene.up(1)
    const instances = await scene.live({ uid: owner.uid }, 1)
    const other = need(need(scene.subject.another, "another")().access, "provider.access")
    await other.open(owner, asked(HERE_RANGE), instances, scene.calls())
    const seen = await control.openings(owner, instances, scene.calls({ readOnly: true }))
    assert.deepEqual(await other.openings(owner, instances, scene.calls({ readOnly: true })), seen)
    openTo(scene, instances, [HERE], by)
    await control.close(owner, instances, scene.calls())
    for (const instance of instances) assert.deepEqual(reached(scene, instance), by)
  }),
  promise("peers reach every port of each other, and nobody else does by it", async (scene) => {
    const isOpen = need(scene.subject.isOpen, "isOpen")
    const { by } = await unopened(scene)
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
    // A cloud may shut its peers to others by the same rules.
    for (const instance of [one, two])
      assert.deepEqual(
        reached(scene, instance).filter((way) => !by.includes(way)),
        [],
      )
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
