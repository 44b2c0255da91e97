/** Every method of the wire, by its name. */
import type { Handler } from "./client/handler.js"
import { TEST_PERMISSIONS, TEST_PERMISSIONS_API } from "./observe/test-permissions.js"
import { DISKS } from "./end/disks.js"
import { DELETE, SET_LABELS } from "./end/instances.js"
import { SET_TAGS } from "./end/network-tags.js"
import { BULK } from "./launch/bulk.js"
import { INSERT } from "./launch/insert.js"
import { CONSOLE } from "./observe/console.js"
import { GUEST_ATTRIBUTES } from "./observe/guest-attributes.js"
import { INSTANCES } from "./observe/instances.js"
import { OPERATIONS } from "./observe/operations.js"
import { BILLING, SKUS_API } from "./offers/billing.js"
import { CATALOGUE } from "./offers/catalogue.js"
import { FIREWALLS } from "./prepare/firewalls.js"
import { RESOURCES } from "./prepare/resources.js"

export const HANDLERS: Readonly<Record<string, Handler>> = {
  ...BULK,
  ...INSTANCES,
  ...DISKS,
  ...OPERATIONS,
  ...CATALOGUE,
  ...RESOURCES,
  ...FIREWALLS,
  "instances.insert": INSERT,
  "instances.delete": DELETE,
  "instances.setLabels": SET_LABELS,
  "instances.setTags": SET_TAGS,
  "instances.getSerialPortOutput": CONSOLE,
  "instances.getGuestAttributes": GUEST_ATTRIBUTES,
  [SKUS_API]: BILLING,
  [TEST_PERMISSIONS_API]: TEST_PERMISSIONS,
}
