/** Redaction: nothing that a user has planted comes through, and what is left still reads as the cloud wrote it. */
import { describe, expect, test } from "vitest"
import { Redactor } from "../../../src/doctor/report/redact/redact.js"
import type { Exchange } from "../../../src/provider.js"
import { isLong } from "../../support/long.js"
import * as fc from "../../support/property.js"
import { ARM, AT, EC2, exchange, GCE, leaks, PLANTED, TOKEN, UID } from "./planted.js"

const redactor = () => new Redactor({ at: AT, own: [UID, UID.slice(0, 8), TOKEN] })

function redacted(exchanges: readonly Exchange[]): readonly Exchange[] {
  const one = redactor()
  one.learnFrom(exchanges)
  return exchanges.map((each) => one.exchange(each))
}

/** As it would stand in the report's file, with what is in base64 beside it. */
function shown(exchanges: readonly Exchange[]): string {
  const text = JSON.stringify(exchanges)
  const inner = [...text.matchAll(/[A-Za-z0-9+/]{16,}={0,2}/g)].map(([found]) =>
    Buffer.from(found, "base64").toString(),
  )
  return [text, ...inner].join("\n")
}

describe.each([
  ["EC2", EC2],
  ["Compute Engine", GCE],
  ["Azure", ARM],
] as const)("exchanges of %s", (_, exchanges) => {
  test("have the planted values, and lose all of them, in every encoding", () => {
    expect(leaks(shown(exchanges)).length).toBeGreaterThan(8)
    expect(leaks(shown(redacted(exchanges)))).toEqual([])
  })

  test("keep their structure", () => {
    const shape = (text: string) => text.replace(/>[^<]*</g, "><").replace(/"[^"]*"|[^<>{}[\],:/]+/g, "")
    const bodies = (all: readonly Exchange[]) => all.map(({ answer }) => answer?.body ?? "")
    for (const [at, body] of bodies(redacted(exchanges)).entries()) {
      if (body.startsWith("{"))
        expect(Object.keys(JSON.parse(body))).toEqual(Object.keys(JSON.parse(bodies(exchanges)[at] ?? "")))
      else if (body.startsWith("<")) expect(shape(body)).toBe(shape(bodies(exchanges)[at] ?? ""))
    }
  })
})

test("what is known to be harmless stays", () => {
  const [run, refused, console] = redacted(EC2).map(({ request, answer }) => `${request.body} ${answer?.body ?? ""}`)
  expect(run).toMatch(/Action=RunInstances&.*InstanceType=t3\.micro/)
  expect(run).toContain(`ClientToken=${TOKEN}`)
  expect(run).toContain("<instanceState><code>0</code><name>pending</name></instanceState>")
  expect(run).toContain("<availabilityZone>us-east-1a</availabilityZone>")
  expect(run).toContain("2026-01-01T00:00:10.000Z")
  expect(run).toContain(`<key>muster-cluster</key><value>`)
  expect(refused).toMatch(
    /is not authorized to perform: ec2:RunInstances on resource: arn:aws:ec2:us-east-1:\d{12}:subnet\//,
  )
  const [, output = ""] = /<output>(.*)<\/output>/.exec(console ?? "") ?? []
  const lines = Buffer.from(output, "base64").toString().split("\n")
  const prefix = `muster[${UID.slice(0, 8)}]: `
  expect(lines.slice(0, 3)).toEqual(["…", expect.stringMatching(/^ssh-ed25519 AAAA\S+$/), `${prefix}10 startup begun`])
  expect(lines).toContain(`${prefix}| doctor tag ${UID}`)
  expect(lines[3]).toMatch(/\| doctor address (192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$/)
})

test("one value has one stand-in wherever it stands, of the same shape", () => {
  const text = shown(redacted(ARM))
  const [, group] = /\/resourceGroups\/([A-Z]{8}-[a-z]{2})\//.exec(text) ?? []
  const [, lower] = /\/resourcegroups\/([a-z]{8}-[a-z]{2})\//.exec(text) ?? []
  expect(group?.toLowerCase()).toBe(lower)
  expect(text).toContain(`/virtualMachines/${lower?.slice(0, 8)}-`)
  const guids = new Set(text.match(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g))
  expect(guids.size).toBe(1)
  const [ec2] = redacted(EC2)
  expect(ec2?.answer?.body).toMatch(/<instanceId>i-[0-9a-f]{17}<\/instanceId>/)
  const account = /<ownerId>(\d{12})</.exec(ec2?.answer?.body ?? "")?.[1]
  expect(ec2?.answer?.body).toContain(`arn:aws:iam::${account}:instance-profile/`)
})

describe("names that are hard to tell from others", () => {
  const withNames = (...names: readonly string[]) => {
    const items = names.map((name) => `<item><key>k-${name}</key><value>${name}</value></item>`).join("")
    const message = `The instance ${names.join(" and ")} is not running`
    return (
      redacted([
        exchange(0, {}, `<r><tagSet>${items}</tagSet><message>${message}</message></r>`, {
          "content-type": "text/xml",
        }),
      ])[0]?.answer?.body ?? ""
    )
  }

  test("a value that is a part of another", () => {
    const [short, long] = ["zorb", "zorblaxian"]
    const values = [...withNames(short, long, `${short}-${long}`).matchAll(/<value>([^<]*)/g)].map(
      ([, value = ""]) => value,
    )
    expect(values[2]).toBe(`${values[0]}-${values[1]}`)
    expect(values.join()).not.toContain(short)
  })

  test("a value of one letter, or that is a word of the API, is replaced where it stands and ruins no sentence", () => {
    const body = withNames("q", "running", "batch.queue")
    expect(body).not.toMatch(/<value>(q|running|batch\.queue)</)
    expect(body).toMatch(/The instance q and running and \w{5}\.\w{5} is not running/)
  })

  test("a name with dots and one of other letters", () => {
    expect(withNames("node.zorb.internal", "Ünïçødé")).not.toMatch(/zorb|internal|[Üïçøé]/)
  })
})

test("what is not well formed is read as a text, and nothing of it stays that is not known", () => {
  for (const body of [
    "{ not json zorblax9",
    "<a><b>zorblax9</a>",
    "%zz%zorblax9",
    "zorblax9\u0000\u0001",
    "<!--zorblax9--><a>x</a>",
  ])
    for (const type of ["application/json", "text/xml", "text/html", "application/x-www-form-urlencoded", ""])
      expect(JSON.stringify(redacted([exchange(0, {}, body, { "content-type": type })]))).not.toContain("zorblax9")
})

/** A word that nobody could take for one of an API. */
const secret = fc
  .tuple(
    fc.stringMatching(/^[a-z]{3}$/),
    fc.stringMatching(/^[a-zA-Z0-9+/ ._-]{0,12}$/),
    fc.integer({ min: 100_000, max: 999_999 }),
  )
  .map(([start, middle, end]) => `q${start}${middle}z${end}q`)

/** Where a text of an exchange may be changed: each place is one of the strings in it. */
function planted(all: readonly Exchange[], place: number, value: string): readonly Exchange[] {
  const places: (() => string)[] = []
  const copy = JSON.parse(JSON.stringify(all), (_key, inner: unknown) => {
    if (typeof inner !== "string") return inner
    const parts = inner.split(/(?<=[^\w%.-])/)
    return { parts, places: parts.map((_, at) => places.push(() => (parts[at] = `${parts[at]}${value}`))) }
  }) as unknown
  places[place % places.length]?.()
  const joined = JSON.stringify(copy, (_key, inner: unknown) => {
    const { parts } = (inner ?? {}) as { readonly parts?: readonly string[] }
    return parts === undefined ? inner : parts.join("")
  })
  return JSON.parse(joined) as readonly Exchange[]
}

test("no text that is planted anywhere comes through", () => {
  fc.assert(
    fc.property(fc.constantFrom(EC2, GCE, ARM), fc.nat(), secret, (exchanges, place, value) => {
      const text = JSON.stringify(redacted(planted(exchanges, place, value)))
      for (const form of [value, encodeURIComponent(value), Buffer.from(value).toString("base64"), value.toUpperCase()])
        expect(text).not.toContain(form)
      expect(text).not.toContain(value.slice(-8))
    }),
    { numRuns: isLong ? 5000 : 150 },
  )
})

test("names that are known beforehand are replaced in our own words", () => {
  const one = redactor()
  one.learn(PLANTED.cluster, "team-batch")
  expect(one.sentence(`launching for team-batch in us-east-1a: ${PLANTED.cluster} (Throttling) 3 × t3.micro`)).toMatch(
    /^launching for [a-z]{4}-[a-z]{5} in us-east-1a: [a-z]{8} \(Throttling\) 3 × t3\.micro$/,
  )
})

test("signs that a terminal would obey are told as question marks", () => {
  expect(redactor().sentence("\u001b[31mis not running\u001b[0m\u0007")).toMatch(/^\?\[\S+ not running\?\[\S+\?$/)
})
