/** The comparison with EC2's model finds what is wrong: without that, its silence says nothing. */
import { describe, expect, test } from "vitest"
import type { Exchange } from "../../providers/aws/wire/index.js"
import { titled } from "../support/tools.js"
import { checkReply, checkRequest } from "./support/check.js"
import { ec2, launchMany } from "./support/cloud.js"
import { checkRecorded, models } from "./support/exchanges.js"
import { botocoreAbsent } from "./support/model-botocore.js"
import { parseXml } from "./support/xml.js"

function asked(action: string, parameters: string): Pick<Exchange, "action" | "request"> & Exchange {
  return { action, request: `Action=${action}&Version=2016-11-15&${parameters}`, status: 200, reply: "" }
}

function replied(xml: string, action = "DescribeInstances") {
  const body = `<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${xml}</${action}Response>`
  return [{ action, status: 200 }, parseXml(body)] as const
}

const inInstance = (xml: string) =>
  `<reservationSet><item><instancesSet><item>${xml}</item></instancesSet></item></reservationSet>`

test("a whole burst is within EC2's model", async () => {
  const cloud = await ec2()
  const instances = await launchMany(cloud, 3)
  await cloud.run(cloud.provider.terminate(instances, cloud.bare()))
  const { requests, replies, problems } = checkRecorded()
  expect(requests).toBeGreaterThan(2)
  expect(replies).toBe(requests)
  expect(problems).toEqual([])
})

const NO_BOTOCORE = botocoreAbsent === undefined ? undefined : "needs botocore: apt-get install python3-botocore"
test.skipIf(NO_BOTOCORE !== undefined)(titled("botocore's model gives a second opinion", NO_BOTOCORE), () => {
  expect(models()).toHaveLength(2)
})

describe.each(models().map((model) => [model.source, model] as const))("%s", (_source, model) => {
  test.each([
    ["an action that does not exist", asked("RunInstance", "MaxCount=1")],
    ["an unknown parameter", asked("RunInstances", "Count=1")],
    ["a parameter under its reply's name", asked("DescribeInstances", "Filters.1.Name=instance-id")],
    ["a list without places", asked("TerminateInstances", "InstanceId=i-1")],
    ["a word for a number", asked("RunInstances", "MaxCount=many")],
    ["a word for a boolean", asked("RunInstances", "DryRun=yes")],
    ["an unknown enum value", asked("RunInstances", "InstanceInitiatedShutdownBehavior=destroy")],
    ["an unknown enum value in a structure", asked("RunInstances", "MetadataOptions.HttpTokens=must")],
    ["an unknown resource type", asked("RunInstances", "TagSpecification.1.ResourceType=vm")],
  ])("finds %s in a request", (_what, exchange) => {
    expect(checkRequest(model, exchange)).toHaveLength(1)
  })

  test.each([
    ["an unknown element", replied("<reservations/>")],
    ["an unknown member of an instance", replied(inInstance("<id>i-1</id>"))],
    ["a list item of another name", replied("<reservationSet><reservation/></reservationSet>")],
    ["an unknown state", replied(inInstance("<instanceState><name>dying</name></instanceState>"))],
    ["a word for a number", replied(inInstance("<instanceState><code>low</code></instanceState>"))],
    ["a moment that is none", replied(inInstance("<launchTime>yesterday</launchTime>"))],
    ["text between elements", replied("<reservationSet>none</reservationSet>")],
  ])("finds %s in a reply", (_what, [exchange, document]) => {
    expect(checkReply(model, exchange, document)).toHaveLength(1)
  })

  test("finds an error reply of another form", () => {
    const exchange = { action: "RunInstances", status: 400 }
    const good =
      "<Response><Errors><Error><Code>a</Code><Message>b</Message></Error></Errors><RequestID>r</RequestID></Response>"
    expect(checkReply(model, exchange, parseXml(good))).toEqual([])
    expect(checkReply(model, exchange, parseXml("<Response><Error><Code>a</Code></Error></Response>"))).toHaveLength(1)
  })
})

test.each(["<a><b></a>", "<a>", "<a/><b/>", "<a x=1/>", "text", "<a><!-- --></a>"])("%s is not read as XML", (xml) => {
  expect(() => parseXml(xml)).toThrow()
})
