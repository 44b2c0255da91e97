/** Instances that are launched together are started by one shell, and claim their places once. */
import { afterEach, expect, test } from "vitest"
import { claimPlaces } from "../../providers/local/client/claims.js"
import { clusterKey, layoutOf, makeDirectories } from "../../providers/local/client/directory.js"
import { readHost } from "../../providers/local/client/host.js"
import { TransientError } from "../../src/errors.js"
import { cleanUp, freshPlace, inPath, ownerOf } from "./support.js"

afterEach(cleanUp)

test.runIf(process.platform === "linux")(
  "what cannot be started by one shell for all is started one by one",
  async () => {
    await inPath(
      "setsid",
      `[ "$1" = -f ] || exec /usr/bin/setsid "$@"; mkdir "\${0%/*}/once" 2>/dev/null && exec /usr/bin/setsid "$@"; exit 1`,
    )
    const place = await freshPlace()
    const { instances, failures } = await place.launch({ count: 3 })
    expect([instances.length, failures]).toEqual([3, []])
    for (const { id } of instances) await place.reach(id, "running")
  },
)

test("places that an earlier sending of the same call still holds are no lack of places", async () => {
  const { root } = await freshPlace()
  const [layout, host, cluster] = [layoutOf(root), readHost(), clusterKey(ownerOf())]
  await makeDirectories(layout, cluster)
  const kind = { zone: "local-a", instanceType: "local-1", capacity: 3 }
  const named = (...names: readonly string[]) => names.map((name) => ({ name, cluster, uid: ownerOf().uid }))
  expect(await claimPlaces(layout, host, kind, named("a", "b"))).toHaveLength(2)
  await expect(claimPlaces(layout, host, kind, named("a", "b"))).rejects.toThrow(TransientError)
  // What it had claimed of the third one it has given back.
  expect(await claimPlaces(layout, host, kind, named("c", "d"))).toHaveLength(1)
})
