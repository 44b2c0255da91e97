/** The clock of day is set while instances live: nothing ends that is not over. */
import { afterEach, expect, test } from "vitest"
import { calls, cleanUp, freshPlace, inPath, only, secondsFromNow, until } from "./support.js"

afterEach(cleanUp)

test.runIf(process.platform === "linux")(
  "a clock that is set years ahead ends nothing before its deadline, and no lease that is renewed",
  async () => {
    await inPath("date", "echo 9999999999")
    const place = await freshPlace()
    const group = { startup: "exec sleep 1000" }
    const plain = only(await place.launch({ group }))
    const leased = only(await place.launch({ group: { ...group, leaseSeconds: 8 }, wish: "wish-2" }))
    const short = only(await place.launch({ owner: { deadline: secondsFromNow(2) }, group, wish: "wish-3" }))
    await until("the deadline to end one", async () => {
      await place.provider.renew?.([leased], Number(secondsFromNow(8)), calls)
      return (await place.list({ ids: [short.id] })).length === 0
    })
    expect((await place.list()).map(({ id }) => id).sort()).toEqual([plain.id, leased.id].sort())
    await place.vanish(leased.id)
    expect(await place.list()).toMatchObject([{ id: plain.id, state: "running" }])
  },
)
