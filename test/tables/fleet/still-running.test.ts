/** What is said of a cluster that goes on when its process ends. */
import { expect, test } from "vitest"
import { VirtualClock } from "../../../src/calls/clock.js"
import { stillRunningText, listCommandText } from "../../../src/fleet/reports/still-running.js"
import type { Calls, Limits, Provider } from "../../../src/provider.js"
import { Session } from "../../../src/session/session.js"
import { simulate } from "../../../src/simulator/index.js"
import { type ClusterSpec, resolveSpec } from "../../../src/spec.js"
import { resolveScale } from "../../../src/verbs/verbs.js"
import { SMALL } from "../../cluster/support.js"
import { HELD, sessionOptions } from "../../support/session.js"

const clock = () => new VirtualClock({ start: Date.UTC(2026, 2, 1, 6) })

/** A simulated cloud under a real one's name. */
function cloud(
  time: VirtualClock,
  name: string,
  region: string,
  more: Partial<Provider> = {},
  limits: Partial<Limits> = {},
) {
  const { provider } = simulate({
    clock: time,
    provider: name,
    region,
    zones: [`${region}a`],
    capacity: [{ count: 3 }],
  })
  const { endsWithProcess, ...own } = provider.limits
  expect(endsWithProcess).toBe(true)
  return { ...provider, ...more, name, region, limits: { ...own, account: `${name} ${region}`, ...limits } }
}

/** The line after `count` were asked for in each group. */
async function lineOf(time: VirtualClock, spec: ClusterSpec, count: number, journal?: string) {
  const session = await time.run(Session.open(resolveSpec(spec), sessionOptions(time, spec.name ?? "render")))
  const scale = { ...resolveScale(count, {}, session.groups()), begunAt: time.now() }
  await time.run(session.scale(scale, HELD))
  const line = stillRunningText(session.fleet, journal)
  await session.end(new Error("over"))
  return line
}

/** What is said while a launch call is on the wire. */
async function linesOnTheWay(time: VirtualClock, place: Provider) {
  const lines: { goesOn?: string | undefined; look?: string } = {}
  const launch: Provider["launch"] = (call, calls) => {
    const send: Calls["send"] = (api, cost, fn) =>
      calls.send(api, cost, (attempt) => {
        Object.assign(lines, {
          goesOn: stillRunningText(session.fleet, undefined),
          look: listCommandText(session.fleet),
        })
        return fn(attempt)
      })
    return place.launch(call, { ...calls, send })
  }
  const spec = resolveSpec({ ...BASE, provider: { ...place, launch } })
  const session = await time.run(Session.open(spec, sessionOptions(time, "render")))
  const scale = { ...resolveScale(3, {}, session.groups()), begunAt: time.now() }
  await time.run(session.scale(scale, HELD))
  await session.end(new Error("over"))
  return lines
}

const BASE = { name: "render", instanceType: SMALL, maxLifetime: "12h" } as const

test("one place, by its name", async () => {
  const time = clock()
  const provider = cloud(time, "aws", "eu-west-2")
  expect(await lineOf(time, { ...BASE, provider }, 3)).toMatch(
    /^"render" goes on: 3 instances \(aws eu-west-2\), \$\d+\.\d\d+ an hour, until 2026-03-01 18:00 UTC at the latest; end it: npx --no-install muster delete render --provider aws --region eu-west-2$/,
  )
})

test("what was asked for is counted with its price, and looked for by a command that runs as it stands", async () => {
  const time = clock()
  const { goesOn, look } = await linesOnTheWay(time, cloud(time, "aws", "eu-west-2"))
  expect(goesOn).toMatch(/^"render" goes on: 3 asked for \(aws eu-west-2\), \$0\.(?!00 )\d+ an hour, until /)
  expect(look).toBe("npx --no-install muster list --provider aws --region eu-west-2")
})

test("another owner, another journal, options that are found by, and a deadline that nobody keeps", async () => {
  const time = clock()
  const whereabouts = () => ({ subscriptionId: "0-1", endpoint: "https://a b" })
  const provider = cloud(time, "azure", "uksouth", { whereabouts }, { outlivesDeadline: true })
  const line = await lineOf(time, { ...BASE, provider, owner: "ci" }, 1, "/var/my journals")
  expect(line).toContain('"render" goes on: 1 instance (azure uksouth), $')
  expect(line).toContain(
    "until 2026-03-01 18:00 UTC at the latest, but in azure uksouth until somebody ends it; end it: ",
  )
  expect(line).toMatch(
    /npx --no-install muster delete render --provider azure --region uksouth --option subscriptionId=0-1 --option 'endpoint=https:\/\/a b' --owner ci --journal '\/var\/my journals'$/,
  )
})

test("several regions are one command, several clouds several", async () => {
  const time = clock()
  const places = [cloud(time, "aws", "eu-west-2"), cloud(time, "aws", "eu-west-1"), cloud(time, "gcp", "europe-west2")]
  const line = await lineOf(time, { ...BASE, provider: places, order: "as-listed" }, 9)
  expect(line).toMatch(
    /end it: npx --no-install muster delete render --provider aws --region eu-west-2,eu-west-1 && npx --no-install muster delete render --provider gcp --region europe-west2$/,
  )
})

test("a provider that no command line knows is ended by a program", async () => {
  const time = clock()
  const provider = cloud(time, "toy", "here")
  expect(await lineOf(time, { ...BASE, provider }, 2)).toMatch(/; end it: Cluster\.attach\("render"\) and close\(\)$/)
})

test("nothing is said where nothing goes on: at zero, and in a world that ends with the process", async () => {
  const time = clock()
  expect(await lineOf(time, { ...BASE, provider: cloud(time, "aws", "eu-west-2") }, 0)).toBeUndefined()
  const { provider } = simulate({ clock: time })
  expect(await lineOf(time, { ...BASE, provider }, 2)).toBeUndefined()
})
