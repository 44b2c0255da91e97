/** Exchanges as the three clouds have them, with a planted value wherever a user could have one. */
import type { Exchange } from "../../../src/provider.js"

export const AT = Date.UTC(2026, 0, 1)
export const UID = "0a1b2c3d4e5f6071"
export const TOKEN = "ffeeddccbbaa99887766554433221100"

/** What nobody but the user knows. */
export const PLANTED = {
  account: "481516234299",
  project: "zorblax-42-proj",
  network: "quuxnet.internal",
  owner: "gwendolyn",
  cluster: "frobnitz",
  tagKey: "kostenstelle",
  tagValue: "wibble4711",
  password: "Tr0ub4dor&3<x>\"'",
  unicode: "Ünïçødé-Ṽälüé",
  host: "ip-10-77-3-9",
  address: "203.0.114.77",
  private: "10.77.3.9",
  ipv6: "2a02:8109:9a40:1d00::cafe",
  mac: "0a:ff:c3:d1:77:9b",
  mail: "gwendolyn.x@zorblax.dev",
  guid: "deadbeef-0badf00d-9999".replace("0badf00d-9999", "0bad-f00d-9999-123456789abc"),
  key: "AAAAC3NzaC1lZDI1NTE5AAAAIJzorblaxkeymaterial",
  accessKey: "AKIAZORBLAX77QUUX",
  token: "ya29.zorblaxToken_abc-DEF",
  image: "zorbimage-2026",
  numeric: "8817266354412233",
} as const

export function exchange(
  number: number,
  request: Partial<Exchange["request"]>,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Exchange {
  const asked = { method: "GET", url: "https://example.invalid/", headers: {}, body: "", ...request }
  return { number, api: "api", at: number * 10, ms: 5, request: asked, answer: { status: 200, headers, body } }
}

const XML = { "content-type": "text/xml;charset=UTF-8" }
const JSON_TYPE = { "content-type": "application/json; charset=utf-8" }
const p = PLANTED

export function xmlEscaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
}

const CONSOLE = [
  `[    0.000] Linux version on ${p.host}`,
  `ssh-ed25519 ${p.key} root@${p.host}`,
  `muster[${UID.slice(0, 8)}]: 10 startup begun`,
  `muster[${UID.slice(0, 8)}]: | doctor address ${p.private}`,
  `muster[${UID.slice(0, 8)}]: | doctor tag ${UID}`,
  `muster[${UID.slice(0, 8)}]: | password is ${p.password}`,
  `login: ${p.password}`,
].join("\n")

export const EC2: readonly Exchange[] = [
  exchange(
    0,
    {
      method: "POST",
      url: "https://ec2.us-east-1.amazonaws.com/",
      headers: { "content-type": "application/x-www-form-urlencoded", authorization: `AWS4 ${p.accessKey}` },
      body: `Action=RunInstances&Version=2016-11-15&ClientToken=${TOKEN}&InstanceType=t3.micro&SubnetId=subnet-0aa11bb22cc33dd44&KeyName=${p.owner}&UserData=${encodeURIComponent(Buffer.from(`#!/bin/sh\nPASS='${p.password}'`).toString("base64"))}&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=muster-cluster&TagSpecification.1.Tag.1.Value=${p.cluster}&TagSpecification.1.Tag.2.Key=muster-uid&TagSpecification.1.Tag.2.Value=${UID}&TagSpecification.1.Tag.3.Key=${p.tagKey}&TagSpecification.1.Tag.3.Value=${encodeURIComponent(p.unicode)}`,
    },
    `<?xml version="1.0" encoding="UTF-8"?>\n<RunInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>11111111-2222-3333-4444-555555555555</requestId><ownerId>${p.account}</ownerId><instancesSet><item><instanceId>i-0123456789abcdef0</instanceId><imageId>ami-0fedcba9876543210</imageId><instanceState><code>0</code><name>pending</name></instanceState><privateDnsName>${p.host}.ec2.internal</privateDnsName><keyName>${p.owner}</keyName><instanceType>t3.micro</instanceType><launchTime>2026-01-01T00:00:10.000Z</launchTime><placement><availabilityZone>us-east-1a</availabilityZone></placement><privateIpAddress>${p.private}</privateIpAddress><ipv6Address>${p.ipv6}</ipv6Address><macAddress>${p.mac}</macAddress><iamInstanceProfile><arn>arn:aws:iam::${p.account}:instance-profile/${p.owner}</arn></iamInstanceProfile><tagSet><item><key>muster-cluster</key><value>${p.cluster}</value></item><item><key>${p.tagKey}</key><value>${xmlEscaped(p.password)}</value></item><item><key>Name</key><value>${p.unicode}</value></item></tagSet></item></instancesSet></RunInstancesResponse>`,
    XML,
  ),
  exchange(
    1,
    {
      method: "POST",
      body: `Action=DescribeInstances&Filter.1.Name=tag%3Amuster-cluster&Filter.1.Value.1=${p.cluster}&Filter.2.Name=tag%3A${p.tagKey}&Filter.2.Value.1=${p.tagValue}`,
      headers: { "content-type": "application/x-www-form-urlencoded" },
    },
    `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>User: arn:aws:sts::${p.account}:assumed-role/${p.owner}/${p.mail} is not authorized to perform: ec2:RunInstances on resource: arn:aws:ec2:us-east-1:${p.account}:subnet/${p.network} because of ${p.tagValue}</Message></Error></Errors><RequestID>11111111-2222-3333-4444-555555555555</RequestID></Response>`,
    XML,
  ),
  exchange(
    2,
    { method: "POST", body: "Action=GetConsoleOutput" },
    `<GetConsoleOutputResponse><instanceId>i-0123456789abcdef0</instanceId><output>${Buffer.from(CONSOLE).toString("base64")}</output></GetConsoleOutputResponse>`,
    XML,
  ),
]

export const GCE: readonly Exchange[] = [
  exchange(
    0,
    {
      method: "POST",
      url: `https://compute.googleapis.com/compute/v1/projects/${p.project}/zones/us-central1-a/instances/bulkInsert?requestId=${p.guid}&key=${encodeURIComponent(p.token)}`,
      headers: { ...JSON_TYPE, authorization: `Bearer ${p.token}` },
      body: JSON.stringify({
        count: "1",
        perInstanceProperties: { [`${p.cluster}-doctor-ab12cd34`]: {} },
        instanceProperties: {
          machineType: "e2-micro",
          labels: { "muster-cluster": p.cluster, "muster-uid": UID, [p.tagKey]: p.tagValue },
          metadata: { items: [{ key: "startup-script", value: `export PASS='${p.password}'` }] },
          networkInterfaces: [{ network: `projects/${p.project}/global/networks/${p.network}` }],
          disks: [{ initializeParams: { sourceImage: `projects/${p.project}/global/images/${p.image}` } }],
        },
      }),
    },
    JSON.stringify({
      kind: "compute#operation",
      id: p.numeric,
      name: `operation-1767225600000-${p.tagValue}`,
      user: p.mail,
      zone: `https://www.googleapis.com/compute/v1/projects/${p.project}/zones/us-central1-a`,
      targetLink: `https://www.googleapis.com/compute/v1/projects/${p.project}/zones/us-central1-a/instances/${p.cluster}-doctor-ab12cd34`,
      status: "RUNNING",
      error: {
        errors: [{ code: "QUOTA_EXCEEDED", message: `Quota exceeded in project ${p.project} for '${p.owner}'` }],
      },
    }),
    { ...JSON_TYPE, etag: p.tagValue, "x-cloud-trace": p.account },
  ),
  exchange(
    1,
    {
      url: `https://compute.googleapis.com/compute/v1/projects/${p.project}/zones/us-central1-a/instances/x/serialPort`,
    },
    JSON.stringify({ contents: CONSOLE, start: "0", next: "4093" }),
    JSON_TYPE,
  ),
]

const GROUP = `/subscriptions/${p.guid}/resourceGroups/${p.cluster.toUpperCase()}-rg/providers/Microsoft`

export const ARM: readonly Exchange[] = [
  exchange(
    0,
    {
      method: "PUT",
      url: `https://management.azure.com${GROUP}.Compute/virtualMachines/${p.cluster}-vm?api-version=2024-11-01&$skiptoken=${encodeURIComponent(p.token)}`,
      headers: JSON_TYPE,
      body: JSON.stringify({
        location: "westeurope",
        tags: { "muster-owner": p.owner, [p.unicode]: p.password },
        properties: {
          hardwareProfile: { vmSize: "Standard_B1s" },
          osProfile: {
            computerName: p.host,
            adminUsername: p.owner,
            customData: Buffer.from(p.password).toString("base64"),
          },
          networkProfile: { networkInterfaces: [{ id: `${GROUP}.Network/networkInterfaces/${p.network}` }] },
        },
      }),
    },
    JSON.stringify({
      id: `${GROUP.toLowerCase()}.compute/virtualMachines/${p.cluster}-vm`,
      properties: {
        vmId: p.guid,
        provisioningState: "Creating",
        ip: p.address,
        note: JSON.stringify({ inner: p.tagValue }),
      },
      error: {
        code: "AuthorizationFailed",
        message: `The client '${p.mail}' with object id '${p.guid}' does not have authorization over scope '${GROUP}/x'; blob https://${p.tagValue}.blob.core.windows.net/c?sig=${encodeURIComponent(p.token)}&se=2026-01-01T00%3A10%3A00Z`,
      },
    }),
    {
      ...JSON_TYPE,
      "azure-asyncoperation": `https://management.azure.com/subscriptions/${p.guid}/operations/${p.numeric}`,
    },
  ),
  exchange(1, { url: `https://${p.tagValue}.blob.core.windows.net/x?sig=${p.tagValue}` }, CONSOLE, {
    "content-type": "text/plain",
  }),
]

/** The planted values that a text has, in whatever way it is written. */
export function leaks(text: string): readonly string[] {
  const lower = text.toLowerCase()
  return Object.entries(PLANTED).flatMap(([name, value]) => {
    const json = JSON.stringify(value).slice(1, -1)
    const forms = [value, encodeURIComponent(value), xmlEscaped(value), json, JSON.stringify(json).slice(1, -1)]
    const base64 = Buffer.from(value).toString("base64").replace(/.?=*$/, "")
    return forms.some((form) => lower.includes(form.toLowerCase())) || text.includes(base64) ? [name] : []
  })
}
