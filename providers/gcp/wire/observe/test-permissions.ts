/** Which of the named permissions the caller has on the project (Cloud Resource Manager, v1, "projects.testIamPermissions"). */
import type { Asked, Handler } from "../client/handler.js"
import { Refusal } from "../client/refusals.js"

export const TEST_PERMISSIONS_API = "cloudresourcemanager.projects.testIamPermissions"

const PATH = /^\/v1\/projects\/([^/:]+):testIamPermissions$/

/** Whether it is this request, which is another service's than Compute Engine. */
export function isPermissionTest(method: string, path: string): boolean {
  return method === "POST" && PATH.test(path)
}

/** "Permissions with wildcards are not allowed"; nobody needs a right to ask. */
export const TEST_PERMISSIONS: Handler = {
  cost: () => ({}),
  answer: ({ body, settings, project }: Asked) => {
    const { permissions } = body as { readonly permissions?: readonly string[] }
    if (!Array.isArray(permissions) || permissions.some((one) => !/^[a-z]+(\.[A-Za-z]+){2}$/.test(String(one))))
      throw new Refusal(400, "badRequest", `Invalid permissions for ${project}.`)
    const granted = settings.permissions
    const has = permissions.filter((one) => granted === undefined || granted.has(one))
    return has.length === 0 ? {} : { permissions: has }
  },
}
