/** Random documents: sound ones by construction, and such with something changed in them. */
import fc from "fast-check"

type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value }

const name = fc.constantFrom("a", "train", "web-1", "x9")
const text = fc.constantFrom("x", "c7g.large", "some text", "é")
const size = fc.integer({ min: 1, max: 64 })
const duration = fc.constantFrom("90s", "1.5h", "2d", "10m", "500ms")
const tags = fc.dictionary(name, fc.constantFrom("", "red", "a_b-1"), { maxKeys: 2 })

/** Sizes or types, and what else a group may say. */
const worker = fc.record(
  {
    vcpus: fc.oneof(size, fc.record({ min: size }), fc.record({ max: size })),
    memoryGiB: fc.oneof(size, fc.record({ min: size })),
    arch: fc.constantFrom("x86_64", "arm64"),
    market: fc.constantFrom("on-demand", "spot", "spot-with-fallback"),
    zones: fc.array(text, { minLength: 1, maxLength: 2 }),
    spread: fc.constantFrom("one-zone", "zones"),
    order: fc.constantFrom("cheapest", "as-listed", "fewest-calls"),
    maxUnavailable: fc.oneof(size, fc.constantFrom("10%", "0.5%", "100%")),
    startup: fc.constantFrom("echo hi", "#!/bin/sh\nexit 0\n", "echo $HOME ${HOME}"),
    environment: fc.dictionary(fc.constantFrom("A", "B_2", "_c"), fc.constantFrom("", "1", "no", "$${x}", "a: b")),
    publicAddress: fc.constantFrom(true, false, "auto"),
    tags,
  },
  { requiredKeys: [] },
)

/** What this machine may be told, and others that need no region beside them. */
const provider = fc.constantFrom<Value>(
  "local",
  { local: {} },
  { local: { capacity: 5, zones: ["attic", "cellar"], prices: { "local-1": 0.5 } } },
  { aws: { region: "eu-west-2" } },
  { aws: { region: "eu-west-2", imageId: "ubuntu", rootGiB: 20, tags: { Team: "Blue Sky" } } },
  {
    gcp: {
      region: "europe-west2",
      project: "my-project-1",
      disk: { sizeGb: 20 },
      prices: { "e2-medium": { spot: 0.01 } },
    },
  },
  { azure: { location: "uksouth", subscriptionId: "00000000-0000-0000-0000-00000000000a", adminUsername: "me" } },
  ["local", { aws: { region: "eu-west-2" } }],
)

const spec = worker.chain((fields) =>
  fc
    .record(
      {
        provider,
        owner: name,
        existing: fc.constantFrom("refuse", "connect"),
        maxLifetime: duration,
        closeOnExit: fc.boolean(),
        budget: fc.constantFrom<Value>(
          { perHour: 3 },
          { total: 5, unpriced: "allow" },
          { until: "2096-03-01T18:00:00Z" },
        ),
        maxWorkers: fc.integer({ min: 100, max: 1000 }),
        access: fc.constantFrom<Value>(
          ...["here", "192.0.2.7/32", "2001:db8::/48", false, { from: ["here", "0.0.0.0/0"], via: "head" }],
          { from: "10.0.0.0/8", via: { jump: "me@bastion:2222" }, user: "ops", keyFile: "~/.ssh/id" },
        ),
        peers: fc.boolean(),
        groups: fc.dictionary(name, fc.record({ market: fc.constantFrom("spot", "on-demand") }), {
          minKeys: 1,
          maxKeys: 2,
        }),
      },
      { requiredKeys: ["provider"] },
    )
    .map((cluster) => ({ ...fields, ...cluster }) as unknown as { readonly [key: string]: Value }),
)

/** Cluster specs that are sound, as plain data, without names. */
export const specs: fc.Arbitrary<{ readonly [key: string]: Value }> = spec

const target = fc.integer({ min: 0, max: 9 })

/** Documents that are sound, or nearly so. */
export const documents: fc.Arbitrary<Value> = fc.oneof(
  fc.tuple(spec, target, name).map(([given, count, called]) => ({ version: 1, ...given, name: called, target: count })),
  spec,
  fc.dictionary(name, spec, { minKeys: 1, maxKeys: 3 }).map((clusters) => ({ clusters })),
)

const junk = fc.constantFrom<Value>(
  ...[
    null,
    true,
    -1,
    0,
    1.5,
    1e9,
    "",
    "x",
    "A b",
    "10x",
    "0%",
    "200%",
    "\0",
    [],
    ["x"],
    {},
    { min: 5, max: 2 },
    { x: 1 },
  ],
  ...["/subscriptions/0a/RESOURCEGROUPS/g/providers/microsoft.compute/proximityPlacementGroups/p", "subnet-0a1b2c3d"],
)

const keys = fc.constantFrom(
  ...[
    "vcpus",
    "region",
    "regoin",
    "target",
    "version",
    "clusters",
    "subnetIds",
    "proximityPlacementGroup",
    "client",
    "auth",
  ],
  ...[
    "fleet",
    "credentials",
    "overrides",
    "image",
    "endpoint",
    "until",
    "zones",
    "min",
    "name",
    "budget",
    "leaseMs",
    "gpu",
  ],
)

/** The same with one to three changes anywhere in it. */
export const changed: fc.Arbitrary<Value> = fc
  .tuple(documents, fc.array(fc.tuple(fc.nat(1000), junk, keys, fc.nat(2)), { maxLength: 3 }))
  .map(([document, changes]) => changes.reduce(change, document))

type Change = readonly [at: number, value: Value, key: string, how: number]

function change(document: Value, [at, value, key, how]: Change): Value {
  const paths = pathsIn(document)
  const path = paths[at % paths.length] ?? []
  return edit(document, path, (old) => {
    if (how === 0 || typeof old !== "object" || old === null) return value
    if (Array.isArray(old)) return [...(old as readonly Value[]), value]
    return { ...(old as { readonly [key: string]: Value }), [key]: value }
  })
}

function pathsIn(value: Value, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsIn(inner as Value, [...path, key]))]
}

function edit(value: Value, path: readonly string[], how: (old: Value) => Value): Value {
  const [key, ...rest] = path
  if (key === undefined) return how(value)
  if (Array.isArray(value)) {
    return (value as readonly Value[]).map((item, at) => (String(at) === key ? edit(item, rest, how) : item))
  }
  const object = value as { readonly [key: string]: Value }
  return { ...object, [key]: edit(object[key] ?? null, rest, how) }
}
