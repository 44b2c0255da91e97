import assert from "node:assert/strict"
import * as classes from "../../../src/errors.js"
import type { LaunchCall } from "../../../src/provider.js"
import type { ProviderPromise } from "../promise.js"
import { need, type Scene } from "../scene.js"
import type { FailKind } from "../subject.js"

const CLASS_OF = {
  throttled: classes.ThrottledError,
  transient: classes.TransientError,
  capacity: classes.CapacityError,
  quota: classes.QuotaError,
  rejected: classes.RejectedError,
  auth: classes.AuthError,
} as const satisfies Readonly<Record<FailKind, unknown>>

/** What a launch came to that met this fault: capacity and quota may be told as failures as well as thrown. */
async function failureOf(
  scene: Scene,
  kind: FailKind,
): Promise<{ readonly call: LaunchCall; readonly error: unknown }> {
  const [call] = (await scene.plan(1)).calls
  assert.ok(call !== undefined)
  need(scene.subject.faults, "faults").fail(kind)
  try {
    const { instances, failures } = await scene.provider.launch(call, scene.bareCalls())
    assert.deepEqual(instances, [])
    assert.deepEqual(
      failures.map(({ reason, count }) => ({ reason, count })),
      [{ reason: kind, count: 1 }],
    )
    return { call, error: undefined }
  } catch (error) {
    return { call, error }
  }
}

const launchPromises: readonly ProviderPromise[] = (Object.keys(CLASS_OF) as FailKind[]).map((kind) => ({
  promise: `errors: a launch refused as ${kind} is told as that, with the cloud's code and what was being done`,
  async check(scene) {
    const { call, error } = await failureOf(scene, kind)
    if (error === undefined) {
      assert.ok(kind === "capacity" || kind === "quota", `${kind} is an error, not a failure`)
      return
    }
    assert.ok(error instanceof CLASS_OF[kind], `${kind} became ${String(error)}`)
    assert.notEqual(error.code, "")
    const type = call.offers[0]?.instanceType ?? ""
    assert.ok(error.message.includes(type), `"${error.message}" does not say what was launched`)
  },
}))

export const errors: readonly ProviderPromise[] = [
  ...launchPromises,
  {
    promise: "errors: a list that cannot be read throws a class of ours and is never short",
    async check(scene) {
      const { owner } = await scene.up(scene.count)
      await scene.live({ uid: owner.uid }, scene.count)
      for (const kind of ["throttled", "transient", "auth"] as const) {
        need(scene.subject.faults, "faults").fail(kind)
        await assert.rejects(scene.provider.list({ uid: owner.uid }, scene.bareCalls()), CLASS_OF[kind])
      }
      await assert.rejects(scene.provider.list({ uid: owner.uid }, scene.deafCalls()), classes.TransientError)
      assert.equal((await scene.list({ uid: owner.uid })).length, scene.count)
    },
  },
  {
    promise: "errors: a termination that was refused says so, and ends when it is sent again",
    async check(scene) {
      const { owner } = await scene.up(1)
      const instances = await scene.live({ uid: owner.uid }, 1)
      need(scene.subject.faults, "faults").fail("transient")
      const outcome = await scene.provider
        .terminate(instances, scene.bareCalls())
        .catch((error: unknown) => assert.ok(error instanceof classes.MusterError, String(error)))
      if (outcome !== undefined) assert.equal(outcome.failures.length, 1)
      await scene.provider.terminate(instances, scene.calls())
      await scene.live({ uid: owner.uid }, 0)
    },
  },
]
